/*
 * The only user of LAPACK. It runs on one thread, and alike on every member of a team:
 * results have the same bits everywhere, and may decide.
 */
#ifndef TL_COMPUTE_LINALG_LAPACK_H
#define TL_COMPUTE_LINALG_LAPACK_H

#include "compute/core/arena.h"
#include "compute/linalg/problem.h"

/**
 * Solves `problem`, whose inputs are finite and whose shapes fit. Not collective; results
 * are not checked.
 *
 * \return TL_E_NUMERIC if the solver fails, TL_E_ARG if its work space is beyond its
 * integers, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_lapack_solve(const tl_linalg_problem *problem, tl_arena *scratch,
                                      tl_err *err);

/**
 * Decomposes the upper bidiagonal matrix with diagonal d [n] and superdiagonal e [n - 1]
 * into left diag(d) right, both [n x n] column-major, d falling; e is overwritten. Without
 * vectors (both NULL) only d. DBDSDC. Not collective.
 *
 * \return TL_E_NUMERIC if it does not converge, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_lapack_bidiagonal(int n, double *d, double *e, double *left,
                                           double *right, tl_arena *scratch, tl_err *err);

/**
 * Largest eigenvalue and its unit eigenvector of a symmetric matrix; the vector's sign is
 * LAPACK's. Not collective.
 *
 * \param a [n x n], n >= 1; overwritten
 * \param value result
 * \param vector [n] result
 * \return TL_E_NUMERIC if the matrix is not finite or the iteration fails, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_symmetric_top(double *a, int n, tl_arena *scratch, double *value,
                                       double *vector, tl_err *err);

#endif
