/*
 * threatloop compare: the effects of two result files side by side, with their differences.
 */
#include "analysis/report/compared_list.h"
#include "analysis/table/result_file.h"
#include "analysis/table/table_print.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/cli/wanted.h"
#include "runner/exit.h"

#include <errno.h>
#include <string.h>

typedef struct request {
    const char *file[2];
    tl_wanted wanted;
    double memory; /* bytes; 0: the usual */
    bool is_csv, is_json, is_all;
} request;

const tl_usage tl_usage_compare = {
    .command = "compare",
    .summary = "compare the effects of two result files",
    .forms = "A.nc B.nc [--metric NAME]... [--factor NAME]... [--all] [--csv|--json]",
    .about =
        "Compares what two result files say: one plan on two data sets, by two versions, "
        "with two defences (threatloop run PLAN --set ...). For each effect and metric's mean "
        "that is in both, the two and B - A with a 95 % interval and p.\n\n"
        "Where at least two replicates are in both files, and each such has the same splits "
        "(split_hash) in both, the difference is taken replicate by replicate: Student's t, "
        "sign flips. Else the files are independent samples: Welch's t (Welch 1947). The "
        "output says which, and why. q is the false discovery rate over what answers a "
        "hypothesis in both; everything else is exploratory.\n",
    .completes = "files",
    .options =
        (const tl_option[]){
            TL_WANTED_OPTIONS(request, wanted),
            {"all", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_all),
             .about = "show effects of exactly 0 and those without a value too; --csv and "
                      "--json always have them"},
            {"csv", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_csv),
             .about = "comma-separated values, one row per effect"},
            {"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_json),
             .about = "JSON, one row per effect"},
            {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
             .about = "memory that the files may take in all (default 1)", .high = 1e9,
             .scale = 0x1p30},
            {0}},
    .least = 2,
    .most = 2,
    .wants = "compare needs two result files"};

static tl_status answer(const request *r, tl_arena *arena, tl_err *err)
{
    tl_table *table[2], *rows;
    tl_compared_list *list;
    for (int k = 0; k < 2; k++) TL_TRY(tl_result_read(r->file[k], arena, &table[k], err));
    TL_TRY(tl_wanted_check(&r->wanted, table[0], err));
    TL_TRY(tl_compare(table[0], table[1], arena, &list, err));
    TL_CHECK(list->count > 0, err, TL_E_ARG, "%s and %s have no effect or metric in common",
             r->file[0], r->file[1]);
    int kept = 0;
    for (int i = 0; i < list->count; i++) {
        const tl_effect *one = list->one[i].a;
        if (tl_wanted_has(&r->wanted, table[0], one->metric, one->factor))
            list->one[kept++] = list->one[i];
    }
    list->count = kept;
    TL_TRY(tl_compared_table(list, arena, &rows, err));
    const tl_table *const both[] = {table[0], table[1]};
    if (r->is_csv)
        tl_table_csv(stdout, rows, (tl_csv_form){',', '.'});
    else if (r->is_json)
        tl_table_json(stdout, rows);
    else
        tl_compared_print(stdout, r->file, both, list, r->is_all);
    TL_CHECK(fflush(stdout) == 0 && !ferror(stdout), err, TL_E_IO,
             "stdout: cannot be written: %s", strerror(errno));
    return TL_OK;
}

int tl_cmd_compare(int argc, char **argv)
{
    request r = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_compare, argc, argv, &r, &words, &code)) return code;
    if (r.is_csv && r.is_json)
        return tl_options_refuse("compare", "give one of --csv and --json");
    for (int k = 0; k < 2; k++) r.file[k] = words.at[k];
    tl_arena arena = tl_arena_open(tl_memory_account(r.memory, TL_MEMORY_TABLES));
    tl_err err = {0};
    const tl_status status = answer(&r, &arena, &err);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
