#include "compute/core/durable.h"

#include "compute/core/failpoint.h"

#include <errno.h>
#include <stdio.h>
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
