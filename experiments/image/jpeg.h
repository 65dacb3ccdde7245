/*
 * What JPEG does to pixels, without the file: the DCT of blocks of 8x8, quantised by the
 * luminance table of ITU-T T.81 (1992), annex K.1, and inverted. Each channel is treated as
 * a grey image; colours are not converted.
 */
#ifndef TL_EXPERIMENTS_IMAGE_JPEG_H
#define TL_EXPERIMENTS_IMAGE_JPEG_H

#include "experiments/image/dct.h"

#include "compute/data/dataset.h"

enum { TL_JPEG_BLOCK = 8 /**< side of a block, pixels */ };

/**
 * Compresses and restores an image; values are rounded to 1/255, as in a file. Where a side
 * is not a multiple of 8 the last blocks are padded by repeating the border.
 *
 * \param dct     of 8x8
 * \param quality 1 .. 100, scales the table as libjpeg does
 * \param from    [shape]
 * \param to      [shape] result, may be `from`
 */
void tl_jpeg(const tl_dct *dct, tl_shape shape, int quality, const float *from, float *to);

#endif
