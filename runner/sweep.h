/*
 * A sweep on rank 0: the plan's graph of steps and what each has come to.
 */
#ifndef TL_RUNNER_SWEEP_H
#define TL_RUNNER_SWEEP_H

#include "runner/journal.h"
#include "runner/scheduler.h"
#include "runner/trial.h"

/** What a step came to. */
typedef struct tl_outcome {
    tl_step_state state;
    float seconds;
    int16_t first, width;      /**< ranks that did it; width 0 = not in this run */
    const tl_measure *measure; /**< DONE: values of its metrics, else NULL */
    const char *text;          /**< FAILED, DIVERGED, LOST: the reason, else NULL */
} tl_outcome;

typedef struct tl_sweep {
    const tl_plan *plan; /**< borrowed */
    tl_graph *graph;
    tl_outcome *outcome; /**< [steps of the graph] */
    uint64_t wanted;     /**< steps of all trials before sharing */
    uint32_t recalled;   /**< steps done by an earlier run */
    double memory;       /**< bytes that the largest step takes, as declared */
    int widest;          /**< largest useful team of any step */
    double flop;         /**< of all steps */
    int *metrics;   /**< [3 x instances] how many a step of each kind has; may be NULL */
    tl_arena arena; /**< measures and texts */
} tl_sweep;

/** Expands every trial of `plan` into the graph. \return TL_E_SPACE, TL_E_ARG beyond 2^27
 * steps */
TL_MUST_USE tl_status tl_sweep_open(const tl_plan *plan, tl_sweep *out, tl_err *err);
void tl_sweep_close(tl_sweep *sweep);

/**
 * Takes a journal record of this or an earlier run into account; records of steps that the
 * plan does not have are passed over, as are those that are done with another number of
 * metrics than the stage has (with a warning: they run again). The last record of a step
 * counts.
 */
TL_MUST_USE tl_status tl_sweep_recall(tl_sweep *sweep, const tl_record *record,
                                      tl_err *err);

/** Tells a fresh scheduler what is done already. Failed steps are tried again. */
void tl_sweep_brief(tl_sweep *sweep, tl_scheduler *scheduler);

#endif
