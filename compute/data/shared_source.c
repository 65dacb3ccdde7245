/*
 * A block is a head, the source's arrays, and its note; all offsets follow from the head,
 * so the length can be checked.
 */
#include "compute/data/shared_source.h"

#include <string.h>

enum { ALIGN = 64, ARRAYS = 6 };

static const uint64_t MAGIC = 0x3165637275736c74; /* "tlsurce1" */

typedef struct block_head {
    uint64_t magic;
    uint64_t note;    /* bytes of it, with its NUL */
    tl_source source; /* without pointers */
} block_head;

/* Where arrays and note begin, the arrays' bytes, and the block's. */
typedef struct layout {
    size_t array[ARRAYS], bytes[ARRAYS], note, size;
} layout;

static layout layout_of(const block_head *head)
{
    const size_t rows = (size_t)head->source.all.rows;
    const size_t pixels = rows * (size_t)tl_shape_size(head->source.all.shape);
    layout l = {.bytes = {pixels * sizeof(float), rows * sizeof(int32_t),
                          rows * sizeof(uint8_t), rows * sizeof(uint32_t),
                          rows * sizeof(int32_t), rows * sizeof(int32_t)}};
    size_t at = sizeof *head;
    for (int i = 0; i < ARRAYS; i++) {
        at = (at + ALIGN - 1) / ALIGN * ALIGN;
        l.array[i] = at;
        at += l.bytes[i];
    }
    l.note = at;
    l.size = at + (size_t)head->note;
    return l;
}

static tl_key key_of(const char *name, const char *dir, const tl_source_want *want)
{
    const tl_source_want none = {0};
    const tl_source_want *w = want ? want : &none;
    tl_hash hash = {0};
    tl_hash_text(&hash, "shared source 1 " TL_VERSION);
    tl_hash_text(&hash, name);
    tl_hash_text(&hash, dir);
    tl_hash_u64(&hash, (uint64_t)w->examples);
    tl_hash_u64(&hash, (uint64_t)w->classes);
    tl_hash_real(&hash, w->difficulty);
    tl_hash_u64(&hash, (uint64_t)w->context);
    return tl_hash_end(&hash);
}

/* --- packing -------------------------------------------------------------------------- */

static block_head head_of(const tl_source *source)
{
    block_head head = {.magic = MAGIC, .note = strlen(source->note) + 1, .source = *source};
    tl_source *bare = &head.source;
    bare->all.input = NULL;
    bare->all.label = bare->group = bare->duplicate_of = NULL;
    bare->all.flags = NULL;
    bare->all.origin = NULL;
    bare->name = bare->note = NULL;
    return head;
}

static void pack(const tl_source *source, const block_head *head, unsigned char *room)
{
    const layout l = layout_of(head);
    const void *const from[ARRAYS] = {source->all.input, source->all.label,
                                      source->all.flags, source->all.origin,
                                      source->group,     source->duplicate_of};
    memcpy(room, head, sizeof *head);
    for (int i = 0; i < ARRAYS; i++) memcpy(room + l.array[i], from[i], l.bytes[i]);
    memcpy(room + l.note, source->note, (size_t)head->note);
}

/* --- unpacking ------------------------------------------------------------------------ */

/* Whether the block is complete and of this format. */
static bool is_whole(const unsigned char *block, size_t n, block_head *head)
{
    if (n < sizeof *head) return false;
    memcpy(head, block, sizeof *head);
    const tl_dataset *all = &head->source.all;
    if (head->magic != MAGIC || head->note == 0 || head->note > n) return false;
    if (all->rows < 1 || all->shape.channels < 1 || all->shape.height < 1 ||
        all->shape.width < 1)
        return false;
    const layout l = layout_of(head);
    return l.size == n && block[n - 1] == '\0';
}

static tl_status unpack(unsigned char *block, size_t n, const char *name, tl_arena *arena,
                        tl_source **out, tl_err *err)
{
    block_head head;
    tl_source *source;
    TL_CHECK(is_whole(block, n, &head), err, TL_E_FORMAT, "a shared source is damaged");
    TL_ALLOC(source, arena, 1, err);
    *source = head.source;
    const layout l = layout_of(&head);
    source->all.input = (void *)(block + l.array[0]);
    source->all.label = (void *)(block + l.array[1]);
    source->all.flags = (void *)(block + l.array[2]);
    source->all.origin = (void *)(block + l.array[3]);
    source->group = (void *)(block + l.array[4]);
    source->duplicate_of = (void *)(block + l.array[5]);
    source->note = (const char *)block + l.note;
    source->name = tl_arena_text(arena, name, err);
    if (!source->name) return TL_E_NOMEM;
    *out = source;
    return TL_OK;
}

/* --- opening -------------------------------------------------------------------------- */

/* Bytes that are shared; NULL: none. */
typedef struct shared_block {
    unsigned char *at;
    size_t n;
} shared_block;

/* Opens the source within `memory` bytes and publishes it.
 * \param out  result; none if it cannot be published */
static tl_status publish(const char *name, const char *dir, const tl_source_want *want,
                         const tl_shared_blocks *shared_blocks, size_t memory,
                         shared_block *out, tl_err *err)
{
    tl_arena own = tl_arena_open(memory);
    tl_source *source;
    const tl_status status = tl_source_open(name, dir, want, &own, &source, err);
    *out = (shared_block){0};
    if (status == TL_OK) {
        const tl_key key = key_of(name, dir, want);
        const block_head head = head_of(source);
        out->n = layout_of(&head).size;
        unsigned char *room = shared_blocks->begin(shared_blocks->self, &key, out->n);
        if (room) {
            pack(source, &head, room);
            out->at = shared_blocks->end(shared_blocks->self, room);
        }
    }
    tl_arena_close(&own);
    return status;
}

tl_status tl_source_open_shared(const char *name, const char *dir,
                                const tl_source_want *want,
                                const tl_shared_blocks *shared_blocks, tl_arena *arena,
                                tl_source **out, tl_err *err)
{
    shared_block block = {0};
    if (shared_blocks->publishes) {
        TL_TRY(publish(name, dir, want, shared_blocks, tl_arena_left(arena), &block, err));
    } else {
        const tl_key key = key_of(name, dir, want);
        block.at = shared_blocks->find(shared_blocks->self, &key, &block.n);
    }
    if (block.at && unpack(block.at, block.n, name, arena, out, err) == TL_OK) return TL_OK;
    return tl_source_open(name, dir, want, arena, out, err);
}
