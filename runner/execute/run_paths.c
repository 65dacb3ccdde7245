#include "runner/execute/run_paths.h"

#include "compute/core/durable.h"

#include "compute/core/file.h"
#include "runner/results/result_table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

tl_status tl_run_paths_of(const char *file, const char *dir, const char *plan_name,
                          tl_run_paths *out, tl_err *err)
{
    char stem[TL_PATH - 16];
    int length =
        snprintf(stem, sizeof stem, "%s%s", file ? file : plan_name, file ? "" : ".nc");
    TL_CHECK(length > 0 && length < (int)sizeof stem, err, TL_E_ARG,
             "the name of the result file is too long or empty");
    (void)snprintf(out->out, sizeof out->out, "%s", stem);
    if (length > 3 && strcmp(stem + length - 3, ".nc") == 0) stem[length - 3] = '\0';
    (void)snprintf(out->account, sizeof out->account, "%s.run.nc", stem);
    length =
        snprintf(out->dir, sizeof out->dir, "%s%s", dir ? dir : stem, dir ? "" : ".run");
    TL_CHECK(length > 0 && length < TL_PATH - 100, err, TL_E_ARG,
             "the name of the run directory is too long or empty");
    return TL_OK;
}

static tl_status check_folder(const char *out, tl_err *err)
{
    char folder[TL_PATH];
    TL_CHECK(out[strlen(out) - 1] != '/', err, TL_E_ARG,
             "-o %s names a folder; name a file in it", out);
    (void)snprintf(folder, sizeof folder, "%s", out);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    const char *name = !slash ? "." : (*folder ? folder : "/");
    TL_CHECK(access(name, W_OK | X_OK) == 0, err, TL_E_IO,
             "%s: cannot write results: the folder is missing or not writable", out);
    return TL_OK;
}

tl_status tl_run_paths_check(const tl_run_paths *paths, const tl_plan *plan,
                             const char *plan_file, const char *data_dir, bool is_forced,
                             tl_err *err)
{
    char title[TL_NAME + 32], seed[24], journal[TL_PATH + 32], kept[TL_PATH + 32];
    const char *const input[] = {plan_file, journal, kept};
    (void)snprintf(journal, sizeof journal, "%s/journal.ndjson", paths->dir);
    (void)snprintf(kept, sizeof kept, "%s/plan.yaml", paths->dir);
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)plan->seed);
    tl_output output = {.path = paths->out,
                        .title = plan->name,
                        .seed = seed,
                        .input = input,
                        .inputs = sizeof input / sizeof *input,
                        .is_forced = is_forced};
    TL_TRY(check_folder(paths->out, err));
    TL_TRY(tl_durable_check_name(paths->dir, "", err));
    TL_TRY(tl_plan_check_output(plan, data_dir, paths->out, err));
    TL_TRY(tl_plan_check_output(plan, data_dir, paths->account, err));
    TL_TRY(tl_output_check(&output, err));
    (void)snprintf(title, sizeof title, TL_ACCOUNT_TITLE "%s", plan->name);
    output.path = paths->account;
    output.title = title;
    return tl_output_check(&output, err);
}

tl_status tl_run_paths_lock(const tl_run_paths *paths, double timeout, tl_file_lock *out,
                            tl_err *err)
{
    char also[TL_PATH + 16];
    (void)snprintf(also, sizeof also, "%s/lock", paths->dir);
    TL_TRY(tl_output_lock(paths->out, also, timeout, out, err));
    tl_file_clear(NULL, paths->account);
    return TL_OK;
}
