/*
 * threatloop plan: what a plan comes to, before anything is computed.
 */
#include "analysis/effect/statistics.h"
#include "runner/cli/commands.h"

#include "compute/core/log.h"
#include "compute/core/blas.h"
#include "runner/execute/part_cache.h"
#include "runner/sweep/model_size.h"
#include "runner/sweep/sweep_time.h"
#include "runner/sweep/sweep.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SETS = 64 };
enum { MOST_MODELS = 16, MOST_RANKS = 1 << 20 };

static const double ASSUMED_RATE = 25e9; /* FLOP per second and core, single precision */

static const char help[] =
    "usage: threatloop plan PLAN [--set PATH=VALUE]... [--data DIR] [--ranks P]\n"
    "                       [--measure] [--rate GFLOPS] [--json]\n"
    "\n"
    "Checks a plan, a YAML file or the name of a shipped plan, and says what it comes to:\n"
    "trials, steps, steps saved by sharing, memory a rank needs, core-hours, and the smallest\n"
    "p its replicates can reach. Without --measure nothing is computed. A fault is told with file, line and\n"
    "column, what was found and what is allowed.\n"
    "\n"
    "  --set PATH=VALUE  change the plan: recipe.epochs=5, badnets.rate=[0,0.1], seed=2\n"
    "  --data DIR        where data sets lie (else THREATLOOP_DATA, else the cache)\n"
    "  --ranks P         how many ranks will run it: memory and time are those of teams of\n"
    "                    up to P (default 1)\n"
    "  --measure         times some updates of every model that the plan trains, on this\n"
    "                    core, and foretells core-hours and the time on P ranks by them\n"
    "  --rate GFLOPS     what one core reaches, for the prediction (default 25; a part of\n"
    "                    what threatloop bench gemm shows)\n"
    "  --no-sharing      as if every trial computed all its steps anew\n"
    "  --text            print the effective plan, with every --set applied, and leave\n"
    "  --json            the same numbers as JSON\n"
    "\n"
    "exit status: 0 the plan can run; 2 it cannot, or bad usage; 1 data cannot be read\n";

typedef struct plan_request {
    const char *plan, *set[MAX_SETS];
    tl_plan_options options;
    double rate; /* FLOP per second and core */
    bool json, text, measures;
} plan_request;

/* What there is to say. */
typedef struct plan_numbers {
    double wanted, distinct, saved_percent, core_hours, data_bytes, least_p;
    double memory, others; /* bytes of a team's first member, of its others (0: none) */
    double account;        /* bytes that rank 0 needs besides, for steps and tables */
    int widest;
    tl_plan_time time; /* no trainings: not measured */
} plan_numbers;

static int refuse(const char *text)
{
    tl_log(TL_LOG_ERROR, "%s; see threatloop plan --help", text);
    return TL_EXIT_USAGE;
}

