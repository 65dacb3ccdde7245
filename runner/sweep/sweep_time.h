/*
 * How long a plan takes, by trainings that are really timed here.
 */
#ifndef TL_RUNNER_SWEEP_SWEEP_TIME_H
#define TL_RUNNER_SWEEP_SWEEP_TIME_H

#include "runner/sweep/sweep.h"

/** What a plan takes, as timed here. */
typedef struct tl_plan_time {
    double core_seconds; /**< of all steps, each on one rank */
    double seconds;      /**< on the plan's ranks, see tl_plan_time_measure */
    int trainings;       /**< that were timed */
} tl_plan_time;

/**
 * Times every distinct training of the sweep (model, and what of the recipe bears on
 * speed) on this core: a few updates of one shard, and a few of two, which tell the time of
 * a shard's passes from that of the optimiser. A step then takes its FLOP at the rate of
 * its trial's model; in a team of w, the passes take a w-th of it, the optimiser all of its
 * own, or a w-th with ZeRO or splits, and making the model as long as alone. The plan takes
 * as long as the longest path with every step in its widest team of plan->ranks, or all
 * work divided by these ranks, whichever is more. Not counted: gradients on their way,
 * files, and waiting where steps do not divide evenly. \return TL_E_ARG for more trainings
 * than 16, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_plan_time_measure(const tl_sweep *sweep, tl_plan_time *out,
                                           tl_err *err);

#endif
