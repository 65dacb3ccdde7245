/*
 * A run: from a plan to its result file, on all ranks.
 *
 * Rank 0 reads the plan, opens the run directory and restores what was done before; all
 * ranks receive the plan's text and work; rank 0 writes the tables and prints the summary.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_H
#define TL_RUNNER_EXECUTE_RUN_H

#include "cluster/comm/cluster.h"
#include "runner/execute/run_options.h"

/** The options of a run to which none is given. */
tl_run_options tl_run_defaults(void);

/**
 * Runs the plan. Collective over all ranks of `cluster`, which it stops. Logs errors and
 * prints the summary on rank 0.
 *
 * \param begun  when the program began, on the clock of tl_seconds
 * \return the program's exit status (runner/exit.h), or as tl_session_stop
 */
int tl_run(const tl_run_options *options, tl_cluster *cluster, double begun);

#endif
