/*
 * Files of named tensors as any program writes them: safetensors (huggingface/safetensors,
 * format description in its README). Files of our own, with their checksum, are
 * tensor_file.h's. Nothing here is collective.
 */
#ifndef TL_COMPUTE_CORE_SAFETENSORS_H
#define TL_COMPUTE_CORE_SAFETENSORS_H

#include "compute/core/arena.h"

#include <stdint.h>

enum { TL_FOREIGN_RANK = 8 /**< dimensions of a tensor, at most */ };

/** A tensor of a file. */
typedef struct tl_foreign_tensor {
    const char *name; /**< in the arena of the table */
    const char *type; /**< "F32", "F64", "F16", "BF16"; static; NULL: another, which has no
                         floats */
    int rank;
    uint64_t size[TL_FOREIGN_RANK];
    uint64_t count;     /**< numbers: the product of its sizes */
    uint64_t at, bytes; /**< its place in the buffer */
} tl_foreign_tensor;

/** The table of a file; everything is in the arena it was read into. */
typedef struct tl_safetensors {
    int tensors;
    tl_foreign_tensor *tensor; /**< [tensors] as the header lists them */
    uint64_t data_at, bytes;   /**< where the buffer begins in the file, and its size */
} tl_safetensors;

/**
 * Reads the table of a file, not its tensors. Files are hostile: every tensor must have the
 * size that its type and shape say, and together they must fill the buffer without gaps or
 * overlaps, so that nothing of the size of a lie is allocated.
 * \return TL_E_IO (missing, no permission, no regular file), TL_E_FORMAT (what is wrong,
 * where), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_safetensors_open(const char *path, tl_arena *arena,
                                          tl_safetensors *out, tl_err *err);

/**
 * The numbers of a tensor in single precision, rounded to nearest.
 * \param buffer [file->bytes] the buffer of its file
 * \param out    [tensor->count] result
 * \return TL_E_FORMAT if its type has no floats, or one of them is not finite in single
 * precision
 */
TL_MUST_USE tl_status tl_foreign_floats(const tl_foreign_tensor *tensor,
                                        const unsigned char *buffer, float *out,
                                        tl_err *err);

/** "32x1x3x3" into `out`, "1 number" for a scalar; returns it. */
char *tl_foreign_shape(const tl_foreign_tensor *tensor, char out[96]);

#endif