/* \return 0, or an exit status plus one where the program ends here */
static int read_request(int argc, char **argv, plan_request *out)
{
    static const struct option options[] = {
        {"set", required_argument, NULL, 's'},   {"data", required_argument, NULL, 'd'},
        {"rate", required_argument, NULL, 'r'},  {"json", no_argument, NULL, 'j'},
        {"no-sharing", no_argument, NULL, 'S'},  {"text", no_argument, NULL, 't'},
        {"ranks", required_argument, NULL, 'p'}, {"measure", no_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    *out = (plan_request){.rate = ASSUMED_RATE, .options.is_shared = true};
    opterr = 0;
    optind = 1;
    int letter;
    double ranks;
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (letter) {
        case 's':
            if (out->options.sets == MAX_SETS) return refuse("too many --set") + 1;
            out->set[out->options.sets++] = optarg;
            break;
        case 'd':
            out->options.data_dir = optarg;
            break;
        case 'r':
            if (!tl_text_real(optarg, &out->rate) || out->rate <= 0.0) {
                return refuse("--rate wants GFLOP per second, a number above 0") + 1;
            }
            out->rate *= 1e9;
            break;
        case 'p':
            if (!tl_text_real(optarg, &ranks) || ranks < 1.0 || ranks > MOST_RANKS ||
                ranks != (double)(int)ranks) {
                return refuse("--ranks wants a whole number from 1") + 1;
            }
            out->options.ranks = (int)ranks;
            break;
        case 'm':
            out->measures = true;
            break;
        case 'S':
            out->options.is_shared = false;
            break;
        case 'j':
            out->json = true;
            break;
        case 't':
            out->text = true;
            break;
        case 'h':
            (void)fputs(help, stdout);
            return TL_EXIT_DONE + 1;
        default:
            return refuse("unknown option, or its value is missing") + 1;
        }
    }
    if (optind + 1 != argc) return refuse("plan takes one plan") + 1;
    out->plan = argv[optind];
    out->options.set = out->set;
    return 0;
}

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

static tl_status measure_plan(const tl_plan *plan, const plan_request *request,
                              plan_numbers *out, tl_err *err)
{
    tl_sweep sweep;
    TL_TRY(tl_sweep_open(plan, &sweep, err));
    out->wanted = (double)sweep.wanted;
    out->distinct = tl_graph_steps(sweep.graph);
    out->saved_percent = 100.0 * (1.0 - out->distinct / out->wanted);
    out->core_hours = sweep.flop / request->rate / 3600.0;
    out->memory = sweep.memory.first;
    out->others = sweep.memory.others;
    out->widest = sweep.widest;
    out->least_p = tl_least_p((int)plan->replicates);
    out->account = TL_STEP_BYTES * out->distinct + tl_sweep_table_bytes(plan);
    const tl_status timed =
        request->measures ? tl_plan_time_measure(&sweep, &out->time, err) : TL_OK;
    tl_sweep_close(&sweep);
    TL_TRY(timed);
    if (request->measures) out->core_hours = out->time.core_seconds / 3600.0;
    TL_TRY(find_data_bytes(plan, &out->data_bytes, err));
    /* The source, and the roles drawn from it, besides what a step takes. */
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
        (void)printf("  %-28s %d levels%s:", axis->name, axis->levels, zip);
        for (int l = 0; l < axis->levels && l < 8; l++) {
            const tl_value *value = &axis->value[l];
            if (value->text) {
                (void)printf(" %s", value->text);
            } else {
                (void)printf(" %.12g", value->number);
            }
        }
        (void)printf("%s\n", axis->levels > 8 ? " ..." : "");
    }
    for (int i = 0; i < plan->inners; i++) {
        (void)printf("  %-28s within %s\n", plan->inner[i].name,
                     plan->axis[plan->inner[i].axis].name);
    }
}

static void print_models(const tl_plan *plan)
{
    tl_model_size size[MOST_MODELS];
    char text[256];
    const int count = tl_model_sizes(plan, size, MOST_MODELS);
    for (int i = 0; i < count; i++) {
        (void)printf("%-13s %s\n", i == 0 ? "models" : "",
                     tl_model_size_text(&size[i], text));
    }
    if (count == MOST_MODELS) (void)printf("%-13s and perhaps others\n", "");
}

static void print_time(const tl_plan *plan, const plan_numbers *n, double rate)
{
    char span[32];
    if (n->time.trainings == 0) {
        (void)printf("core-hours    %.3g (at an assumed %.3g GFLOP/s a core)\n",
                     n->core_hours, rate / 1e9);
        return;
    }
    (void)printf("core-hours    %.3g (by %d trainings timed on this core)\n", n->core_hours,
                 n->time.trainings);
    (void)printf("time          %s on %d ranks, with a core each\n",
                 tl_text_span(n->time.seconds, span), plan->ranks);
}

