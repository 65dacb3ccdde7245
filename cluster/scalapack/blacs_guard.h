/*
 * Escapes from ScaLAPACK when a peer is dead.
 *
 * ScaLAPACK waits inside the MPI calls of BLACS, which have no timeout. This file overrides
 * those calls (MPI's profiling interface, MPI 3.1, section 14.2). On a thread that runs
 * guarded work they poll by MPI_Test and give up, by longjmp, when the team is cancelled, a
 * peer is silent or MPI reports an error. On every other thread they are MPI's.
 */
#ifndef TL_CLUSTER_SCALAPACK_BLACS_GUARD_H
#define TL_CLUSTER_SCALAPACK_BLACS_GUARD_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** The team to wait for, and the timeout. */
typedef struct tl_blacs_watch {
    tl_cluster *cluster; /**< borrowed */
    uint32_t epoch;      /**< of the team; waiting ends when it is cancelled */
    double timeout;      /**< s, for each message */
} tl_blacs_watch;

/**
 * Runs `work(self)`. Not collective by itself; must not be nested.
 *
 * \param work calls BLACS and ScaLAPACK, and nothing that needs cleanup: it may be left at
 * any of their MPI calls
 * \return false if it was abandoned. Then its communicator must not be used again, and
 * memory that `work` gave to ScaLAPACK must be retained (tl_cluster_retain), not freed;
 * what ScaLAPACK allocated itself is leaked
 */
TL_MUST_USE bool tl_blacs_guarded(const tl_blacs_watch *watch, void (*work)(void *self),
                                  void *self);

#endif
