/*
 * MPI for the rooms of cluster/: a communicator for each kind of traffic, so that none
 * receives what is meant for another, and what they share in its use. Nothing here is
 * collective.
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

/** Takes over `bytes` (from malloc; may be NULL), which MPI may still read or write after a
 * loss: they are freed when the cluster is closed, so never if the process just exits. */
void tl_cluster_retain(struct tl_cluster *cluster, void *bytes);

/** Rests between two polls, longer the more polls there have been: not at all, then by
 * sched_yield, from the 2000th on 50 us, from the 4000th on 500 us. */
void tl_back_off(unsigned polls);

/** Where cluster/scalapack keeps its grids: holds NULL until tl_scalapack_start. */
struct tl_scalapack **tl_cluster_scalapack(struct tl_cluster *cluster);

#endif
