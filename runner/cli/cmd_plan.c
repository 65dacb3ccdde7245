/*
 * threatloop plan: checks a plan and predicts what it takes.
 */
#include "analysis/effect/statistics.h"
#include "compute/core/blas.h"
#include "compute/core/json.h"
#include "compute/core/print.h"
#include "runner/cli/catalogue.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/cli/prospects.h"
#include "runner/execute/memory_budget.h"
#include "runner/exit.h"
#include "runner/sweep/model_size.h"
#include "runner/sweep/sweep.h"
#include "runner/sweep/sweep_time.h"

#include <string.h>

enum { MAX_SETS = 64, MOST_MODELS = 16, MOST_RANKS = 1 << 20 };

/* Steps that are looked at one by one; of larger plans, a sample. */
enum { MOST_STEPS = 1 << 18 };

static const double ASSUMED_RATE = 25e9; /* FLOP per second and core, single precision */

typedef struct request {
    const char *set[MAX_SETS], *data_dir, *power;
    int sets, ranks;
    double rate;   /* FLOP per second and core */
    double memory; /* bytes of the data; 0: the usual */
    bool is_json, is_text, measures, no_sharing;
} request;

static const tl_option options[] = {
    {"set", 0, TL_OPTION_TEXTS, "PATH=VALUE", offsetof(request, set),
     .about = "change the plan: recipe.epochs=5, badnets.rate=[0,0.1], seed=2; repeatable",
     .high = MAX_SETS, .count = offsetof(request, sets)},
    {"data", 'd', TL_OPTION_TEXT, "DIR", offsetof(request, data_dir),
     .about =
         "data folder (default: THREATLOOP_DATA, else threatloop in the user's cache)"},
    {"ranks", 0, TL_OPTION_WHOLE, "P", offsetof(request, ranks),
     .about = "memory and time for a run on P ranks, in teams of up to P (default 1)",
     .low = 1, .high = MOST_RANKS},
    {"measure", 0, TL_OPTION_FLAG, NULL, offsetof(request, measures),
     .about =
         "time a few updates of each training on this core, and predict core-hours and "
         "the time on P ranks from them"},
    {"rate", 0, TL_OPTION_REAL, "GFLOPS", offsetof(request, rate),
     .about =
         "assumed rate of one core, for core-hours without --measure (default 25; below "
         "what threatloop bench gemm shows)",
     .high = 1e9, .scale = 1e9},
    {"power", 0, TL_OPTION_TEXT, "EFFECT,SD", offsetof(request, power),
     .about = "replicates that find an effect of EFFECT, whose standard deviation over "
              "replicates is SD, in 80 % of runs"},
    {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
     .about = "memory that data may take (default 4); give what the run will be given",
     .high = 1e9, .scale = 0x1p30},
    {"no-sharing", 0, TL_OPTION_FLAG, NULL, offsetof(request, no_sharing),
     .about = "predict a run in which every trial computes all its steps anew"},
    {"text", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_text),
     .about = "print the effective plan, every --set applied, and nothing else"},
    {"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_json), .about = "print JSON"},
    {0}};

static const tl_usage usage = {
    .command = "plan",
    .forms = "PLAN [--set PATH=VALUE]... [--data DIR] [--ranks P] [--power EFFECT,SD]\n"
             "PLAN --measure [--ranks P] [--json] ...",
    .about =
        "Checks a plan, a YAML file or the name of a shipped plan (threatloop list plans), and\n"
        "predicts what it takes: trials, steps, steps saved by sharing, memory per rank,\n"
        "core-hours, and for every hypothesis whether it can be answered, why not, and the\n"
        "smallest p and q that its replicates can reach: q where no other hypothesis of the\n"
        "plan has a small p, and where all have. Nothing is computed without --measure.\n"
        " Errors give file:line:column, what was found and what is allowed.\n",
    .options = options,
    .notes =
        "Exit status: 0 the plan can run; 1 data cannot be read; 2 bad usage or plan.\n",
    .least = 1,
    .most = 1,
    .wants = "plan needs one plan: a YAML file or the name of a shipped plan (threatloop "
             "list plans)"};

/* What is predicted. */
typedef struct plan_numbers {
    const tl_plan *seen; /* the plan, or a sample of it that is predicted from */
    double wanted, distinct, saved_percent, core_hours, data_bytes, least_p;
    double memory, others; /* bytes on a team's first member; on its others, 0: none */
    double kept;           /* bytes in the run directory */
    int banks;
    tl_sweep_bank bank[TL_SWEEP_BANKS];
    double account; /* bytes on rank 0 for the bookkeeping of steps and tables */
    int max_ranks;
    tl_plan_time time;      /* no trainings: not measured */
    tl_prospects prospects; /* of hypotheses */
} plan_numbers;

