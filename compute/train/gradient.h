/*
 * What is done to gradients before an update: vectors of numbers added, scaled, measured
 * and checked, with bits that depend on the numbers alone.
 */
#ifndef TL_COMPUTE_TRAIN_GRADIENT_H
#define TL_COMPUTE_TRAIN_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Adds `count` gradients, one after the other in x [count x n], in the fixed binary tree;
 * the sum is the first, the others are spent. `count` is a power of two.
 */
void tl_gradient_sum(float *x, int count, size_t n);

/** x [n] *= scale. \return whether all of them were finite */
bool tl_gradient_scale(float *x, size_t n, float scale);

/** L2 norm of x [n]: squares are summed in double precision over chunks of fixed length,
 * and the chunks in the fixed binary tree. */
double tl_gradient_norm(const float *x, size_t n);

/**
 * Scales x [n] to norm `limit` if its norm is larger. `limit` 0 leaves it alone.
 * Source: Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent neural
 * networks, algorithm 1.
 */
void tl_gradient_clip(float *x, size_t n, double limit);

#endif
