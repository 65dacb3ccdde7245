#include "runner/store/run_dir.h"

#include "compute/core/clock.h"
#include "compute/core/durable.h"
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "experiments/stage/part_table.h"
#include "runner/store/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WHO_SPACE = 160, LONGEST_TEXT = 16 << 20 };

/* Folders of files by key, each with 256 folders of its own. */
static const char MODELS[] = "models", SAMPLES[] = "samples";

/* In the order of removal: as long as it has the journal, it is recognised as a run's. */
static const char *const own_files[] = {"halt",      "progress.json",  "run.json",
                                        "plan.yaml", "journal.ndjson", "lock"};
enum { OWN_FILES = sizeof own_files / sizeof *own_files };

/* ---- paths --------------------------------------------------------------------------- */

static bool join_path(const char *dir, const char *name, char *out, size_t space)
{
    const int length = snprintf(out, space, "%s/%s", dir, name);
    return length > 0 && (size_t)length < space;
}

bool tl_store_path(const tl_store *store, const char *name, char *out, size_t space)
{
    return join_path(store->dir, name, out, space);
}

static tl_status path_of(const tl_store *store, const char *name, char out[TL_PATH_SPACE],
                         tl_err *err)
{
    TL_CHECK(tl_store_path(store, name, out, TL_PATH_SPACE), err, TL_E_ARG,
             "%s: the path of the run directory is too long", store->dir);
    return TL_OK;
}

/* The path of a file that is named by a key, in `folder`. */
typedef struct keyed {
    const char *folder, *ending;
} keyed;

static tl_status keyed_path(const tl_store *store, const tl_key *key, keyed name, char *out,
                            size_t space, tl_err *err)
{
    char text[TL_KEY_TEXT];
    (void)tl_key_text(key, text);
    const int length = snprintf(out, space, "%s/%s/%.2s/%s%s", store->dir, name.folder,
                                text, text, name.ending);
    TL_CHECK(length > 0 && (size_t)length < space, err, TL_E_ARG,
             "%s: the path of the run directory is too long", store->dir);
    return TL_OK;
}

tl_status tl_store_step_path(const tl_store *store, const tl_key *key, const char *ending,
                             char *out, size_t space, tl_err *err)
{
    return keyed_path(store, key, (keyed){MODELS, ending}, out, space, err);
}

static tl_status make_folder(const char *path, tl_err *err)
{
    const bool is_made = mkdir(path, 0700) == 0;
    TL_CHECK(is_made || errno == EEXIST, err, TL_E_IO, "%s: cannot be made: %s", path,
             strerror(errno));
    TL_CHECK(!is_made || tl_durable_folder(path), err, TL_E_IO,
             "%s: its folder cannot be synced: %s", path, strerror(errno));
    return TL_OK;
}

static tl_status make_keyed(const tl_store *store, const char *folder, const tl_key *key,
                            tl_err *err)
{
    char path[TL_PATH_SPACE], name[16];
    TL_TRY(path_of(store, folder, path, err));
    TL_TRY(make_folder(path, err));
    (void)snprintf(name, sizeof name, "%s/%02x", folder, (unsigned)key->byte[0]);
    TL_TRY(path_of(store, name, path, err));
    return make_folder(path, err);
}

tl_status tl_store_make_folder(const tl_store *store, const tl_key *key, tl_err *err)
{
    return make_keyed(store, MODELS, key, err);
}

tl_status tl_store_samples_path(const tl_store *store, const tl_key *key, bool makes_folder,
                                char *out, size_t space, tl_err *err)
{
    TL_TRY(keyed_path(store, key, (keyed){SAMPLES, ".bin"}, out, space, err));
    return makes_folder ? make_keyed(store, SAMPLES, key, err) : TL_OK;
}

tl_status tl_store_part_path(const tl_store *store, const tl_key *key, tl_part part,
                             char *out, size_t space, tl_err *err)
{
    char ending[64];
    (void)snprintf(ending, sizeof ending, ".%s%s", tl_part_name(part),
                   tl_part_of(part)->ending);
    return tl_store_step_path(store, key, ending, out, space, err);
}

/* ---- what a directory holds ---------------------------------------------------------- */

static tl_status stop_at_step(void *self, const tl_record *record, tl_err *err)
{
    bool *has_steps = self;
    if (record->kind == TL_RECORD_HEAD) return TL_OK;
    *has_steps = true;
    return tl_fail(err, TL_E_STOP, "a step");
}

/* A journal that cannot be read may hold anything, so it counts as one with steps. */
static bool has_steps(const char *journal)
{
    bool has = false;
    return tl_journal_read(journal, stop_at_step, &has, NULL) != TL_OK || has;
}

