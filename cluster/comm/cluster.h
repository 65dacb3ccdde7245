/*
 * The cluster: all ranks of this run, who they are and where; start, first agreement, end.
 *
 * Collectives over all ranks happen only in this module: at the start, in
 * tl_cluster_agree and tl_cluster_broadcast (before the first step), and in tl_session_stop
 * when nobody was lost. Between, ranks speak by tl_mailbox, tl_team_mpi and tl_heartbeat.
 *
 * Order of a run: tl_session_start, tl_heartbeat_start, tl_cluster_agree /
 * tl_cluster_broadcast, orders and steps, tl_session_stop.
 */
#ifndef TL_CLUSTER_COMM_CLUSTER_H
#define TL_CLUSTER_COMM_CLUSTER_H

#include "compute/core/clock.h"
#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tl_cluster tl_cluster;

/**
 * Starts MPI with threads, learns who the ranks are, and numbers them node by node
 * (rank_order.h): rank 0 is MPI's, the others need not be. Collective over all ranks, once
 * in a process, before any other thread exists: TERM, INT, HUP, USR1 and USR2 are blocked
 * from here on, so that the thread of tl_heartbeat can take them. Works without mpirun (one
 * rank).
 *
 * If the ranks do not find each other within 120 s (THREATLOOP_START_TIMEOUT seconds), as
 * when one dies before all have met, the process leaves with 75: MPI itself would wait for
 * ever. So it does, with its own code, if MPI_Finalize takes longer than 30 s at the end.
 *
 * \param argc, argv as main got them; may be NULL
 * \param out owned; tl_session_stop ends it
 * \return TL_E_IO if MPI gives no threads or fails, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_session_start(tl_cluster **out, int *argc, char ***argv,
                                       tl_err *err);

int tl_cluster_rank(const tl_cluster *cluster);
int tl_cluster_size(const tl_cluster *cluster);
const char *tl_cluster_host(const tl_cluster *cluster, int rank);

/** Whether `rank` runs where this rank runs, under process numbers that both understand. */
bool tl_cluster_is_local(const tl_cluster *cluster, int rank);

/**
 * The largest status of any rank, with the text of the first rank that has it. Collective
 * over all ranks, before the first step. `mine` is this rank's, its text in `err`.
 * \return the same on every rank; TL_E_LOST if the others are silent for two minutes
 */
TL_MUST_USE tl_status tl_cluster_agree(tl_cluster *cluster, tl_status mine, tl_err *err);

/**
 * Rank 0's `n` bytes on every rank. Collective over all ranks, before the first step.
 *
 * \param bytes on rank 0 borrowed and left alone; elsewhere result, malloc'd, owned by the
 *              caller, with a NUL after the last byte
 * \param n     on rank 0 how many; elsewhere result
 * \return TL_E_SPACE or TL_E_LOST, the same on every rank; then *bytes is NULL elsewhere
 */
TL_MUST_USE tl_status tl_cluster_broadcast(tl_cluster *cluster, char **bytes, size_t *n,
                                           tl_err *err);

/** From now on `rank` counts as dead: nothing is sent to it, and MPI is not finalised. */
void tl_liveness_mark_failed(tl_cluster *cluster, int rank);
bool tl_liveness_has_failed(const tl_cluster *cluster, int rank);

/**
 * Ends the run on this rank; all ranks that live call it, and no other thread uses the
 * cluster any more. Flushes stdio, ends the pulse. Rank 0 decides whether MPI can be
 * finalised (nobody buried, `was_lost` false) and tells the others, who wait for that word
 * if the pulse runs.
 * \return `code`, with the cluster freed, if MPI was finalised; else it does not return:
 *         `code` is told (tl_exit_code_report) and the process left by _exit
 */
int tl_session_stop(tl_cluster *cluster, bool was_lost, int code);

/**
 * With which code this process is to leave, so that the user sees `code`. cluster/launch
 * reads it from the file named by THREATLOOP_EXIT_FILE, since mpirun tells a code of its
 * own after a loss, and complains of codes that are not 0. Rank 0 (`leads`) writes it at
 * its end; works without a cluster. Until then the file says that rank 0 has begun, which
 * holds a lock on it as long as it lives. \return 0 where launch is told, else `code`
 */
int tl_exit_code_report(int code, bool leads);

/**
 * Rank 0, in a thread beside one that computes or hangs: ends the run at once, as
 * tl_session_stop does after a loss, whatever still runs. The others are told to leave with
 * 75, and `code` is told.
 */
_Noreturn void tl_session_abandon(tl_cluster *cluster, int code);

#endif
