/*
 * The options of a run: what the command line gives, and what `run --resume DIR` takes from
 * the run directory.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_OPTIONS_H
#define TL_RUNNER_EXECUTE_RUN_OPTIONS_H

#include <stdbool.h>

/** Most uses of --set and --inject. */
enum { TL_MAX_SETS = 64, TL_MAX_FAILPOINTS = 16 };

/** The options of a run. Texts are borrowed. */
typedef struct tl_run_options {
    /** A file, the name of a shipped plan, or to resume a run directory. */
    const char *plan;
    const char *set[TL_MAX_SETS]; /**< [sets] PATH=VALUE */
    int sets;
    const char *fault[TL_MAX_FAILPOINTS]; /**< [faults] as tl_failpoint_arm reads them */
    int faults;
    const char *data_dir; /**< or NULL */
    const char *out;      /**< result file, or NULL */
    const char *dir;      /**< run directory, or NULL */
    /** As a shell's command lines have it, quoted: the launcher and the command, and the
     * other words, each after a blank, without those of one call alone (--resume, ...). */
    const char *call, *words;
    bool resume, changed_plan, no_sharing, accept_build, quiet;
    bool is_dry;     /**< only say what would be done */
    bool has_report; /**< `report` is wanted */
    /** Called on rank 0 with the result file when all is written and the ranks are done. */
    void (*report)(const char *file);
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

#endif
