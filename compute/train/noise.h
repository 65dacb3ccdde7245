/*
 * Gaussian noise on a sum of gradients, by the update and the number of each parameter, so
 * that neither shards nor ranks change it.
 */
#ifndef TL_COMPUTE_TRAIN_NOISE_H
#define TL_COMPUTE_TRAIN_NOISE_H

#include "compute/core/rng.h"
#include "compute/core/team.h"

/**
 * Adds independent normal numbers of standard deviation `sd` to a slice of a vector. Number
 * i has the same noise whatever the slice: from word i % 4 of block i / 4 of `update`, and
 * in one case of 36 from its own sub-stream i.
 * \param x [slice.at + slice.n] of which slice.at .. slice.at + slice.n - 1 change
 * Source: Marsaglia, Tsang 2000, The ziggurat method for generating random variables, with
 * separate bits for layer and place (Doornik 2005, An improved ziggurat method to generate
 * normal random samples).
 */
void tl_noise_add(const tl_rng *update, double sd, tl_slice slice, float *x);

#endif
