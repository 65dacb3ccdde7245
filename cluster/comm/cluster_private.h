/*
 * The state of a tl_cluster, one struct per module. Each module uses only its own.
 */
#ifndef TL_CLUSTER_COMM_CLUSTER_PRIVATE_H
#define TL_CLUSTER_COMM_CLUSTER_PRIVATE_H

#include "cluster/comm/channel.h"
#include "cluster/comm/cluster.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
    TL_HOST_TEXT = 64,     /**< bytes of a name, with NUL */
    TL_CANCELLED_MOST = 64 /**< cancelled epochs that a rank remembers */
};

/** Who a rank is. */
typedef struct tl_rank_info {
    char host[TL_HOST_TEXT];
    char pid_namespace[TL_HOST_TEXT]; /* and the kernel's boot */
    int64_t pid;
} tl_rank_info;

/** liveness.c's, of one rank. */
typedef struct tl_liveness {
    atomic_bool has_failed;
    _Atomic double heard; /* s, on the clock of tl_seconds */
} tl_liveness;

/** mailbox.c's: a message that MPI is still sending. */
typedef struct tl_outgoing {
    struct tl_outgoing *next;
    MPI_Request request;
    int to;
    unsigned char bytes[];
} tl_outgoing;

/** heartbeat.c's, of one rank. */
typedef struct tl_rank_progress {
    atomic_uint_fast64_t ticks;
    atomic_bool is_waiting; /* for a peer, in a team operation */
} tl_rank_progress;

/** heartbeat.c's, of this rank. */
typedef struct tl_heartbeat {
    pthread_t thread;
    bool is_running;
    pid_t launcher; /* mpirun or srun; 0: started otherwise, maybe by a shell that ends */
    atomic_bool must_end, is_stopping, stop_is_sent;
    atomic_bool is_resumable;
    bool was_signalled; /* by TERM, INT or HUP; the thread's own */
    _Atomic uint32_t cancelled[TL_CANCELLED_MOST]; /* epochs; a ring */
    atomic_uint cancelled_count;
    atomic_int shutdown; /* the word from rank 0; 0: none yet */
} tl_heartbeat;

/** A buffer that MPI may still access. */
typedef struct tl_retained {
    struct tl_retained *next;
    void *bytes;
} tl_retained;

/** See cluster.h. Pointers are owned. */
struct tl_cluster {
    int rank, size, tag_limit;
    MPI_Comm comm[TL_CHANNELS];
    tl_rank_info *info; /* [size] */
    tl_retained *retained;
    struct tl_scalapack *scalapack; /* cluster/scalapack's */

    tl_liveness *liveness;  /* [size]; `heard` is kept by rank 0, and of rank 0 by all */
    atomic_bool has_failed; /* any rank */

    pthread_mutex_t outgoing_lock;
    tl_outgoing *outgoing;

    tl_heartbeat heartbeat;
    tl_rank_progress *progress; /* [size]; the own one, and on rank 0 all */
};

/** TL_E_IO: "`what` failed", with MPI's text for `code`. */
TL_MUST_USE tl_status tl_cluster_fail_mpi(tl_err *err, const char *what, int code);

#endif
