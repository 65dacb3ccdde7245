/*
 * threatloop table: the raw table of a result file, one row per trial.
 */
#include "analysis/table/result_file.h"
#include "analysis/table/table_print.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

#include <errno.h>
#include <string.h>

typedef struct request {
    const char *file, *out;
    double memory; /* bytes; 0: the usual */
    bool is_csv;   /* the only format */
} request;

static const tl_usage usage = {
    .command = "table",
    .forms = "FILE.nc [--csv] [-o FILE] [--memory GIB]",
    .about =
        "Prints all variables of a result file, one row per trial. Numbers keep all their\n"
        "digits, flags are words, and a missing value is empty (the column NAME_reason says\n"
        "why).\n",
    .options =
        (const tl_option[]){{"csv", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_csv),
                             .about = "comma-separated values, RFC 4180 (the default)"},
                            {"output", 'o', TL_OPTION_TEXT, "FILE", offsetof(request, out),
                             .about = "write to FILE instead of stdout"},
                            {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
                             .about = "memory that the table may take (default 1)",
                             .high = 1e9, .scale = 0x1p30},
                            {0}},
    .least = 1,
    .most = 1,
    .wants = "table needs one result file"};

static tl_status print_table(const request *r, tl_arena *arena, tl_err *err)
{
    tl_table *table;
    TL_TRY(tl_result_read(r->file, arena, &table, err));
    FILE *file = r->out ? fopen(r->out, "w") : stdout;
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be written: %s", r->out, strerror(errno));
    tl_table_csv(file, table);
    bool is_whole = fflush(file) == 0 && !ferror(file);
    const int why = errno;
    if (r->out && fclose(file) != 0) is_whole = false;
    TL_CHECK(is_whole, err, TL_E_IO, "%s: cannot be written: %s",
             r->out ? r->out : "stdout", strerror(why));
    return TL_OK;
}

int tl_cmd_table(int argc, char **argv)
{
    request r = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&usage, argc, argv, &r, &words, &code)) return code;
    r.file = words.at[0];
    tl_arena arena = tl_arena_open(tl_memory_account(r.memory, TL_MEMORY_TABLES));
    tl_err err = {0};
    const tl_status status = print_table(&r, &arena, &err);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
