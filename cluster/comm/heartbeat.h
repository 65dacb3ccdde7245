/*
 * The heartbeat: a thread on each rank. Every second it reports liveness and progress to
 * rank 0; it obeys rank 0, handles signals, and ends the process when rank 0 or the
 * launcher has died. Nothing here is collective, and everything except start and stop may
 * be called from any thread.
 *
 * Signals: USR1 and USR2 on any rank stop the whole run in an orderly way. TERM, INT and
 * HUP end the process at once with 128 + the signal (the journal has been fsynced), but see
 * tl_heartbeat_set_resumable. The process exits with 75 when rank 0 is silent for 30 s,
 * when it is local and its process has died, or within 2 s after the launcher has died.
 */
#ifndef TL_CLUSTER_COMM_HEARTBEAT_H
#define TL_CLUSTER_COMM_HEARTBEAT_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** Blocks the thread's signals in the calling thread and the threads it starts. */
void tl_heartbeat_block_signals(void);

/** Starts the thread, on every rank after tl_session_start. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_heartbeat_start(tl_cluster *cluster, tl_err *err);

/**
 * From now on the run can be resumed: if nothing launched this process, its first TERM, INT
 * or HUP stops the run as USR1 does, and the next one ends the process. A launched one ends
 * at the first, for mpirun kills it a second later. Both say so on stderr.
 */
void tl_heartbeat_set_resumable(tl_cluster *cluster);

/** Ends the thread, if it runs. */
void tl_heartbeat_stop(tl_cluster *cluster);

/** Counts one piece of work; cheap. tl_team_tick of a tl_team_mpi calls it. */
void tl_heartbeat_tick(tl_cluster *cluster);

/** Sets whether this rank is waiting for a peer in a team operation. */
void tl_heartbeat_set_waiting(tl_cluster *cluster, bool is_waiting);

/** A rank's progress, by its last heartbeat. */
typedef struct tl_heartbeat_progress {
    uint64_t ticks;
    bool is_waiting; /**< for a peer, in a team operation */
} tl_heartbeat_progress;

/** Rank 0: the progress of `rank`, at most about a second old while it lives. */
tl_heartbeat_progress tl_heartbeat_progress_of(const tl_cluster *cluster, int rank);

/** Whether this rank has been asked to stop early, by a signal on any rank or by
 * tl_heartbeat_request_stop. */
bool tl_heartbeat_is_stopping(const tl_cluster *cluster);

/** Asks all ranks to stop early, this one too; any rank may. */
void tl_heartbeat_request_stop(tl_cluster *cluster);

/** Rank 0: team operations of `epoch` on ranks [first, first + width) return TL_E_PEER, now
 * and later, also on a member that has not opened the team yet. */
void tl_heartbeat_cancel(tl_cluster *cluster, int first, int width, uint32_t epoch);

/** Whether this rank has been told that `epoch` was cancelled; the last 64 are remembered.
 */
bool tl_heartbeat_is_cancelled(const tl_cluster *cluster, uint32_t epoch);

/**
 * Agrees on how the run ends. Rank 0 tells the others; they wait as long as rank 0 takes to
 * write results, since the thread ends the process if rank 0 dies. Without a running thread
 * each rank uses its own view.
 *
 * \param without_mpi whether MPI cannot be finalised, in this rank's view
 * \return the same in rank 0's view
 */
bool tl_heartbeat_shutdown(tl_cluster *cluster, bool without_mpi);

/** Rank 0: makes the other ranks exit with 75 at once. */
void tl_heartbeat_terminate(tl_cluster *cluster);

#endif
