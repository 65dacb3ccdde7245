/*
 * Image filters, applied to each channel by itself; borders are extended by repeating the
 * nearest pixel.
 */
#ifndef TL_EXPERIMENTS_IMAGE_FILTERS_H
#define TL_EXPERIMENTS_IMAGE_FILTERS_H

#include "compute/data/dataset.h"

enum { TL_FILTER_SIGMA = 10 /**< largest sigma of a blur, pixels */ };

/** `at` clamped to 0 .. n-1. */
int tl_filter_within(int at, int n);

/** Median over 3x3. \param from [shape] \param to [shape] result, not `from` */
void tl_filter_median(tl_shape shape, const float *from, float *to);

/**
 * Gaussian blur with a window cut at three sigma.
 *
 * \param sigma pixels, above 0 and at most TL_FILTER_SIGMA
 * \param from  [shape]
 * \param to    [shape] result, not `from`
 * \param room  [height*width] scratch, overwritten
 */
void tl_filter_blur(tl_shape shape, double sigma, const float *from, float *to,
                    double *room);

#endif