/* Whether a folder holds nothing, or nothing but `only`. */
static bool is_empty_but(const char *dir, const char *only)
{
    DIR *folder = opendir(dir);
    if (!folder) return false;
    bool is_empty = true;
    const struct dirent *entry;
    while (is_empty && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        is_empty =
            strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, only) == 0;
    }
    (void)closedir(folder);
    return is_empty;
}

tl_store_state tl_store_look(const char *dir)
{
    struct stat facts;
    char journal[TL_PATH_SPACE];
    if (stat(dir, &facts) != 0) return errno == ENOENT ? TL_STORE_ABSENT : TL_STORE_FOREIGN;
    if (!S_ISDIR(facts.st_mode)) return TL_STORE_FOREIGN;
    if (!join_path(dir, "journal.ndjson", journal, sizeof journal)) return TL_STORE_FOREIGN;
    if (stat(journal, &facts) != 0)
        return is_empty_but(dir, "lock") ? TL_STORE_ABSENT : TL_STORE_FOREIGN;
    if (!S_ISREG(facts.st_mode)) return TL_STORE_FOREIGN;
    return has_steps(journal) ? TL_STORE_HAS_WORK : TL_STORE_ABSENT;
}

/* ---- the lock ------------------------------------------------------------------------ */

static bool is_busy(int reason)
{
    return reason == EWOULDBLOCK || reason == EAGAIN || reason == EINTR;
}

/* Who holds the lock, as the lock file says. */
static void read_holder(int file, char *who, size_t space)
{
    const ssize_t n = pread(file, who, space - 1, 0);
    who[n > 0 ? n : 0] = '\0';
    who[strcspn(who, "\n")] = '\0';
    if (!*who) (void)snprintf(who, space, "another run");
}

bool tl_store_is_held(const char *dir, char *who, size_t space)
{
    char path[TL_PATH_SPACE];
    if (!join_path(dir, "lock", path, sizeof path)) return false;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return false;
    const bool is_held = flock(file, LOCK_SH | LOCK_NB) != 0 && is_busy(errno);
    if (is_held) read_holder(file, who, space);
    (void)close(file);
    return is_held;
}

/* A run that gave up may have removed the file between open and lock. */
static bool is_still_there(const char *path, int file)
{
    struct stat here, there;
    return fstat(file, &here) == 0 && stat(path, &there) == 0 &&
           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static bool sign_lock(int file)
{
    char who[WHO_SPACE], host[65] = "";
    if (gethostname(host, sizeof host - 1) != 0 || !*host)
        (void)snprintf(host, sizeof host, "(unknown)");
    const int length =
        snprintf(who, sizeof who, "process %ld on host %s\n", (long)getpid(), host);
    return ftruncate(file, 0) == 0 && pwrite(file, who, (size_t)length, 0) == length;
}

/* Tries once. \return whether to try again; *out is the lock, or -1 with *status */
static bool try_lock(const char *path, int *out, tl_status *status, tl_err *err)
{
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    *out = -1;
    if (file < 0) {
        *status = tl_fail(err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
        return false;
    }
    const bool is_locked = flock(file, LOCK_EX | LOCK_NB) == 0;
    const int reason = errno;
    if (!is_locked && is_busy(reason)) {
        char who[WHO_SPACE];
        read_holder(file, who, sizeof who);
        (void)close(file);
        *status = tl_fail(
            err, TL_E_IO,
            "%.*s is in use by %s; wait for it, or choose another directory with --dir",
            (int)(strlen(path) - strlen("/lock")), path, who);
        return true;
    }
    if (is_locked && !is_still_there(path, file)) {
        (void)close(file);
        *status = tl_fail(err, TL_E_IO, "%s: removed while it was being locked", path);
        return true;
    }
    if (!is_locked)
        tl_log(TL_LOG_WARN,
               "%s: no file locking here (%s); make sure only one run uses the directory",
               path, strerror(reason));
    if (!sign_lock(file)) {
        *status = tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
        (void)close(file);
        return false;
    }
    *out = file;
    *status = TL_OK;
    return false;
}

static tl_status take_lock(tl_store *store, double timeout, tl_err *err)
{
    char path[TL_PATH_SPACE];
    TL_TRY(path_of(store, "lock", path, err));
    const double end = tl_seconds() + timeout;
    tl_status status;
    while (try_lock(path, &store->lock, &status, err) && tl_seconds() < end) tl_sleep(0.1);
    return status;
}

/* ---- open and close ------------------------------------------------------------------ */

tl_status tl_store_join(const char *dir, tl_store *out, tl_err *err)
{
    TL_CHECK(strlen(dir) < TL_PATH_SPACE - 80, err, TL_E_ARG,
             "the path of the run directory is too long (%zu bytes)", strlen(dir));
    const size_t size = strlen(dir) + 1;
    char *copy = malloc(size);
    TL_CHECK(copy, err, TL_E_NOMEM, "no memory for a path");
    memcpy(copy, dir, size);
    *out = (tl_store){.dir = copy, .lock = -1};
    return TL_OK;
}

/* Removes what a process that was killed while writing left in `kept`. */
static void remove_unfinished(const tl_store *store, const char *kept)
{
    char path[TL_PATH_SPACE], name[16];
    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(name, sizeof name, "%s/%02x", kept, i);
        if (!tl_store_path(store, name, path, sizeof path)) return;
        DIR *folder = opendir(path);
        const struct dirent *entry;
        while (folder && (entry = readdir(folder)) != NULL) {
            const size_t length = strlen(entry->d_name);
            if (length > 4 && strcmp(entry->d_name + length - 4, ".tmp") == 0)
                (void)unlinkat(dirfd(folder), entry->d_name, 0);
        }
        if (folder) (void)closedir(folder);
    }
}

tl_status tl_store_open(const char *dir, double timeout, tl_store *out, tl_err *err)
{
    tl_store store;
    TL_TRY(tl_store_join(dir, &store, err));
    store.made = mkdir(dir, 0700) == 0;
    tl_status status = TL_OK;
    if (!store.made && errno != EEXIST)
        status = tl_fail(err, TL_E_IO, "%s: cannot be made: %s", dir, strerror(errno));
    if (status == TL_OK) status = take_lock(&store, timeout, err);
    if (status != TL_OK) {
        free(store.dir);
        return status;
    }
    remove_unfinished(&store, MODELS);
    remove_unfinished(&store, SAMPLES);
    *out = store;
    return TL_OK;
}

/* Removes the folder `kept` if it holds no file. \return whether it is removed */
static bool remove_folder(const tl_store *store, const char *kept)
{
    char path[TL_PATH_SPACE], name[16];
    struct stat facts;
    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(name, sizeof name, "%s/%02x", kept, i);
        if (tl_store_path(store, name, path, sizeof path)) (void)rmdir(path);
    }
    if (!tl_store_path(store, kept, path, sizeof path)) return false;
    return rmdir(path) == 0 || lstat(path, &facts) != 0;
}

