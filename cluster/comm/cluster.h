/*
 * Room cluster/comm: the ranks of a run, communication between them, and their liveness.
 * Uses compute/core and MPI; the other rooms of cluster/ build on it.
 *
 * This header: the ranks, and collectives over all of them before the first step, which are
 * only here and in cluster/session; during the run ranks communicate by mailbox.h,
 * heartbeat.h and cluster/team.
 */
#ifndef TL_CLUSTER_COMM_CLUSTER_H
#define TL_CLUSTER_COMM_CLUSTER_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** All ranks of this run, as this rank sees them. Opened by tl_session_start. */
typedef struct tl_cluster tl_cluster;

/**
 * Starts MPI with threads and numbers the ranks node by node (rank_order.h): rank 0 is
 * MPI's, the others need not be. Collective over all ranks, once in a process. Has no
 * timeout: the caller runs a tl_watchdog.
 *
 * \param argc, argv of main, borrowed; may be NULL
 * \param out owned; ended by tl_cluster_close
 * \return TL_E_IO if MPI fails or offers no threads, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_cluster_open(tl_cluster **out, int *argc, char ***argv,
                                      tl_err *err);

/** Finalises MPI and frees `cluster` and all retained memory. Collective over all ranks,
 * all alive; has no timeout. */
void tl_cluster_close(tl_cluster *cluster);

/** This rank's number, 0 to tl_cluster_size - 1. Not collective. */
int tl_cluster_rank(const tl_cluster *cluster);

/** Ranks that the run was started with, dead ones included. Not collective. */
int tl_cluster_size(const tl_cluster *cluster);

/** The host name of `rank`, borrowed from the cluster. Not collective. */
const char *tl_cluster_host(const tl_cluster *cluster, int rank);

/** The process id of `rank`, meaningful if tl_cluster_is_local. Not collective. */
pid_t tl_cluster_pid(const tl_cluster *cluster, int rank);

/** Whether `rank` shares this rank's host and process namespace. Not collective. */
bool tl_cluster_is_local(const tl_cluster *cluster, int rank);

/** Seconds that ranks wait for each other before the first step: THREATLOOP_START_TIMEOUT
 * of the environment, or 120. */
double tl_cluster_start_timeout(void);

/**
 * The largest status of any rank, with the text of the first rank that has it. Collective
 * over all ranks, before the first step.
 *
 * \param mine this rank's status, with its text in `err`
 * \return the same on every rank; TL_E_PEER if a rank died or was silent for
 *         tl_cluster_start_timeout
 */
TL_MUST_USE tl_status tl_cluster_agree(tl_cluster *cluster, tl_status mine, tl_err *err);

/**
 * Rank 0's `n` bytes on every rank. Collective over all ranks, before the first step.
 *
 * \param bytes on rank 0 borrowed; elsewhere result: malloc'd, owned by the caller, with a
 *              NUL after the last byte; NULL on failure
 * \param n     on rank 0 how many; elsewhere result
 * \return TL_E_NOMEM, TL_E_PEER as tl_cluster_agree; the same on every rank
 */
TL_MUST_USE tl_status tl_cluster_broadcast(tl_cluster *cluster, char **bytes, size_t *n,
                                           tl_err *err);

#endif
