/*
 * What the files of cluster/scalapack share.
 *
 * A job is one problem on one grid. All members allocate its memory and agree before they
 * enter ScaLAPACK, since errors inside cannot be passed on; routines run one by one, each
 * guarded (blacs_guard.h).
 */
#ifndef TL_CLUSTER_SCALAPACK_SCALAPACK_PRIVATE_H
#define TL_CLUSTER_SCALAPACK_SCALAPACK_PRIVATE_H

#include "cluster/scalapack/scalapack.h"

enum { TL_JOB_PIECES = 16 /**< allocations of a job, at most */ };

/** The grids of this rank. */
typedef struct tl_scalapack {
    int grids;
    tl_process_grid grid[]; /* [grids] by the logarithm of the block's width */
} tl_scalapack;

/** A matrix distributed over the grid in blocks. */
typedef struct tl_distributed {
    int rows, columns;
    int local_rows, local_columns; /* of this member's part; may be none */
    int desc[9];                   /* ScaLAPACK's */
    double *part;                  /* [desc[8] x local_columns] column-major */
} tl_distributed;

/** Where entry (i, j) of a whole matrix lies: at[i * down + j * across]. */
typedef struct tl_global {
    double *at;
    size_t down, across;
} tl_global;

/** One problem on one grid. */
typedef struct tl_job tl_job;

/** Calls one routine with job->work, lwork, integers, lintegers (lwork = -1: a query), and
 * sets job->info. */
typedef void tl_job_routine(tl_job *job);

/** See above; pointers but `piece` are borrowed. */
struct tl_job {
    const tl_blacs_watch *watch;
    const tl_team *team;
    const tl_linalg_problem *problem;
    tl_process_grid *grid;
    int rows, columns, row, column; /* of the grid; this member's place in it */
    int block; /* side of the squares in which matrices are distributed */

    void *piece[TL_JOB_PIECES]; /* all memory of the job */
    int pieces;

    double *work;
    int *integers;
    int lwork, lintegers, info;
    double wanted; /* numbers of work space, the maximum over routines */
    int wanted_integers;

    tl_job_routine *const *routine; /* to run next */
    int routines;

    tl_distributed a, b, c, u, vt;
    double *tau, *tau_q, *tau_p; /* of reflectors */
    double *d, *e;               /* of a bidiagonal matrix, whole */
    double *value;
};

/** A distributed matrix as parameters of a ScaLAPACK routine, and as arguments of its call.
 */
#define TL_PARAMS(m) \
    double *m, const int *row_##m, const int *column_##m, const int *desc_##m
#define TL_ARGS(m) (m).part, &(int){1}, &(int){1}, (m).desc

/** Opens a job on a grid that all members can use: that of their block, or each its own.
 * Collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_job_open(tl_job *job, const tl_blacs_watch *watch,
                                  const tl_team *team, const tl_linalg_problem *problem,
                                  tl_err *err);

/** Frees the job's memory, or retains it if `status` is TL_E_PEER. */
void tl_job_close(tl_job *job, tl_status status);

/** `count` zeroed numbers that live as long as the job. Not collective.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_job_alloc(tl_job *job, size_t count, double **out, tl_err *err);

/** A zeroed matrix [rows x columns] distributed over the grid. Not collective.
 * \return TL_E_NOMEM, TL_E_ARG if its part is beyond ScaLAPACK's integers */
TL_MUST_USE tl_status tl_job_alloc_distributed(tl_job *job, int rows, int columns,
                                               tl_distributed *out, tl_err *err);

/** Queries the work space of `routines` and allocates somewhat more than the maximum.
 * Collective; all members have agreed to call it.
 * \return TL_E_NOMEM, TL_E_ARG if a routine refuses or needs more than its integers can
 * count, TL_E_PEER */
TL_MUST_USE tl_status tl_job_prepare(tl_job *job, tl_job_routine *const *routine,
                                     int routines, tl_err *err);

/** Runs `routine`. Collective. job->info is the same on every member.
 * \return TL_E_NUMERIC if it is not 0, TL_E_PEER */
TL_MUST_USE tl_status tl_job_run(tl_job *job, tl_job_routine *routine, tl_err *err);

/** The global row or column of the local one `i` at `place` of `places`. */
size_t tl_distributed_global(const tl_job *job, int i, int place, int places);

/** Copies this member's part of the first `rows` rows of `whole`; the rest is unchanged. */
void tl_distributed_fill(const tl_job *job, tl_distributed *distributed, tl_global whole,
                         int rows);

/** Gathers the first `rows` rows of `distributed` into `whole`, which is dense, on every
 * member. Collective. \return TL_E_NOMEM, TL_E_PEER */
TL_MUST_USE tl_status tl_distributed_gather(tl_job *job, const tl_distributed *distributed,
                                            int rows, tl_global whole, tl_err *err);

/** Gathers entries (i, i + offset) on every member. Collective. \param out [n]
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_distributed_diagonal(const tl_job *job,
                                              const tl_distributed *distributed, int offset,
                                              int n, double *out, tl_err *err);

/** SVD. As tl_scalapack_solve, on an open job. */
TL_MUST_USE tl_status tl_job_svd(tl_job *job, tl_err *err);

#endif
