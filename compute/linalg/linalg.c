#include "compute/linalg/linalg.h"

#include "compute/linalg/lapack.h"
#include "compute/linalg/residual.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

tl_linalg_route tl_linalg_path(tl_linalg_operation operation, int rows, int columns)
{
    static const int from[TL_LINALG_OPERATIONS] = {
        TL_LINALG_SVD_FROM, TL_LINALG_EIGEN_FROM, TL_LINALG_SOLVE_SPD_FROM,
        TL_LINALG_LEAST_SQUARES_FROM, TL_LINALG_GRAM_FROM};
    return smaller(rows, columns) >= from[operation] ? TL_LINALG_BY_SCALAPACK
                                                     : TL_LINALG_BY_LAPACK;
}

/* --- one problem ---------------------------------------------------------------------- */

static tl_status check_finite(const tl_linalg_problem *p, tl_matrix a, tl_err *err)
{
    const size_t size = (size_t)a.rows * (size_t)a.columns;
    for (size_t i = 0; i < size; i++)
        TL_CHECK(isfinite(a.at[i]), err, TL_E_NUMERIC,
                 "%s: an entry of a %dx%d matrix is not finite",
                 tl_linalg_name(p->operation), a.rows, a.columns);
    return TL_OK;
}

static tl_status check_input(const tl_linalg_problem *p, tl_err *err)
{
    const char *name = tl_linalg_name(p->operation);
    const bool is_square =
        p->operation == TL_LINALG_EIGEN || p->operation == TL_LINALG_SOLVE_SPD;
    TL_CHECK(p->a.rows >= 1 && p->a.columns >= 1, err, TL_E_ARG,
             "%s: the matrix is %dx%d, but must be at least 1x1", name, p->a.rows,
             p->a.columns);
    TL_CHECK(!is_square || p->a.rows == p->a.columns, err, TL_E_ARG,
             "%s: the matrix is %dx%d, and must be square", name, p->a.rows, p->a.columns);
    if (!p->b.at) return TL_OK;
    TL_CHECK(p->a.rows >= p->a.columns, err, TL_E_ARG,
             "%s: the matrix is %dx%d, but must have at least as many rows as columns",
             name, p->a.rows, p->a.columns);
    TL_CHECK(p->b.rows == p->a.rows && p->b.columns >= 1, err, TL_E_ARG,
             "%s: the right-hand sides are %dx%d, but need %d rows and at least one column",
             name, p->b.rows, p->b.columns, p->a.rows);
    return TL_OK;
}

/* Allocates results that the solver needs and the caller does not: pivots, other vectors.
 */
static tl_status take_rest(tl_linalg_problem *p, tl_arena *scratch, tl_err *err)
{
    const size_t rows = (size_t)p->a.rows, columns = (size_t)p->a.columns;
    const size_t few = rows < columns ? rows : columns;
    if (p->b.at) TL_ALLOC(p->pivot, scratch, columns, err);
    if (p->operation != TL_LINALG_SVD) return TL_OK;
    if (p->u && !p->vt) TL_ALLOC(p->vt, scratch, few * columns, err);
    if (p->vt && !p->u) TL_ALLOC(p->u, scratch, rows * few, err);
    return TL_OK;
}

bool tl_linalg_has_scalapack(const tl_team *team)
{
    return team->ops->solve != NULL;
}

