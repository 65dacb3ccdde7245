#include "compute/core/durable.h"

#include "compute/core/failpoint.h"
#include "compute/core/text.h"

#include <errno.h>
#include <fcntl.h>
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

/* Fsyncs what is at `path`, opened with `flags`. */
static bool sync_path(const char *path, int flags)
{
    const int file = open(path, flags | O_CLOEXEC);
    if (file < 0) return false;
    /* Some network file systems cannot fsync a folder, and need not. */
    const bool is_synced =
        tl_failpoint_storage(TL_FAILPOINT_SYNC) && (fsync(file) == 0 || errno == EINVAL);
    const int reason = errno;
    (void)close(file);
    errno = reason;
    return is_synced;
}

bool tl_durable_file(const char *path)
{
    return sync_path(path, O_RDWR);
}

bool tl_durable_folder(const char *path)
{
    char folder[TL_PATH_SPACE];
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    return sync_path(length > 0 ? folder : ".", O_RDONLY);
}

static bool write_pieces(const char *path, const tl_durable_piece *piece, int count)
{
    const int file =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool is_good = true;
    for (int i = 0; i < count && is_good; i++)
        is_good = tl_durable_write(file, piece[i].bytes, piece[i].n);
    is_good = is_good && tl_failpoint_storage(TL_FAILPOINT_SYNC) && fsync(file) == 0;
    const int reason = errno;
    const bool is_closed = close(file) == 0;
    if (!is_good) errno = reason;
    return is_good && is_closed;
}

bool tl_durable_rename(const char *from, const char *to)
{
    return tl_failpoint_storage(TL_FAILPOINT_RENAME) && rename(from, to) == 0;
}

bool tl_durable_replace(const char *path, const tl_durable_piece *piece, int count)
{
    char temporary[TL_PATH_SPACE];
    const int length = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    return tl_durable_replace_by(path, temporary, piece, count);
}

bool tl_durable_replace_by(const char *path, const char *temporary,
                           const tl_durable_piece *piece, int count)
{
    if (!write_pieces(temporary, piece, count) || !tl_durable_rename(temporary, path)) {
        const int reason = errno;
        (void)unlink(temporary);
        errno = reason;
        return false;
    }
    return tl_durable_folder(path);
}
