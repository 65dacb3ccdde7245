/*
 * Similarity of two images: structural similarity and peak signal-to-noise ratio.
 */
#ifndef TL_EXPERIMENTS_IMAGE_SSIM_H
#define TL_EXPERIMENTS_IMAGE_SSIM_H

#include "compute/data/dataset.h"

/**
 * Mean structural similarity of images a [shape] and b [shape] with values 0..1, in [-1,
 * 1], 1 if they are equal: Gaussian window of 11x11 and sigma 1.5 at all positions within
 * the image, C1 = 0.01^2, C2 = 0.03^2, averaged over positions and channels. On a side
 * below 11 the window is cut to the largest odd number that fits. Source: Wang, Bovik,
 * Sheikh, Simoncelli 2004, Image quality assessment: from error visibility to structural
 * similarity, eq. 13 to 17.
 */
double tl_ssim(const float *a, const float *b, tl_shape shape);

/** Mean squared difference of a [n] and b [n], n >= 1. */
double tl_mean_square(const float *a, const float *b, int n);

/** Peak signal-to-noise ratio for values 0..1, dB, of a mean squared difference above 0. */
double tl_psnr(double mean_square);

#endif
