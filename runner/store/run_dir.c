#include "runner/store/run_dir.h"

#include "compute/core/clock.h"
#include "compute/core/file.h"
#include "compute/core/text.h"
#include "experiments/stage/part_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_TEXT = 16 << 20 };

/* Seconds until every host sees a directory that rank 0 made. */
static const double VISIBLE_AFTER = 30.0;

/* Folders of files by key, each with 256 folders of its own. */
static const char MODELS[] = "models", SAMPLES[] = "samples";

/* In the order of removal: as long as it has the journal, it is recognised as a run's. */
static const char HALT[] = "halt", LOCK[] = "lock", JOURNAL[] = "journal.ndjson";
static const char *const own_files[] = {HALT, "progress.json", "run.json", "plan.yaml",
                                        JOURNAL};
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

static tl_status make_keyed(const tl_store *store, const char *folder, const tl_key *key,
                            tl_err *err)
{
    char path[TL_PATH_SPACE], name[16];
    TL_TRY(path_of(store, folder, path, err));
    TL_TRY(tl_folder_make(&store->folder, path, err));
    (void)snprintf(name, sizeof name, "%s/%02x", folder, (unsigned)key->byte[0]);
    TL_TRY(path_of(store, name, path, err));
    return tl_folder_make(&store->folder, path, err);
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
static bool has_steps(const tl_folder *folder, const char *journal)
{
    bool has = false;
    return tl_journal_read(folder, journal, stop_at_step, &has, NULL) != TL_OK || has;
}

/* Opens the folder at descriptor `fd` to be listed; NULL if it cannot be. */
static DIR *list_folder(int fd)
{
    const int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = own >= 0 ? fdopendir(own) : NULL;
    if (own >= 0 && !list) (void)close(own);
    return list;
}

/* Whether a folder holds nothing, or nothing but `only`. */
static bool is_empty_but(const tl_folder *folder, const char *only)
{
    DIR *list = list_folder(folder->fd);
    if (!list) return false;
    bool is_empty = true;
    const struct dirent *entry;
    while (is_empty && (entry = readdir(list)) != NULL) {
        const char *name = entry->d_name;
        is_empty =
            strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, only) == 0;
    }
    (void)closedir(list);
    return is_empty;
}

/* Whether the folder has a journal; *mode is of what bears its name. */
static bool has_journal(const tl_folder *folder, mode_t *mode)
{
    struct stat facts = {0};
    const bool has = fstatat(folder->fd, JOURNAL, &facts, AT_SYMLINK_NOFOLLOW) == 0;
    *mode = facts.st_mode;
    return has;
}

tl_status tl_store_check(const char *dir, bool trusts_group, tl_err *err)
{
    tl_folder folder;
    mode_t mode;
    struct stat facts;
    if (stat(dir, &facts) == 0 && !S_ISDIR(facts.st_mode)) return TL_OK;
    const tl_status opened = tl_folder_open(dir, trusts_group, &folder, err);
    if (opened == TL_E_MISSING) return TL_OK;
    TL_TRY(opened);
    /* Without a journal it holds nothing that would be used. */
    const bool is_used = has_journal(&folder, &mode);
    const tl_status status = is_used ? tl_folder_check(&folder, HALT, err) : TL_OK;
    tl_folder_close(&folder);
    return status;
}

static tl_store_state look(const tl_folder *folder)
{
    char journal[TL_PATH_SPACE];
    mode_t mode;
    if (!has_journal(folder, &mode))
        return is_empty_but(folder, LOCK) ? TL_STORE_ABSENT : TL_STORE_FOREIGN;
    if (!S_ISREG(mode) || !join_path(folder->path, JOURNAL, journal, sizeof journal))
        return TL_STORE_FOREIGN;
    return has_steps(folder, journal) ? TL_STORE_HAS_WORK : TL_STORE_ABSENT;
}

tl_store_state tl_store_look(const char *dir)
{
    tl_folder folder;
    const tl_status opened = tl_folder_open(dir, true, &folder, NULL);
    if (opened != TL_OK) return opened == TL_E_MISSING ? TL_STORE_ABSENT : TL_STORE_FOREIGN;
    const tl_store_state state = look(&folder);
    tl_folder_close(&folder);
    return state;
}

