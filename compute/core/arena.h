/*
 * Memory that is allocated piece by piece and freed all at once.
 *
 * An arena has a byte limit; an allocation beyond it fails with TL_E_NOMEM, so the memory
 * of a step is bounded. Loops allocate, then rewind to their mark. Not thread-safe.
 *
 * An arena can count instead: it reports what would be allocated without allocating it. A
 * function given one allocates and calls others as always, then returns TL_OK where it
 * would begin to compute: it reads sizes but no data, and writes no results. So predictions
 * come from the code that allocates.
 */
#ifndef TL_COMPUTE_CORE_ARENA_H
#define TL_COMPUTE_CORE_ARENA_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

/** One piece of memory from the system; private. */
typedef struct tl_arena_chunk tl_arena_chunk;

/** Zero is an empty arena without a limit. Fields are private. */
typedef struct tl_arena {
    tl_arena_chunk *last;
    size_t limit; /**< bytes; 0 = none */
    size_t used;  /**< bytes taken now */
    size_t peak;  /**< maximum of `used` so far */
    bool counts;  /**< large pieces are not allocated */
} tl_arena;

/** An empty arena of at most `limit` bytes (0: no limit). */
tl_arena tl_arena_open(size_t limit);

/** An empty arena that counts: `peak` is what would have been allocated. Small pieces and
 * records are real, so pointers in them can be followed; a large piece is an address that
 * must not be used. */
tl_arena tl_arena_counter(void);

/** Whether the arena counts, so that nothing may be computed; see above. */
bool tl_arena_counts(const tl_arena *arena);

/** As tl_arena_counts; an arena that counts is rewound to `mark` too. */
bool tl_arena_counted(tl_arena *arena, size_t mark);

/** Frees everything. The arena is empty and usable again. */
void tl_arena_close(tl_arena *arena);

/**
 * `count` elements of `size` bytes, zeroed, aligned to 64 bytes; lives until rewind or
 * close. \return NULL with TL_E_NOMEM in `err` if the limit, the system or size_t is
 * exceeded; never NULL for count = 0
 */
void *tl_arena_take(tl_arena *arena, size_t count, size_t size, tl_err *err);

/** As tl_arena_take, but real in an arena that counts too: for structures that are filled
 * while allocating. */
void *tl_arena_records(tl_arena *arena, size_t count, size_t size, tl_err *err);

/** A copy of `text` in the arena, or NULL as tl_arena_take. */
char *tl_arena_text(tl_arena *arena, const char *text, tl_err *err);

/** A text formatted as by printf, in the arena, or NULL as tl_arena_take. */
char *tl_arena_print(tl_arena *arena, tl_err *err, const char *format, ...) TL_PRINTF(3, 4);

/** Bytes that may still be taken, at least 1, so that they can be the limit of another;
 * SIZE_MAX without a limit. */
size_t tl_arena_left(const tl_arena *arena);

/** The current position, for tl_arena_rewind. */
size_t tl_arena_mark(const tl_arena *arena);

/** Frees all that was allocated since `mark`. */
void tl_arena_rewind(tl_arena *arena, size_t mark);

/** Sets `pointer` to `count` zeroed elements of its own type, or returns TL_E_NOMEM. */
#define TL_ALLOC(pointer, arena, count, err)                                           \
    do {                                                                               \
        (pointer) = tl_arena_take((arena), (size_t)(count), sizeof *(pointer), (err)); \
        if (!(pointer)) return TL_E_NOMEM;                                             \
    } while (0)

/** The same by tl_arena_records. */
#define TL_ALLOC_RECORDS(pointer, arena, count, err)                                      \
    do {                                                                                  \
        (pointer) = tl_arena_records((arena), (size_t)(count), sizeof *(pointer), (err)); \
        if (!(pointer)) return TL_E_NOMEM;                                                \
    } while (0)

#endif
