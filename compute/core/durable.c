#include "compute/core/durable.h"

#include "compute/core/failpoint.h"
#include "compute/core/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int file, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        const ssize_t wrote = write(file, at, n);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) {
            if (wrote == 0) errno = ENOSPC;
            return false;
        }
        at += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

tl_status tl_durable_check_name(const char *path, const char *ending, tl_err *err)
{
    char folder[TL_PATH_SPACE];
    const size_t length = strlen(path) + strlen(ending);
    TL_CHECK(length < PATH_MAX, err, TL_E_ARG,
             "the path %s%s has %zu bytes; less than %d are allowed", path, ending, length,
             PATH_MAX);
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    const char *name = slash ? path + (slash - folder) + 1 : path;
    if (slash) *slash = '\0';
    const long most = pathconf(!slash ? "." : (*folder ? folder : "/"), _PC_NAME_MAX);
    const size_t own = strlen(name) + strlen(ending);
    TL_CHECK(most <= 0 || own <= (size_t)most, err, TL_E_ARG,
             "the file name %s%s has %zu bytes; %ld are allowed there", name, ending, own,
             most);
    return TL_OK;
}

bool tl_durable_write(int file, const void *bytes, size_t n)
{
    if (!tl_failpoint_storage(TL_FAILPOINT_WRITE)) return false;
    const size_t kept = tl_failpoint_tear(n);
    const bool is_written = write_all(file, bytes, kept);
    if (kept < n) tl_failpoint_die();
    return is_written;
}

bool tl_durable_sync(int file)
{
    return tl_failpoint_storage(TL_FAILPOINT_SYNC) && fdatasync(file) == 0;
}

bool tl_durable_rename(int folder, const char *from, const char *to)
{
    return tl_failpoint_storage(TL_FAILPOINT_RENAME) &&
           renameat(folder, from, folder, to) == 0;
}

bool tl_durable_folder(int folder)
{
    /* Some network file systems cannot fsync a folder, and need not. */
    return tl_failpoint_storage(TL_FAILPOINT_SYNC) &&
           (fsync(folder) == 0 || errno == EINVAL);
}
