/*
 * A way out of ScaLAPACK when a mate is dead.
 *
 * ScaLAPACK waits inside the MPI calls of BLACS, which know no deadline. This file defines
 * those calls in the program, so that BLACS finds these instead of MPI's own (MPI's
 * profiling interface, MPI 3.1, section 14.2). On a thread that runs a guarded piece of
 * work they wait by MPI_Test and give up, by longjmp, when the team is called off, a mate
 * is silent or MPI says that it is gone. On every other thread they are MPI's.
 */
#ifndef TL_CLUSTER_SCALAPACK_BLACS_GUARD_H
#define TL_CLUSTER_SCALAPACK_BLACS_GUARD_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** On whose behalf is waited, and for how long. */
typedef struct tl_blacs_watch {
    tl_cluster *cluster;
    uint32_t epoch; /**< of the team; when it is called off, waiting ends */
    double timeout; /**< s, for each message */
} tl_blacs_watch;

/**
 * Runs `work(self)`. Not collective by itself; not within itself.
 *
 * \param work calls BLACS and ScaLAPACK and nothing that needs to be undone: it may be left
 *             at any MPI call of theirs
 * \return false if it was left half way. Then its communicator must not be used again, and
 *         no memory that `work` gave to ScaLAPACK may be freed (tl_cluster_retain); what
 *         it had taken itself is lost
 */
TL_MUST_USE bool tl_blacs_guarded(const tl_blacs_watch *watch, void (*work)(void *self),
                                  void *self);

#endif
