/*
 * threatloop plot: one figure of a result file, as a file, as text or as its numbers.
 */
#include "analysis/report/figures.h"
#include "analysis/report/report_file.h"
#include "analysis/table/table_print.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "compute/core/print.h"
#include "runner/cli/commands.h"
#include "runner/cli/findings_read.h"
#include "runner/exit.h"
#include "runner/results/output_file.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80, MOST_COLUMNS = 160 };

typedef struct request {
    const char *figure, *out;
    double memory; /* bytes; 0: the usual */
    bool is_csv, is_forced;
} request;

const tl_usage tl_usage_plot = {
    .command = "plot",
    .summary = "draw one figure of results",
    .forms =
        "FILE.nc... --figure NAME [-o FIG.svg|FIG.pdf|FIG.png] [--csv] [--force] [--memory GIB]",
    .about =
        "Draws one figure of the page that threatloop report writes, into a file or, without "
        "-o, as text.\n",
    .completes = "files",
    .options =
        (const tl_option[]){{"figure", 'f', TL_OPTION_TEXT, "NAME",
                             offsetof(request, figure),
                             .about = "which figure; 'list' names those that the "
                                      "results have"},
                            {"output", 'o', TL_OPTION_TEXT, "FIG", offsetof(request, out),
                             .about = "the file: .svg, .pdf or .png"},
                            {"csv", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_csv),
                             .about = "print the numbers behind it instead"},
                            {"force", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_forced),
                             .about = "replace FIG if it exists; never FILE.nc"},
                            {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
                             .about = "memory that the files may take in all (default 1)",
                             .high = 1e9, .scale = 0x1p30},
                            {0}},
    .notes = "Figures are drawn by gnuplot; .pdf and .png also need rsvg-convert.\n",
    .least = 1,
    .most = TL_MOST_SOURCES,
    .wants = "plot needs 1 to 256 result files"};

static void list(const tl_figures *figures)
{
    for (int i = 0; i < figures->count; i++)
        tl_print(stdout, "%-44s %s\n", figures->figure[i].name, figures->figure[i].title);
    if (figures->count == 0) tl_print(stdout, "these results have no figure\n");
}

static tl_status find(const tl_figures *figures, const char *name, const tl_figure **out,
                      tl_arena *arena, tl_err *err)
{
    const char **names;
    char hint[TL_HINT];
    TL_ALLOC(names, arena, figures->count + 1, err);
    for (int i = 0; i < figures->count; i++) {
        *out = &figures->figure[i];
        names[i] = (*out)->name;
        if (strcmp(names[i], name) == 0) return TL_OK;
    }
    return tl_fail(err, TL_E_ARG, "no figure '%s'%s; --figure list names those there are",
                   name, tl_text_hint(name, names, figures->count, hint));
}

static int columns_of_terminal(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS)
        return COLUMNS;
    return size.ws_col < MOST_COLUMNS ? size.ws_col : MOST_COLUMNS;
}

static tl_status show(const request *r, const tl_figures *figures, tl_arena *arena,
                      tl_err *err)
{
    const tl_figure *figure = NULL;
    if (strcmp(r->figure, "list") == 0) {
        list(figures);
        return TL_OK;
    }
    TL_TRY(find(figures, r->figure, &figure, arena, err));
    if (r->is_csv) tl_table_csv(stdout, figure->data, (tl_csv_form){',', '.'});
    if (r->out) return tl_report_file_figure(r->out, figure, err);
    if (r->is_csv) return TL_OK;
    return tl_figure_print(stdout, figure, columns_of_terminal(), err);
}

static tl_status answer(const request *r, const tl_words *files, tl_arena *arena,
                        tl_err *err)
{
    tl_findings found;
    tl_figures figures = {0};
    const tl_output output = {.path = r->out,
                              .input = (const char *const *)files->at,
                              .inputs = files->count,
                              .is_forced = r->is_forced};
    if (r->out) TL_TRY(tl_output_check(&output, err));
    TL_TRY(tl_findings_read(files, arena, &found, err));
    tl_status status = tl_figures_make(&found, &figures, err);
    if (status == TL_OK) status = show(r, &figures, arena, err);
    tl_figures_close(&figures);
    TL_TRY(status);
    TL_CHECK(fflush(stdout) == 0 && !ferror(stdout), err, TL_E_IO,
             "stdout: cannot be written: %s", strerror(errno));
    return TL_OK;
}

int tl_cmd_plot(int argc, char **argv)
{
    request r = {0};
    tl_words files;
    int code;
    if (!tl_options_read(&tl_usage_plot, argc, argv, &r, &files, &code)) return code;
    if (!r.figure)
        return tl_options_refuse("plot",
                                 "plot needs --figure NAME; --figure list names them");
    tl_arena arena = tl_arena_open(tl_memory_account(r.memory, TL_MEMORY_TABLES));
    tl_err err = {0};
    const tl_status status = answer(&r, &files, &arena, &err);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
