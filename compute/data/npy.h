/*
 * The .npy format of numpy (numpy/lib/format.py), versions 1 to 3. Nothing is executed:
 * arrays of objects, which are pickles, are refused.
 */
#ifndef TL_COMPUTE_DATA_NPY_H
#define TL_COMPUTE_DATA_NPY_H

#include "compute/data/array.h"

#include <stdbool.h>

/** What the header of a file says. */
typedef struct tl_npy {
    tl_array array; /**< bytes NULL */
    bool is_fortran, is_swapped;
    size_t data_at; /**< offset of the elements */
} tl_npy;

/**
 * Reads the header from the first `n` `bytes` of a file of `whole` bytes; `name` is for
 * errors.
 * \return TL_E_FORMAT: not an npy file, an unsupported type, sizes that overflow or
 * disagree
 */
TL_MUST_USE tl_status tl_npy_head(const char *name, const unsigned char *bytes, size_t n,
                                  uint64_t whole, tl_npy *out, tl_err *err);

/**
 * Makes the array of a header whose elements are in `bytes`, in `arena` and as the file has
 * them: in C order and native byte order, in place where they are in C order already.
 * \param bytes  taken over
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_npy_unfold(const char *name, const tl_npy *npy,
                                    unsigned char *bytes, tl_arena *arena, tl_array *out,
                                    tl_err *err);

/** A whole .npy in `bytes` [n] as an array in `arena`, in C order and native byte order.
 * \return as tl_npy_head, TL_E_NOMEM */
TL_MUST_USE tl_status tl_npy_read(const char *name, const unsigned char *bytes, size_t n,
                                  tl_arena *arena, tl_array *out, tl_err *err);

#endif
