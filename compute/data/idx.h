/*
 * The idx format of MNIST: 0, 0, type, dimensions, sizes and elements in big-endian; plain
 * or compressed by gzip.
 */
#ifndef TL_COMPUTE_DATA_IDX_H
#define TL_COMPUTE_DATA_IDX_H

#include "compute/data/array.h"

/** Reads a whole file whose elements fit into `arena`.
 * \return TL_E_IO, TL_E_FORMAT (also for missing or extra bytes), TL_E_NOMEM */
TL_MUST_USE tl_status tl_idx_read(const char *path, tl_arena *arena, tl_array *out,
                                  tl_err *err);

/** As tl_idx_read; the elements are read in pieces that are not kept, so `out` has none.
 * Where they have more than `most` bytes, only the header is read.
 * \return TL_E_IO, TL_E_FORMAT */
TL_MUST_USE tl_status tl_idx_check(const char *path, uint64_t most, tl_array *out,
                                   tl_err *err);

#endif
