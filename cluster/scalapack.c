/*
 * Each member cuts its part out of the matrix, which all of them hold, so nothing has to be
 * distributed; PDSYEV without vectors leaves all eigenvalues on every member. Before every
 * guarded call the members agree that each has its memory, since inside nobody can be told.
 */
#include "cluster/scalapack.h"

#include "cluster/inside.h"
#include "compute/nn/blas.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32, TOPSREPEAT = 15 };
enum { DENSE = 1 }; /* type of a descriptor */

/* ScaLAPACK comes without headers. Fortran's functions take the length of each text, last.
 * The names are theirs. NOLINTBEGIN(readability-identifier-naming) */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);
void Cblacs_set(int context, int what, const int *value);
int numroc_(const int *n, const int *block, const int *place, const int *source,
            const int *places);
void pdsyev_(const char *job, const char *triangle, const int *n, double *a, const int *ia,
             const int *ja, const int *desc_a, double *w, double *z, const int *iz,
             const int *jz, const int *desc_z, double *work, const int *lwork, int *info,
             size_t job_length, size_t triangle_length);
/* NOLINTEND(readability-identifier-naming) */

/* One call of PDSYEV, as this member sees it. */
typedef struct problem {
    int n;
    int rows, columns, row, column; /* of the grid; this member's place in it */
    int local_rows, local_columns;  /* of this member's part */
    int desc[9];
    double *part;  /* [local_rows x local_columns] column-major */
    double *value; /* [n] */
    double *work;  /* [lwork] */
    double wanted; /* answer to lwork = -1: numbers of work space */
    int lwork;
    int info;
} problem;

static tl_status make_grid(tl_cluster *cluster, int width, tl_grid *grid, tl_err *err)
{
    const int first = cluster->rank / width * width;
    const bool is_whole = first + width <= cluster->size;
    int rows = 1;
    while (4 * rows * rows <= width) rows *= 2;
    *grid = (tl_grid){.comm = MPI_COMM_NULL, .context = -1};
    const int code = MPI_Comm_split(cluster->start, is_whole ? first : MPI_UNDEFINED,
                                    cluster->rank, &grid->comm);
    TL_CHECK(code == MPI_SUCCESS, err, TL_E_IO,
             "MPI_Comm_split of the ranks into blocks of %d failed", width);
    if (!is_whole) return TL_OK;
    MPI_Comm_set_errhandler(grid->comm, MPI_ERRORS_RETURN);
    /* BLACS renumbers its handles when some are freed: this one is used at once. */
    const int handle = Csys2blacs_handle(grid->comm), yes = 1;
    grid->context = handle;
    Cblacs_gridinit(&grid->context, "Row", rows, width / rows);
    Cfree_blacs_system_handle(handle);
    TL_CHECK(grid->context >= 0, err, TL_E_IO, "BLACS refuses a grid of %dx%d ranks", rows,
             width / rows);
    /* Else the order in which messages happen to arrive decides the bits. */
    Cblacs_set(grid->context, TOPSREPEAT, &yes);
    return TL_OK;
}

tl_status tl_scalapack_start(tl_cluster *cluster, tl_err *err)
{
    int grids = 1;
    for (int width = 2; width <= cluster->size; width *= 2) grids++;
    cluster->grid = calloc((size_t)grids, sizeof *cluster->grid);
    TL_CHECK(cluster->grid, err, TL_E_SPACE, "no memory left for %d grids", grids);
    for (; cluster->grids < grids; cluster->grids++) {
        const int k = cluster->grids;
        TL_TRY(make_grid(cluster, 1 << k, &cluster->grid[k], err));
    }
    return TL_OK;
}

void tl_scalapack_stop(tl_cluster *cluster)
{
    for (int k = 0; k < cluster->grids; k++) {
        tl_grid *grid = &cluster->grid[k];
        if (grid->comm == MPI_COMM_NULL || grid->is_burnt) continue;
        Cblacs_gridexit(grid->context);
        MPI_Comm_free(&grid->comm);
    }
}

tl_status tl_scalapack_grid(tl_cluster *cluster, const tl_team *team, tl_grid **out,
                            tl_err *err)
{
    int k = 0;
    while (1 << k < team->size) k++;
    TL_INVARIANT(k < cluster->grids && cluster->grid[k].comm != MPI_COMM_NULL);
    double burnt = cluster->grid[k].is_burnt;
    TL_TRY(tl_team_sum_double(team, &burnt, 1, err));
    if (burnt > 0.0) cluster->grid[k].is_burnt = true;
    *out = burnt > 0.0 ? NULL : &cluster->grid[k];
    return TL_OK;
}

/* Sizes of this member's part; ScaLAPACK wants one row where there is none. */
static void deal(problem *p, int n, const tl_grid *grid)
{
    const int block = BLOCK, source = 0;
    Cblacs_gridinfo(grid->context, &p->rows, &p->columns, &p->row, &p->column);
    p->n = n;
    p->local_rows = numroc_(&n, &block, &p->row, &source, &p->rows);
    p->local_columns = numroc_(&n, &block, &p->column, &source, &p->columns);
    const int leading = p->local_rows > 0 ? p->local_rows : 1;
    const int desc[9] = {DENSE, grid->context, n, n, BLOCK, BLOCK, 0, 0, leading};
    memcpy(p->desc, desc, sizeof desc);
}

/* Which row or column of the matrix the local one `i` of place `place` is. */
static size_t global_of(int i, int place, int places)
{
    return (size_t)(i / BLOCK * places + place) * BLOCK + (size_t)(i % BLOCK);
}

