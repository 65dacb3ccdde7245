/*
 * A run: from a plan to its result file, on all ranks.
 *
 * Rank 0 reads the plan, opens the run directory and restores what was done before; all
 * ranks receive the plan's text and work; rank 0 writes the tables and prints what came
 * out.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_H
#define TL_RUNNER_EXECUTE_RUN_H

#include "cluster/comm/cluster.h"

enum { TL_MAX_SETS = 64, TL_MAX_FAILPOINTS = 16 };

/** What is asked for. Texts are borrowed. */
typedef struct tl_run_options {
    const char *plan; /**< a file, or the name of a shipped plan */
    const char *set[TL_MAX_SETS];
    int sets;
    const char *fault[TL_MAX_FAILPOINTS]; /**< to inject, as tl_failpoint_arm reads them */
    int faults;
    const char *data_dir; /**< or NULL */
    const char *out;      /**< result file, or NULL */
    const char *dir;      /**< run directory, or NULL */
    bool resume, no_sharing, accept_build, quiet;
    double hung_after;       /**< seconds, see runner/schedule/hang_detector.h; 0: never */
    double walltime;         /**< seconds from the start; 0: none */
    double checkpoint_every; /**< seconds between the checkpoints of a training */
    int max_failures;        /**< stop after so many failed steps; 0: never */
    int max_step_deaths;     /**< set a step aside when its ranks died so often */
    int max_ranks;           /**< no team wider; 0: as the scheduler sees fit */
    double memory; /**< bytes that the ranks of a machine may take; 0: all it has */
} tl_run_options;

/** The options where nothing is asked for. */
tl_run_options tl_run_defaults(void);

/**
 * Runs the plan. Collective over all ranks of `cluster`, which it stops. Logs what goes
 * wrong and prints the summary on rank 0.
 *
 * \param begun  when the program began, on the clock of tl_seconds
 * \return the program's exit status (runner/exit.h), or as tl_session_stop
 */
int tl_run(const tl_run_options *options, tl_cluster *cluster, double begun);

#endif
