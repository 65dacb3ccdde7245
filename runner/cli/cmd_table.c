/*
 * threatloop table: the raw table of a result file, one row a trial.
 */
#include "analysis/table/table_print.h"
#include "compute/core/log.h"
#include "runner/cli/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: threatloop table FILE.nc --csv [-o FILE]\n\n"
    "Prints all variables of a result file, one row a trial. Numbers keep all their digits,\n"
    "flags are written as their words, a missing value is empty (the column NAME_reason\n"
    "says why).\n\n"
    "  --csv               comma-separated values (RFC 4180)\n"
    "  -o, --output FILE   to FILE instead of the standard output\n"
    "  -h, --help          this text\n\n"
    "Exit status: 0 done, 1 an error, 2 wrong usage.\n";

typedef struct request {
    const char *file, *out;
    bool is_csv, is_help;
} request;

static bool read_request(int argc, char **argv, request *out)
{
    static const struct option options[] = {{"csv", no_argument, NULL, 'c'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (letter == 'c') out->is_csv = true;
        if (letter == 'o') out->out = optarg;
        if (letter == 'h') out->is_help = true;
        if (letter == '?') return false;
    }
    if (out->is_help) return true;
    out->file = argv[optind];
    return optind + 1 == argc && out->is_csv;
}

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
             r->out ? r->out : "the output", strerror(why));
    return TL_OK;
}

int tl_cmd_table(int argc, char **argv)
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
    const tl_status status = print_table(&r, &arena, &err);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return status == TL_OK ? TL_EXIT_DONE : TL_EXIT_ERROR;
}
