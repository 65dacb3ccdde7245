/*
 * The pulse: one small thread per rank. It tells rank 0 about every second that this rank
 * lives and how far its work has come, hears what rank 0 wants (stop, a team called off),
 * takes the signals, and makes the process leave when rank 0 or mpirun is gone.
 *
 * Signals: USR1, USR2 on any rank ask the whole run to stop in order. TERM, INT, HUP end
 * the process at once with 128 + the signal (what is journalled has been fsynced). The
 * process leaves with 75 when nothing was heard of rank 0 for 30 s, when rank 0 is near and
 * its process is gone, or within 2 s when the process that started it is gone.
 */
#ifndef TL_CLUSTER_COMM_HEARTBEAT_H
#define TL_CLUSTER_COMM_HEARTBEAT_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** Starts the thread; every rank does, after tl_session_start. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_heartbeat_start(tl_cluster *cluster, tl_err *err);

/** Counts one piece of work; cheap. tl_team_tick of a tl_team_mpi calls it. */
void tl_heartbeat_tick(tl_cluster *cluster);

/** How far a rank has come, as its last beat told. */
typedef struct tl_heartbeat_progress {
    uint64_t ticks;
    bool is_waiting; /**< for a mate, in a team operation */
} tl_heartbeat_progress;

/** Rank 0: the progress of `rank`, about a second old at most while it lives. */
tl_heartbeat_progress tl_heartbeat_progress_of(const tl_cluster *cluster, int rank);

/** Whether this rank has been asked to stop early (signal on any rank, or
 * tl_heartbeat_request_stop).
 */
bool tl_heartbeat_is_stopping(const tl_cluster *cluster);

/** Asks all ranks to stop early, this one too; any rank may. Safe in any thread. */
void tl_heartbeat_request_stop(tl_cluster *cluster);

/** Rank 0: team operations of `epoch` on ranks [first, first + width) return TL_E_LOST, now
 * and later; also on a member that has not yet opened the team. */
void tl_heartbeat_cancel(tl_cluster *cluster, int first, int width, uint32_t epoch);

/** Whether this rank has heard that `epoch` was called off (the last 64 are known). */
bool tl_heartbeat_is_cancelled(const tl_cluster *cluster, uint32_t epoch);

/**
 * Rank 0: whether `rank` is dead: its process is gone (same host), or nothing was heard of
 * it for 10 s. It stays dead: the caller buries it (tl_liveness_mark_failed) and calls off
 * its teams; should it still live, it is told to leave. Rank 0 itself is never dead, and to
 * other ranks, or before tl_heartbeat_start, nobody is.
 */
bool tl_liveness_is_dead(tl_cluster *cluster, int rank);

#endif
