#include "cluster/scalapack/scalapack_private.h"
#include "compute/core/blas.h"

#include <limits.h>
#include <stdlib.h>

/* NOLINTBEGIN(readability-identifier-naming) */
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void pb_topset_(const int *context, const char *operation, const char *scope,
                const char *topology);
/* NOLINTEND(readability-identifier-naming) */

/* Measured on 2 ranks, 2000x2000: Cholesky takes 0.90 of LAPACK's time in blocks of 64 and
 * 1.1 in blocks of 32, the Gram matrix 1.04 and 1.10; reductions to condensed form, half of
 * whose work is on vectors, lose by larger blocks: eigenproblems 0.92 and 0.70. */
static int block_of(tl_linalg_operation operation)
{
    return operation == TL_LINALG_SOLVE_SPD || operation == TL_LINALG_GRAM ? 64 : 32;
}

/* ScaLAPACK keeps message topologies in variables of the process, for all contexts;
 * routines change them and restore them at their end. An abandoned routine did not, and
 * members that left it at different points would deadlock.
 */
static void reset_routes(const tl_process_grid *grid)
{
    static const char *const operation[] = {"Broadcast", "Combine"};
    static const char *const scope[] = {"Rowwise", "Columnwise", "All"};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) pb_topset_(&grid->context, operation[i], scope[k], " ");
}

tl_status tl_job_open(tl_job *job, const tl_blacs_watch *watch, const tl_team *team,
                      const tl_linalg_problem *problem, tl_err *err)
{
    *job = (tl_job){.watch = watch,
                    .team = team,
                    .problem = problem,
                    .block = block_of(problem->operation)};
    TL_TRY(tl_scalapack_grid(watch->cluster, team, &job->grid, err));
    if (!job->grid) job->grid = (*tl_cluster_scalapack(watch->cluster))->grid;
    Cblacs_gridinfo(job->grid->context, &job->rows, &job->columns, &job->row, &job->column);
    reset_routes(job->grid);
    tl_blas_start();
    return TL_OK;
}

void tl_job_close(tl_job *job, tl_status status)
{
    for (int i = 0; i < job->pieces; i++) {
        if (status == TL_E_PEER)
            tl_cluster_retain(job->watch->cluster, job->piece[i]);
        else
            free(job->piece[i]);
    }
    job->pieces = 0;
}

tl_status tl_job_alloc(tl_job *job, size_t count, double **out, tl_err *err)
{
    TL_INVARIANT(job->pieces < TL_JOB_PIECES);
    *out = calloc(count > 0 ? count : 1, sizeof **out);
    TL_CHECK(*out, err, TL_E_NOMEM, "%s: out of memory for %zu numbers",
             tl_linalg_name(job->problem->operation), count);
    job->piece[job->pieces++] = *out;
    return TL_OK;
}

/* --- routines ------------------------------------------------------------------------- */

static tl_status lose(const tl_job *job, tl_err *err)
{
    job->grid->is_invalid = true;
    return tl_fail(err, TL_E_PEER,
                   "team of epoch %u: a peer died or is silent inside ScaLAPACK",
                   (unsigned)job->watch->epoch);
}

/* Queries the work space of all routines; stops at the first error. */
static void ask(void *self)
{
    tl_job *job = self;
    for (int i = 0; i < job->routines; i++) {
        double numbers = 0.0;
        int integers = 0;
        job->work = &numbers;
        job->integers = &integers;
        job->lwork = job->lintegers = -1;
        job->routine[i](job);
        if (job->info != 0) return;
        if (numbers > job->wanted) job->wanted = numbers;
        if (integers > job->wanted_integers) job->wanted_integers = integers;
    }
}

/* ScaLAPACK sometimes asks for too little, so it gets somewhat more. */
static tl_status take_work(tl_job *job, tl_err *err)
{
    const tl_matrix *a = &job->problem->a;
    const double numbers = 1.05 * job->wanted + 4096.0,
                 integers = 1.05 * job->wanted_integers + 4096.0;
    TL_CHECK(job->info == 0 && numbers < INT_MAX && integers < INT_MAX, err, TL_E_ARG,
             "%s: ScaLAPACK refuses a %dx%d matrix (info %d, work space for %g numbers, at "
             "most %d)",
             tl_linalg_name(job->problem->operation), a->rows, a->columns, job->info,
             job->wanted, INT_MAX);
    double *piece; /* space for two integers per number */
    TL_TRY(tl_job_alloc(job, (size_t)numbers, &job->work, err));
    TL_TRY(tl_job_alloc(job, (size_t)integers / 2 + 1, &piece, err));
    job->integers = (void *)piece;
    job->lwork = (int)numbers;
    job->lintegers = (int)integers;
    return TL_OK;
}

tl_status tl_job_prepare(tl_job *job, tl_job_routine *const *routine, int routines,
                         tl_err *err)
{
    job->routine = routine;
    job->routines = routines;
    job->info = 0;
    if (!tl_blacs_guarded(job->watch, ask, job)) return lose(job, err);
    return tl_team_agree(job->team, take_work(job, err), err);
}

static void enter(void *self)
{
    tl_job *job = self;
    job->routine[0](job);
}

tl_status tl_job_run(tl_job *job, tl_job_routine *routine, tl_err *err)
{
    tl_job_routine *const one[] = {routine};
    const tl_matrix *a = &job->problem->a;
    job->routine = one;
    job->info = 0;
    (void)tl_team_tick(job->team);
    if (!tl_blacs_guarded(job->watch, enter, job)) return lose(job, err);
    tl_status mine = TL_OK;
    if (job->info != 0)
        mine = tl_fail(
            err, TL_E_NUMERIC, "%s: ScaLAPACK failed on a %dx%d matrix (info %d)",
            tl_linalg_name(job->problem->operation), a->rows, a->columns, job->info);
    return tl_team_agree(job->team, mine, err);
}
