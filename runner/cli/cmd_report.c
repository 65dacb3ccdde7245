/*
 * threatloop report: a page about result files, for people.
 */
#include "analysis/report/page.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/cli/findings_read.h"
#include "runner/exit.h"
#include "runner/results/output_file.h"

typedef struct request {
    const char *out;
    double memory; /* bytes; 0: the usual */
    bool is_forced;
} request;

const tl_usage tl_usage_report = {
    .command = "report",
    .summary = "write a page about results, with figures",
    .forms = "FILE.nc... [-o PAGE.html [--force]] [--memory GIB]",
    .about =
        "Writes one page of HTML about result files: the plan's hypotheses with their "
        "verdicts, the matrix of what was done by what was measured, figures with their "
        "numbers, methods in words, limits, the plan and where it all comes from. The page "
        "needs no network and no script; it can be mailed and printed.\n\n"
        "It says what threatloop effects says. Several files are pooled, as there.\n",
    .completes = "files",
    .options =
        (const tl_option[]){
            {"output", 'o', TL_OPTION_TEXT, "PAGE.html", offsetof(request, out),
             .about = "the page; for one file by default FILE "
                      "without .nc, plus .html"},
            {"force", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_forced),
             .about =
                 "replace PAGE.html if it exists; never FILE.nc. The default page is always replaced"},
            {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
             .about = "memory that the files may take in all (default 1)", .high = 1e9,
             .scale = 0x1p30},
            {0}},
    .notes =
        "Figures are drawn by gnuplot; without it the page has their numbers as tables. What "
        "steps cost is read from FILE.run.nc beside FILE.nc, if it is there.\n",
    .least = 1,
    .most = TL_MOST_SOURCES,
    .wants = "report needs 1 to 256 result files"};

static tl_status answer(const request *r, const tl_words *files, tl_arena *arena,
                        tl_err *err)
{
    tl_findings found;
    const tl_output output = {.path = r->out,
                              .input = (const char *const *)files->at,
                              .inputs = files->count,
                              .is_forced = r->is_forced};
    TL_TRY(tl_output_check(&output, err));
    TL_TRY(tl_findings_read(files, arena, &found, err));
    TL_TRY(tl_page_write(&found, r->out, err));
    tl_log(TL_LOG_INFO, "page=%s", r->out);
    return TL_OK;
}

int tl_cmd_report(int argc, char **argv)
{
    request r = {0};
    tl_words files;
    int code;
    if (!tl_options_read(&tl_usage_report, argc, argv, &r, &files, &code)) return code;
    if (files.count > 1 && !r.out)
        return tl_options_refuse("report", "several files need -o PAGE.html");
    tl_arena arena = tl_arena_open(tl_memory_account(r.memory, TL_MEMORY_TABLES));
    tl_err err = {0};
    const tl_status status = r.out || files.count > 1
                                 ? answer(&r, &files, &arena, &err)
                                 : tl_findings_page(files.at[0], &arena, &err);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