/* Bytes of the largest source, which every rank holds. */
static tl_status find_data_bytes(const tl_plan *plan, double *bytes, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    tl_trial *trial;
    const tl_status status = tl_trial_new(&arena, &trial, err);
    *bytes = 0.0;
    const tl_source *last = NULL;
    for (uint32_t cell = 0; status == TL_OK && cell < plan->cells; cell++) {
        tl_trial_decode(plan, cell * plan->replicates, trial);
        if (trial->source == last) continue;
        last = trial->source;
        const double size = (double)last->all.rows * tl_shape_size(last->all.shape) * 4.0;
        if (size > *bytes) *bytes = size;
    }
    tl_arena_close(&arena);
    return status;
}

/* Of a plan of too many steps for a look at each, `some` becomes a sample. */
static tl_status choose_sample(const tl_plan *plan, const request *wanted, tl_arena *arena,
                               tl_plan *some, plan_numbers *out, tl_err *err)
{
    out->seen = plan;
    TL_TRY(tl_sweep_check_memory(plan, err));
    if (plan->steps <= MOST_STEPS) return TL_OK;
    TL_CHECK(!wanted->measures, err, TL_E_ARG,
             "--measure times plans of up to %d steps in all, this one has %llu",
             MOST_STEPS, (unsigned long long)plan->steps);
    const uint64_t cell_steps = plan->steps / plan->trials + 1;
    const uint64_t cells = MOST_STEPS / cell_steps;
    out->seen = some;
    return tl_plan_sample(plan, cells < plan->cells ? (uint32_t)cells : plan->cells, arena,
                          some, err);
}

static tl_status measure_plan(const tl_plan *plan, const request *wanted, plan_numbers *out,
                              tl_err *err)
{
    tl_sweep sweep;
    TL_TRY(tl_sweep_open(out->seen, &sweep, err));
    /* Equal steps are mostly near one another, so a sample has too few of them. */
    const double scale = (double)plan->trials / out->seen->trials;
    out->wanted = (double)plan->steps;
    out->distinct = tl_graph_steps(sweep.graph) * scale;
    out->saved_percent = 100.0 * (1.0 - out->distinct / out->wanted);
    out->core_hours = sweep.flop * scale / wanted->rate / 3600.0;
    out->memory = sweep.memory.first;
    out->others = sweep.memory.others;
    out->max_ranks = sweep.max_ranks;
    out->kept = sweep.kept * scale;
    out->banks = sweep.banks;
    memcpy(out->bank, sweep.bank, sizeof out->bank);
    for (int i = 0; i < out->banks; i++)
        out->bank[i].models = (uint64_t)((double)out->bank[i].models * scale);
    out->least_p = tl_least_p((int)(plan->replicates / plan->seeds), 2);
    out->account = TL_STEP_BYTES * out->distinct + tl_sweep_table_bytes(plan);
    tl_power_request power = {0};
    tl_status status = wanted->power ? tl_power_read(wanted->power, &power, err) : TL_OK;
    if (status == TL_OK && plan->hypotheses > 0 && out->seen == plan)
        status = tl_prospects_open(&sweep, &power, &out->prospects, err);
    if (status == TL_OK && wanted->measures)
        status = tl_plan_time_measure(&sweep, &out->time, err);
    tl_sweep_close(&sweep);
    TL_TRY(status);
    if (wanted->measures) out->core_hours = out->time.core_seconds / 3600.0;
    TL_TRY(find_data_bytes(out->seen, &out->data_bytes, err));
    /* Besides the step: the source, and the roles drawn from it. */
    out->memory += 2.0 * out->data_bytes;
    if (out->others > 0.0) out->others += 2.0 * out->data_bytes;
    return TL_OK;
}

static void print_axes(const tl_plan *plan)
{
    for (int i = 0; i < plan->axes; i++) {
        const tl_axis *axis = &plan->axis[i];
        char zip[24] = "";
        if (axis->zip >= 0) (void)snprintf(zip, sizeof zip, " (zip %d)", axis->zip + 1);
        tl_print(stdout, "  %-28s %d levels%s:", axis->name, axis->levels, zip);
        for (int l = 0; l < axis->levels && l < 8; l++) {
            const tl_value *value = &axis->value[l];
            if (value->text) {
                tl_print(stdout, " %s", value->text);
            } else {
                tl_print(stdout, " %.12g", value->number);
            }
        }
        tl_print(stdout, "%s\n", axis->levels > 8 ? " ..." : "");
    }
    for (int i = 0; i < plan->inners; i++) {
        tl_print(stdout, "  %-28s within %s\n", plan->inner[i].name,
                 plan->axis[plan->inner[i].axis].name);
    }
}

