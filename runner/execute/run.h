/*
 * A run: from a plan to its result file, on all ranks.
 *
 * Rank 0 reads the plan, opens the run directory and restores what was done before; all
 * ranks receive the plan's text and work; rank 0 writes the tables and prints the summary.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_H
#define TL_RUNNER_EXECUTE_RUN_H

#include "cluster/comm/cluster.h"

/** Most uses of --set and --inject. */
enum { TL_MAX_SETS = 64, TL_MAX_FAILPOINTS = 16 };

/** The options of a run. Texts are borrowed. */
typedef struct tl_run_options {
    const char *plan;             /**< a file, or the name of a shipped plan */
    const char *set[TL_MAX_SETS]; /**< [sets] PATH=VALUE */
    int sets;
    const char *fault[TL_MAX_FAILPOINTS]; /**< [faults] as tl_failpoint_arm reads them */
    int faults;
    const char *data_dir; /**< or NULL */
    const char *out;      /**< result file, or NULL */
    const char *dir;      /**< run directory, or NULL */
    bool resume, no_sharing, accept_build, quiet;
    bool trusts_group;       /**< the run directory may be writable by its group */
    bool is_forced;          /**< another file than this plan's may be replaced */
    double hung_after;       /**< seconds, see runner/schedule/hang_detector.h; 0: never */
    double walltime;         /**< seconds from the start; 0: none */
    double checkpoint_every; /**< seconds between the checkpoints of a training */
    int max_failures;        /**< stop after so many failed steps; 0: never */
    int max_step_deaths;     /**< set a step aside when its ranks died so often */
    int max_ranks;           /**< of a team; 0: as many as its step can use */
    double memory;           /**< bytes for the ranks of a machine; 0: all it has */
} tl_run_options;

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
