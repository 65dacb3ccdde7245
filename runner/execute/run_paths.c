#include "runner/execute/run_paths.h"

#include "compute/core/durable.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

tl_status tl_run_paths_check(const tl_run_paths *paths, tl_err *err)
{
    char folder[TL_PATH];
    struct stat info;
    const char *out = paths->out;
    /* Results are written under a temporary name and renamed. */
    TL_TRY(tl_durable_check_name(paths->account, ".tmp", err));
    TL_TRY(tl_durable_check_name(out, ".tmp", err));
    TL_TRY(tl_durable_check_name(paths->dir, "", err));
    TL_CHECK(out[strlen(out) - 1] != '/', err, TL_E_ARG,
             "-o %s names a folder; name a file in it", out);
    TL_CHECK(stat(out, &info) != 0 || S_ISREG(info.st_mode), err, TL_E_ARG,
             "-o %s: exists and is not a regular file", out);
    (void)snprintf(folder, sizeof folder, "%s", out);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    const char *name = !slash ? "." : (*folder ? folder : "/");
    TL_CHECK(access(name, W_OK | X_OK) == 0, err, TL_E_IO,
             "%s: cannot write results: the folder is missing or not writable", out);
    return TL_OK;
}
