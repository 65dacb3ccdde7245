/*
 * Room compute/linalg: dense linear algebra in double precision, and LAPACK. Uses core.
 *
 * Linear algebra on teams: singular values, symmetric eigenproblems, Cholesky, least
 * squares, Gram matrices; in double precision, on matrices that every member holds.
 *
 * There are two libraries behind one interface; the size of the matrix alone selects one
 * (tl_linalg_path), never the team. LAPACK runs alike on every member, on one thread: the
 * bits are the same for every team, so results may decide. ScaLAPACK runs on all members
 * together: another team gets other last digits and other signs of vectors, so results are
 * for metrics of 6 digits (tl_linalg_six_digits), and no later step may read them. What
 * must decide at any size is given a team of one (tl_team_alone_within), which has no
 * ScaLAPACK.
 *
 * Every result is checked before it is returned (compute/linalg/residual.h). All functions
 * that solve are collective over `team`; inputs have the same bits on every member, and so
 * do results. Matrices are dense and row-major, rows and columns are at least 1, and no
 * result may overlap an input. They return
 *
 *   TL_E_NUMERIC    an input is not finite, the solver fails, the matrix is singular where
 *                   it must not be, or the result fails its check
 *   TL_E_ARG        shapes that do not fit, or exceed the library's integers
 *   TL_E_NOMEM, TL_E_PEER
 *
 * and after a failure the results are undefined.
 *
 * Sources: Anderson et al. 1999, LAPACK users' guide; Blackford et al. 1997, ScaLAPACK
 * users' guide.
 */
#ifndef TL_COMPUTE_LINALG_LINALG_H
#define TL_COMPUTE_LINALG_LINALG_H

#include "compute/core/arena.h"
#include "compute/core/team.h"
#include "compute/linalg/problem.h"

struct tl_residual; /* compute/linalg/residual.h */

/** What a singular value decomposition gives; r = min(rows, columns). */
typedef struct tl_svd {
    double *value; /**< [r] falling */
    double *u;     /**< [rows x r], or NULL: not wanted */
    double *vt;    /**< [r x columns], or NULL: not wanted */
} tl_svd;

/**
 * a = u diag(value) vt with orthonormal columns of u and rows of vt; signs of vectors are
 * arbitrary. DGESDD; PDGEBRD and DBDSDC.
 * \return TL_E_NUMERIC, TL_E_ARG, TL_E_NOMEM, TL_E_PEER as above
 */
TL_MUST_USE tl_status tl_linalg_svd(const tl_team *team, tl_matrix a, tl_svd out,
                                    tl_arena *scratch, tl_err *err);

/**
 * a = vector^T diag(value) vector of a symmetric matrix [n x n], of which the lower
 * triangle is read; signs of vectors are arbitrary. DSYEVD; PDSYEVD, and PDSYEV where no
 * vectors are wanted.
 *
 * \param value  [n] rising
 * \param vector [n x n] row i is the unit eigenvector of value[i]; NULL: not wanted
 * \return TL_E_NUMERIC, TL_E_ARG, TL_E_NOMEM, TL_E_PEER as above
 */
TL_MUST_USE tl_status tl_linalg_eigen(const tl_team *team, tl_matrix a, double *value,
                                      double *vector, tl_arena *scratch, tl_err *err);

/**
 * a x = b for a symmetric positive definite matrix [n x n], of which the lower triangle is
 * read, by Cholesky. DPOSV, PDPOSV.
 *
 * \param b [n x k]
 * \param x [n x k] result
 * \return as above; TL_E_NUMERIC also if `a` is not positive definite, or is singular to
 * working precision
 */
TL_MUST_USE tl_status tl_linalg_solve_spd(const tl_team *team, tl_matrix a, tl_matrix b,
                                          double *x, tl_arena *scratch, tl_err *err);

/**
 * Each column of x minimises |a x - b|, by QR; a [m x n], m >= n, of full rank. DGELS,
 * PDGELS.
 *
 * \param b [m x k]
 * \param x [n x k] result
 * \return as above; TL_E_NUMERIC also if columns of `a` are linearly dependent to working
 * precision
 */
TL_MUST_USE tl_status tl_linalg_least_squares(const tl_team *team, tl_matrix a, tl_matrix b,
                                              double *x, tl_arena *scratch, tl_err *err);

/** gram = a^T a, both triangles. DSYRK, PDSYRK. \param gram [columns x columns] result
 * \return TL_E_NUMERIC, TL_E_ARG, TL_E_NOMEM, TL_E_PEER as above */
TL_MUST_USE tl_status tl_linalg_gram(const tl_team *team, tl_matrix a, double *gram,
                                     tl_arena *scratch, tl_err *err);

/* --- which path, and what it takes ---------------------------------------------------- */

/** Which library solves a problem. */
typedef enum tl_linalg_route {
    TL_LINALG_BY_LAPACK,   /**< the same bits on every team: results may decide */
    TL_LINALG_BY_SCALAPACK /**< for metrics of 6 digits */
} tl_linalg_route;

/**
 * Matrices whose smaller side is at least this go to the distributed solvers. On 2 ranks
 * these took the following fraction of LAPACK's time on one thread (core seconds of the
 * busier rank, with distributing, gathering and checks; bench linalg):
 *
 *   side              300   600   1000  1500  2000  3000   4000 x 1000
 *   svd               1.57  1.29  0.88  1.02  -     -      0.72
 *   eigen             1.29  0.96  0.83  0.79  0.70  0.69   -
 *   solve_spd         1.40  1.16  1.04  1.29  0.90  -      -
 *   least_squares     0.89  0.76  0.67  0.63  0.57  0.65   0.57
 *   gram              1.09  0.86  0.95  1.20  1.04  1.13   0.80
 *
 * Least squares would gain below too, but smaller problems may decide, and take a tenth of
 * a second.
 */
enum {
    TL_LINALG_SVD_FROM = 1000,
    TL_LINALG_EIGEN_FROM = 1000,
    TL_LINALG_SOLVE_SPD_FROM = 2000,
    TL_LINALG_LEAST_SQUARES_FROM = 1000,
    TL_LINALG_GRAM_FROM = 1000
};

/** The library for an `operation` on a [rows x columns], on a team that has both. */
tl_linalg_route tl_linalg_path(tl_linalg_operation operation, int rows, int columns);

/** Floating-point operations of LAPACK's method, with all vectors, to leading order. */
double tl_linalg_cost(tl_linalg_operation operation, int rows, int columns, int right);

/** x rounded to 6 significant digits: those of a metric by ScaLAPACK that all teams share.
 */
double tl_linalg_six_digits(double x);

/* --- one problem, by a route of choice ------------------------------------------------ */

/** Whether this kind of team has the distributed solvers, as under MPI. Not collective. */
bool tl_linalg_has_scalapack(const tl_team *team);

/**
 * Solves `problem` by the given route, whatever its size: to check or time one library by
 * the other. Collective, and as the functions above, which call it.
 * \param route TL_LINALG_BY_SCALAPACK only on a team that has it
 * \param found result, may be NULL
 * \return TL_E_NUMERIC, TL_E_ARG, TL_E_NOMEM, TL_E_PEER as above
 */
TL_MUST_USE tl_status tl_linalg_solve(const tl_team *team, tl_linalg_problem problem,
                                      tl_linalg_route route, tl_arena *scratch,
                                      struct tl_residual *found, tl_err *err);

#endif
