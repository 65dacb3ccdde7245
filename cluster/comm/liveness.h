/*
 * Which ranks live: when each was heard, and which were marked as failed. Nothing here is
 * collective, and everything may be called from any thread.
 */
#ifndef TL_CLUSTER_COMM_LIVENESS_H
#define TL_CLUSTER_COMM_LIVENESS_H

#include "cluster/comm/cluster.h"

/**
 * Rank 0: whether `rank` is dead: its process has ended (same host), or it was silent for
 * 10 s. That is final: the caller marks it as failed and cancels its teams; if it still
 * lives, it is told to exit. Rank 0 is never dead, and on other ranks, or before
 * tl_heartbeat_start, no rank is.
 */
bool tl_liveness_is_dead(const tl_cluster *cluster, int rank);

/** Marks `rank` as failed on this rank: nothing is sent to it, and MPI is not finalised. */
void tl_liveness_mark_failed(tl_cluster *cluster, int rank);

/** Whether `rank` was marked as failed. */
bool tl_liveness_has_failed(const tl_cluster *cluster, int rank);

/** Whether any rank was marked as failed. */
bool tl_liveness_any_failed(const tl_cluster *cluster);

/** Whether `rank` is local and its process has ended. */
bool tl_liveness_process_is_gone(const tl_cluster *cluster, int rank);

/** Notes that `rank` was heard at `now`, in seconds of tl_seconds. */
void tl_liveness_heard(tl_cluster *cluster, int rank, double now);

/** Seconds since `rank` was heard. */
double tl_liveness_silence(const tl_cluster *cluster, int rank);

/** Discounts `seconds` of silence for every rank: this process was suspended. */
void tl_liveness_forgive(tl_cluster *cluster, double seconds);

#endif
