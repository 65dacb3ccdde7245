/*
 * Predicts how long a plan takes, from trainings that are timed here.
 */
#ifndef TL_RUNNER_SWEEP_SWEEP_TIME_H
#define TL_RUNNER_SWEEP_SWEEP_TIME_H

#include "runner/sweep/sweep.h"

/** The time of a plan. */
typedef struct tl_plan_time {
    double core_seconds; /**< of all steps, each on one rank */
    double seconds;      /**< on the plan's ranks, see tl_plan_time_measure */
    int trainings;       /**< that were timed */
} tl_plan_time;

/**
 * Times every distinct training of the sweep (model, and what of the recipe affects speed)
 * on this core: a few updates of one shard, and a few of two, to separate the time of a
 * shard's passes from that of the optimiser. A step then takes its FLOP at the rate of its
 * trial's model; in a team of w ranks, a w-th of the passes, all of the optimiser's time (a
 * w-th with ZeRO or splits), and as long to build the model as alone. The plan takes as
 * long as the longest path, each step in its largest team of plan->ranks, or all work
 * divided by these ranks, whichever is more. Not counted: communication of gradients,
 * files, and waiting where steps do not divide evenly.
 *
 * \return TL_E_ARG for more than 16 trainings, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_plan_time_measure(const tl_sweep *sweep, tl_plan_time *out,
                                           tl_err *err);

#endif
