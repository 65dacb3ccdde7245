/*
 * Room cluster/scalapack: the only user of ScaLAPACK and BLACS. There is a process grid for
 * every aligned block of 2^k ranks, made once. Uses cluster/comm and compute.
 *
 * A block whose member dies inside a call is invalid: its context and communicator are
 * never used or freed again. Teams are aligned blocks, so no team includes the dead rank
 * again. A block also becomes invalid when its team is cancelled inside a call with all
 * alive: then each member computes alone, on its block of one.
 */
#ifndef TL_CLUSTER_SCALAPACK_SCALAPACK_H
#define TL_CLUSTER_SCALAPACK_SCALAPACK_H

#include "cluster/comm/channel.h"
#include "cluster/scalapack/blacs_guard.h"
#include "compute/core/team.h"
#include "compute/linalg/linalg.h"

/** The process grid of this rank's block of one width. */
typedef struct tl_process_grid {
    MPI_Comm comm;   /**< of the block; MPI_COMM_NULL: this rank is in no complete block */
    int context;     /**< of BLACS */
    bool is_invalid; /**< a call was abandoned */
} tl_process_grid;

/**
 * Makes the communicators and grids, which tl_cluster_scalapack then holds. Collective over
 * all ranks, once, by tl_session_start: making a communicator later could hang on a dead
 * rank. Has no timeout.
 * \return TL_E_NOMEM, TL_E_IO if MPI or BLACS refuses
 */
TL_MUST_USE tl_status tl_scalapack_start(tl_cluster *cluster, tl_err *err);

/** Frees the grids that are valid. Collective over all ranks, before tl_cluster_close. */
void tl_scalapack_stop(tl_cluster *cluster);

/**
 * The grid of the team's block. Collective over `team`, with its timeout.
 * \param out borrowed from the cluster; NULL if the grid is invalid on any member
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_scalapack_grid(tl_cluster *cluster, const tl_team *team,
                                        tl_process_grid **out, tl_err *err);

/**
 * Solves `problem`, whose inputs are finite and whose shapes fit, on a team of tl_team_mpi:
 * in square blocks distributed over a grid as square as the team allows. The same bits on
 * every member, and in each repetition on a grid of the same shape. Results are not
 * checked.
 *
 * EIGEN by PDSYEVD, and PDSYEV where no vectors are wanted; SOLVE_SPD by PDPOSV;
 * LEAST_SQUARES by PDGELS; GRAM by PDSYRK. SVD by PDGEQRF if one side is much longer,
 * PDGEBRD, LAPACK's DBDSDC on every member, PDORMBR, PDORMQR. PDGESVD is unsuitable: it
 * makes communicators, and takes five times as long.
 *
 * Collective over `team`, whose epoch is watch->epoch; each message times out after
 * watch->timeout.
 *
 * \return TL_E_NUMERIC if the solver fails, TL_E_ARG if a size is beyond its integers,
 * TL_E_NOMEM, TL_E_PEER, also for an abandoned solver
 * Source: Blackford et al. 1997, ScaLAPACK users' guide.
 */
TL_MUST_USE tl_status tl_scalapack_solve(const tl_blacs_watch *watch, const tl_team *team,
                                         const tl_linalg_problem *problem, tl_err *err);

#endif
