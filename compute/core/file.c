#include "compute/core/file.h"

#include "compute/core/failpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT_NAME = 200 /* bytes of a name that its temporary names begin with */ };
enum { NEVER_WAIT = O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

/* ---- reading ------------------------------------------------------------------------- */

/* The status of an open that failed with errno. */
static tl_status refused(const tl_folder *folder, const char *path, tl_err *err)
{
    const int reason = errno;
    const bool is_link = reason == ELOOP;
    const tl_status status = is_link && folder ? TL_E_FORMAT : TL_E_IO;
    (void)tl_fail(err, status, "%s: %s%s", path,
                  is_link ? "is a symbolic link, which is not followed"
                          : "cannot be opened: ",
                  is_link ? "" : strerror(reason));
    errno = reason;
    return status;
}

/* Whether an open file may be used; closes it if not. */
static tl_status check(const tl_folder *folder, const char *path, int file, uint64_t *bytes,
                       tl_err *err)
{
    struct stat facts;
    tl_status status = TL_OK;
    if (fstat(file, &facts) != 0) {
        status = tl_fail(err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    } else if (!S_ISREG(facts.st_mode)) {
        status =
            tl_fail(err, folder ? TL_E_FORMAT : TL_E_IO, "%s: is %s", path,
                    S_ISDIR(facts.st_mode) ? "a folder, not a file" : "not a regular file");
    } else if (folder) {
        status = tl_folder_admits(folder, path, &facts, err);
    }
    if (status == TL_OK) {
        if (bytes) *bytes = (uint64_t)facts.st_size;
        return TL_OK;
    }
    (void)close(file);
    errno = EINVAL;
    return status;
}

/* Opens by `flags`: in a private folder from its descriptor, following no link. */
static tl_status open_by(const tl_folder *folder, const char *path, int flags, int *out,
                         uint64_t *bytes, tl_err *err)
{
    int file;
    if (folder) {
        int parent;
        const char *name;
        TL_TRY(tl_folder_of(folder, path, &parent, &name, err));
        file = openat(parent, name, flags | NEVER_WAIT | O_NOFOLLOW, 0600);
        const int reason = errno;
        (void)close(parent);
        errno = reason;
    } else {
        file = open(path, flags | NEVER_WAIT, 0600);
    }
    if (file < 0) return refused(folder, path, err);
    TL_TRY(check(folder, path, file, bytes, err));
    *out = file;
    return TL_OK;
}

tl_status tl_file_open(const tl_folder *folder, const char *path, int *file,
                       uint64_t *bytes, tl_err *err)
{
    return open_by(folder, path, O_RDONLY, file, bytes, err);
}

tl_status tl_file_size(const char *path, uint64_t *bytes, tl_err *err)
{
    int file;
    TL_TRY(tl_file_open(NULL, path, &file, bytes, err));
    (void)close(file);
    return TL_OK;
}

tl_status tl_file_stream(const tl_folder *folder, const char *path, FILE **stream,
                         uint64_t *bytes, tl_err *err)
{
    int file;
    TL_TRY(tl_file_open(folder, path, &file, bytes, err));
    *stream = fdopen(file, "rb");
    if (*stream) return TL_OK;
    const tl_status status =
        tl_fail(err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    (void)close(file);
    return status;
}

tl_status tl_file_open_own(const tl_folder *folder, const char *path, int flags, int *file,
                           tl_err *err)
{
    return open_by(folder, path, flags | O_RDWR | O_NOFOLLOW, file, NULL, err);
}

const char *tl_file_link(int file, char out[TL_FILE_LINK])
{
    (void)snprintf(out, TL_FILE_LINK, "/proc/self/fd/%d", file);
    return out;
}

/* ---- making --------------------------------------------------------------------------
 *
 * Temporary names are "<name>.<host>.<process>.<count>.tmp", the host as 8 hexadecimal
 * digits; a long name is cut, so that it fits wherever the final name does.
 */

/* Tells hosts apart, as 32 bits: FNV-1a of the name (Fowler, Noll, Vo). */
static unsigned host_sum(void)
{
    char host[65] = "";
    uint32_t sum = 2166136261U;
    if (gethostname(host, sizeof host - 1) != 0) *host = '\0';
    for (const char *at = host; *at; at++) sum = (sum ^ (unsigned char)*at) * 16777619U;
    return sum;
}

static int kept_of(const char *name)
{
    size_t n = strlen(name);
    if (n <= KEPT_NAME) return (int)n;
    n = KEPT_NAME;
    while (n > 0 && ((unsigned char)name[n] & 0xC0U) == 0x80U) n--; /* whole letters */
    return (int)n;
}

tl_status tl_file_make(const tl_folder *folder, const char *path, unsigned mode,
                       tl_new_file *out, tl_err *err)
{
    tl_new_file made = {.file = -1, .parent = -1, .path = path};
    TL_TRY(tl_folder_of(folder, path, &made.parent, &made.last, err));
    const unsigned host = host_sum();
    for (unsigned count = 0; made.file < 0; count++) {
        (void)snprintf(made.name, sizeof made.name, "%.*s.%08x.%ld.%u.tmp",
                       kept_of(made.last), made.last, host, (long)getpid(), count);
        made.file = openat(made.parent, made.name,
                           O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (made.file < 0 && errno != EEXIST) break;
    }
    if (made.file < 0) {
        const int reason = errno;
        (void)close(made.parent);
        (void)tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(reason));
        errno = reason;
        return TL_E_IO;
    }
    *out = made;
    return TL_OK;
}

static void close_new(tl_new_file *file)
{
    if (file->file >= 0) (void)close(file->file);
    (void)close(file->parent);
    file->file = -1;
}

tl_status tl_file_commit(tl_new_file *file, tl_err *err)
{
    const bool is_named = tl_failpoint_storage(TL_FAILPOINT_SYNC) &&
                          fsync(file->file) == 0 &&
                          tl_durable_rename(file->parent, file->name, file->last);
    if (is_named && tl_durable_folder(file->parent)) {
        close_new(file);
        return TL_OK;
    }
    const int reason = errno;
    if (is_named) {
        close_new(file);
    } else {
        tl_file_drop(file);
    }
    (void)tl_fail(err, TL_E_IO, "%s: cannot be written: %s", file->path, strerror(reason));
    errno = reason;
    return TL_E_IO;
}

void tl_file_drop(tl_new_file *file)
{
    if (file->file < 0) return;
    const int reason = errno;
    (void)unlinkat(file->parent, file->name, 0);
    close_new(file);
    errno = reason;
}

tl_status tl_file_replace(const tl_folder *folder, const char *path, unsigned mode,
                          const tl_durable_piece *piece, int count, tl_err *err)
{
    tl_new_file made;
    TL_TRY(tl_file_make(folder, path, mode, &made, err));
    for (int i = 0; i < count; i++) {
        if (tl_durable_write(made.file, piece[i].bytes, piece[i].n)) continue;
        tl_file_drop(&made);
        const int reason = errno;
        (void)tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(reason));
        errno = reason;
        return TL_E_IO;
    }
    return tl_file_commit(&made, err);
}

/* ---- clearing ------------------------------------------------------------------------ */

/* Skips `digits` digits, or one and more if 0, then the letters of `after`; NULL if they
 * are not there. */
static const char *skip(const char *at, size_t digits, const char *after)
{
    const size_t n = strspn(at, digits ? "0123456789abcdef" : "0123456789");
    if (n == 0 || (digits && n != digits)) return NULL;
    at += n;
    return strncmp(at, after, strlen(after)) == 0 ? at + strlen(after) : NULL;
}

/* Whether `name` is a temporary one for a file called `last`. */
static bool is_left_by(const char *name, const char *last)
{
    const size_t kept = (size_t)kept_of(last);
    if (strncmp(name, last, kept) != 0 || name[kept] != '.') return false;
    const char *at = skip(name + kept + 1, 8, ".");
    if (at) at = skip(at, 0, ".");
    if (at) at = skip(at, 0, ".tmp");
    return at && *at == '\0';
}

void tl_file_clear(const tl_folder *folder, const char *path)
{
    int parent;
    const char *last;
    struct stat facts;
    const struct dirent *entry;
    if (tl_folder_of(folder, path, &parent, &last, NULL) != TL_OK) return;
    DIR *list = fdopendir(parent);
    while (list && (entry = readdir(list)) != NULL) {
        if (!is_left_by(entry->d_name, last)) continue;
        if (fstatat(parent, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(facts.st_mode) && facts.st_uid == geteuid())
            (void)unlinkat(parent, entry->d_name, 0);
    }
    if (list) {
        (void)closedir(list);
    } else {
        (void)close(parent);
    }
}
