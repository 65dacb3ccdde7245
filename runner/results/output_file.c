#include "runner/results/output_file.h"

#include "analysis/table/result_file.h"
#include "compute/core/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char LOCK[] = ".lock"; /* behind the path of what is locked */

bool tl_output_is(const char *path, const char *other)
{
    struct stat a, b;
    return other && stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

/* Whether the file is an earlier output; else *is says what it is. */
static bool is_earlier(const tl_output *output, char is[TL_ERR_TEXT])
{
    tl_result_origin found;
    if (tl_result_origin_read(output->path, &found, NULL) != TL_OK) {
        (void)snprintf(is, TL_ERR_TEXT, "no result file of threatloop");
        return false;
    }
    (void)snprintf(is, TL_ERR_TEXT, "'%s'%s%s", TL_BRIEF(found.title),
                   *found.seed ? " with seed " : "", TL_BRIEF(found.seed));
    return output->title && strcmp(found.title, output->title) == 0 &&
           strcmp(found.seed, output->seed) == 0;
}

tl_status tl_output_check(const tl_output *output, tl_err *err)
{
    struct stat facts;
    char is[TL_ERR_TEXT];
    const char *path = output->path;
    TL_TRY(tl_durable_check_name(path, LOCK, err));
    if (stat(path, &facts) != 0) return TL_OK;
    TL_CHECK(S_ISREG(facts.st_mode), err, TL_E_ARG,
             "-o %s: exists and is not a regular file", path);
    for (int i = 0; i < output->inputs; i++) {
        TL_CHECK(!tl_output_is(path, output->input[i]), err, TL_E_ARG,
                 "-o %s would overwrite %s, which is read; name another file", path,
                 output->input[i]);
    }
    if (output->is_forced || is_earlier(output, is)) return TL_OK;
    if (!output->title)
        return tl_fail(err, TL_E_ARG,
                       "-o %s exists; name another file, or replace it with --force", path);
    return tl_fail(err, TL_E_ARG,
                   "-o %s exists and is %s, not '%s' with seed %s; name another file, or "
                   "replace it with --force",
                   path, is, output->title, output->seed);
}

tl_status tl_output_lock(const char *path, const char *also, double timeout,
                         tl_file_lock *out, tl_err *err)
{
    char lock[TL_PATH_SPACE];
    TL_TRY(tl_durable_check_name(path, LOCK, err));
    (void)snprintf(lock, sizeof lock, "%s%s", path, LOCK);
    const tl_lock_of of = {
        .path = lock, .what = path, .advice = "name another file with -o", .also = also};
    TL_TRY(tl_file_lock_take(&of, timeout, out, err));
    tl_file_clear(NULL, path);
    return TL_OK;
}