static tl_status begin(tl_linalg_problem *p, tl_arena *scratch, tl_err *err)
{
    TL_TRY(check_input(p, err));
    TL_TRY(take_rest(p, scratch, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    TL_TRY(check_finite(p, p->a, err));
    return p->b.at ? check_finite(p, p->b, err) : TL_OK;
}

static tl_status by_lapack(tl_linalg_problem *p, tl_arena *scratch, tl_residual *found,
                           tl_err *err)
{
    TL_TRY(begin(p, scratch, err));
    TL_TRY(tl_lapack_solve(p, scratch, err));
    return tl_residual_check(p, scratch, found, err);
}

/* Counts a bound of what the distributed solvers allocate outside of arenas: a member's
 * parts and work space, largest on a small team, and a result in transit, padded to whole
 * blocks of all members. */
static tl_status count_scalapack(const tl_linalg_problem *p, tl_arena *scratch, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch), block = 256;
    const size_t m = (size_t)p->a.rows, n = (size_t)p->a.columns, k = (size_t)p->b.columns;
    const size_t few = m < n ? m : n, many = m < n ? n : m;
    const size_t parts[] = {[TL_LINALG_SVD] = 2 * m * n + 5 * few * few + 5 * many,
                            [TL_LINALG_EIGEN] = 4 * n * n,
                            [TL_LINALG_SOLVE_SPD] = m * (n + k),
                            [TL_LINALG_LEAST_SQUARES] = m * (n + k),
                            [TL_LINALG_GRAM] = m * n + n * n};
    const size_t down = p->operation == TL_LINALG_SVD ? m : n, across = p->b.at ? k : n;
    double *taken;
    TL_ALLOC(taken, scratch, parts[p->operation] + 200 * (m + n) + 65536, err);
    if (p->operation == TL_LINALG_SVD)
        TL_TRY(tl_lapack_bidiagonal((int)few, p->value, NULL, NULL, NULL, scratch, err));
    TL_ALLOC(taken, scratch, (down + block) * (across + block), err);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

static tl_status by_scalapack(const tl_team *team, tl_linalg_problem *p, tl_arena *scratch,
                              tl_residual *found, tl_err *err)
{
    TL_TRY(tl_team_agree(team, begin(p, scratch, err), err));
    if (tl_arena_counts(scratch))
        TL_TRY(count_scalapack(p, scratch, err));
    else
        TL_TRY(team->ops->solve(team, p, err));
    return tl_team_agree(team, tl_residual_check(p, scratch, found, err), err);
}

tl_status tl_linalg_solve(const tl_team *team, tl_linalg_problem problem,
                          tl_linalg_route route, tl_arena *scratch, tl_residual *found,
                          tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    tl_status status;
    TL_INVARIANT(route == TL_LINALG_BY_LAPACK || tl_linalg_has_scalapack(team));
    if (route == TL_LINALG_BY_SCALAPACK)
        status = by_scalapack(team, &problem, scratch, found, err);
    else
        status = tl_team_agree(team, by_lapack(&problem, scratch, found, err), err);
    tl_arena_rewind(scratch, mark);
    return status;
}

static tl_status run(const tl_team *team, tl_linalg_problem p, tl_arena *scratch,
                     tl_err *err)
{
    const tl_linalg_route route = tl_linalg_has_scalapack(team)
                                      ? tl_linalg_path(p.operation, p.a.rows, p.a.columns)
                                      : TL_LINALG_BY_LAPACK;
    return tl_linalg_solve(team, p, route, scratch, NULL, err);
}

tl_status tl_linalg_svd(const tl_team *team, tl_matrix a, tl_svd out, tl_arena *scratch,
                        tl_err *err)
{
    const tl_linalg_problem p = {
        .operation = TL_LINALG_SVD, .a = a, .value = out.value, .u = out.u, .vt = out.vt};
    return run(team, p, scratch, err);
}

tl_status tl_linalg_eigen(const tl_team *team, tl_matrix a, double *value, double *vector,
                          tl_arena *scratch, tl_err *err)
{
    const tl_linalg_problem p = {
        .operation = TL_LINALG_EIGEN, .a = a, .value = value, .vt = vector};
    return run(team, p, scratch, err);
}

tl_status tl_linalg_solve_spd(const tl_team *team, tl_matrix a, tl_matrix b, double *x,
                              tl_arena *scratch, tl_err *err)
{
    const tl_linalg_problem p = {.operation = TL_LINALG_SOLVE_SPD, .a = a, .b = b, .x = x};
    return run(team, p, scratch, err);
}

tl_status tl_linalg_least_squares(const tl_team *team, tl_matrix a, tl_matrix b, double *x,
                                  tl_arena *scratch, tl_err *err)
{
    const tl_linalg_problem p = {
        .operation = TL_LINALG_LEAST_SQUARES, .a = a, .b = b, .x = x};
    return run(team, p, scratch, err);
}

tl_status tl_linalg_gram(const tl_team *team, tl_matrix a, double *gram, tl_arena *scratch,
                         tl_err *err)
{
    const tl_linalg_problem p = {.operation = TL_LINALG_GRAM, .a = a, .x = gram};
    return run(team, p, scratch, err);
}

/* --- what it takes -------------------------------------------------------------------- */

double tl_linalg_cost(tl_linalg_operation operation, int rows, int columns, int right)
{
    const double m = rows > columns ? rows : columns, n = smaller(rows, columns);
    switch (operation) {
    case TL_LINALG_SVD: /* Golub and Van Loan 2013, Matrix computations, section 8.6 */
        return 14.0 * m * n * n + 8.0 * n * n * n;
    case TL_LINALG_EIGEN: /* reduction, tridiagonal by parts, back */
        return 4.0 / 3.0 * n * n * n + 8.0 / 3.0 * n * n * n + 2.0 * n * n * n;
    case TL_LINALG_SOLVE_SPD:
        return n * n * n / 3.0 + 2.0 * n * n * right;
    case TL_LINALG_LEAST_SQUARES:
        return 2.0 * m * n * n - 2.0 / 3.0 * n * n * n + 4.0 * m * n * right;
    default:
        return (double)rows * columns * columns;
    }
}

double tl_linalg_six_digits(double x)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.5e", x);
    return strtod(text, NULL);
}
