/*
 * The two-dimensional discrete cosine transform (type II, orthonormal; Ahmed, Natarajan,
 * Rao 1974, Discrete cosine transform) as two small matrix products in double precision.
 */
#ifndef TL_EXPERIMENTS_IMAGE_DCT_H
#define TL_EXPERIMENTS_IMAGE_DCT_H

#include "compute/core/arena.h"

/** Transforms of planes of one size; arrays are in the arena of tl_dct_new. */
typedef struct tl_dct {
    int height, width;
    double *rows;    /**< [height x height], row u is the cosine of frequency u */
    double *columns; /**< [width x width] */
    double *between; /**< [height x width] scratch for half a transform */
} tl_dct;

/** Prepares transforms of planes [height x width]. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_dct_new(int height, int width, tl_arena *arena, tl_dct *out,
                                 tl_err *err);

/**
 * Coefficients of a plane, and the plane of coefficients. Both preserve the sum of squares.
 *
 * \param x   [height x width]
 * \param out [height x width] result, not `x`
 */
void tl_dct_forward(const tl_dct *dct, const double *x, double *out);
void tl_dct_inverse(const tl_dct *dct, const double *x, double *out);

#endif
