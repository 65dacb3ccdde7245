#include "runner/store/side_file.h"

#include "compute/core/file.h"
#include "compute/core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 16, KINDS = (1 << TL_STORE_KINDS) - 1 };

static const char MAGIC[] = "TLSIDE01", END[] = "TLSIDEOK";

struct tl_side_writer {
    tl_new_file file;
    uint32_t crc; /* of all that went into the buffer so far */
    uint32_t lists;
    uint64_t left; /* bytes that the open list still lacks */
    char path[TL_PATH_SPACE];
    tl_samples_list list[TL_LISTS_OF_STEP];
    size_t held;
    unsigned char buffer[BUFFER];
};

static tl_status flush(tl_side_writer *w, tl_err *err)
{
    TL_CHECK(tl_durable_write(w->file.file, w->buffer, w->held), err, TL_E_IO,
             "%s: cannot be written: %s", w->path, strerror(errno));
    w->held = 0;
    return TL_OK;
}

static tl_status add(tl_side_writer *w, const void *bytes, size_t n, tl_err *err)
{
    const unsigned char *from = bytes;
    w->crc = tl_crc32_more(w->crc, bytes, n);
    while (n > 0) {
        const size_t room = BUFFER - w->held, some = n < room ? n : room;
        memcpy(w->buffer + w->held, from, some);
        w->held += some;
        from += some;
        n -= some;
        if (w->held == BUFFER) TL_TRY(flush(w, err));
    }
    return TL_OK;
}

static tl_status add_word(tl_side_writer *w, uint32_t word, tl_err *err)
{
    return add(w, &word, sizeof word, err);
}

/* What a stage must keep to: a bug, if it does not. */
static void check_list(const tl_side_writer *w, const tl_samples_list *list)
{
    TL_INVARIANT(w->left == 0 && w->lists < TL_LISTS_OF_STEP);
    for (uint32_t i = 0; i < w->lists; i++) {
        TL_INVARIANT(w->list[i].kind != list->kind ||
                     strcmp(w->list[i].name, list->name) != 0);
    }
}

static tl_status open_list(void *self, const tl_samples_list *list, tl_err *err)
{
    tl_side_writer *w = self;
    check_list(w, list);
    w->list[w->lists++] = *list;
    w->left = list->rows * tl_samples_record_bytes(list);
    TL_TRY(add_word(w, list->kind, err));
    TL_TRY(add_word(w, 0, err));
    TL_TRY(add(w, &list->rows, sizeof list->rows, err));
    TL_TRY(add_word(w, (uint32_t)list->shape.channels, err));
    TL_TRY(add_word(w, (uint32_t)list->shape.height, err));
    TL_TRY(add_word(w, (uint32_t)list->shape.width, err));
    TL_TRY(add_word(w, 0, err));
    char name[TL_LIST_NAME] = {0};
    memcpy(name, list->name, strlen(list->name));
    return add(w, name, sizeof name, err);
}

static tl_status append(void *self, const void *bytes, size_t n, tl_err *err)
{
    tl_side_writer *w = self;
    TL_INVARIANT(n <= w->left);
    w->left -= n;
    return add(w, bytes, n, err);
}

static tl_status close_list(void *self, tl_err *err)
{
    const tl_side_writer *w = self;
    (void)err;
    TL_INVARIANT(w->left == 0);
    return TL_OK;
}

static tl_status begin(tl_side_writer *w, const tl_store *store, const tl_key *key,
                       unsigned wanted, tl_err *err)
{
    TL_TRY(tl_store_samples_path(store, key, true, w->path, sizeof w->path, err));
    TL_TRY(tl_file_make(&store->folder, w->path, 0600, &w->file, err));
    TL_TRY(add(w, MAGIC, strlen(MAGIC), err));
    TL_TRY(add(w, key->byte, sizeof key->byte, err));
    TL_TRY(add_word(w, wanted, err));
    return add_word(w, 0, err);
}

tl_status tl_side_begin(const tl_store *store, const tl_key *key, unsigned wanted,
                        tl_side_writer **out, tl_samples *sink, tl_err *err)
{
    tl_side_writer *w = calloc(1, sizeof *w);
    TL_CHECK(w, err, TL_E_NOMEM, "no memory to store samples");
    w->file.file = -1;
    const tl_status status = begin(w, store, key, wanted, err);
    if (status != TL_OK) {
        tl_side_abandon(w);
        return status;
    }
    *out = w;
    *sink = (tl_samples){.wanted = wanted,
                         .open = open_list,
                         .append = append,
                         .close = close_list,
                         .self = w};
    return TL_OK;
}

static tl_status finish(tl_side_writer *w, tl_err *err)
{
    TL_TRY(add(w, END, strlen(END), err));
    TL_TRY(add_word(w, w->lists, err));
    TL_TRY(add_word(w, w->crc, err));
    TL_TRY(flush(w, err));
    return tl_file_commit(&w->file, err);
}

tl_status tl_side_finish(tl_side_writer *writer, tl_err *err)
{
    const tl_status status = finish(writer, err);
    tl_side_abandon(writer);
    return status;
}

void tl_side_abandon(tl_side_writer *writer)
{
    if (!writer) return;
    tl_file_drop(&writer->file);
    free(writer);
}