static void print_models(const tl_plan *seen)
{
    tl_model_size size[MOST_MODELS];
    char text[256];
    const int count = tl_model_sizes(seen, size, MOST_MODELS);
    for (int i = 0; i < count; i++) {
        tl_print(stdout, "%-13s %s\n", i == 0 ? "models" : "",
                 tl_model_size_text(&size[i], text));
    }
    if (count == MOST_MODELS) tl_print(stdout, "%-13s and possibly others\n", "");
}

static void print_time(const tl_plan *plan, const plan_numbers *n, double rate)
{
    char span[32];
    if (n->time.trainings == 0) {
        tl_print(stdout, "core-hours    %.3g (at an assumed %.3g GFLOP/s a core)\n",
                 n->core_hours, rate / 1e9);
        return;
    }
    tl_print(stdout, "core-hours    %.3g (from %d trainings timed on this core)\n",
             n->core_hours, n->time.trainings);
    tl_print(stdout, "time          %s on %d ranks, one core each\n",
             tl_text_span(n->time.seconds, span), plan->ranks);
}

static void print_store(const tl_plan *plan)
{
    const char *before = "";
    tl_print(stdout, "stores        ");
    for (int k = 0; k < TL_STORE_KINDS; k++) {
        if (!(plan->store & 1U << k)) continue;
        tl_print(stdout, "%s%s", before, tl_store_name(k));
        before = ", ";
    }
    tl_print(stdout, ", in groups of the result file\n");
}

/* Models trained beforehand, by bank, and what is written besides results. */
static void print_kept(const plan_numbers *n)
{
    char size[32];
    for (int i = 0; i < n->banks; i++) {
        tl_print(stdout, "%-13s %llu models of the bank of %s: %s\n", i == 0 ? "banks" : "",
                 (unsigned long long)n->bank[i].models, n->bank[i].bank->name,
                 n->bank[i].bank->about);
    }
    if (n->kept > 0.0)
        tl_print(stdout, "disk          %s of models, data and logs in the run directory\n",
                 tl_text_size(n->kept, size));
}

static void print_numbers(const tl_plan *plan, const plan_numbers *n, double rate)
{
    char memory[32], data[32];
    const unsigned draws = plan->replicates / plan->seeds;
    const char *independent = plan->seeds > 1 ? "data draws" : "replicates";
    tl_print(stdout, "%s%s%s\n", plan->name, plan->about ? ": " : "",
             plan->about ? plan->about : "");
    tl_print(stdout, "trials        %u = %u combinations x %u replicates (%u..%u)\n",
             plan->trials, plan->cells, plan->replicates, plan->first_replicate,
             plan->first_replicate + plan->replicates - 1);
    if (plan->seeds > 1)
        tl_print(stdout, "              crossed: %u data draws x %u training seeds\n",
                 draws, plan->seeds);
    print_axes(plan);
    print_models(n->seen);
    const bool is_sample = n->seen != plan;
    if (is_sample)
        tl_print(stdout,
                 "note          predicted from %u combinations in one replicate: a plan "
                 "of more than %d\n              steps is not looked at whole\n",
                 n->seen->cells, MOST_STEPS);
    tl_print(stdout,
             "steps         %.0f wanted, %s%.0f distinct: sharing saves %s%.1f %%\n",
             n->wanted, is_sample ? "at most " : "", n->distinct,
             is_sample ? "at least " : "", n->saved_percent);
    print_kept(n);
    print_time(plan, n, rate);
    tl_print(stdout, "memory        %s a rank, %s of it data\n",
             tl_text_size(n->memory, memory), tl_text_size(2.0 * n->data_bytes, data));
    if (n->others > 0.0 && n->others < n->memory) {
        tl_print(stdout,
                 "              on rank 0 of the largest teams, %s on their other ranks\n",
                 tl_text_size(n->others, memory));
    }
    tl_print(stdout,
             "              plus the program, up to %s of results kept for later steps,\n",
             tl_text_size(TL_CACHE_BYTES, memory));
    tl_print(stdout, "              and %s on rank 0 for the bookkeeping of all steps\n",
             tl_text_size(n->account, data));
    tl_print(stdout, "largest team  %d ranks\n", n->max_ranks);
    tl_print(stdout, "smallest p    %.3g (two-sided sign flips over %u %s)\n", n->least_p,
             draws, independent);
    tl_print(stdout, "hypotheses    %d%s\n", plan->hypotheses,
             plan->hypotheses == 0 ? ": all effects will be exploratory" : "");
    if (plan->hypotheses > 0 && is_sample)
        tl_print(stdout, "              not examined in a sample\n");
    if (plan->hypotheses > 0 && !is_sample) tl_prospects_print(&n->prospects);
    if (plan->store) print_store(plan);
    for (int i = 0; i < plan->left_out; i++)
        tl_print(stdout, "%-13s %s: %s\n", i == 0 ? "left out" : "", plan->left[i].stage,
                 plan->left[i].reason);
    if (n->least_p > 0.05) {
        tl_print(stdout, "note          %u %s cannot reach p < 0.05; 6 can\n", draws,
                 independent);
    }
}

