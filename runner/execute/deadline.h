/*
 * When a run has to be over: --walltime, or the end of the job it runs in.
 */
#ifndef TL_RUNNER_EXECUTE_DEADLINE_H
#define TL_RUNNER_EXECUTE_DEADLINE_H

#include "compute/core/status.h"

/** Times on the clock of tl_seconds; 0: none. */
typedef struct tl_run_deadline {
    double begun;    /**< when the run began */
    double end;      /**< when all must be over */
    double stop;     /**< when to stop, so that results are written before `end` */
    const char *why; /**< what set `end`; constant */
} tl_run_deadline;

/**
 * Sets begun, end and why: `end` is the earlier of `walltime` seconds (0: none) after
 * `begun` and the job's end. That is told in seconds since 1970 by THREATLOOP_DEADLINE
 * (cluster/launch sets it), else by SLURM_JOB_END_TIME; 0 is none. A Slurm end that is past
 * has been put off since, and does not count.
 *
 * \return TL_E_ARG where such a variable holds no whole number or one more than ten years
 * away, or THREATLOOP_DEADLINE is past
 */
TL_MUST_USE tl_status tl_run_deadline_find(double walltime, double begun,
                                           tl_run_deadline *out, tl_err *err);

/**
 * Sets `stop`. Writing results goes over all trials again, as did opening the sweep, which
 * took `opened` seconds; measured on sweeps of 4,000 to 130,000 trials it takes 4 to 20
 * times as long. So 20 times `opened` is set aside, half of the time at most, and for
 * trainings to leave four seconds, a quarter of the time at most.
 */
void tl_run_deadline_reserve(tl_run_deadline *deadline, double opened);

#endif
