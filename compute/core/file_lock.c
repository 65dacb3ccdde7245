/*
 * Of two processes that find no lock file one makes it (O_EXCL) and both try to lock it, so
 * either may get it; the other waits. Where locks fail the maker has it. A lock file is
 * removed by its holder, so who locked one looks whether it is still in its place.
 */
#include "compute/core/file_lock.h"

#include "compute/core/clock.h"
#include "compute/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char begins[] = "process ", by_name[] = "; no locks here";

/* Whether to try again. */
typedef enum again { NEVER, LATER } again;

static bool is_busy(int reason)
{
    return reason == EWOULDBLOCK || reason == EAGAIN || reason == EINTR;
}

static void host_name(char out[65])
{
    out[64] = '\0';
    if (gethostname(out, 64) != 0 || !*out) (void)snprintf(out, 65, "(unknown)");
}

/* Who holds the lock, as its file says; "" if it says nothing. */
static void read_holder(int file, char who[TL_LOCK_HOLDER])
{
    const ssize_t n = pread(file, who, TL_LOCK_HOLDER - 1, 0);
    who[n > 0 ? n : 0] = '\0';
    who[strcspn(who, "\n")] = '\0';
}

static bool sign(int file, bool is_by_name)
{
    char who[TL_LOCK_HOLDER], host[65], start[32] = "";
    struct tm now;
    const time_t seconds = time(NULL);
    host_name(host);
    if (gmtime_r(&seconds, &now))
        (void)strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%SZ", &now);
    const int length = snprintf(who, sizeof who, "%s%ld on host %s since %s%s\n", begins,
                                (long)getpid(), host, start, is_by_name ? by_name : "");
    return ftruncate(file, 0) == 0 && pwrite(file, who, (size_t)length, 0) == length;
}

/* ---- locks that are files ------------------------------------------------------------ */