static void print_json(const tl_plan *plan, const plan_numbers *n, double rate)
{
    json_t *axes = json_array();
    for (int i = 0; i < plan->axes; i++) {
        tl_json_append(axes, json_pack("{s:s, s:i, s:b}", "name", plan->axis[i].name,
                                       "levels", plan->axis[i].levels, "is_choice",
                                       plan->axis[i].is_choice));
    }
    json_t *models = json_array();
    tl_model_size size[MOST_MODELS];
    const int count = tl_model_sizes(n->seen, size, MOST_MODELS);
    for (int i = 0; i < count; i++) {
        tl_json_append(models, tl_model_size_json(&size[i]));
    }
    json_t *all = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:f, "
        "s:i, s:i}",
        "name", plan->name, "trials", (json_int_t)plan->trials, "combinations",
        (json_int_t)plan->cells, "replicates", (json_int_t)plan->replicates,
        "first_replicate", (json_int_t)plan->first_replicate, "axes", axes, "models",
        models, "steps", (json_int_t)n->wanted, "distinct_steps", (json_int_t)n->distinct,
        "saved_percent", n->saved_percent, "core_hours", n->core_hours,
        "flop_per_second_assumed", rate, "memory_bytes", n->memory, "other_memory_bytes",
        n->others, "account_bytes", n->account, "widest_team", n->max_ranks, "smallest_p",
        n->least_p, "hypotheses", plan->hypotheses, "ranks", plan->ranks);
    if (plan->seeds > 1) tl_json_put(all, "training_seeds", json_integer(plan->seeds));
    if (n->time.trainings > 0) {
        tl_json_put(all, "seconds", json_real(n->time.seconds));
        tl_json_put(all, "trainings_timed", json_integer(n->time.trainings));
    }
    json_t *banks = json_object();
    for (int i = 0; i < n->banks; i++)
        tl_json_put(banks, n->bank[i].bank->name,
                    json_integer((json_int_t)n->bank[i].models));
    tl_json_put(all, "banks", banks);
    tl_json_put(all, "sampled_combinations",
                n->seen == plan ? json_null() : json_integer(n->seen->cells));
    if (plan->hypotheses > 0 && n->seen == plan) {
        tl_json_put(all, "tests", tl_prospects_json(&n->prospects));
        tl_prospects_add_power(&n->prospects, all);
    }
    json_t *left = json_object();
    for (int i = 0; i < plan->left_out; i++)
        tl_json_put(left, plan->left[i].stage, json_string(plan->left[i].reason));
    tl_json_put(all, "left_out", left);
    tl_json_put(all, "kept_bytes", json_real(n->kept));
    tl_json_put(all, "store", tl_catalogue_stores(plan->store));
    tl_json_print(all, JSON_INDENT(2));
}

static int report(const tl_err *err)
{
    tl_print(stderr, "%s\n", err->text);
    return tl_exit_of(err->status);
}

int tl_cmd_plan(int argc, char **argv)
{
    request wanted = {.rate = ASSUMED_RATE};
    tl_words words;
    int code;
    if (!tl_options_read(&usage, argc, argv, &wanted, &words, &code)) return code;
    const tl_plan_options how = {.set = wanted.set,
                                 .sets = wanted.sets,
                                 .data_dir = wanted.data_dir,
                                 .is_shared = !wanted.no_sharing,
                                 .predicts = !wanted.measures,
                                 .memory = wanted.memory,
                                 .ranks = wanted.ranks};
    tl_err err = {0};
    tl_plan *plan;
    tl_blas_start();
    if (tl_plan_open(words.at[0], &how, &plan, &err) != TL_OK) return report(&err);
    plan_numbers numbers = {0};
    tl_arena arena = tl_arena_open(0);
    tl_plan some;
    if (wanted.is_text) {
        tl_print_lines(stdout, plan->text);
    } else if (choose_sample(plan, &wanted, &arena, &some, &numbers, &err) != TL_OK ||
               measure_plan(plan, &wanted, &numbers, &err) != TL_OK) {
        code = report(&err);
    } else {
        (wanted.is_json ? print_json : print_numbers)(plan, &numbers, wanted.rate);
    }
    tl_prospects_close(&numbers.prospects);
    tl_arena_close(&arena);
    tl_plan_close(plan);
    return code;
}
