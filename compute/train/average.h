/*
 * A moving average of the weights, which varies less than the weights do.
 */
#ifndef TL_COMPUTE_TRAIN_AVERAGE_H
#define TL_COMPUTE_TRAIN_AVERAGE_H

#include <stddef.h>

/**
 * Takes the weights after update `update`, counted from 1, into `average` [n]: average +=
 * s (param - average) with s = max(1 - decay, 1 / update). That is the mean of all weights
 * so far, in which the starting weights have no part, until it spans 1 / (1 - decay)
 * updates, and from then on the exponential average.
 * Source: Polyak, Juditsky 1992, Acceleration of stochastic approximation by averaging (the
 * mean); Kingma, Ba 2015, Adam, section 7.2 (the exponential average).
 */
void tl_average_add(double decay, long update, const float *param, size_t n,
                    float *average);

#endif
