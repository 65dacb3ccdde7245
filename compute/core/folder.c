#include "compute/core/folder.h"

#include "compute/core/durable.h"
#include "compute/core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 16, OWNER_SPACE = 1024, NAME_SPACE = 256 };
enum { AS_FOLDER = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* ---- whose it is --------------------------------------------------------------------- */

static bool is_own(uid_t owner)
{
    return owner == geteuid() || owner == 0;
}

/* "alice (uid 1001)", or without a name where the system knows none. */
static const char *owner_text(uid_t owner, char out[OWNER_SPACE])
{
    struct passwd entry, *found = NULL;
    char room[OWNER_SPACE];
    const bool has_name =
        getpwuid_r(owner, &entry, room, sizeof room, &found) == 0 && found != NULL;
    (void)snprintf(out, OWNER_SPACE, has_name ? "%.64s (uid %ld)" : "%.0suid %ld",
                   has_name ? entry.pw_name : "", (long)owner);
    return out;
}

tl_status tl_folder_admits(const tl_folder *folder, const char *path,
                           const struct stat *facts, tl_err *err)
{
    char owner[OWNER_SPACE];
    const unsigned mode = (unsigned)facts->st_mode & 07777U;
    TL_CHECK(is_own(facts->st_uid), err, TL_E_ARG,
             "%s belongs to %s: a run directory and all in it must be yours, since others "
             "could have forged it; choose another with --dir",
             path, owner_text(facts->st_uid, owner));
    if (S_ISLNK(facts->st_mode)) return TL_OK; /* its mode means nothing */
    TL_CHECK(
        !(mode & S_IWOTH), err, TL_E_ARG,
        "%s can be written by every user (mode %04o), who could have forged it; choose "
        "another run directory with --dir, or, if you trust what it holds: chmod -R "
        "go-w %s",
        path, mode, folder->path);
    TL_CHECK(!(mode & S_IWGRP) || folder->trusts_group, err, TL_E_ARG,
             "%s can be written by its group (mode %04o), who could have forged it; choose "
             "another run directory with --dir, or, if you trust them: --trust-group, or "
             "chmod -R g-w %s",
             path, mode, folder->path);
    return TL_OK;
}

/* ---- opening ------------------------------------------------------------------------- */

tl_status tl_folder_open(const char *path, bool trusts_group, tl_folder *out, tl_err *err)
{
    tl_folder folder = {open(path, AS_FOLDER), path, trusts_group};
    struct stat facts, link;
    TL_CHECK(folder.fd >= 0, err, errno == ENOENT ? TL_E_MISSING : TL_E_IO,
             "%s: cannot be opened: %s", path, strerror(errno));
    tl_status status = TL_OK;
    if (fstat(folder.fd, &facts) != 0) {
        status = tl_fail(err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (status == TL_OK && lstat(path, &link) == 0 && S_ISLNK(link.st_mode))
        status = tl_folder_admits(&folder, path, &link, err);
    if (status == TL_OK) status = tl_folder_admits(&folder, path, &facts, err);
    if (status == TL_OK) {
        *out = folder;
    } else {
        (void)close(folder.fd);
    }
    return status;
}

void tl_folder_close(tl_folder *folder)
{
    if (folder->fd >= 0) (void)close(folder->fd);
    folder->fd = -1;
}

/* ---- checking all -------------------------------------------------------------------- */

/* A folder that is being checked. */
typedef struct level {
    DIR *list;
    size_t length; /* of its path */
} level;

static tl_status check_kind(const char *path, mode_t mode, tl_err *err)
{
    const char *kind = S_ISLNK(mode)    ? "a symbolic link, which is not followed"
                       : S_ISFIFO(mode) ? "a pipe"
                       : S_ISSOCK(mode) ? "a socket"
                                        : "a device";
    TL_CHECK(
        S_ISREG(mode) || S_ISDIR(mode), err, TL_E_ARG,
        "%s is %s: a run directory holds files and folders alone; remove it, or choose "
        "another with --dir",
        path, kind);
    return TL_OK;
}

/* Opens folder `name` of descriptor `parent`, never through a link, as the next level. */
static bool descend(int parent, const char *name, size_t length, level *out)
{
    const int fd = openat(parent, name, AS_FOLDER | O_NOFOLLOW);
    out->list = fd >= 0 ? fdopendir(fd) : NULL;
    out->length = length;
    if (fd >= 0 && !out->list) (void)close(fd);
    return out->list != NULL;
}

/* Checks the entry whose path is `path`; *goes_in: it is a folder. */
static tl_status check_entry(const tl_folder *folder, int parent, const char *path,
                             bool *goes_in, tl_err *err)
{
    struct stat facts;
    const char *name = strrchr(path, '/') + 1;
    *goes_in = false;
    /* A run that goes on removes files meanwhile. */
    if (fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return TL_OK;
    TL_TRY(tl_folder_admits(folder, path, &facts, err));
    *goes_in = S_ISDIR(facts.st_mode);
    return check_kind(path, facts.st_mode, err);
}

/* Checks what is left of the levels [depth] of `in`; `path` is room for paths. */
static tl_status check_levels(const tl_folder *folder, const char *ignored, level *in,
                              int *depth, char *path, tl_err *err)
{
    while (*depth > 0) {
        const level *now = &in[*depth - 1];
        const struct dirent *entry = readdir(now->list);
        if (!entry) {
            (void)closedir(in[--*depth].list);
            continue;
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (*depth == 1 && ignored && strcmp(name, ignored) == 0) continue;
        const size_t room = TL_PATH_SPACE - now->length;
        const int length = snprintf(path + now->length, room, "/%s", name);
        TL_CHECK((size_t)length < room && *depth < DEEPEST, err, TL_E_ARG,
                 "%s: too deep for a run directory", path);
        bool goes_in;
        TL_TRY(check_entry(folder, dirfd(now->list), path, &goes_in, err));
        if (!goes_in) continue;
        TL_CHECK(descend(dirfd(now->list), name, now->length + (size_t)length, &in[*depth]),
                 err, TL_E_IO, "%s: cannot be listed: %s", path, strerror(errno));
        ++*depth;
    }
    return TL_OK;
}

tl_status tl_folder_check(const tl_folder *folder, const char *ignored, tl_err *err)
{
    char path[TL_PATH_SPACE];
    level in[DEEPEST];
    int depth = 1;
    const int length = snprintf(path, sizeof path, "%s", folder->path);
    TL_CHECK(length < TL_PATH_SPACE && descend(folder->fd, ".", (size_t)length, &in[0]),
             err, TL_E_IO, "%s: cannot be listed: %s", folder->path, strerror(errno));
    const tl_status status = check_levels(folder, ignored, in, &depth, path, err);
    while (depth > 0) (void)closedir(in[--depth].list);
    return status;
}

/* ---- what holds a path --------------------------------------------------------------- */

/* Goes from *at into the folder whose path are the first `length` bytes of `path`, its name
 * those from `start`; *at is then that folder. */
static tl_status step_into(const tl_folder *folder, const char *path, size_t start,
                           size_t length, int *at, tl_err *err)
{
    char name[NAME_SPACE], whole[TL_PATH_SPACE];
    struct stat facts;
    TL_CHECK(length - start < sizeof name && length < sizeof whole, err, TL_E_IO,
             "%s: the path is too long", path);
    (void)snprintf(name, sizeof name, "%.*s", (int)(length - start), path + start);
    (void)snprintf(whole, sizeof whole, "%.*s", (int)length, path);
    const int next = openat(*at, name, AS_FOLDER | O_NOFOLLOW);
    int reason = errno;
    (void)close(*at);
    *at = next;
    if (next >= 0 && fstat(next, &facts) == 0)
        return tl_folder_admits(folder, whole, &facts, err);
    const bool is_odd = reason == ELOOP || reason == ENOTDIR;
    (void)tl_fail(err, is_odd ? TL_E_FORMAT : TL_E_IO, "%s: %s%s", whole,
                  is_odd ? "is a symbolic link, which is not followed, or no folder"
                         : "cannot be opened: ",
                  is_odd ? "" : strerror(reason));
    errno = reason;
    return is_odd ? TL_E_FORMAT : TL_E_IO;
}

static tl_status walk(const tl_folder *folder, const char *path, const char *last, int *at,
                      tl_err *err)
{
    size_t start = strlen(folder->path);
    TL_INVARIANT(strncmp(path, folder->path, start) == 0 && path[start] == '/');
    *at = openat(folder->fd, ".", AS_FOLDER); /* with an offset of its own, to be listed */
    TL_CHECK(*at >= 0, err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    start++;
    for (const char *end = path + start; end < last; start = (size_t)(end - path)) {
        end = strchr(end, '/');
        TL_TRY(step_into(folder, path, start, (size_t)(end - path), at, err));
        end++;
    }
    return TL_OK;
}

tl_status tl_folder_of(const tl_folder *folder, const char *path, int *parent,
                       const char **name, tl_err *err)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (strlen(path) >= TL_PATH_SPACE) {
        errno = ENAMETOOLONG;
        return tl_fail(err, TL_E_IO, "a path of %zu bytes is too long", strlen(path));
    }
    if (folder) {
        const tl_status status = walk(folder, path, *name, parent, err);
        const int reason = errno;
        if (status != TL_OK && *parent >= 0) (void)close(*parent);
        errno = reason;
        return status;
    }
    char above[TL_PATH_SPACE];
    (void)snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - path) + 1 : 1,
                   slash ? path : ".");
    *parent = open(above, AS_FOLDER);
    TL_CHECK(*parent >= 0, err, TL_E_IO, "%s: its folder cannot be opened: %s", path,
             strerror(errno));
    return TL_OK;
}

tl_status tl_folder_make(const tl_folder *folder, const char *path, tl_err *err)
{
    int parent;
    const char *name;
    TL_TRY(tl_folder_of(folder, path, &parent, &name, err));
    const bool is_made = mkdirat(parent, name, 0700) == 0;
    bool is_good = is_made || errno == EEXIST;
    if (is_made) is_good = tl_durable_folder(parent);
    const int reason = errno;
    (void)close(parent);
    TL_CHECK(is_good, err, TL_E_IO, "%s: cannot be made: %s", path, strerror(reason));
    return TL_OK;
}

bool tl_folder_remove(const tl_folder *folder, const char *path)
{
    int parent;
    const char *name;
    if (tl_folder_of(folder, path, &parent, &name, NULL) != TL_OK) return errno == ENOENT;
    const bool is_gone = unlinkat(parent, name, 0) == 0 || errno == ENOENT ||
                         unlinkat(parent, name, AT_REMOVEDIR) == 0;
    (void)close(parent);
    return is_gone;
}
