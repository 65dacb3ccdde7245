/*
 * threatloop effects: effects and interactions of result files, with intervals.
 */
#include "analysis/effect/effect_text.h"
#include "analysis/report/summary.h"
#include "analysis/table/table_print.h"
#include "compute/core/log.h"
#include "runner/cli/commands.h"
#include "runner/results/success.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: threatloop effects FILE.nc... [--csv|--json|--claims] [-o FILE.nc]\n\n"
    "Says what each factor of a sweep does to each metric that lies downstream of it:\n"
    "the mean difference between a level and the factor's reference, over pairs of trials\n"
    "that agree in all else, one number per replicate; n is the number of replicates.\n"
    "For an axis over numbers with 3 levels or more, also the trend: the slope per replicate\n"
    "on the level's value, or on its rank where the largest is over ten times the smallest.\n"
    "Then pairwise interactions; of a metric between 0 and 1 on the scale of log odds too,\n"
    "flagged where the two scales disagree in sign or in whether 0 is inside the interval.\n\n"
    "Beside each stands a 95 % interval: Student's t, and from 12 replicates on the\n"
    "studentized bootstrap (Efron, Tibshirani 1993); for a rate never narrower than its\n"
    "number of cases allows. Then the two-sided sign-flip p over replicates with the smallest\n"
    "that n of them can reach and, for the plan's hypotheses only, q: the false discovery\n"
    "rate (Benjamini, Hochberg 1995). No effect seen always comes with its bound.\n\n"
    "Several files are pooled: they must come from one plan and hold other replicates, as\n"
    "'replicates: 8' and then 'replicates: 8..23' do.\n\n"
    "  --csv, --json       one row an effect, for programs\n"
    "  --claims            only the claims that the plan's hypotheses test: supported,\n"
    "                      refuted or not resolved, with interval, n, p and q\n"
    "  -o, --output FILE   also write them as a NetCDF file, in its group /effects\n"
    "  -h, --help          this text\n\n"
    "Hypotheses come first: supported, refuted (significant the other way) or not resolved;\n"
    "all else is exploratory. What attacks gain by what stands before them in the chain is\n"
    "listed once more at the end. Exit status: 0 done, 1 an error, 2 wrong usage.\n";

enum { MOST_FILES = 256 };

typedef struct request {
    char **file;
    int files;
    const char *out;
    bool is_csv, is_json, is_claims, is_help;
} request;

static bool read_request(int argc, char **argv, request *out)
{
    static const struct option options[] = {
        {"csv", no_argument, NULL, 'c'},    {"json", no_argument, NULL, 'j'},
        {"claims", no_argument, NULL, 'l'}, {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},   {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (letter == 'c') out->is_csv = true;
        if (letter == 'j') out->is_json = true;
        if (letter == 'l') out->is_claims = true;
        if (letter == 'o') out->out = optarg;
        if (letter == 'h') out->is_help = true;
        if (letter == '?') return false;
    }
    out->file = argv + optind;
    out->files = argc - optind;
    if (out->is_help) return true;
    return out->files >= 1 && out->files <= MOST_FILES &&
           out->is_csv + out->is_json + out->is_claims <= 1;
}

static tl_status read_all(const request *r, tl_arena *arena, tl_table **out, tl_err *err)
{
    const tl_table *table[MOST_FILES];
    for (int i = 0; i < r->files; i++) {
        TL_TRY(tl_result_read(r->file[i], arena, out, err));
        table[i] = *out;
    }
    return r->files > 1 ? tl_table_pool(table, r->files, arena, out, err) : TL_OK;
}

static void print_claims(const tl_effects *effects)
{
    if (tl_summary_claims(stdout, effects) > 0) return;
    (void)puts("no hypothesis of the plan has a claim");
}

static void print_text(const tl_table *table, const tl_effects *effects)
{
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        static const char *const kind[] = {"", "interaction, ", "trend, "};
        (void)printf("%s%s: ", kind[e->kind], tl_effect_verdict(e));
        tl_effect_print(stdout, e);
    }
    if (effects->count == 0) (void)puts("no factor has a metric downstream of it");
    if (effects->left_out > 0) {
        (void)printf("%d interactions are left out: too many\n", effects->left_out);
    }
    tl_summary_gains(stdout, table, effects, -1);
}

static tl_status answer(const request *r, tl_arena *arena, tl_err *err)
{
    tl_table *table, *rows;
    tl_effects *effects;
    TL_TRY(read_all(r, arena, &table, err));
    tl_success_mark(table);
    TL_TRY(tl_effects_estimate(table, arena, &effects, err));
    TL_TRY(tl_effects_table(effects, arena, &rows, err));
    if (r->out) TL_TRY(tl_result_write(r->out, rows, err));
    if (r->is_csv)
        tl_table_csv(stdout, rows);
    else if (r->is_json)
        tl_table_json(stdout, rows);
    else if (r->is_claims)
        print_claims(effects);
    else
        print_text(table, effects);
    TL_CHECK(fflush(stdout) == 0 && !ferror(stdout), err, TL_E_IO,
             "the output cannot be written: %s", strerror(errno));
    return TL_OK;
}

int tl_cmd_effects(int argc, char **argv)
{
    request r = {0};
    if (!read_request(argc, argv, &r)) {
        (void)fputs(help, stderr);
        return TL_EXIT_USAGE;
    }
    if (r.is_help) {
        (void)fputs(help, stdout);
        return TL_EXIT_DONE;
    }
    tl_arena arena = tl_arena_open(0);
    tl_err err = {0};
    const tl_status status = answer(&r, &arena, &err);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return status == TL_OK ? TL_EXIT_DONE : TL_EXIT_ERROR;
}
