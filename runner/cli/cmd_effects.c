/*
 * threatloop effects: effects and interactions of result files, with intervals.
 */
#include "analysis/report/effects_list.h"
#include "analysis/report/summary.h"
#include "analysis/table/result_file.h"
#include "analysis/table/schema.h"
#include "analysis/table/table_print.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "compute/core/print.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/cli/wanted.h"
#include "runner/exit.h"
#include "runner/results/output_file.h"
#include "runner/results/success.h"

#include <string.h>

enum { MOST_FILES = 256 };

typedef struct request {
    tl_words files;
    tl_wanted wanted;
    const char *out;
    double memory; /* bytes; 0: the usual */
    bool is_csv, is_json, is_claims, is_importance, is_all, is_forced;
} request;

const tl_usage tl_usage_effects = {
    .command = "effects",
    .summary = "estimate effects and interactions, with intervals",
    .forms = "FILE.nc... [--metric NAME]... [--factor NAME]... [--all] [--csv|--json]\n"
             "FILE.nc... -o FILE.nc [--force] [--memory GIB]\n"
             "FILE.nc... --claims | --importance [--csv|--json]",
    .about =
        "Estimates what each factor of a sweep does to each metric downstream of it: the "
        "difference between a level and the factor's reference, averaged over the cells of "
        "all other factors, one number per replicate. n counts the replicates with a value "
        "in every cell; the others are left out, and their number is printed.\n"
        "Numeric axes with 3 levels or more also get a trend: the slope per replicate on the "
        "level's value, or on its rank where the largest is over ten times the smallest. "
        "Then pairwise interactions; for metrics between 0 and 1 also on the log-odds scale, "
        "flagged where the two scales disagree in sign or in whether the interval holds 0.\n"
        "A contrast is also a ratio (level over reference, geometric mean over cells and "
        "replicates) and, of a metric between 0 and 1, an odds ratio.\n\n"
        "Each comes with a 95 % interval of the replicates' spread: Student's t; from 12 "
        "replicates on, for metrics that are not rates, the studentized bootstrap (Efron, "
        "Tibshirani 1993); only where all are equal, as if one row of each rate were "
        "discordant. Then the sign-flip p over replicates beside the smallest that n of them "
        "can reach and, for the plan's hypotheses only, q: the false discovery rate "
        "(Benjamini, Hochberg 1995).\n\n"
        "Several files are joined: they must come from one plan and hold different "
        "replicates, as 'replicates: 8' and then 'replicates: 8..23' do. A trial that is in "
        "two files counts once; if they disagree on it, that is an error.\n\n"
        "Of crossed replicates (replicates: {data: 4, training: 4}) n counts the data draws: "
        "the training seeds of one are averaged, signs flip over data draws, and the "
        "standard deviations due to data and to training are reported.\n",
    .completes = "files",
    .options =
        (const tl_option[]){
            {"csv", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_csv),
             .about = "comma-separated values, one row per effect"},
            {"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_json),
             .about = "JSON, one row per effect"},
            {"claims", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_claims),
             .about =
                 "only the claims that the plan's hypotheses test, with verdict, interval, n, p "
                 "and q"},
            {"importance", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_importance),
             .about =
                 "instead of effects, what share of each metric's variation the factors "
                 "and their interactions account for"},
            TL_WANTED_OPTIONS(request, wanted),
            {"all", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_all),
             .about = "show effects of exactly 0 and those without a value too; --csv, "
                      "--json and -o always have them"},
            {"output", 'o', TL_OPTION_TEXT, "FILE.nc", offsetof(request, out),
             .about = "also write them to a NetCDF file, in group /effects"},
            {"force", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_forced),
             .about =
                 "replace FILE.nc even if it does not hold effects of this plan and seed; "
                 "never one that is read"},
            {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
             .about = "memory that the files may take in all (default 1)", .high = 1e9,
             .scale = 0x1p30},
            {0}},
    .notes =
        "Hypotheses come first, one line a level that they do not name (1a, 1b): supported or "
        "refuted (q <= 0.05 and the interval beyond 0, in the direction named or against it), "
        "equivalent (within the margin by two one-sided t tests), unclear (test and interval "
        "disagree) or not resolved (else, with its bound); everything else is exploratory. "
        "What attacks gain from what precedes them in the chain is repeated at the end.\n"
        "Exit status: 0 done; 1 an error; 2 bad usage.\n",
    .least = 1,
    .most = MOST_FILES,
    .wants = "effects needs 1 to 256 result files"};

static tl_status read_all(const request *r, tl_arena *arena, tl_table **out, tl_err *err)
{
    const tl_table *table[MOST_FILES];
    const int files = r->files.count;
    for (int i = 0; i < files; i++) {
        TL_TRY(tl_result_read(r->files.at[i], arena, out, err));
        table[i] = *out;
    }
    return files > 1 ? tl_table_pool(table, files, arena, out, err) : TL_OK;
}

static void print_claims(const tl_effects *effects)
{
    if (tl_summary_claims(stdout, effects) > 0) return;
    tl_print(stdout, "no hypothesis of the plan has a claim\n");
}

