/*
 * threatloop summary: what a result file says, on one screen.
 */
#include "analysis/report/summary.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "runner/cli/commands.h"
#include "runner/cli/findings_read.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

typedef struct request {
    bool has_table;
} request;

const tl_usage tl_usage_summary = {
    .command = "summary",
    .summary = "say what a result file says, on one screen",
    .forms = "FILE.nc... [--table]",
    .about =
        "Prints what a run prints at its end, in at most 25 lines and one a hypothesis: "
        "question and data; each hypothesis with its verdict, from where to where, effect "
        "with 95 % interval, and its price in accuracy; a plot of the intervals; the clearest "
        "of the other differences; what is open, and how many replicates would resolve it; "
        "what failed. Several files are pooled, as by threatloop effects, which lists all.\n",
    .completes = "files",
    .options =
        (const tl_option[]){{"table", 0, TL_OPTION_FLAG, NULL, offsetof(request, has_table),
                             .about = "then the means of the main metrics, by "
                                      "combination of levels"},
                            {0}},
    .notes = "Colours only on a terminal and without NO_COLOR; ASCII unless the locale has "
             "UTF-8.\n",
    .least = 1,
    .most = TL_MOST_SOURCES,
    .wants = "summary needs 1 to 256 result files"};

int tl_cmd_summary(int argc, char **argv)
{
    request r = {0};
    int code;
    tl_words files;
    if (!tl_options_read(&tl_usage_summary, argc, argv, &r, &files, &code)) return code;
    tl_arena arena = tl_arena_open(tl_memory_account(0.0, TL_MEMORY_TABLES));
    tl_findings found;
    tl_err err = {0};
    const tl_status status = tl_findings_read_effects(&files, &arena, &found, &err);
    if (status == TL_OK) {
        found.file = files.at[0];
        const tl_screen screen = tl_screen_of(stdout);
        tl_summary_print(stdout, &found, &screen);
        if (r.has_table) tl_summary_table(stdout, found.table);
    } else {
        tl_log(TL_LOG_ERROR, "%s", err.text);
    }
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
