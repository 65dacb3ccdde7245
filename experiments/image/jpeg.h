/*
 * What JPEG does to pixels, without the file: blocks of 8x8 through the DCT, quantised by
 * the luminance table of ITU-T T.81 (1992), annex K.1, and back. Every channel is treated
 * as a grey image of its own, with no change of colours.
 */
#ifndef TL_EXPERIMENTS_IMAGE_JPEG_H
#define TL_EXPERIMENTS_IMAGE_JPEG_H

#include "experiments/image/dct.h"

#include "compute/data/dataset.h"

enum { TL_JPEG_BLOCK = 8 };

/**
 * Compresses and restores an image; values are rounded to 1/255, as a file would. Where a
 * side is no multiple of 8 the last blocks are filled up by repeating the border.
 *
 * \param dct of 8x8  \param quality 1 .. 100, scales the table as libjpeg does  \param to
 * [shape] result, may be `from`
 */
void tl_jpeg(const tl_dct *dct, tl_shape shape, int quality, const float *from, float *to);

#endif
