/*
 * LAPACK is column-major, so it sees a row-major matrix as its transpose. Only right-hand
 * sides are transposed: the transpose's left vectors are our right ones, a symmetric matrix
 * is its own transpose, and DGELS solves with the transpose on request.
 */
#include "compute/linalg/lapack.h"

#include "compute/core/blas.h"

#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { WORK = 32 /* numbers of work space per row: dsyevr asks for 26, or a block more */ };

/* One call, as LAPACK sees it. */
typedef struct call {
    const tl_linalg_problem *p;
    int m, n, few, right;
    double *a; /* [m x n] a copy, overwritten */
    double *b; /* [right x m] the right-hand sides, each in one piece */
    double *work;
    lapack_int lwork, liwork;
    lapack_int *integers;
} call;

static call call_of(const tl_linalg_problem *p)
{
    const int m = p->a.rows, n = p->a.columns;
    return (call){.p = p, .m = m, .n = n, .few = m < n ? m : n, .right = p->b.columns};
}

/* lwork = -1 queries the work space. \return LAPACK's info */
static lapack_int enter(const call *c, lapack_int lwork, double *work, lapack_int *integers)
{
    const tl_linalg_problem *p = c->p;
    const int n = c->n;
    switch (p->operation) {
    case TL_LINALG_SVD:
        return LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, p->vt ? 'S' : 'N', n, c->m, c->a, n,
                                   p->value, p->vt, n, p->u, c->few, work, lwork, integers);
    case TL_LINALG_EIGEN:
        return LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, p->vt ? 'V' : 'N', 'U', n, c->a, n,
                                   p->value, work, lwork, integers,
                                   lwork < 0 ? -1 : c->liwork);
    case TL_LINALG_SOLVE_SPD:
        return LAPACKE_dposv_work(LAPACK_COL_MAJOR, 'U', n, c->right, c->a, n, c->b, n);
    default:
        return LAPACKE_dgels_work(LAPACK_COL_MAJOR, 'T', n, c->m, c->right, c->a, n, c->b,
                                  c->m, work, lwork);
    }
}

/* Queries the work space. \return whether its sizes fit LAPACK's integers */
static bool ask(const call *c, double *numbers, double *integers)
{
    lapack_int whole[1] = {0};
    *numbers = *integers = 0.0;
    if (c->p->operation == TL_LINALG_GRAM || c->p->operation == TL_LINALG_SOLVE_SPD)
        return true;
    if (enter(c, -1, numbers, whole) != 0) return false;
    *integers = c->p->operation == TL_LINALG_SVD ? 8.0 * c->few : (double)whole[0];
    return *numbers >= 0.0 && *numbers < INT_MAX && *integers >= 0.0 && *integers < INT_MAX;
}

static bool solves(const tl_linalg_problem *p)
{
    return p->operation == TL_LINALG_SOLVE_SPD || p->operation == TL_LINALG_LEAST_SQUARES;
}

static tl_status take(call *c, tl_arena *scratch, tl_err *err)
{
    double numbers, integers;
    const size_t size = (size_t)c->m * (size_t)c->n;
    TL_CHECK(ask(c, &numbers, &integers), err, TL_E_ARG,
             "%s: LAPACK cannot count the work space of a %dx%d matrix (%g numbers)",
             tl_linalg_name(c->p->operation), c->m, c->n, numbers);
    TL_ALLOC(c->a, scratch, size, err);
    TL_ALLOC(c->work, scratch, numbers, err);
    TL_ALLOC(c->integers, scratch, integers, err);
    if (solves(c->p)) TL_ALLOC(c->b, scratch, (size_t)c->m * (size_t)c->right, err);
    c->lwork = (lapack_int)numbers;
    c->liwork = (lapack_int)integers;
    return TL_OK;
}

static void fill(call *c)
{
    memcpy(c->a, c->p->a.at, (size_t)c->m * (size_t)c->n * sizeof *c->a);
    if (!solves(c->p)) return;
    for (size_t i = 0; i < (size_t)c->m; i++)
        for (size_t k = 0; k < (size_t)c->right; k++)
            c->b[k * (size_t)c->m + i] = c->p->b.at[i * (size_t)c->right + k];
}

