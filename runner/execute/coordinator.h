/*
 * The room that runs a sweep on ranks; may use cluster and the rooms of plans, scheduling,
 * store, sweep and results.
 *
 * The coordinator drives the scheduler on rank 0, in a thread beside that rank's worker. It
 * sends orders, journals results before they count, notices ranks that died or hang, and
 * stops early when asked to. If rank 0's own worker hangs, the other ranks finish their
 * steps, and the coordinator ends the program itself, with 75, since the main thread
 * cannot.
 */
#ifndef TL_RUNNER_EXECUTE_COORDINATOR_H
#define TL_RUNNER_EXECUTE_COORDINATOR_H

#include "cluster/comm/heartbeat.h"
#include "runner/execute/rerun.h"
#include "runner/schedule/hang_detector.h"
#include "runner/sweep/sweep.h"

#include <pthread.h>

/** How a run is coordinated. All pointers are borrowed. */
typedef struct tl_coordinator_options {
    double deadline; /**< when to stop early, on the clock of tl_seconds; 0: never */
    double end;      /**< when to leave whatever still runs; 0: never */
    const char *deadline_why; /**< what set both, in words */
    long max_failures;        /**< failed steps after which to stop; 0: never stop */
    int max_step_deaths, max_ranks;
    double hung_after; /**< seconds without progress, see hang_detector.h; 0: never hung */
    bool is_quiet;
    const char *halt_path; /**< stop early when this file appears; NULL: none */
    const char *resume;    /**< the command line that goes on with the run */
} tl_coordinator_options;

/** The state of a run on rank 0. The caller sets cluster, sweep, journal and options, all
 * borrowed, and reads the fields below them; from `thread` on fields are private. */
typedef struct tl_coordinator {
    tl_cluster *cluster;
    tl_sweep *sweep;
    tl_journal *journal; /**< NULL: nothing is journalled (bench) */
    tl_scheduler *scheduler;
    tl_coordinator_options options;
    tl_status status; /**< the error that ended it, or TL_OK */
    tl_err err;
    bool was_stopped, has_lost; /**< steps are left to do; ranks were lost */
    double seconds;             /**< from the first order to the end */
    double cpu;                 /**< core seconds of its thread */
    uint32_t ran;               /**< steps done in this run */
    uint32_t teams_of_two;      /**< orders of width 2 or more */

    pthread_t thread;
    bool is_stopping;
    bool is_stuck; /* rank 0's own worker hangs */
    tl_hang_detector detector;
    uint32_t failures, set_aside;
    bool *pauses; /* [kinds of steps] as in tl_scheduler_options */
    double begun, looked;
    struct tl_done_step *done; /* [dones] steps to tell the scheduler after the next sync */
    uint32_t dones, done_space;
    tl_rerun rerun;
    uint32_t *epoch_of;         /* [steps] last order of each */
    struct tl_wide_order *wide; /* [ranks] last wide order of each first rank */
} tl_coordinator;

/** Starts the thread. Not collective: on rank 0.
 * \return TL_E_NOMEM, also where no thread can be started; TL_E_ARG as tl_scheduler_open */
TL_MUST_USE tl_status tl_coordinator_start(tl_coordinator *coordinator, tl_err *err);

/** Waits for the end of the run, by when every rank has been told to leave. */
void tl_coordinator_join(tl_coordinator *coordinator);

/** Frees all lists; results can still be read. A second call does nothing. */
void tl_coordinator_close(tl_coordinator *coordinator);

#endif
