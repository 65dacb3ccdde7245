/*
 * What the files of cluster/ share about one run. Nobody else includes this.
 */
#ifndef TL_CLUSTER_COMM_CLUSTER_PRIVATE_H
#define TL_CLUSTER_COMM_CLUSTER_PRIVATE_H

#include "cluster/comm/mailbox.h"

#include <mpi.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { TL_HOST_TEXT = 64, TL_CANCELLED_MOST = 64 };

/** Who a rank is. */
typedef struct tl_rank_info {
    char host[TL_HOST_TEXT];
    char pid_namespace[TL_HOST_TEXT]; /* the kernel's boot and the namespace of process
                                         numbers */
    int64_t pid;
} tl_rank_info;

/** A message on its way. */
typedef struct tl_outgoing {
    struct tl_outgoing *next;
    MPI_Request request;
    int to;
    unsigned char bytes[];
} tl_outgoing;

/** A team's buffers that MPI may still use after a loss. */
typedef struct tl_retained {
    struct tl_retained *next;
    void *bytes;
} tl_retained;

/** The process grid of this rank's block of one width, for ScaLAPACK. */
typedef struct tl_process_grid {
    MPI_Comm comm;   /* the block; MPI_COMM_NULL: this rank is in no whole block */
    int context;     /* of BLACS */
    bool is_invalid; /* a call was left half way: never used again, never freed */
} tl_process_grid;

struct tl_cluster {
    int rank, size;
    int tag_limit;
    MPI_Comm start; /* collectives at the start */
    MPI_Comm post;  /* orders and results */
    MPI_Comm pulse; /* beats and control */
    MPI_Comm team;
    tl_rank_info *info; /* [size] */
    atomic_bool *dead;  /* [size] buried */
    atomic_bool has_dead;
    bool has_parent; /* started by mpirun or srun, not from a shell */

    pthread_mutex_t outgoing_lock;
    tl_outgoing *outgoing;
    tl_retained *retained;
    tl_process_grid *grid; /* [grids] by the logarithm of the block's width */
    int grids;

    pthread_t thread;
    bool has_heartbeat;
    atomic_bool thread_must_end, is_stopping, stop_is_sent;
    atomic_uint_fast64_t ticks;
    atomic_bool is_waiting; /* for a mate, in a team operation */
    _Atomic uint32_t cancelled[TL_CANCELLED_MOST];
    atomic_uint cancelled_count;
    atomic_int shutdown;            /* 0: none yet, 1: finalise, 2: leave without */
    _Atomic double *heard;          /* [size] on rank 0 */
    atomic_uint_fast64_t *progress; /* [size] on rank 0 */
    atomic_bool *waits;             /* [size] on rank 0: is_waiting of each */
};

/** Keeps `bytes`, which MPI may still use, until the cluster ends. */
void tl_cluster_retain(tl_cluster *cluster, void *bytes);

/** Rests between two looks at MPI, the longer the more looks there were (`turn`). */
void tl_back_off(unsigned turn);

/** Rank 0: what the others are told at the end. */
void tl_heartbeat_shutdown(tl_cluster *cluster, bool was_lost);

/** Rank 0: the others are told to leave at once. */
void tl_heartbeat_terminate(tl_cluster *cluster);

/** Ends the thread. */
void tl_heartbeat_stop(tl_cluster *cluster);

#endif
