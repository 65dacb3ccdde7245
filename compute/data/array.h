/*
 * An array read from a file: type, shape and elements in C order.
 */
#ifndef TL_COMPUTE_DATA_ARRAY_H
#define TL_COMPUTE_DATA_ARRAY_H

#include "compute/core/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { TL_ARRAY_RANK = 8 /**< dimensions, at most */ };

/** Readers refuse arrays of more bytes, whatever a file claims. */
#define TL_ARRAY_LIMIT ((uint64_t)4 << 30)

/** An array read from a file. */
typedef struct tl_array {
    char type[4]; /**< numpy's letters: "u1" "i1" "u2" "i2" "u4" "i4" "u8" "i8" "f2" "f4"
                     "f8" "b1" */
    int rank;
    uint64_t size[TL_ARRAY_RANK];
    uint64_t count;       /**< elements */
    unsigned char *bytes; /**< [count elements] in C order, in this machine's byte order */
} tl_array;

/** An arena for arrays as files have them, which will become floats in `arena`: of a fifth
 * of what that has left, since a byte becomes a float of four. */
tl_arena tl_array_room(const tl_arena *arena);

/** Checks that `bytes` of elements fit into `room`, before they are inflated or read.
 * \param where  the file, and the member
 * \return TL_E_NOMEM: what they need and what is left */
TL_MUST_USE tl_status tl_array_fits(const char *where, uint64_t bytes, const tl_arena *room,
                                    tl_err *err);

/** Bytes of one element of a type such as "f4"; 0 for unsupported types. */
int tl_array_item(const char *type);

/** Bytes of all elements. */
uint64_t tl_array_bytes(const tl_array *array);

/** Element `i` as a double. */
double tl_array_get(const tl_array *array, uint64_t i);

/** Reverses the bytes of every element in place: from or to big-endian. */
void tl_array_swap(tl_array *array);

/** "u1 (546, 28, 28)" into `out`; returns it. */
char *tl_array_text(const tl_array *array, char out[160]);

#endif