/* The file's rows: effects, or importances. */
static tl_status make_rows(const request *r, const tl_effects *effects,
                           const tl_importance *list, int count, tl_arena *arena,
                           tl_table **out, tl_err *err)
{
    if (r->is_importance) return tl_importance_table(list, count, arena, out, err);
    return tl_effects_table(effects, arena, out, err);
}

static void print_importance(const tl_importance *list, int count)
{
    for (int i = 0; i < count; i++) {
        if (i == 0 || strcmp(list[i].metric, list[i - 1].metric) != 0)
            tl_print(stdout, "%s%s\n", i > 0 ? "\n" : "", list[i].metric);
        tl_print(stdout, "  %5.1f %%  (%.1f by chance)  %s%s\n", 100.0 * list[i].share,
                 100.0 * list[i].chance, list[i].factor,
                 list[i].is_alone ? "" : ", together with what varies along");
    }
    if (count == 0) tl_print(stdout, "no metric varies with a factor\n");
}

/* Whether the file for the effects of `table` may be written; by its name alone where
 * `table` is NULL. */
static tl_status check_output(const request *r, const tl_table *table, tl_err *err)
{
    char title[TL_ERR_TEXT];
    if (!r->out) return TL_OK;
    const char *name = table ? tl_table_attribute(table, TL_NAME_TITLE) : NULL;
    const char *seed = table ? tl_table_attribute(table, TL_NAME_SEED) : NULL;
    (void)snprintf(title, sizeof title, TL_EFFECTS_TITLE "%s", name ? name : "");
    const tl_output output = {.path = r->out,
                              .title = seed ? title : NULL,
                              .seed = seed,
                              .input = (const char *const *)r->files.at,
                              .inputs = r->files.count,
                              .is_forced = r->is_forced || !table};
    return tl_output_check(&output, err);
}

/* Writes the effects, naming the plan and seed of `table` that they are of. */
static tl_status write_rows(const char *path, const tl_table *table, tl_table *rows,
                            tl_arena *arena, tl_err *err)
{
    const char *name = tl_table_attribute(table, TL_NAME_TITLE);
    const char *seed = tl_table_attribute(table, TL_NAME_SEED);
    const tl_attribute list[] = {
        {TL_NAME_CONVENTIONS, TL_CONVENTIONS},
        {TL_NAME_TITLE,
         tl_arena_print(arena, err, TL_EFFECTS_TITLE "%s", name ? name : "")},
        {TL_NAME_SOURCE, TL_PROGRAM " " TL_VERSION},
        {TL_NAME_SEED, seed ? seed : ""}};
    TL_TRY(tl_table_describe(rows, list, sizeof list / sizeof *list, arena, err));
    return tl_result_write(path, rows, err);
}

static tl_status answer(const request *r, tl_arena *arena, tl_err *err)
{
    tl_table *table, *rows;
    tl_effects *effects;
    tl_importance *list;
    int count;
    TL_TRY(check_output(r, NULL, err));
    TL_TRY(read_all(r, arena, &table, err));
    TL_TRY(check_output(r, table, err));
    TL_TRY(tl_wanted_check(&r->wanted, table, err));
    tl_success_mark(table);
    TL_TRY(tl_effects_estimate(table, arena, &effects, err));
    TL_TRY(tl_importance_estimate(table, arena, &list, &count, err));
    tl_wanted_effects(&r->wanted, table, effects);
    tl_wanted_importance(&r->wanted, table, list, &count);
    TL_TRY(make_rows(r, effects, list, count, arena, &rows, err));
    if (r->out) TL_TRY(write_rows(r->out, table, rows, arena, err));
    if (r->is_csv) {
        tl_table_csv(stdout, rows, (tl_csv_form){',', '.'});
    } else if (r->is_json) {
        tl_table_json(stdout, rows);
    } else if (r->is_claims) {
        print_claims(effects);
    } else if (r->is_importance) {
        print_importance(list, count);
    } else {
        tl_effects_list(stdout, table, effects, list, count, r->is_all);
        tl_summary_gains(stdout, table, effects, -1);
    }
    return TL_OK;
}

int tl_cmd_effects(int argc, char **argv)
{
    request r = {0};
    int code;
    if (!tl_options_read(&tl_usage_effects, argc, argv, &r, &r.files, &code)) return code;
    if (r.is_csv + r.is_json + r.is_claims > 1)
        return tl_options_refuse("effects", "give one of --csv, --json and --claims");
    if (r.is_importance && (r.is_claims || r.out))
        return tl_options_refuse("effects",
                                 "--importance goes with neither --claims nor -o");
    tl_arena arena = tl_arena_open(tl_memory_account(r.memory, TL_MEMORY_TABLES));
    tl_err err = {0};
    tl_file_lock lock = {0};
    tl_status status = r.out ? tl_output_lock(r.out, NULL, 0.0, &lock, &err) : TL_OK;
    if (status == TL_OK) status = answer(&r, &arena, &err);
    tl_file_lock_release(&lock);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