tl_status tl_store_replay(const char *dir, bool trusts_group, tl_journal_reader reader,
                          void *self, tl_err *err)
{
    tl_folder folder;
    char path[TL_PATH_SPACE];
    TL_CHECK(join_path(dir, JOURNAL, path, sizeof path), err, TL_E_ARG,
             "%s: the path of the run directory is too long", dir);
    TL_TRY(tl_folder_open(dir, trusts_group, &folder, err));
    const tl_status status = tl_journal_read(&folder, path, reader, self, err);
    tl_folder_close(&folder);
    return status;
}

/* ---- the lock ------------------------------------------------------------------------ */

bool tl_store_is_held(const char *dir, char *who, size_t space)
{
    char path[TL_PATH_SPACE];
    return join_path(dir, LOCK, path, sizeof path) &&
           tl_file_lock_is_held(NULL, path, who, space);
}

static tl_status take_lock(tl_store *store, double timeout, tl_err *err)
{
    char path[TL_PATH_SPACE];
    TL_TRY(path_of(store, LOCK, path, err));
    const tl_lock_of of = {.folder = &store->folder,
                           .path = path,
                           .what = store->dir,
                           .advice = "choose another directory with --dir"};
    return tl_file_lock_take(&of, timeout, &store->lock, err);
}

/* ---- open and close ------------------------------------------------------------------ */

static tl_status name_store(const char *dir, tl_store *out, tl_err *err)
{
    TL_CHECK(strlen(dir) < TL_PATH_SPACE - 80, err, TL_E_ARG,
             "the path of the run directory is too long (%zu bytes)", strlen(dir));
    const size_t size = strlen(dir) + 1;
    char *copy = malloc(size);
    TL_CHECK(copy, err, TL_E_NOMEM, "no memory for a path");
    memcpy(copy, dir, size);
    *out = (tl_store){.dir = copy, .folder = {.fd = -1}};
    return TL_OK;
}

tl_status tl_store_join(const char *dir, bool trusts_group, tl_store *out, tl_err *err)
{
    tl_store store;
    TL_TRY(name_store(dir, &store, err));
    const double end = tl_seconds() + VISIBLE_AFTER;
    tl_status status;
    while ((status = tl_folder_open(store.dir, trusts_group, &store.folder, err)) ==
               TL_E_MISSING &&
           tl_seconds() < end)
        tl_sleep(0.1);
    if (status == TL_OK) {
        *out = store;
    } else {
        free(store.dir);
    }
    return status;
}

/* The folder number `i` of those by key in `kept`, to be listed; NULL if there is none. */
static DIR *open_keyed(const tl_store *store, const char *kept, unsigned i)
{
    char path[TL_PATH_SPACE], name[32];
    const char *last;
    int fd;
    (void)snprintf(name, sizeof name, "%s/%02x/.", kept, i);
    if (!tl_store_path(store, name, path, sizeof path) ||
        tl_folder_of(&store->folder, path, &fd, &last, NULL) != TL_OK)
        return NULL;
    DIR *list = fdopendir(fd);
    if (!list) (void)close(fd);
    return list;
}

/* Removes what a process that was killed while writing left in `kept`. */
static void remove_unfinished(const tl_store *store, const char *kept)
{
    for (unsigned i = 0; i < 256; i++) {
        DIR *list = open_keyed(store, kept, i);
        const struct dirent *entry;
        while (list && (entry = readdir(list)) != NULL) {
            const size_t length = strlen(entry->d_name);
            if (length > 4 && strcmp(entry->d_name + length - 4, ".tmp") == 0)
                (void)unlinkat(dirfd(list), entry->d_name, 0);
        }
        if (list) (void)closedir(list);
    }
}

