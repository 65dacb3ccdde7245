/*
 * Singular values and vectors of b [m x n], m >= n, which is the problem's matrix or its
 * transpose: if m is much larger, b = q r first; then r or b is reduced to bidiagonal form
 * by reflectors; every member decomposes the bidiagonal matrix alike, from the same bits,
 * by divide and conquer (LAPACK); and reflectors transform its vectors back.
 *
 * The steps are those of LAPACK's DGESDD. The serial one is n^3 at the speed of matrix
 * products, or n^2 without vectors.
 */
#include "cluster/scalapack/scalapack_private.h"
#include "compute/core/arena.h"
#include "compute/linalg/lapack.h"

#include <stdint.h>

/* The names are ScaLAPACK's. NOLINTBEGIN(readability-identifier-naming) */
void pdgeqrf_(const int *m, const int *n, TL_PARAMS(a), double *tau, double *work,
              const int *lwork, int *info);
void pdgebrd_(const int *m, const int *n, TL_PARAMS(a), double *d, double *e, double *tau_q,
              double *tau_p, double *work, const int *lwork, int *info);
void pdormbr_(const char *which, const char *side, const char *transpose, const int *m,
              const int *n, const int *k, TL_PARAMS(a), const double *tau, TL_PARAMS(c),
              double *work, const int *lwork, int *info, size_t which_length,
              size_t side_length, size_t transpose_length);
void pdormqr_(const char *side, const char *transpose, const int *m, const int *n,
              const int *k, TL_PARAMS(a), const double *tau, TL_PARAMS(c), double *work,
              const int *lwork, int *info, size_t side_length, size_t transpose_length);
/* NOLINTEND(readability-identifier-naming) */

/* b -> q r, its reflectors below the diagonal */
static void to_triangle(tl_job *job)
{
    pdgeqrf_(&job->b.rows, &job->b.columns, TL_ARGS(job->b), job->tau, job->work,
             &job->lwork, &job->info);
}

/* c -> bidiagonal; d and e are left distributed as ScaLAPACK needs them. */
static void to_bidiagonal(tl_job *job)
{
    pdgebrd_(&job->c.rows, &job->c.columns, TL_ARGS(job->c), job->d, job->e, job->tau_q,
             job->tau_p, job->work, &job->lwork, &job->info);
}

/* To the vectors of r, or of b if there is no r. */
static void apply_left(tl_job *job)
{
    pdormbr_("Q", "L", "N", &job->a.rows, &job->a.columns, &job->c.columns, TL_ARGS(job->c),
             job->tau_q, TL_ARGS(job->a), job->work, &job->lwork, &job->info, 1, 1, 1);
}

static void apply_right(tl_job *job)
{
    pdormbr_("P", "R", "T", &job->vt.rows, &job->vt.columns, &job->c.rows, TL_ARGS(job->c),
             job->tau_p, TL_ARGS(job->vt), job->work, &job->lwork, &job->info, 1, 1, 1);
}

/* From the vectors of r to those of b. */
static void apply_triangle(tl_job *job)
{
    pdormqr_("L", "N", &job->u.rows, &job->u.columns, &job->b.columns, TL_ARGS(job->b),
             job->tau, TL_ARGS(job->u), job->work, &job->lwork, &job->info, 1, 1);
}

/* Data of the steps besides the job. */
typedef struct shape {
    int m, n;
    bool is_transposed; /* b is the transpose */
    bool has_triangle;  /* q r first */
    bool has_vectors;
    double *left, *right; /* [n x n] vectors of the bidiagonal matrix, column-major */
} shape;

static shape shape_of(const tl_linalg_problem *p)
{
    const bool is_transposed = p->a.rows < p->a.columns;
    const int m = is_transposed ? p->a.columns : p->a.rows,
              n = is_transposed ? p->a.rows : p->a.columns;
    /* DGESDD's crossover, 11/6 */
    return (shape){.m = m,
                   .n = n,
                   .is_transposed = is_transposed,
                   .has_triangle = 6.0 * m >= 11.0 * n,
                   .has_vectors = p->vt != NULL};
}

/* The layout of b in the problem's matrix, and of its vectors in the problem's. */
static tl_global rows_of(double *at, size_t width, bool is_transposed)
{
    return (tl_global){at, is_transposed ? 1 : width, is_transposed ? width : 1};
}

