/*
 * Structural similarity of two images.
 */
#ifndef TL_EXPERIMENTS_SSIM_H
#define TL_EXPERIMENTS_SSIM_H

#include "compute/data/dataset.h"

/**
 * Mean structural similarity of images `a` and `b` [channels x height x width] with pixels
 * of a range of 1: 1 for equal images, about 0 for unrelated ones. Windows are Gaussian
 * (11x11, standard deviation 1.5, smaller where the image is), wholly inside the image;
 * channels are averaged. Source: Wang, Bovik, Sheikh, Simoncelli 2004, Image quality
 * assessment: from error visibility to structural similarity, equations 13 to 17, K1 =
 * 0.01, K2 = 0.03.
 */
double tl_ssim(const float *a, const float *b, tl_shape shape);

#endif