static tl_status open_store(tl_store *store, bool trusts_group, double timeout, tl_err *err)
{
    char path[TL_PATH_SPACE];
    store->made = mkdir(store->dir, 0700) == 0;
    TL_CHECK(store->made || errno == EEXIST, err, TL_E_IO, "%s: cannot be made: %s",
             store->dir, strerror(errno));
    TL_TRY(tl_folder_open(store->dir, trusts_group, &store->folder, err));
    TL_TRY(take_lock(store, timeout, err));
    remove_unfinished(store, MODELS);
    remove_unfinished(store, SAMPLES);
    for (int i = 0; i < OWN_FILES; i++) {
        if (tl_store_path(store, own_files[i], path, sizeof path))
            tl_file_clear(&store->folder, path);
    }
    return TL_OK;
}

tl_status tl_store_open(const char *dir, bool trusts_group, double timeout, tl_store *out,
                        tl_err *err)
{
    tl_store store;
    TL_TRY(name_store(dir, &store, err));
    const tl_status status = open_store(&store, trusts_group, timeout, err);
    if (status == TL_OK) {
        *out = store;
    } else {
        tl_folder_close(&store.folder);
        free(store.dir);
    }
    return status;
}

/* Removes the folder `kept` if it holds no file. \return whether it is removed */
static bool remove_folder(const tl_store *store, const char *kept)
{
    char path[TL_PATH_SPACE], name[16];
    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(name, sizeof name, "%s/%02x", kept, i);
        tl_store_remove(store, name);
    }
    return tl_store_path(store, kept, path, sizeof path) &&
           tl_folder_remove(&store->folder, path);
}

static void remove_start(tl_store *store)
{
    mode_t mode;
    if (look(&store->folder) == TL_STORE_HAS_WORK) return;
    if (!remove_folder(store, MODELS) || !remove_folder(store, SAMPLES)) return;
    /* Without a journal, only the lock is known to be a run's. */
    const bool is_ours = has_journal(&store->folder, &mode);
    for (int i = 0; i < OWN_FILES && is_ours; i++) tl_store_remove(store, own_files[i]);
    tl_file_lock_release(&store->lock);
    if (store->made) (void)rmdir(store->dir);
}

void tl_store_close(tl_store *store, bool remove_if_empty)
{
    if (!store->dir) return;
    if (remove_if_empty && store->lock.is_held) remove_start(store);
    tl_file_lock_release(&store->lock);
    tl_folder_close(&store->folder);
    free(store->dir);
    *store = (tl_store){.folder = {.fd = -1}};
}

/* ---- files --------------------------------------------------------------------------- */

void tl_store_remove(const tl_store *store, const char *name)
{
    char path[TL_PATH_SPACE];
    if (tl_store_path(store, name, path, sizeof path))
        (void)tl_folder_remove(&store->folder, path);
}

tl_status tl_store_write(const tl_store *store, const char *name, const char *text,
                         tl_err *err)
{
    char path[TL_PATH_SPACE];
    TL_TRY(path_of(store, name, path, err));
    const tl_durable_piece piece = {text, strlen(text)};
    return tl_file_replace(&store->folder, path, 0600, &piece, 1, err);
}

tl_status tl_store_read(const tl_store *store, const char *name, tl_arena *arena,
                        char **text, tl_err *err)
{
    char path[TL_PATH_SPACE], *bytes;
    FILE *file;
    uint64_t size;
    TL_TRY(path_of(store, name, path, err));
    TL_TRY(tl_file_stream(&store->folder, path, &file, &size, err));
    tl_status status = TL_OK;
    if (size > LONGEST_TEXT) {
        status = tl_fail(err, TL_E_FORMAT, "%s: has %llu bytes, at most %d are allowed",
                         path, (unsigned long long)size, LONGEST_TEXT);
    }
    bytes = status == TL_OK ? tl_arena_take(arena, (size_t)size + 1, 1, err) : NULL;
    if (status == TL_OK && !bytes) status = TL_E_NOMEM;
    const size_t n = bytes ? fread(bytes, 1, (size_t)size, file) : 0;
    if (bytes && ferror(file))
        status = tl_fail(err, TL_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    (void)fclose(file);
    TL_TRY(status);
    bytes[n] = '\0';
    *text = bytes;
    return TL_OK;
}
