/*
 * When a run must be over: --walltime, or the end of the batch job.
 */
#ifndef TL_RUNNER_EXECUTE_DEADLINE_H
#define TL_RUNNER_EXECUTE_DEADLINE_H

#include "compute/core/status.h"

/** Times on the clock of tl_seconds; 0: none. */
typedef struct tl_run_deadline {
    double begun;    /**< when the run began */
    double end;      /**< when it must be over */
    double stop;     /**< when to stop, so that results are written by `end` */
    const char *why; /**< what set `end`; constant */
} tl_run_deadline;

/**
 * Sets begun, end and why: `end` is the earlier of `walltime` seconds (0: none) after
 * `begun` and the job's end, given in seconds since 1970 by THREATLOOP_DEADLINE (set by
 * cluster/launch), else by SLURM_JOB_END_TIME; 0 is none. A Slurm end in the past was
 * extended and does not count.
 *
 * \return TL_E_ARG if such a variable is not a whole number or more than ten years away, or
 *         THREATLOOP_DEADLINE is in the past
 */
TL_MUST_USE tl_status tl_run_deadline_find(double walltime, double begun,
                                           tl_run_deadline *out, tl_err *err);

/**
 * Sets `stop`. Writing results walks all trials again, as did opening the sweep, which took
 * `opened` seconds; on sweeps of 4,000 to 130,000 trials it took 4 to 20 times as long. So
 * 20 times `opened` is reserved, at most half of the time, and four seconds for trainings
 * to stop, at most a quarter of the time.
 */
void tl_run_deadline_reserve(tl_run_deadline *deadline, double opened);

#endif
