/*
 * Filters of images, each channel by itself; what lies beyond a border is the nearest pixel
 * within.
 */
#ifndef TL_EXPERIMENTS_IMAGE_FILTERS_H
#define TL_EXPERIMENTS_IMAGE_FILTERS_H

#include "compute/data/dataset.h"

enum { TL_FILTER_SIGMA = 10 /**< the widest blur, pixels */ };

/** The nearest of 0 .. n-1. */
int tl_filter_within(int at, int n);

/** Median over 3x3. \param to [shape] result, not `from` */
void tl_filter_median(tl_shape shape, const float *from, float *to);

/**
 * Gaussian blur, the window cut at three sigma. \param sigma pixels, above 0 and at
 * most TL_FILTER_SIGMA
 * \param to [shape] result, not `from`  \param room [height*width], overwritten
 */
void tl_filter_blur(tl_shape shape, double sigma, const float *from, float *to,
                    double *room);

#endif
