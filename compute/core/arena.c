/*
 * Chunks in a list, newest first. A chunk is at least CHUNK bytes, so small things share
 * one; a mark is the number of bytes taken so far, and every chunk knows how many were
 * taken before it was made. Rewinding frees the chunks above the mark except the lowest,
 * which the loop that rewinds will need again.
 */
#include "compute/core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, CHUNK = 1 << 16, SMALL = 4096 /* is real in an arena that counts */ };

struct tl_arena_chunk {
    tl_arena_chunk *below;
    size_t before; /* arena->used when this chunk was made */
    size_t size;   /* bytes behind the header */
    size_t filled;
};

enum { HEADER = (sizeof(tl_arena_chunk) + ALIGN - 1) / ALIGN * ALIGN };

tl_arena tl_arena_open(size_t limit)
{
    return (tl_arena){.limit = limit};
}

tl_arena tl_arena_counter(void)
{
    return (tl_arena){.limit = SIZE_MAX / 2, .counts = true};
}

bool tl_arena_counts(const tl_arena *arena)
{
    return arena->counts;
}

void tl_arena_close(tl_arena *arena)
{
    while (arena->last) {
        tl_arena_chunk *below = arena->last->below;
        free(arena->last);
        arena->last = below;
    }
    arena->used = 0;
}

static tl_arena_chunk *add_chunk(tl_arena *arena, size_t bytes)
{
    const size_t size = bytes > CHUNK ? bytes : CHUNK;
    tl_arena_chunk *chunk = aligned_alloc(ALIGN, HEADER + size);
    if (!chunk) return NULL;
    *chunk = (tl_arena_chunk){.below = arena->last, .before = arena->used, .size = size};
    arena->last = chunk;
    return chunk;
}

static void *take(tl_arena *arena, size_t count, size_t size, bool is_real, tl_err *err)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size) {
        (void)tl_fail(err, TL_E_NOMEM,
                      "%zu elements of %zu bytes are more than memory can hold", count,
                      size);
        return NULL;
    }
    size_t bytes = (count * size + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes == 0) bytes = ALIGN;
    if (arena->limit != 0 && (bytes > arena->limit || arena->used > arena->limit - bytes)) {
        (void)tl_fail(err, TL_E_NOMEM,
                      "%zu bytes needed besides %zu in use, but the budget is %zu", bytes,
                      arena->used, arena->limit);
        return NULL;
    }
    const size_t used = arena->used + bytes, peak = arena->peak;
    if (!is_real) {
        arena->used = used;
        arena->peak = used > peak ? used : peak;
        return (void *)(UINTPTR_MAX / 2 + 1); /* no process has that address */
    }
    tl_arena_chunk *chunk = arena->last;
    if (!chunk || chunk->size - chunk->filled < bytes) chunk = add_chunk(arena, bytes);
    if (!chunk) {
        (void)tl_fail(err, TL_E_NOMEM, "out of memory: the system has no %zu bytes left",
                      bytes);
        return NULL;
    }
    unsigned char *at = (unsigned char *)chunk + HEADER + chunk->filled;
    chunk->filled += bytes;
    arena->used = used;
    arena->peak = used > peak ? used : peak;
    memset(at, 0, bytes);
    return at;
}

void *tl_arena_take(tl_arena *arena, size_t count, size_t size, tl_err *err)
{
    const bool is_small = size == 0 || count <= SMALL / size;
    return take(arena, count, size, !arena->counts || is_small, err);
}

void *tl_arena_records(tl_arena *arena, size_t count, size_t size, tl_err *err)
{
    return take(arena, count, size, true, err);
}

bool tl_arena_counted(tl_arena *arena, size_t mark)
{
    if (arena->counts) arena->used = mark;
    return arena->counts;
}

char *tl_arena_text(tl_arena *arena, const char *text, tl_err *err)
{
    const size_t length = strlen(text);
    char *copy = tl_arena_records(arena, length + 1, 1, err);
    if (copy) memcpy(copy, text, length + 1);
    return copy;
}

char *tl_arena_print(tl_arena *arena, tl_err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : tl_arena_records(arena, (size_t)length + 1, 1, err);
    if (text) (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t tl_arena_left(const tl_arena *arena)
{
    if (arena->limit == 0) return SIZE_MAX;
    return arena->used < arena->limit ? arena->limit - arena->used : 1;
}

size_t tl_arena_mark(const tl_arena *arena)
{
    return arena->used;
}

void tl_arena_rewind(tl_arena *arena, size_t mark)
{
    TL_INVARIANT(mark <= arena->used);
    if (arena->counts) { /* real pieces stay until it is closed: they are few */
        arena->used = mark;
        return;
    }
    while (arena->last && arena->last->before >= mark && arena->last->below) {
        tl_arena_chunk *below = arena->last->below;
        const size_t below_end = below->before + below->filled;
        if (below_end <= mark) break;
        free(arena->last);
        arena->last = below;
    }
    if (arena->last) {
        const size_t before = arena->last->before;
        arena->last->filled = mark > before ? mark - before : 0;
    }
    arena->used = mark;
}
