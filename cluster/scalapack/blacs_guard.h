/*
 * A way out of ScaLAPACK when a peer is dead.
 *
 * ScaLAPACK waits inside the MPI calls of BLACS, which know no deadline. This file defines
 * those calls in the program, so that BLACS finds these instead of MPI's own (MPI's
 * profiling interface, MPI 3.1, section 14.2). On a thread that runs guarded work they wait
 * by MPI_Test and give up, by longjmp, when the team is cancelled, a peer is silent or MPI
 * says that it is gone. On every other thread they are MPI's.
 */
#ifndef TL_CLUSTER_SCALAPACK_BLACS_GUARD_H
#define TL_CLUSTER_SCALAPACK_BLACS_GUARD_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** On whose behalf to wait, and for how long. */
typedef struct tl_blacs_watch {
    tl_cluster *cluster; /**< borrowed */
    uint32_t epoch;      /**< of the team; waiting ends when it is cancelled */
    double timeout;      /**< s, for each message */
} tl_blacs_watch;

/**
 * Runs `work(self)`. Not collective by itself; must not be nested.
 *
 * \param work calls BLACS and ScaLAPACK and nothing that needs to be undone: it may be left
 *             at any of their MPI calls
 * \return false if it was left half way. Then its communicator must not be used again, and
 *         memory that `work` gave to ScaLAPACK must not be freed but retained
 *         (tl_cluster_retain); what it had allocated itself is leaked
 */
TL_MUST_USE bool tl_blacs_guarded(const tl_blacs_watch *watch, void (*work)(void *self),
                                  void *self);

#endif
