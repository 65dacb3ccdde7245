/*
 * Which ranks live: who was heard when, and who was marked as failed. Nothing here is
 * collective, and everything may be called from any thread.
 */
#ifndef TL_CLUSTER_COMM_LIVENESS_H
#define TL_CLUSTER_COMM_LIVENESS_H

#include "cluster/comm/cluster.h"

/**
 * Rank 0: whether `rank` is dead: its process is gone (same host), or it has been silent
 * for 10 s. It stays dead: the caller marks it as failed and cancels its teams; should it
 * still live, it is told to exit. Rank 0 itself is never dead, and to other ranks, or
 * before tl_heartbeat_start, nobody is.
 */
bool tl_liveness_is_dead(const tl_cluster *cluster, int rank);

/** From now on `rank` counts as dead on this rank: nothing is sent to it, and MPI is not
 * finalised. */
void tl_liveness_mark_failed(tl_cluster *cluster, int rank);

/** Whether `rank` was marked as failed. */
bool tl_liveness_has_failed(const tl_cluster *cluster, int rank);

/** Whether any rank was marked as failed. */
bool tl_liveness_any_failed(const tl_cluster *cluster);

/** Whether `rank` runs where that can be seen from here, and its process is gone. */
bool tl_liveness_process_is_gone(const tl_cluster *cluster, int rank);

/** `rank` was heard at `now`, in seconds on the clock of tl_seconds. */
void tl_liveness_heard(tl_cluster *cluster, int rank, double now);

/** Seconds since `rank` was heard. */
double tl_liveness_silence(const tl_cluster *cluster, int rank);

/** `seconds` more of silence are forgiven to every rank: this process was suspended. */
void tl_liveness_forgive(tl_cluster *cluster, double seconds);

#endif