/* Takes this member's part of `a`, and room for the values. */
static tl_status take_part(problem *p, const double *a, tl_err *err)
{
    const size_t n = (size_t)p->n, leading = (size_t)p->desc[8];
    const size_t size = leading * (size_t)(p->local_columns > 0 ? p->local_columns : 1);
    TL_CHECK(size <= INT_MAX, err, TL_E_ARG,
             "ScaLAPACK counts to %d, and a part of %dx%d is %zu numbers", INT_MAX, p->n,
             p->n, size);
    for (size_t i = 0; i < n * n; i++)
        TL_CHECK(isfinite(a[i]), err, TL_E_NUM, "an entry of a matrix is not finite");
    p->part = calloc(size, sizeof *p->part);
    p->value = calloc(n, sizeof *p->value);
    TL_CHECK(p->part && p->value, err, TL_E_SPACE, "no memory left for a %dx%d matrix",
             p->n, p->n);
    for (int j = 0; j < p->local_columns; j++) {
        const size_t column = global_of(j, p->column, p->columns);
        for (int i = 0; i < p->local_rows; i++) {
            const size_t row = global_of(i, p->row, p->rows);
            p->part[(size_t)j * leading + (size_t)i] =
                row <= column ? a[column * n + row] : a[row * n + column];
        }
    }
    return TL_OK;
}

static void call(problem *p, double *work, int lwork)
{
    const int one = 1;
    double unused = 0.0; /* no vectors are asked for */
    pdsyev_("N", "U", &p->n, p->part, &one, &one, p->desc, p->value, &unused, &one, &one,
            p->desc, work, &lwork, &p->info, 1, 1);
}

static void ask_for_work(void *self)
{
    problem *p = self;
    call(p, &p->wanted, -1);
}

static void solve(void *self)
{
    problem *p = self;
    call(p, p->work, p->lwork);
}

/* What PDSYEV asks for has been too little at times, so it gets somewhat more. */
static tl_status take_work(problem *p, tl_err *err)
{
    const double wanted = 1.05 * p->wanted + 4096.0;
    TL_CHECK(
        p->info == 0 && wanted >= 4096.0 && wanted < INT_MAX, err, TL_E_ARG,
        "PDSYEV refuses a %dx%d matrix (info %d, work space for %g numbers, at most %d)",
        p->n, p->n, p->info, p->wanted, INT_MAX);
    p->lwork = (int)(int64_t)wanted;
    p->work = calloc((size_t)p->lwork, sizeof *p->work);
    TL_CHECK(p->work, err, TL_E_SPACE, "no memory left for %d numbers of work space",
             p->lwork);
    return TL_OK;
}

/* The values have the sum and the sum of squares that the matrix has. Rounding is backward
 * stable: each is off by some n eps of the largest. */
static tl_status check(const problem *p, const double *a, tl_err *err)
{
    const size_t n = (size_t)p->n;
    double trace = 0.0, square = 0.0, sum = 0.0, sum_square = 0.0;
    TL_CHECK(p->info == 0, err, TL_E_NUM,
             "no eigenvalues of a %dx%d matrix were found (PDSYEV: %d)", p->n, p->n,
             p->info);
    for (size_t i = 0; i < n; i++) {
        trace += a[i * n + i];
        square += a[i * n + i] * a[i * n + i];
        for (size_t j = 0; j < i; j++) square += 2.0 * a[i * n + j] * a[i * n + j];
        sum += p->value[i];
        sum_square += p->value[i] * p->value[i];
    }
    const double slack = 100.0 * DBL_EPSILON * (double)p->n;
    TL_CHECK(fabs(sum - trace) <= slack * sqrt((double)p->n * square) &&
                 fabs(sum_square - square) <= slack * square,
             err, TL_E_NUM,
             "eigenvalues of a %dx%d matrix add up to %.17g, squared %.17g, and not to its "
             "trace %.17g and squared norm %.17g",
             p->n, p->n, sum, sum_square, trace, square);
    return TL_OK;
}

static tl_status lose(const tl_blacs_watch *watch, tl_grid *grid, tl_err *err)
{
    grid->is_burnt = true;
    return tl_fail(err, TL_E_LOST,
                   "team of epoch %u: a mate is gone or silent inside ScaLAPACK",
                   (unsigned)watch->epoch);
}

static tl_status solve_together(const tl_blacs_watch *watch, const tl_team *team,
                                tl_grid *grid, problem *p, const double *a, tl_err *err)
{
    TL_TRY(tl_team_agree(team, take_part(p, a, err), err));
    if (!tl_blacs_guarded(watch, ask_for_work, p)) return lose(watch, grid, err);
    TL_TRY(tl_team_agree(team, take_work(p, err), err));
    if (!tl_blacs_guarded(watch, solve, p)) return lose(watch, grid, err);
    TL_TRY(tl_team_agree(team, check(p, a, err), err));
    return tl_team_broadcast(team, p->value, (size_t)p->n * sizeof *p->value, err);
}

tl_status tl_scalapack_eigenvalues(const tl_blacs_watch *watch, const tl_team *team,
                                   const double *a, int n, double *value, tl_err *err)
{
    tl_cluster *cluster = watch->cluster;
    tl_grid *grid = NULL;
    problem p = {0};
    TL_TRY(tl_scalapack_grid(cluster, team, &grid, err));
    if (!grid) grid = &cluster->grid[0]; /* each its own */
    tl_blas_start();
    deal(&p, n, grid);
    const tl_status status = solve_together(watch, team, grid, &p, a, err);
    if (status == TL_OK) memcpy(value, p.value, (size_t)n * sizeof *value);
    double *room[] = {p.part, p.value, p.work};
    for (int i = 0; i < 3; i++) {
        if (status == TL_E_LOST)
            tl_cluster_keep(cluster, room[i]);
        else
            free(room[i]);
    }
    return status;
}
