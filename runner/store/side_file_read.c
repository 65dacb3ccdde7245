/*
 * Reads side files, which may be damaged or made by somebody else: the whole file is
 * verified before anything in it is used.
 */
#include "runner/store/side_file.h"

#include "compute/core/file.h"
#include "compute/core/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK = 1 << 14,
    HEAD_BYTES = 32,
    LIST_BYTES = 64,
    TAIL_BYTES = 16,
    MOST_PIXELS = 1 << 28
};

static const char MAGIC[] = "TLSIDE01", END[] = "TLSIDEOK";

/* Fills `bytes` [n] from offset `at`. */
static bool read_at(int file, uint64_t at, void *bytes, size_t n)
{
    char *to = bytes;
    while (n > 0) {
        const ssize_t got = pread(file, to, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return false;
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static uint32_t word_at(const unsigned char *bytes, size_t at)
{
    uint32_t word;
    memcpy(&word, bytes + at, sizeof word);
    return word;
}

static tl_status damaged(const char *path, const char *what, tl_err *err)
{
    return tl_fail(err, TL_E_FORMAT, "%s: %s", path, what);
}

/* Fails with `what` unless `good`. */
#define WANT(good, what)                                \
    do {                                                \
        if (!(good)) return damaged(path, (what), err); \
    } while (0)

/* Compares the CRC-32 in the last four bytes with that of all before them. */
static tl_status check_sum(int file, const char *path, uint64_t size, tl_err *err)
{
    unsigned char block[BLOCK];
    uint32_t crc = 0, wanted;
    for (uint64_t at = 0; at < size - sizeof wanted;) {
        const uint64_t left = size - sizeof wanted - at;
        const size_t n = left < BLOCK ? (size_t)left : BLOCK;
        TL_CHECK(read_at(file, at, block, n), err, TL_E_IO, "%s: cannot be read: %s", path,
                 strerror(errno));
        crc = tl_crc32_more(crc, block, n);
        at += n;
    }
    TL_CHECK(read_at(file, size - sizeof wanted, &wanted, sizeof wanted), err, TL_E_IO,
             "%s: cannot be read: %s", path, strerror(errno));
    WANT(crc == wanted, "is damaged: its checksum is wrong");
    return TL_OK;
}

static tl_status check_head(const char *path, const unsigned char *bytes, const tl_key *key,
                            unsigned wanted, tl_side *side, tl_err *err)
{
    WANT(memcmp(bytes, MAGIC, strlen(MAGIC)) == 0, "is not a side file of threatloop");
    WANT(memcmp(bytes + 8, key->byte, sizeof key->byte) == 0, "belongs to another step");
    side->stored = word_at(bytes, 24);
    WANT((wanted & ~side->stored) == 0, "was written for less than the plan stores now");
    return TL_OK;
}

static bool has_shape(const tl_samples_list *head)
{
    const tl_shape *s = &head->shape;
    if (head->kind != TL_STORE_IMAGES)
        return s->channels == 0 && s->height == 0 && s->width == 0;
    return s->channels > 0 && s->height > 0 && s->width > 0 &&
           s->channels <= MOST_PIXELS / s->height / s->width;
}

static bool is_new(const tl_side *side, const tl_samples_list *head)
{
    for (int i = 0; i < side->lists; i++) {
        const tl_samples_list *other = &side->list[i].head;
        if (other->kind == head->kind && strcmp(other->name, head->name) == 0) return false;
    }
    return true;
}

/* Takes one head of a list; *at moves behind its records. \param end  of all records */
static tl_status take_list(const char *path, const unsigned char *bytes, uint64_t end,
                           tl_side *side, uint64_t *at, tl_err *err)
{
    tl_samples_list head = {.kind = word_at(bytes, 0),
                            .shape = {(int)word_at(bytes, 16), (int)word_at(bytes, 20),
                                      (int)word_at(bytes, 24)}};
    memcpy(&head.rows, bytes + 8, sizeof head.rows);
    memcpy(head.name, bytes + 32, sizeof head.name);
    const bool is_known = head.kind == TL_STORE_SCORES || head.kind == TL_STORE_CURVES ||
                          head.kind == TL_STORE_IMAGES;
    WANT(is_known && (head.kind & side->stored), "has a list of an unknown kind");
    WANT(memchr(head.name, '\0', sizeof head.name), "has a list without a name");
    WANT(has_shape(&head), "has a list of a wrong shape");
    WANT(is_new(side, &head), "has a list twice");
    const uint64_t left = end - *at;
    const size_t each = tl_samples_record_bytes(&head);
    WANT(head.rows <= left / each, "has a list that claims more than the file holds");
    side->list[side->lists++] = (tl_side_list){head, *at};
    *at += head.rows * each;
    return TL_OK;
}

static tl_status take_lists(const char *path, uint64_t size, tl_side *side, tl_err *err)
{
    unsigned char tail[TAIL_BYTES], bytes[LIST_BYTES];
    const uint64_t end = size - TAIL_BYTES;
    TL_CHECK(read_at(side->file, end, tail, sizeof tail), err, TL_E_IO,
             "%s: cannot be read: %s", path, strerror(errno));
    WANT(memcmp(tail, END, strlen(END)) == 0, "is cut off");
    uint64_t at = HEAD_BYTES;
    while (at < end) {
        WANT(side->lists < TL_LISTS_OF_STEP, "has too many lists");
        WANT(end - at >= LIST_BYTES, "is cut off in a list");
        TL_CHECK(read_at(side->file, at, bytes, sizeof bytes), err, TL_E_IO,
                 "%s: cannot be read: %s", path, strerror(errno));
        at += LIST_BYTES;
        TL_TRY(take_list(path, bytes, end, side, &at, err));
    }
    WANT(word_at(tail, 8) == (uint32_t)side->lists, "has another number of lists");
    return TL_OK;
}

static tl_status verify(const char *path, uint64_t size, const tl_key *key, unsigned wanted,
                        tl_side *side, tl_err *err)
{
    unsigned char head[HEAD_BYTES];
    WANT(size >= HEAD_BYTES + TAIL_BYTES, "is cut off");
    TL_CHECK(read_at(side->file, 0, head, sizeof head), err, TL_E_IO,
             "%s: cannot be read: %s", path, strerror(errno));
    TL_TRY(check_head(path, head, key, wanted, side, err));
    TL_TRY(check_sum(side->file, path, size, err));
    return take_lists(path, size, side, err);
}

tl_status tl_side_open(const tl_store *store, const tl_key *key, unsigned wanted,
                       tl_side *out, tl_err *err)
{
    char path[TL_PATH_SPACE];
    *out = (tl_side){0};
    TL_TRY(tl_store_samples_path(store, key, false, path, sizeof path, err));
    uint64_t size;
    tl_status status = tl_file_open(&store->folder, path, &out->file, &size, err);
    if (status == TL_E_IO && errno == ENOENT)
        return tl_fail(err, TL_E_MISSING, "%s: is missing", path);
    TL_TRY(status);
    out->is_open = true;
    status = verify(path, size, key, wanted, out, err);
    if (status != TL_OK) tl_side_close(out);
    return status;
}

tl_status tl_side_read(const tl_side *side, int list, uint64_t from, size_t n, void *bytes,
                       tl_err *err)
{
    const tl_side_list *one = &side->list[list];
    const size_t each = tl_samples_record_bytes(&one->head);
    TL_INVARIANT(list < side->lists && from + n <= one->head.rows);
    TL_CHECK(read_at(side->file, one->at + from * each, bytes, n * each), err, TL_E_IO,
             "a side file of samples cannot be read: %s", strerror(errno));
    return TL_OK;
}

void tl_side_close(tl_side *side)
{
    if (side->is_open) (void)close(side->file);
    *side = (tl_side){0};
}
