/*
 * How far apart two images are: structural similarity and peak signal-to-noise ratio.
 */
#ifndef TL_EXPERIMENTS_IMAGE_SSIM_H
#define TL_EXPERIMENTS_IMAGE_SSIM_H

#include "compute/data/dataset.h"

/**
 * Mean structural similarity of two images with values 0..1, in [-1, 1], 1 if they are
 * equal: Gaussian window of 11x11 and sigma 1.5 wherever it lies within the image, C1 =
 * 0.01^2, C2 = 0.03^2, averaged over places and channels. A side below 11 has the window
 * cut to the largest odd number within it.
 * Source: Wang, Bovik, Sheikh, Simoncelli 2004, Image quality assessment: from error
 * visibility to structural similarity, eq. 13 to 17.
 */
double tl_ssim(const float *a, const float *b, tl_shape shape);

/** Mean squared difference of `n` numbers, n >= 1. */
double tl_mean_square(const float *a, const float *b, int n);

/** Peak signal-to-noise ratio of this mean square, above 0, for values of 0..1, dB. */
double tl_psnr(double mean_square);

#endif