static tl_status judge(const call *c, lapack_int info, tl_err *err)
{
    const char *name = tl_linalg_name(c->p->operation);
    if (info == 0) return TL_OK;
    if (info < 0)
        return tl_fail(err, TL_E_ARG, "%s: LAPACK refuses a %dx%d matrix (info %d)", name,
                       c->m, c->n, (int)info);
    if (c->p->operation == TL_LINALG_SOLVE_SPD)
        return tl_fail(err, TL_E_NUMERIC,
                       "%s: the %dx%d matrix is not positive definite: its leading minor "
                       "of order %d is not",
                       name, c->m, c->n, (int)info);
    if (c->p->operation == TL_LINALG_LEAST_SQUARES)
        return tl_fail(err, TL_E_NUMERIC,
                       "%s: the %dx%d matrix is singular: column %d depends on those "
                       "before it",
                       name, c->m, c->n, (int)info - 1);
    return tl_fail(err, TL_E_NUMERIC, "%s of a %dx%d matrix did not converge (info %d)",
                   name, c->m, c->n, (int)info);
}

/* Copies the solutions and the pivots out. */
static void give_solutions(const call *c)
{
    const size_t n = (size_t)c->n, right = (size_t)c->right;
    for (size_t i = 0; i < n; i++) {
        c->p->pivot[i] = c->a[i * n + i];
        for (size_t k = 0; k < right; k++)
            c->p->x[i * right + k] = c->b[k * (size_t)c->m + i];
    }
}

static tl_status solve(const tl_linalg_problem *p, tl_arena *scratch, tl_err *err)
{
    call c = call_of(p);
    TL_TRY(take(&c, scratch, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    fill(&c);
    TL_TRY(judge(&c, enter(&c, c.lwork, c.work, c.integers), err));
    if (solves(p)) give_solutions(&c);
    if (p->operation == TL_LINALG_EIGEN && p->vt)
        memcpy(p->vt, c.a, (size_t)c.n * (size_t)c.n * sizeof *c.a);
    return TL_OK;
}

tl_status tl_lapack_solve(const tl_linalg_problem *problem, tl_arena *scratch, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    tl_status status = TL_OK;
    tl_blas_start();
    if (problem->operation != TL_LINALG_GRAM)
        status = solve(problem, scratch, err);
    else if (!tl_arena_counts(scratch))
        tl_blas_gram(problem->a.at, problem->a.rows, problem->a.columns, problem->x);
    tl_arena_rewind(scratch, mark);
    return status;
}

tl_status tl_lapack_bidiagonal(int n, double *d, double *e, double *left, double *right,
                               tl_arena *scratch, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch), size = (size_t)n;
    double *work;
    lapack_int *integers;
    TL_ALLOC(work, scratch, 3 * size * size + 4 * size, err);
    TL_ALLOC(integers, scratch, 8 * size, err);
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    tl_blas_start();
    const lapack_int info =
        LAPACKE_dbdsdc_work(LAPACK_COL_MAJOR, 'U', left ? 'I' : 'N', n, d, e, left, n,
                            right, n, NULL, NULL, work, integers);
    TL_CHECK(info == 0, err, TL_E_NUMERIC,
             "svd of a bidiagonal matrix of %d did not converge (info %d)", n, (int)info);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

tl_status tl_symmetric_top(double *a, int n, tl_arena *scratch, double *value,
                           double *vector, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t size = (size_t)n;
    double *work, *values;
    lapack_int *integers, support[2] = {0, 0}, found = 0;
    TL_ALLOC(work, scratch, WORK * size, err);
    TL_ALLOC(values, scratch, size, err);
    TL_ALLOC(integers, scratch, 10 * size, err);
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    for (size_t i = 0; i < size * size; i++) {
        TL_CHECK(isfinite(a[i]), err, TL_E_NUMERIC, "an entry of a matrix is not finite");
    }
    tl_blas_start();
    /* A symmetric matrix is the same column-major, so nothing is copied. */
    const lapack_int failed =
        LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'U', n, a, n, 0.0, 0.0, n, n, 0.0,
                            &found, values, vector, n, support, work,
                            (lapack_int)(WORK * size), integers, (lapack_int)(10 * size));
    TL_CHECK(failed == 0 && found == 1, err, TL_E_NUMERIC,
             "no largest eigenvalue of a %dx%d matrix was found (dsyevr: %d)", n, n,
             (int)failed);
    *value = values[0];
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}
