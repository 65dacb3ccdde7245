/*
 * Problems that a single ScaLAPACK routine solves: inputs, the call, results. A symmetric
 * row-major matrix is its own transpose, so its lower triangle is ScaLAPACK's upper one.
 */
#include "cluster/scalapack/scalapack_private.h"

#include <stdint.h>

/* ScaLAPACK comes without headers. Fortran's functions take the length of each text, last.
 * The names are theirs. NOLINTBEGIN(readability-identifier-naming) */
void pdsyev_(const char *job, const char *triangle, const int *n, TL_PARAMS(a), double *w,
             TL_PARAMS(z), double *work, const int *lwork, int *info, size_t job_length,
             size_t triangle_length);
void pdsyevd_(const char *job, const char *triangle, const int *n, TL_PARAMS(a), double *w,
              TL_PARAMS(z), double *work, const int *lwork, int *integers,
              const int *lintegers, int *info, size_t job_length, size_t triangle_length);
void pdposv_(const char *triangle, const int *n, const int *right, TL_PARAMS(a),
             TL_PARAMS(b), int *info, size_t triangle_length);
void pdgels_(const char *transpose, const int *m, const int *n, const int *right,
             TL_PARAMS(a), TL_PARAMS(b), double *work, const int *lwork, int *info,
             size_t transpose_length);
void pdsyrk_(const char *triangle, const char *transpose, const int *n, const int *k,
             const double *alpha, TL_PARAMS(a), const double *beta, TL_PARAMS(c),
             size_t triangle_length, size_t transpose_length);
/* NOLINTEND(readability-identifier-naming) */

/* A read-only matrix, to be filled from. */
static tl_global whole_of(tl_matrix a, bool is_transposed)
{
    const size_t width = (size_t)a.columns;
    return (tl_global){.at =
                           (double *)(uintptr_t)a.at, /* only read by tl_distributed_fill */
                       .down = is_transposed ? 1 : width,
                       .across = is_transposed ? width : 1};
}

/* --- symmetric eigenproblem ----------------------------------------------------------- */

static void eigen_values(tl_job *job)
{
    /* No vectors: `a` is a placeholder for them. */
    pdsyev_("N", "U", &job->a.rows, TL_ARGS(job->a), job->value, TL_ARGS(job->a), job->work,
            &job->lwork, &job->info, 1, 1);
}

static void eigen_vectors(tl_job *job)
{
    pdsyevd_("V", "U", &job->a.rows, TL_ARGS(job->a), job->value, TL_ARGS(job->u),
             job->work, &job->lwork, job->integers, &job->lintegers, &job->info, 1, 1);
}

static tl_status take_eigen(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    const int n = p->a.rows;
    TL_TRY(tl_job_alloc_distributed(job, n, n, &job->a, err));
    TL_TRY(tl_job_alloc(job, (size_t)n, &job->value, err));
    if (p->vt) TL_TRY(tl_job_alloc_distributed(job, n, n, &job->u, err));
    tl_distributed_fill(job, &job->a, whole_of(p->a, true), n);
    return TL_OK;
}

static tl_status eigen(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    const size_t n = (size_t)p->a.rows;
    tl_job_routine *const routine = p->vt ? eigen_vectors : eigen_values;
    TL_TRY(tl_team_agree(job->team, take_eigen(job, err), err));
    TL_TRY(tl_job_prepare(job, &routine, 1, err));
    TL_TRY(tl_job_run(job, routine, err));
    for (size_t i = 0; i < n; i++) p->value[i] = job->value[i];
    TL_TRY(tl_team_broadcast(job->team, p->value, n * sizeof *p->value, err));
    if (!p->vt) return TL_OK;
    return tl_distributed_gather(job, &job->u, p->a.rows, (tl_global){p->vt, 1, n}, err);
}

/* --- Cholesky, least squares ---------------------------------------------------------- */

static void cholesky(tl_job *job)
{
    pdposv_("U", &job->a.rows, &job->b.columns, TL_ARGS(job->a), TL_ARGS(job->b),
            &job->info, 1);
}

