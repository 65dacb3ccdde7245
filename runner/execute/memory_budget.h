/*
 * How much of a machine's memory the steps of a run may take. Nothing here is collective.
 */
#ifndef TL_RUNNER_EXECUTE_MEMORY_BUDGET_H
#define TL_RUNNER_EXECUTE_MEMORY_BUDGET_H

#include "cluster/comm/cluster.h"
#include "runner/sweep/sweep.h"

enum { TL_CACHE_BYTES = 1 << 30 /**< of the part cache of a rank */ };

/** Bytes for each rank of this machine when all work at once.
 * \param wanted  bytes for all ranks of a machine; 0: all that it has */
double tl_run_memory_share(const tl_cluster *cluster, double wanted);

/** Checks that every step of the sweep, opened with that share, fits a team.
 * \return TL_E_ARG: what it needs, and what would help */
TL_MUST_USE tl_status tl_run_memory_check(const tl_sweep *sweep, const tl_cluster *cluster,
                                          double wanted, tl_err *err);

#endif
