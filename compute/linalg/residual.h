/*
 * Checks a solver's results by multiplying random probes, which reads the matrix once per
 * probe instead of once per row. Not collective; the same bits on every member with the
 * same inputs.
 */
#ifndef TL_COMPUTE_LINALG_RESIDUAL_H
#define TL_COMPUTE_LINALG_RESIDUAL_H

#include "compute/core/arena.h"
#include "compute/linalg/problem.h"

/** The error of a solution, in units of n eps, n the larger side: about 1 is rounding. */
typedef struct tl_residual {
    /**
     * The largest over the probes w, in Frobenius norms: SVD |a w - u s vt w| / (|a| |w|),
     * EIGEN alike; SOLVE_SPD |a y - b w| / (|a| |y| + |b w|), y = x w; LEAST_SQUARES |a^T
     * (a y - b w)| / (|a| (|a| |y| + |b w|)); GRAM |g w - a^T a w| / (|a|^2 |w|). For
     * values without vectors: how far their norm (for EIGEN their sum too) is from the
     * matrix's, or the extreme ones from a probe's bound.
     */
    double residual;
    /** |q^T q w - w| / |w| of the vectors, the larger of u and vt; 0 without vectors. */
    double orthogonality;
} tl_residual;

/** Larger residuals are refused. LAPACK's own tests allow 30 in comparable norms. */
enum { TL_RESIDUAL_LIMIT = 30 };

/**
 * Checks the results of `problem`, and first the pivots: one below sqrt(n eps) of the root
 * of its diagonal element (SOLVE_SPD), or n eps of the norm of its column (LEAST_SQUARES),
 * means that the matrix is singular to working precision, however its columns are scaled.
 *
 * \param out result, may be NULL
 * \return TL_E_NUMERIC for such a pivot or a residual above the limit, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_residual_check(const tl_linalg_problem *problem, tl_arena *scratch,
                                        tl_residual *out, tl_err *err);

#endif