static void by_qr(tl_job *job)
{
    pdgels_("N", &job->a.rows, &job->a.columns, &job->b.columns, TL_ARGS(job->a),
            TL_ARGS(job->b), job->work, &job->lwork, &job->info, 1);
}

static tl_status take_systems(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    const int rows = p->a.rows;
    TL_TRY(tl_job_alloc_distributed(job, rows, p->a.columns, &job->a, err));
    TL_TRY(tl_job_alloc_distributed(job, rows, p->b.columns, &job->b, err));
    TL_TRY(tl_job_alloc(job, (size_t)p->a.columns, &job->d, err));
    tl_distributed_fill(job, &job->a, whole_of(p->a, p->operation == TL_LINALG_SOLVE_SPD),
                        rows);
    tl_distributed_fill(job, &job->b, whole_of(p->b, false), rows);
    return TL_OK;
}

static tl_status refuse_indefinite(const tl_job *job, tl_err *err)
{
    const int n = job->a.rows;
    return tl_fail(err, TL_E_NUMERIC,
                   "solve_spd: the %dx%d matrix is not positive definite: its leading "
                   "minor of order %d is not",
                   n, n, job->info);
}

static tl_status solve_systems(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    const bool is_spd = p->operation == TL_LINALG_SOLVE_SPD;
    tl_job_routine *const routine = is_spd ? cholesky : by_qr;
    const int n = p->a.columns;
    TL_TRY(tl_team_agree(job->team, take_systems(job, err), err));
    if (!is_spd) TL_TRY(tl_job_prepare(job, &routine, 1, err));
    const tl_status status = tl_job_run(job, routine, err);
    if (status == TL_E_NUMERIC && is_spd && job->info > 0)
        return refuse_indefinite(job, err);
    TL_TRY(status);
    TL_TRY(tl_distributed_diagonal(job, &job->a, 0, n, job->d, err));
    for (int i = 0; i < n; i++) p->pivot[i] = job->d[i];
    return tl_distributed_gather(job, &job->b, n,
                                 (tl_global){p->x, (size_t)p->b.columns, 1}, err);
}

/* --- Gram matrix ---------------------------------------------------------------------- */

/* a is the transpose of the problem's: c = a a^T. */
static void multiply(tl_job *job)
{
    const double factor = 1.0, nothing = 0.0;
    pdsyrk_("U", "N", &job->a.rows, &job->a.columns, &factor, TL_ARGS(job->a), &nothing,
            TL_ARGS(job->c), 1, 1);
}

static tl_status take_gram(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    const int n = p->a.columns;
    TL_TRY(tl_job_alloc_distributed(job, n, p->a.rows, &job->a, err));
    TL_TRY(tl_job_alloc_distributed(job, n, n, &job->c, err));
    tl_distributed_fill(job, &job->a, whole_of(p->a, true), n);
    return TL_OK;
}

static tl_status gram(tl_job *job, tl_err *err)
{
    const tl_linalg_problem *p = job->problem;
    const size_t n = (size_t)p->a.columns;
    TL_TRY(tl_team_agree(job->team, take_gram(job, err), err));
    TL_TRY(tl_job_run(job, multiply, err));
    TL_TRY(tl_distributed_gather(job, &job->c, p->a.columns, (tl_global){p->x, 1, n}, err));
    for (size_t i = 0; i < n; i++) /* only one triangle was computed */
        for (size_t j = 0; j < i; j++) p->x[j * n + i] = p->x[i * n + j];
    return TL_OK;
}

/* -------------------------------------------------------------------------------------- */

static tl_status run(tl_job *job, tl_err *err)
{
    switch (job->problem->operation) {
    case TL_LINALG_SVD:
        return tl_job_svd(job, err);
    case TL_LINALG_EIGEN:
        return eigen(job, err);
    case TL_LINALG_GRAM:
        return gram(job, err);
    default:
        return solve_systems(job, err);
    }
}

tl_status tl_scalapack_solve(const tl_blacs_watch *watch, const tl_team *team,
                             const tl_linalg_problem *problem, tl_err *err)
{
    tl_job job;
    TL_TRY(tl_job_open(&job, watch, team, problem, err));
    const tl_status status = run(&job, err);
    tl_job_close(&job, status);
    return status;
}
