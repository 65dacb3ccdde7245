#include "runner/datasets/data_fetch.h"

#include "compute/core/file.h"
#include "compute/core/file_lock.h"
#include "compute/core/hash.h"
#include "compute/core/text.h"
#include "runner/datasets/download.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16, LOCK_PATH = TL_DATA_PATH_SPACE + 8, URL_SPACE = 1024 };

/* The signal that arrived during a fetch. A global, since a handler can reach nothing else;
 * blocking signals is not enough where BLAS has threads that take them. */
static volatile sig_atomic_t tl_fetch_signal;

static void note_signal(int signal)
{
    tl_fetch_signal = signal;
}

/* Makes the missing folders above `path`; `first` becomes the length of the first one made,
 * or 0. False with errno; what was made is left to drop_folders. */
static bool make_folders(const char *path, size_t *first)
{
    char folder[TL_DATA_PATH_SPACE];
    *first = 0;
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        const size_t length = (size_t)(slash - path);
        memcpy(folder, path, length);
        folder[length] = '\0';
        if (mkdir(folder, 0777) == 0) {
            if (*first == 0) *first = length;
        } else if (errno != EEXIST) {
            return false;
        }
    }
    return true;
}

/* Removes the folders above `path`, up to the one of length `first`, as far as empty. */
static void drop_folders(const char *path, size_t first)
{
    char folder[TL_DATA_PATH_SPACE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strrchr(folder, '/'); slash && first > 0;
         slash = strrchr(folder, '/')) {
        if ((size_t)(slash - folder) < first) return;
        *slash = '\0';
        if (rmdir(folder) != 0) return;
    }
}

static tl_status name_place(const tl_fetch *want, char path[TL_DATA_PATH_SPACE],
                            tl_err *err)
{
    char place[TL_DATA_PATHS][TL_DATA_PATH_SPACE], file[TL_MEDMNIST_FILE];
    TL_CHECK(tl_data_paths(want->dir, place) > 0, err, TL_E_IO,
             "no data folder; name one by --data DIR or THREATLOOP_DATA");
    const int length = snprintf(path, TL_DATA_PATH_SPACE, "%s/medmnist/%s", place[0],
                                tl_medmnist_file(want->set, want->size, file));
    TL_CHECK(length < TL_DATA_PATH_SPACE, err, TL_E_IO, "%s: this path is too long",
             place[0]);
    return TL_OK;
}

static tl_status copy_file(const char *from, int file, uint64_t most, tl_err *err)
{
    char bytes[COPY_BYTES], size[32];
    uint64_t all = 0;
    int source;
    TL_TRY(tl_file_open(NULL, from, &source, NULL, err));
    ssize_t got = 0;
    bool is_written = true;
    do {
        got = read(source, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got > 0) all += (uint64_t)got;
        if (got > 0 && all <= most) is_written = tl_durable_write(file, bytes, (size_t)got);
    } while (got != 0 && is_written && all <= most && (got > 0 || errno == EINTR));
    const int reason = errno;
    (void)close(source);
    TL_CHECK(is_written, err, TL_E_IO, "the copy of %s cannot be written: %s", from,
             strerror(reason));
    TL_CHECK(all <= most, err, TL_E_FORMAT,
             "%s: has more than the %s that are allowed; --max-size allows more", from,
             tl_text_size((double)most, size));
    TL_CHECK(got == 0, err, TL_E_IO, "%s: cannot be read: %s", from, strerror(reason));
    return TL_OK;
}

static tl_status fill(const tl_fetch *want, int file, tl_err *err)
{
    const uint64_t most =
        want->most ? want->most : tl_medmnist_most_bytes(want->set, want->size);
    if (want->from) return copy_file(want->from, file, most, err);
    char url[URL_SPACE], name[TL_MEDMNIST_FILE];
    const char *mirror = getenv("THREATLOOP_MIRROR");
    const bool has_mirror = mirror && *mirror;
    const int length = snprintf(
        url, sizeof url, "%s/%s%s", has_mirror ? mirror : TL_MEDMNIST_URL,
        tl_medmnist_file(want->set, want->size, name), has_mirror ? "" : TL_MEDMNIST_QUERY);
    TL_CHECK(length < (int)sizeof url, err, TL_E_ARG, "THREATLOOP_MIRROR is too long");
    return tl_download(url, file, most, &tl_fetch_signal, err);
}

