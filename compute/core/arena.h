/*
 * Memory that is taken piece by piece and given back all at once.
 *
 * An arena has a byte limit; what would exceed it fails with TL_E_NOMEM, so the memory of a
 * step is bounded. Loops take what they need, then rewind to their mark. Not for use by two
 * threads at once.
 *
 * An arena can count instead: it says what would be taken without taking it. A function
 * that is given one takes its memory and calls others as always, then returns TL_OK where
 * it would begin to compute: it reads no input data, only sizes, and writes no results. So
 * what is predicted comes from the very code that allocates.
 */
#ifndef TL_COMPUTE_CORE_ARENA_H
#define TL_COMPUTE_CORE_ARENA_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

/** One piece of memory from the system; private. */
typedef struct tl_arena_chunk tl_arena_chunk;

/** Zero is a valid empty arena with no limit. Fields are private. */
typedef struct tl_arena {
    tl_arena_chunk *last;
    size_t limit; /**< bytes; 0 = none */
    size_t used;  /**< bytes taken now */
    size_t peak;  /**< the most that was ever taken */
    bool counts;  /**< nothing large is really taken */
} tl_arena;

/** An empty arena that holds at most `limit` bytes (0: as many as there are). */
tl_arena tl_arena_open(size_t limit);

/** An empty arena that counts: `peak` then is what would have been taken. Small pieces and
 * records are real, so that pointers in them can be followed; a large piece is an address
 * that must not be used. */
tl_arena tl_arena_counter(void);

/** Whether the arena counts: then nothing is to be computed, see above. */
bool tl_arena_counts(const tl_arena *arena);

/** The same, and then gives back all that was counted since `mark`. */
bool tl_arena_counted(tl_arena *arena, size_t mark);

/** Gives everything back to the system. The arena is empty and usable again. */
void tl_arena_close(tl_arena *arena);

/**
 * `count` elements of `size` bytes, zeroed, aligned to 64 bytes; lives until rewind or
 * close. \return NULL with TL_E_NOMEM in `err` if the limit, the system or size_t is
 * exceeded; never NULL for count = 0
 */
void *tl_arena_take(tl_arena *arena, size_t count, size_t size, tl_err *err);

/** As tl_arena_take, and real in an arena that counts too: for structures that are filled
 * while memory is taken. */
void *tl_arena_records(tl_arena *arena, size_t count, size_t size, tl_err *err);

/** A copy of `text` in the arena, or NULL as tl_arena_take. */
char *tl_arena_text(tl_arena *arena, const char *text, tl_err *err);

/** A text made as by printf, in the arena, or NULL as tl_arena_take. */
char *tl_arena_print(tl_arena *arena, tl_err *err, const char *format, ...) TL_PRINTF(3, 4);

/** Remembers how much is taken now. */
size_t tl_arena_mark(const tl_arena *arena);

/** Gives back all that was taken since `mark`. */
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