static tl_status take_parts(tl_job *job, shape *s, tl_err *err)
{
    const tl_matrix a = job->problem->a;
    const size_t m = (size_t)s->m, n = (size_t)s->n;
    tl_distributed *all = s->has_triangle ? &job->b : &job->c;
    TL_TRY(tl_job_alloc_distributed(job, s->m, s->n, all, err));
    if (s->has_triangle) TL_TRY(tl_job_alloc_distributed(job, s->n, s->n, &job->c, err));
    if (s->has_vectors) {
        TL_TRY(tl_job_alloc_distributed(job, s->has_triangle ? s->n : s->m, s->n, &job->a,
                                        err));
        TL_TRY(tl_job_alloc_distributed(job, s->n, s->n, &job->vt, err));
        TL_TRY(tl_job_alloc(job, n * n, &s->left, err));
        TL_TRY(tl_job_alloc(job, n * n, &s->right, err));
    }
    if (s->has_vectors && s->has_triangle)
        TL_TRY(tl_job_alloc_distributed(job, s->m, s->n, &job->u, err));
    TL_TRY(tl_job_alloc(job, n, &job->tau, err));
    TL_TRY(tl_job_alloc(job, n, &job->tau_q, err));
    TL_TRY(tl_job_alloc(job, m, &job->tau_p, err));
    TL_TRY(tl_job_alloc(job, n, &job->d, err));
    TL_TRY(tl_job_alloc(job, m, &job->e, err));
    tl_distributed_fill(job, all,
                        rows_of((double *)(uintptr_t)a.at /* only read */,
                                (size_t)a.columns, s->is_transposed),
                        s->m);
    return TL_OK;
}

static tl_status prepare(tl_job *job, const shape *s, tl_err *err)
{
    tl_job_routine *routine[5];
    int routines = 0;
    routine[routines++] = to_bidiagonal;
    if (s->has_triangle) routine[routines++] = to_triangle;
    if (s->has_vectors) {
        routine[routines++] = apply_left;
        routine[routines++] = apply_right;
        if (s->has_triangle) routine[routines++] = apply_triangle;
    }
    return tl_job_prepare(job, routine, routines, err);
}

/* to = from, or its upper triangle alone: the same blocks are the same members'. */
static void copy(const tl_job *job, const tl_distributed *from, tl_distributed *to,
                 bool is_triangle)
{
    for (int j = 0; j < to->local_columns; j++) {
        const size_t column = tl_distributed_global(job, j, job->column, job->columns);
        for (int i = 0; i < to->local_rows && i < from->local_rows; i++) {
            if (is_triangle && tl_distributed_global(job, i, job->row, job->rows) > column)
                break;
            to->part[(size_t)j * (size_t)to->desc[8] + (size_t)i] =
                from->part[(size_t)j * (size_t)from->desc[8] + (size_t)i];
        }
    }
}

static tl_status split(tl_job *job, const shape *s, tl_err *err)
{
    tl_arena scratch = tl_arena_open(0);
    const tl_status status =
        tl_lapack_bidiagonal(s->n, job->d, job->e, s->left, s->right, &scratch, err);
    tl_arena_close(&scratch);
    return status;
}

static tl_status find_values(tl_job *job, const shape *s, tl_err *err)
{
    if (s->has_triangle) {
        TL_TRY(tl_job_run(job, to_triangle, err));
        copy(job, &job->b, &job->c, true); /* c = r */
    }
    TL_TRY(tl_job_run(job, to_bidiagonal, err));
    TL_TRY(tl_distributed_diagonal(job, &job->c, 0, s->n, job->d, err));
    TL_TRY(tl_distributed_diagonal(job, &job->c, 1, s->n - 1, job->e, err));
    TL_TRY(tl_team_agree(job->team, split(job, s, err), err));
    for (int i = 0; i < s->n; i++) job->problem->value[i] = job->d[i];
    return tl_team_broadcast(job->team, job->problem->value, (size_t)s->n * sizeof(double),
                             err);
}

tl_status tl_job_svd(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    shape s = shape_of(p);
    const size_t n = (size_t)s.n;
    TL_TRY(tl_team_agree(job->team, take_parts(job, &s, err), err));
    TL_TRY(prepare(job, &s, err));
    TL_TRY(find_values(job, &s, err));
    if (!s.has_vectors) return TL_OK;
    tl_distributed_fill(job, &job->a, (tl_global){s.left, 1, n}, s.n);
    tl_distributed_fill(job, &job->vt, (tl_global){s.right, 1, n}, s.n);
    TL_TRY(tl_job_run(job, apply_right, err));
    TL_TRY(tl_job_run(job, apply_left, err));
    if (s.has_triangle) {
        copy(job, &job->a, &job->u, false); /* over zeros */
        TL_TRY(tl_job_run(job, apply_triangle, err));
    }
    /* a = b: left vectors are columns of u. a = b^T: they are rows of vt. */
    const tl_global left = rows_of(s.is_transposed ? p->vt : p->u,
                                   (size_t)(s.is_transposed ? s.m : s.n), s.is_transposed);
    const tl_global right = rows_of(s.is_transposed ? p->u : p->vt, n, s.is_transposed);
    TL_TRY(tl_distributed_gather(job, s.has_triangle ? &job->u : &job->a, s.m, left, err));
    return tl_distributed_gather(job, &job->vt, s.n, right, err);
}
