/*
 * The heartbeat: one small thread per rank. About every second it tells rank 0 that this
 * rank lives and how far its work has come; it hears what rank 0 wants, takes the signals,
 * and ends the process when rank 0 or the launcher is gone. Nothing here is collective, and
 * everything but starting and stopping may be called from any thread.
 *
 * Signals: USR1 and USR2 on any rank ask the whole run to stop in order. TERM, INT and HUP
 * end the process at once with 128 + the signal; what was journalled has been fsynced. The
 * process exits with 75 when rank 0 is silent for 30 s, when it is local and its process is
 * gone, or within 2 s after the launcher is gone.
 */
#ifndef TL_CLUSTER_COMM_HEARTBEAT_H
#define TL_CLUSTER_COMM_HEARTBEAT_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** Blocks the signals that the thread takes, in this thread and those it starts. */
void tl_heartbeat_block_signals(void);

/** Starts the thread; every rank does, after tl_session_start. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_heartbeat_start(tl_cluster *cluster, tl_err *err);

/** Ends the thread, if it runs. */
void tl_heartbeat_stop(tl_cluster *cluster);

/** Counts one piece of work; cheap. tl_team_tick of a tl_team_mpi calls it. */
void tl_heartbeat_tick(tl_cluster *cluster);

/** Whether this rank waits for a peer from now on, in a team operation. */
void tl_heartbeat_set_waiting(tl_cluster *cluster, bool is_waiting);

/** How far a rank has come, by its last heartbeat. */
typedef struct tl_heartbeat_progress {
    uint64_t ticks;
    bool is_waiting; /**< for a peer, in a team operation */
} tl_heartbeat_progress;

/** Rank 0: the progress of `rank`, about a second old at most while it lives. */
tl_heartbeat_progress tl_heartbeat_progress_of(const tl_cluster *cluster, int rank);

/** Whether this rank has been asked to stop early, by a signal on any rank or by
 * tl_heartbeat_request_stop. */
bool tl_heartbeat_is_stopping(const tl_cluster *cluster);

/** Asks all ranks to stop early, this one too; any rank may. */
void tl_heartbeat_request_stop(tl_cluster *cluster);

/** Rank 0: team operations of `epoch` on ranks [first, first + width) return TL_E_PEER, now
 * and later, also on a member that has not opened the team yet. */
void tl_heartbeat_cancel(tl_cluster *cluster, int first, int width, uint32_t epoch);

/** Whether this rank has heard that `epoch` was cancelled; the last 64 are known. */
bool tl_heartbeat_is_cancelled(const tl_cluster *cluster, uint32_t epoch);

/**
 * How the run ends. Rank 0 tells the others; those wait for its word, for as long as rank 0
 * takes to write results, since the thread ends the process if rank 0 dies. Without a
 * running thread each rank goes by its own view.
 *
 * \param without_mpi whether MPI cannot be finalised, in this rank's view
 * \return the same in rank 0's view
 */
bool tl_heartbeat_shutdown(tl_cluster *cluster, bool without_mpi);

/** Rank 0: the other ranks are to exit with 75 at once. */
void tl_heartbeat_terminate(tl_cluster *cluster);

#endif
