/*
 * The two-dimensional discrete cosine transform (type II, orthonormal; Ahmed, Natarajan,
 * Rao 1974, Discrete cosine transform) as two small matrix products in double precision.
 */
#ifndef TL_EXPERIMENTS_IMAGE_DCT_H
#define TL_EXPERIMENTS_IMAGE_DCT_H

#include "compute/core/arena.h"

/** The transforms of one plane. */
typedef struct tl_dct {
    int height, width;
    double *rows;    /**< [height x height], row u is the cosine of frequency u */
    double *columns; /**< [width x width] */
    double *between; /**< [height x width], of a product under way */
} tl_dct;

/** Readies transforms of planes of height x width. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_dct_new(int height, int width, tl_arena *arena, tl_dct *out,
                                 tl_err *err);

/**
 * Coefficients of a plane, and the plane of coefficients. Sums of squares are kept.
 * \param x [height x width]  \param out [height x width], not `x`
 */
void tl_dct_forward(const tl_dct *dct, const double *x, double *out);
void tl_dct_inverse(const tl_dct *dct, const double *x, double *out);

#endif
