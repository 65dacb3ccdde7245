/*
 * What the steps of a run may take of a machine's memory.
 */
#ifndef TL_RUNNER_EXECUTE_MEMORY_BUDGET_H
#define TL_RUNNER_EXECUTE_MEMORY_BUDGET_H

#include "cluster/comm/cluster.h"
#include "runner/cli/run_options.h"
#include "runner/sweep/sweep.h"

/** Bytes of each rank of this machine, all of them being at work at once. */
double tl_run_memory_share(const tl_cluster *cluster, const tl_run_options *options);

/** Whether every step of the sweep, opened with that share, fits a team.
 * \return TL_E_ARG: what it needs, and what would help */
TL_MUST_USE tl_status tl_run_memory_check(const tl_sweep *sweep, const tl_cluster *cluster,
                                          const tl_run_options *options, tl_err *err);

#endif
