/*
 * Room cluster/team: teams of ranks under MPI (compute/core/team.h). Uses cluster/comm,
 * cluster/scalapack and compute.
 *
 * A team is an aligned block of 2^k ranks, a list and not a communicator. Every message
 * carries the team's epoch, which is never reused, so messages of an older team are
 * recognised. An operation ends with TL_E_PEER when the epoch is cancelled
 * (tl_heartbeat_cancel), when a peer is silent for longer than `timeout`, or when MPI
 * reports an error.
 */
#ifndef TL_CLUSTER_TEAM_TEAM_MPI_H
#define TL_CLUSTER_TEAM_TEAM_MPI_H

#include "cluster/comm/cluster.h"
#include "compute/core/team.h"

#include <stdint.h>

/**
 * The team of ranks [first, first + width), one of which is this rank. Not collective: each
 * member opens it when it gets its order. One thread of a rank uses teams, one at a time.
 *
 * \param width   a power of two that divides `first`
 * \param epoch   from 1, the same on all members, never used before
 * \param timeout seconds an operation waits for a peer; 0: 600
 * \param team    result; its ticks count for the heartbeat. Ended by tl_team_mpi_close
 * \return TL_E_ARG, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_team_mpi_open(tl_cluster *cluster, int first, int width,
                                       uint32_t epoch, double timeout, tl_team *team,
                                       tl_err *err);

/**
 * Sums x [n] by MPI_Allreduce on the block's communicator, as a baseline for tl_team_sum in
 * benchmarks. Collective; has no timeout.
 * \param x [n] this member's numbers; result: the sums
 * \return TL_E_ARG if the block is invalid or n exceeds MPI's integers, TL_E_IO, TL_E_PEER
 */
TL_MUST_USE tl_status tl_team_mpi_allreduce(const tl_team *team, float *x, size_t n,
                                            tl_err *err);

/** Ends the team on this rank. Not collective. Memory that MPI may still write to after a
 * peer died is retained, not freed. */
void tl_team_mpi_close(tl_team *team);

#endif