/* Whether the holder was on this host and is gone. */
static bool is_gone(const char *who)
{
    char host[65], wanted[96];
    char *end;
    if (strncmp(who, begins, strlen(begins)) != 0) return false;
    const long pid = strtol(who + strlen(begins), &end, 10);
    host_name(host);
    const int length = snprintf(wanted, sizeof wanted, " on host %s since ", host);
    return pid > 0 && strncmp(end, wanted, (size_t)length) == 0 &&
           kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Adds " 'path'", quoted for a shell. */
static void add_quoted(tl_text *line, const char *path)
{
    tl_text_add(line, " '");
    for (; *path; path++) tl_text_print(line, *path == '\'' ? "'\\''" : "%c", *path);
    tl_text_add(line, "'");
}

static tl_status refuse_by_name(const tl_lock_of *of, const char *who, tl_err *err)
{
    tl_text line = {0};
    struct stat facts;
    add_quoted(&line, of->path);
    if (of->also && lstat(of->also, &facts) == 0) add_quoted(&line, of->also);
    const bool is_stale = is_gone(who);
    const int named = (int)strcspn(who, ";");
    const tl_status status = tl_fail(
        err, TL_E_IO, "%s is %s %.*s%s; file locks fail here, so %s: rm%s", of->what,
        is_stale ? "still locked by" : "in use by", *who ? named : 11,
        *who ? who : "another run", is_stale ? ", which has ended" : "",
        is_stale ? "remove its lock yourself" : "if that one has ended, remove its lock",
        line.at ? line.at : of->path);
    tl_text_close(&line);
    return status;
}

/* ---- taking -------------------------------------------------------------------------- */

/* Whether what was found at the lock's path is one: nothing else is written into. */
static tl_status check_found(const tl_lock_of *of, int file, const char *who, tl_err *err)
{
    struct stat facts;
    TL_CHECK(fstat(file, &facts) == 0, err, TL_E_IO, "%s: cannot be opened: %s", of->path,
             strerror(errno));
    TL_CHECK(facts.st_uid == geteuid() && facts.st_nlink <= 1 &&
                 (facts.st_size == 0 || strncmp(who, begins, strlen(begins)) == 0),
             err, TL_E_IO,
             "%s is in the way: it is to be a lock of yours, and is %s; remove it, or %s",
             of->path,
             facts.st_uid != geteuid() ? "another user's"
             : facts.st_nlink > 1      ? "a hard link"
                                       : "something else",
             of->advice);
    return TL_OK;
}

/* A run that gave up may have removed the file between open and lock. */
static bool is_in_place(const tl_file_lock *lock)
{
    struct stat here, there;
    return fstat(lock->file, &here) == 0 &&
           fstatat(lock->parent, lock->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Opens the lock file into *lock; *is_new: it was made. */
static tl_status open_lock(const tl_lock_of *of, tl_file_lock *lock, bool *is_new,
                           tl_err *err)
{
    const char *name;
    TL_TRY(tl_folder_of(of->folder, of->path, &lock->parent, &name, err));
    const int length = snprintf(lock->name, sizeof lock->name, "%s", name);
    tl_status status =
        tl_file_open_own(of->folder, of->path, O_CREAT | O_EXCL, &lock->file, err);
    *is_new = status == TL_OK;
    if (status != TL_OK && errno == EEXIST)
        status = tl_file_open_own(of->folder, of->path, 0, &lock->file, err);
    if (status == TL_OK && length < (int)sizeof lock->name) return TL_OK;
    (void)close(lock->parent);
    return status;
}

/* Locks the open file. \return whether to try again if *status is an error */
static again lock_open(const tl_lock_of *of, tl_file_lock *lock, bool is_new,
                       tl_status *status, tl_err *err)
{
    char who[TL_LOCK_HOLDER] = "";
    if (!is_new) {
        read_holder(lock->file, who);
        *status = check_found(of, lock->file, who, err);
        if (*status != TL_OK) return NEVER;
    }
    const bool is_locked = flock(lock->file, LOCK_EX | LOCK_NB) == 0;
    lock->reason = errno;
    if (!is_locked && is_busy(lock->reason)) {
        read_holder(lock->file, who);
        *status = tl_fail(err, TL_E_IO, "%s is in use by %s; wait for it, or %s", of->what,
                          *who ? who : "another run", of->advice);
        return LATER;
    }
    if (is_locked && !is_in_place(lock)) {
        *status = tl_fail(err, TL_E_IO, "%s: removed while it was being locked", of->path);
        return LATER;
    }
    lock->is_by_name = !is_locked;
    if (!is_new && (lock->is_by_name || strstr(who, by_name))) {
        *status = refuse_by_name(of, who, err);
        return is_gone(who) ? NEVER : LATER;
    }
    *status = TL_OK;
    if (!sign(lock->file, lock->is_by_name)) {
        *status =
            tl_fail(err, TL_E_IO, "%s: cannot be written: %s", of->path, strerror(errno));
        if (is_new) (void)unlinkat(lock->parent, lock->name, 0);
    }
    return NEVER;
}

static again try_once(const tl_lock_of *of, tl_file_lock *out, tl_status *status,
                      tl_err *err)
{
    tl_file_lock lock = {.is_held = true};
    bool is_new;
    *status = open_lock(of, &lock, &is_new, err);
    if (*status != TL_OK) return errno == ENOENT ? LATER : NEVER;
    const again when = lock_open(of, &lock, is_new, status, err);
    if (*status == TL_OK) {
        *out = lock;
    } else {
        (void)close(lock.file);
        (void)close(lock.parent);
    }
    return when;
}

tl_status tl_file_lock_take(const tl_lock_of *of, double timeout, tl_file_lock *out,
                            tl_err *err)
{
    const double end = tl_seconds() + timeout;
    tl_status status;
    while (try_once(of, out, &status, err) == LATER && tl_seconds() < end) tl_sleep(0.1);
    return status;
}

void tl_file_lock_release(tl_file_lock *lock)
{
    if (!lock->is_held) return;
    if (is_in_place(lock)) (void)unlinkat(lock->parent, lock->name, 0);
    (void)close(lock->file);
    (void)close(lock->parent);
    *lock = (tl_file_lock){0};
}

bool tl_file_lock_is_held(const tl_folder *folder, const char *path, char *who,
                          size_t space)
{
    char text[TL_LOCK_HOLDER];
    int file;
    if (tl_file_open(folder, path, &file, NULL, NULL) != TL_OK) return false;
    const bool is_locked = flock(file, LOCK_SH | LOCK_NB) == 0;
    const bool is_taken = !is_locked && is_busy(errno);
    read_holder(file, text);
    (void)close(file);
    const bool is_held = is_taken || (strstr(text, by_name) && !is_gone(text));
    const int named = (int)strcspn(text, ";");
    if (is_held)
        (void)snprintf(who, space, "%.*s", *text ? named : 11,
                       *text ? text : "another run");
    return is_held;
}