static void print_numbers(const tl_plan *plan, const plan_numbers *n, double rate)
{
    char memory[32], data[32];
    (void)printf("%s%s%s\n", plan->name, plan->about ? ": " : "",
                 plan->about ? plan->about : "");
    (void)printf("trials        %u = %u combinations x %u replicates (%u..%u)\n",
                 plan->trials, plan->cells, plan->replicates, plan->first_replicate,
                 plan->first_replicate + plan->replicates - 1);
    print_axes(plan);
    print_models(plan);
    (void)printf("steps         %.0f wanted, %.0f distinct: sharing saves %.1f %%\n",
                 n->wanted, n->distinct, n->saved_percent);
    print_time(plan, n, rate);
    (void)printf("memory        %s a rank, of which data %s\n",
                 tl_text_size(n->memory, memory), tl_text_size(2.0 * n->data_bytes, data));
    if (n->others > 0.0) {
        (void)printf("              in the widest teams, whose other ranks need %s;\n",
                     tl_text_size(n->others, memory));
    }
    (void)printf(
        "              besides: the program, up to %s of what is kept for later steps,\n",
        tl_text_size(TL_CACHE_BYTES, memory));
    (void)printf("              and %s on rank 0 for the account of all steps\n",
                 tl_text_size(n->account, data));
    (void)printf("widest team   %d ranks\n", n->widest);
    (void)printf("smallest p    %.3g (two-sided sign flips over %u replicates)\n",
                 n->least_p, plan->replicates);
    (void)printf("hypotheses    %d%s\n", plan->hypotheses,
                 plan->hypotheses == 0 ? ": all effects will be exploratory" : "");
    if (n->least_p > 0.05) {
        (void)printf("note          %u replicates cannot reach p < 0.05; 6 can\n",
                     plan->replicates);
    }
}

static void print_json(const tl_plan *plan, const plan_numbers *n, double rate)
{
    json_t *axes = json_array();
    for (int i = 0; i < plan->axes; i++) {
        (void)json_array_append_new(
            axes, json_pack("{s:s, s:i, s:b}", "name", plan->axis[i].name, "levels",
                            plan->axis[i].levels, "is_choice", plan->axis[i].is_choice));
    }
    json_t *models = json_array();
    tl_model_size size[MOST_MODELS];
    const int count = tl_model_sizes(plan, size, MOST_MODELS);
    for (int i = 0; i < count; i++) {
        (void)json_array_append_new(models, tl_model_size_json(&size[i]));
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
        n->others, "account_bytes", n->account, "widest_team", n->widest, "smallest_p",
        n->least_p, "hypotheses", plan->hypotheses, "ranks", plan->ranks);
    TL_INVARIANT(all != NULL);
    if (n->time.trainings > 0) {
        (void)json_object_set_new(all, "seconds", json_real(n->time.seconds));
        (void)json_object_set_new(all, "trainings_timed", json_integer(n->time.trainings));
    }
    char *text = json_dumps(all, JSON_INDENT(2));
    TL_INVARIANT(text != NULL);
    (void)printf("%s\n", text);
    free(text);
    json_decref(all);
}

static int report(const tl_err *err)
{
    (void)fprintf(stderr, "%s\n", err->text);
    return err->status == TL_E_ARG ? TL_EXIT_USAGE : TL_EXIT_ERROR;
}

int tl_cmd_plan(int argc, char **argv)
{
    plan_request request;
    const int left = read_request(argc, argv, &request);
    if (left) return left - 1;
    tl_err err = {0};
    tl_plan *plan;
    tl_blas_start();
    if (tl_plan_open(request.plan, &request.options, &plan, &err) != TL_OK) {
        return report(&err);
    }
    int code = TL_EXIT_DONE;
    plan_numbers numbers = {0};
    if (request.text) {
        (void)fputs(plan->text, stdout);
    } else if (measure_plan(plan, &request, &numbers, &err) != TL_OK) {
        code = report(&err);
    } else if (request.json) {
        print_json(plan, &numbers, request.rate);
    } else {
        print_numbers(plan, &numbers, request.rate);
    }
    tl_plan_close(plan);
    return code;
}
