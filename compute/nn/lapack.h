/*
 * The one door to LAPACK. On one thread, and run alike by every member of a team: what is
 * decided by its results has the same bits everywhere.
 */
#ifndef TL_COMPUTE_NN_LAPACK_H
#define TL_COMPUTE_NN_LAPACK_H

#include "compute/core/arena.h"

/**
 * Largest eigenvalue and its unit eigenvector of a symmetric matrix; the vector's sign is
 * LAPACK's. Not collective.
 *
 * \param a [n x n], n >= 1; overwritten  \param vector [n] result
 * \return TL_E_NUM if the matrix is not finite or the iteration fails, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_symmetric_top(double *a, int n, tl_arena *scratch, double *value,
                                       double *vector, tl_err *err);

/** Bytes of scratch that tl_symmetric_top takes. */
double tl_symmetric_top_memory(int n);

#endif