/* Checks what was brought against the official sum. */
static tl_status check_sum(const tl_fetch *want, const tl_new_file *made, tl_err *err)
{
    char md5[TL_MD5_TEXT], link[TL_FILE_LINK];
    const char *wanted = want->set->md5[want->size];
    TL_TRY(tl_hash_file(tl_file_link(made->file, link), NULL, md5, err));
    TL_CHECK(strcmp(md5, wanted) == 0, err, TL_E_FORMAT,
             "%s has MD5 %s, but the official file has %s; not kept",
             want->from ? want->from : "the download", md5, wanted);
    return TL_OK;
}

static tl_status make_whole(const tl_fetch *want, const char *path, tl_err *err)
{
    tl_new_file made;
    TL_TRY(tl_file_make(NULL, path, 0666, &made, err));
    tl_status status = fill(want, made.file, err);
    if (status == TL_OK && tl_fetch_signal != 0)
        status = tl_fail(err, TL_E_STOP, "stopped by a signal");
    if (status == TL_OK) status = check_sum(want, &made, err);
    if (status == TL_OK) return tl_file_commit(&made, err);
    tl_file_drop(&made);
    return status;
}

/* One fetch at a time, which clears away what killed ones left. */
static tl_status bring(const tl_fetch *want, const char *path, tl_err *err)
{
    char name[LOCK_PATH];
    tl_file_lock lock;
    (void)snprintf(name, sizeof name, "%s.lock", path);
    const tl_lock_of of = {
        .path = name, .what = path, .advice = "name another folder with --data"};
    TL_TRY(tl_file_lock_take(&of, 0.0, &lock, err));
    tl_file_clear(NULL, path);
    const tl_status status = make_whole(want, path, err);
    tl_file_lock_release(&lock);
    return status;
}

/* Holds signals back until everything is cleaned up, then delivers them. */
static tl_status bring_whole(const tl_fetch *want, const char *path, tl_err *err)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    enum { CAUGHT = sizeof caught / sizeof *caught };
    struct sigaction before[CAUGHT], ours = {.sa_handler = note_signal};
    (void)sigemptyset(&ours.sa_mask);
    tl_fetch_signal = 0;
    for (int k = 0; k < CAUGHT; k++) {
        (void)sigaction(caught[k], &ours, &before[k]);
        /* What is ignored, as HUP under nohup, stays ignored. */
        if (before[k].sa_handler == SIG_IGN) (void)sigaction(caught[k], &before[k], NULL);
    }
    size_t first;
    tl_status status = make_folders(path, &first)
                           ? bring(want, path, err)
                           : tl_fail(err, TL_E_IO, "the folder of %s cannot be created: %s",
                                     path, strerror(errno));
    if (status != TL_OK) drop_folders(path, first);
    for (int k = 0; k < CAUGHT; k++) (void)sigaction(caught[k], &before[k], NULL);
    if (tl_fetch_signal != 0) (void)raise(tl_fetch_signal);
    return status;
}

tl_status tl_data_fetch(const tl_fetch *want, tl_fetched *out, tl_err *err)
{
    char md5[TL_MD5_TEXT];
    *out = (tl_fetched){.was_there = false};
    TL_TRY(name_place(want, out->path, err));
    struct stat found;
    const bool is_there = stat(out->path, &found) == 0;
    if (is_there) {
        TL_TRY(tl_hash_file(out->path, NULL, md5, err));
        out->was_there = strcmp(md5, want->set->md5[want->size]) == 0;
        if (out->was_there) return TL_OK;
    }
    TL_TRY(bring_whole(want, out->path, err));
    out->is_replaced = is_there;
    return TL_OK;
}
