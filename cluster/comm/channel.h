/*
 * MPI for the rooms of cluster/: one communicator for each kind of traffic, and helpers for
 * their users. Nothing here is collective.
 */
#ifndef TL_CLUSTER_COMM_CHANNEL_H
#define TL_CLUSTER_COMM_CHANNEL_H

#include <mpi.h>

struct tl_cluster;   /* cluster.h */
struct tl_scalapack; /* of cluster/scalapack */

/** The kinds of traffic. Errors on these communicators are returned. */
typedef enum tl_channel {
    TL_CHANNEL_START,   /**< collectives before the first step */
    TL_CHANNEL_MAIL,    /**< orders and results */
    TL_CHANNEL_CONTROL, /**< heartbeats and control words */
    TL_CHANNEL_TEAM,    /**< operations of teams */
    TL_CHANNELS
} tl_channel;

/** The communicator of `channel`, borrowed: all ranks, numbered as tl_cluster_rank. */
MPI_Comm tl_channel_comm(const struct tl_cluster *cluster, tl_channel channel);

/** The largest tag that MPI takes. */
int tl_channel_tag_limit(const struct tl_cluster *cluster);

/** Takes ownership of `bytes` (from malloc; may be NULL), which MPI may still access after
 * a rank died: frees them when the cluster is closed, or never if the process exits without
 * that. */
void tl_cluster_retain(struct tl_cluster *cluster, void *bytes);

/** Pauses between two polls: not at all at first, from the 200th on by sched_yield, from
 * the 2000th on for 50 us, from the 4000th on for 500 us. */
void tl_back_off(unsigned polls);

/** Storage for the grids of cluster/scalapack: NULL until tl_scalapack_start. */
struct tl_scalapack **tl_cluster_scalapack(struct tl_cluster *cluster);

#endif
