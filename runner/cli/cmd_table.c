/*
 * threatloop table: the raw table of a result file, one row per trial.
 */
#include "analysis/table/result_file.h"
#include "analysis/table/table_print.h"
#include "compute/core/file.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"
#include "runner/results/output_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct request {
    const char *file, *out, *separator, *decimal;
    double memory; /* bytes; 0: the usual */
    bool is_csv;   /* the only format */
    bool is_forced;
    tl_csv_form form;
} request;

const tl_usage tl_usage_table = {
    .command = "table",
    .summary = "print a result file as CSV",
    .forms = "FILE.nc [--csv] [--sep CHARACTER] [--decimal CHARACTER] [-o FILE [--force]] "
             "[--memory GIB]",
    .about =
        "Prints all variables of a result file, one row per trial. Numbers keep all their "
        "digits, flags are words, and a missing value is empty (the column NAME_reason "
        "says why).\n",
    .completes = "files",
    .options =
        (const tl_option[]){
            {"csv", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_csv),
             .about = "comma-separated values, RFC 4180 (the default)"},
            {"sep", 0, TL_OPTION_TEXT, "CHARACTER", offsetof(request, separator),
             .about = "between the values of a row (default ,): one "
                      "character, or tab"},
            {"decimal", 0, TL_OPTION_TEXT, "CHARACTER", offsetof(request, decimal),
             .about = "before the fraction of numbers: . (default) or ,; for "
                      "spreadsheets of many countries: --sep ';' --decimal ,"},
            {"output", 'o', TL_OPTION_TEXT, "FILE", offsetof(request, out),
             .about = "write to FILE instead of stdout"},
            {"force", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_forced),
             .about = "replace FILE if it exists; never FILE.nc"},
            {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(request, memory),
             .about = "memory that the table may take (default 1)", .high = 1e9,
             .scale = 0x1p30},
            {0}},
    .least = 1,
    .most = 1,
    .wants = "table needs one result file"};

static tl_status read_form(request *r, tl_err *err)
{
    static const char barred[] = "\"\r\n.+-_0123456789"
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *sep = r->separator ? r->separator : ",";
    const char *decimal = r->decimal ? r->decimal : ".";
    if (strcmp(sep, "tab") == 0 || strcmp(sep, "\\t") == 0) sep = "\t";
    TL_CHECK(
        strlen(sep) == 1 && !strchr(barred, *sep) && (unsigned char)*sep < 0x80, err,
        TL_E_ARG,
        "--sep %s: give one character that no number, name or quotation has, like ';', "
        "or tab",
        TL_BRIEF(sep));
    TL_CHECK(strcmp(decimal, ".") == 0 || strcmp(decimal, ",") == 0, err, TL_E_ARG,
             "--decimal %s: give . or ,", TL_BRIEF(decimal));
    TL_CHECK(*sep != *decimal, err, TL_E_ARG,
             "--decimal %s is also what separates values; give another --sep, like ';'",
             decimal);
    r->form = (tl_csv_form){*sep, *decimal};
    return TL_OK;
}

static tl_status write_table(const char *path, const tl_table *table, tl_csv_form form,
                             tl_err *err)
{
    tl_new_file made;
    TL_TRY(tl_file_make(NULL, path, 0666, &made, err));
    FILE *file = fdopen(dup(made.file), "w");
    bool is_whole = file != NULL;
    if (file) tl_table_csv(file, table, form);
    if (file && ferror(file)) is_whole = false;
    if (file && fclose(file) != 0) is_whole = false;
    if (is_whole) return tl_file_commit(&made, err);
    tl_file_drop(&made);
    return tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static tl_status print_table(const request *r, tl_arena *arena, tl_err *err)
{
    tl_table *table;
    const tl_output output = {
        .path = r->out, .input = &r->file, .inputs = 1, .is_forced = r->is_forced};
    if (r->out) TL_TRY(tl_output_check(&output, err));
    TL_TRY(tl_result_read(r->file, arena, &table, err));
    if (r->out) return write_table(r->out, table, r->form, err);
    tl_table_csv(stdout, table, r->form); /* main looks after stdout */
    return TL_OK;
}

int tl_cmd_table(int argc, char **argv)
{
    request r = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_table, argc, argv, &r, &words, &code)) return code;
    r.file = words.at[0];
    tl_arena arena = tl_arena_open(tl_memory_account(r.memory, TL_MEMORY_TABLES));
    tl_err err = {0};
    tl_file_lock lock = {0};
    tl_status status = read_form(&r, &err);
    if (status == TL_OK && r.out) status = tl_output_lock(r.out, NULL, 0.0, &lock, &err);
    if (status == TL_OK) status = print_table(&r, &arena, &err);
    tl_file_lock_release(&lock);
    if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
    tl_arena_close(&arena);
    return tl_exit_of(status);
}
