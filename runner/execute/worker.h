/*
 * The worker of every rank: waits for orders, runs their steps with its team, and reports
 * the outcomes.
 */
#ifndef TL_RUNNER_EXECUTE_WORKER_H
#define TL_RUNNER_EXECUTE_WORKER_H

#include "cluster/comm/cluster.h"
#include "runner/execute/executor.h"
#include "runner/execute/protocol.h"

/**
 * Runs one step of an order and fills the report: its measures, or with TL_E_MISSING the
 * step to rerun. Collective over `team`. \return the step's status; TL_E_PEER ends the
 * order
 */
typedef tl_status (*tl_step_runner)(void *self, uint32_t trial, int position,
                                    const tl_team *team, tl_report *report, tl_err *err);

/** Runs orders until told to leave, each step with `runner(self, ...)`. Not collective:
 * each rank as its orders come. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_worker_run(tl_cluster *cluster, tl_step_runner runner, void *self,
                                    tl_err *err);

#endif
