/*
 * What `threatloop run` was asked for, and the paths that follow from it.
 */
#ifndef TL_RUNNER_CLI_RUN_OPTIONS_H
#define TL_RUNNER_CLI_RUN_OPTIONS_H

#include "compute/core/status.h"

#include <stdbool.h>

enum { TL_MAX_SETS = 64, TL_MAX_FAULTS = 16, TL_PATH = 4096 };

typedef struct tl_run_options {
    const char *plan;
    const char *set[TL_MAX_SETS];
    int sets;
    const char *fault[TL_MAX_FAULTS]; /**< --inject, as tl_fault_arm reads them */
    int faults;
    const char *data_dir; /**< or NULL */
    const char *out;      /**< -o, or NULL */
    const char *dir;      /**< --dir, or NULL */
    bool resume, no_sharing, accept_build, quiet, help;
    double hung_after;       /**< seconds, see runner/schedule/hang_detector.h; 0: never */
    double walltime;         /**< seconds from the start; 0: none */
    double checkpoint_every; /**< seconds between the checkpoints of a training */
    long max_failures;       /**< stop after so many failed steps; 0: never */
    int max_step_deaths;
    int widest;    /**< no team wider; 0: as the scheduler sees fit */
    double memory; /**< bytes that the ranks of a machine may take; 0: all that it has */
} tl_run_options;

/** Reads the command line after the word `run`. \return TL_E_ARG */
TL_MUST_USE tl_status tl_run_options_read(int argc, char **argv, tl_run_options *out,
                                          tl_err *err);

/** The page of `threatloop run --help`. */
const char *tl_run_options_help(void);

/** Where results go. */
typedef struct tl_run_paths {
    char out[TL_PATH];     /**< FILE.nc */
    char account[TL_PATH]; /**< FILE.run.nc */
    char dir[TL_PATH];     /**< FILE.run, or --dir */
} tl_run_paths;

/** Paths from the options, or from the plan's name where they say nothing. \return TL_E_ARG
 */
TL_MUST_USE tl_status tl_run_paths_of(const tl_run_options *options, const char *plan_name,
                                      tl_run_paths *out, tl_err *err);

#endif
