/*
 * Operations on gradients before an update: sums, scaling, norms and checks, with bits that
 * depend on the numbers alone.
 */
#ifndef TL_COMPUTE_TRAIN_GRADIENT_H
#define TL_COMPUTE_TRAIN_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>

/** The gradient of a rank's shards: `scale` times the sum in the fixed binary tree of
 * `count` arrays (a power of two), `width` numbers apart. */
typedef struct tl_gradient {
    float *at; /**< [count x width], borrowed */
    int count;
    size_t width;
    float scale;
} tl_gradient;

enum {
    TL_GRADIENT_PIECE = 2048, /**< numbers summed at a time */
    TL_GRADIENT_CHUNK = 4096  /**< numbers per sum of squares */
};

/** Numbers at .. at + n - 1 of the tree's sum, not scaled; n <= TL_GRADIENT_PIECE. The
 * arrays are unchanged. \param sum [n] result */
void tl_gradient_read(const tl_gradient *gradient, size_t at, size_t n, float *sum);

/** Puts the tree's sum of numbers at .. at + n - 1 into the first array, not scaled. */
void tl_gradient_sum(const tl_gradient *gradient, size_t at, size_t n);

/** Whether all of x [n] are finite. */
bool tl_gradient_is_finite(const float *x, size_t n);

/** L2 norm of x [n]: squares are summed in double precision over chunks of fixed length,
 * and the chunks in the fixed binary tree. */
double tl_gradient_norm(const float *x, size_t n);

/** The square of tl_gradient_norm of x [n]. */
double tl_gradient_square(const float *x, size_t n);

/** The sums of squares of the chunks of x [n] that tl_gradient_norm adds up; the last chunk
 * may be short.
 * \param sum [n / TL_GRADIENT_CHUNK, rounded up] result */
void tl_gradient_squares(const float *x, size_t n, double *sum);

/** Sum of `sum` [chunks] in the fixed binary tree: the norm's square. */
double tl_gradient_join(const double *sum, size_t chunks);

/**
 * The factor that scales a gradient by `scale` and clips its norm to `limit`; `limit` 0:
 * `scale`.
 * \param norm of the gradient, not scaled
 * Source: Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent neural
 * networks, algorithm 1.
 */
float tl_gradient_factor(double norm, float scale, double limit);

#endif