static void remove_start(const tl_store *store)
{
    char path[TL_PATH_SPACE];
    if (!tl_store_path(store, "journal.ndjson", path, sizeof path)) return;
    if (access(path, F_OK) == 0 && has_steps(path)) return;
    if (!remove_folder(store, MODELS) || !remove_folder(store, SAMPLES)) return;
    const bool has_journal = access(path, F_OK) == 0;
    for (int i = 0; i < OWN_FILES; i++) {
        /* Without a journal, only the lock is known to be a run's. */
        if (!has_journal && strcmp(own_files[i], "lock") != 0) continue;
        if (tl_store_path(store, own_files[i], path, sizeof path)) (void)unlink(path);
    }
    if (store->made) (void)rmdir(store->dir);
}

void tl_store_close(tl_store *store, bool remove_if_empty)
{
    if (!store->dir) return;
    if (remove_if_empty && store->lock >= 0) remove_start(store);
    if (store->lock >= 0) (void)close(store->lock);
    free(store->dir);
    *store = (tl_store){.lock = -1};
}

/* ---- files --------------------------------------------------------------------------- */

tl_status tl_store_write(const tl_store *store, const char *name, const char *text,
                         tl_err *err)
{
    char path[TL_PATH_SPACE];
    TL_TRY(path_of(store, name, path, err));
    const tl_durable_piece piece = {text, strlen(text)};
    TL_CHECK(tl_durable_replace(path, &piece, 1), err, TL_E_IO, "%s: cannot be written: %s",
             path, strerror(errno));
    return TL_OK;
}

tl_status tl_store_read(const tl_store *store, const char *name, tl_arena *arena,
                        char **text, tl_err *err)
{
    char path[TL_PATH_SPACE], *bytes;
    struct stat facts;
    TL_TRY(path_of(store, name, path, err));
    TL_CHECK(stat(path, &facts) == 0, err, TL_E_IO, "%s: cannot be opened: %s", path,
             strerror(errno));
    TL_CHECK(S_ISREG(facts.st_mode), err, TL_E_IO, "%s: not a regular file", path);
    TL_CHECK(facts.st_size <= LONGEST_TEXT, err, TL_E_FORMAT,
             "%s: has %lld bytes, at most %d are allowed", path, (long long)facts.st_size,
             LONGEST_TEXT);
    TL_ALLOC(bytes, arena, (size_t)facts.st_size + 1, err);
    FILE *file = fopen(path, "rb");
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const size_t n = fread(bytes, 1, (size_t)facts.st_size, file);
    const bool has_failed = ferror(file) != 0;
    const int reason = errno;
    (void)fclose(file);
    TL_CHECK(!has_failed, err, TL_E_IO, "%s: cannot be read: %s", path, strerror(reason));
    bytes[n] = '\0';
    *text = bytes;
    return TL_OK;
}
