/*
 * The room of sweeps: on rank 0, the plan's graph of steps, what each has come to, and what
 * the plan takes in size, memory and time. May use runner/plan, schedule and store.
 */
#ifndef TL_RUNNER_SWEEP_SWEEP_H
#define TL_RUNNER_SWEEP_SWEEP_H

#include "runner/sweep/measured.h"
#include "runner/store/journal.h"
#include "runner/store/metric_store.h"
#include "runner/schedule/scheduler.h"

/** What a step came to; there are millions of them. Reasons stay in the journal. */
typedef struct tl_outcome {
    uint32_t measures; /**< DONE: where its metrics are (tl_sweep_measures), else 0 */
    float seconds;
    int16_t first, width; /**< ranks that did it; width 0 = not in this run */
    uint8_t state;        /**< tl_step_state */
} tl_outcome;

/** Rank 0 needs at most so many bytes for each distinct step while a sweep runs. */
enum { TL_STEP_BYTES = 256 };

/** Bytes that a step takes on a team's first member, and on each of the others. */
typedef struct tl_team_memory {
    double first, others;
} tl_team_memory;

/** A step that no team holds: bytes that each rank of its widest team needs. */
typedef struct tl_lacking {
    double each;
    int width;
} tl_lacking;

/** Bytes that rank 0 needs for the tables of all trials while results are written. */
double tl_sweep_table_bytes(const tl_plan *plan);

/** A plan, expanded. What is not borrowed is in its own arena. */
typedef struct tl_sweep {
    const tl_plan *plan; /**< borrowed */
    tl_graph *graph;     /**< owned */
    tl_outcome *outcome; /**< [steps of the graph] */
    uint64_t wanted;     /**< steps of all trials before sharing */
    uint32_t restored;   /**< steps done by an earlier run */
    /** Of the largest step, as declared: each step in its widest team of plan->ranks. */
    tl_team_memory memory;
    tl_lacking lacking; /**< the worst of those beyond plan->rank_memory; 0: none is */
    int max_ranks;      /**< largest useful team of any step */
    double flop;        /**< of all steps */
    int *metrics; /**< [3 x instances] how many a step of each kind has; may be NULL */
    tl_measured_list measured; /**< steps that have metrics, and their columns */
    tl_measure_store store;
    tl_arena arena;
} tl_sweep;

/**
 * Expands every trial of `plan` into the graph, if it can be held in `memory` bytes: what
 * cannot is refused before, or, where steps are shared and nobody knows how many are left,
 * as soon as they are too many. A plan with more metrics than a result file can hold is
 * refused. On failure nothing is left open.
 * \return TL_E_NOMEM, TL_E_ARG beyond 2^27 steps, `memory` or TL_MAX_COLUMNS metrics
 */
TL_MUST_USE tl_status tl_sweep_open_within(const tl_plan *plan, double memory,
                                           tl_sweep *out, tl_err *err);

/** The same within what this process may have. \return as tl_sweep_open_within */
TL_MUST_USE tl_status tl_sweep_open(const tl_plan *plan, tl_sweep *out, tl_err *err);
/** Frees all of a sweep; one that is zero or closed is left as it is. */
void tl_sweep_close(tl_sweep *sweep);

/**
 * Takes a journal record of this or an earlier run into account; records of steps that the
 * plan does not have are passed over, as are those that are done with another number of
 * metrics than the stage has (with a warning: they are rerun). The last record of a step
 * counts. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_sweep_restore(tl_sweep *sweep, const tl_record *record,
                                       tl_err *err);

/** Values of the metrics of a step that is DONE. \return how many; 0 for other steps */
int tl_sweep_measures(const tl_sweep *sweep, uint32_t step,
                      tl_measure measure[TL_MAX_METRICS]);

/** Tells a new scheduler what is done already. Failed steps are tried again. */
void tl_sweep_brief(tl_sweep *sweep, tl_scheduler *scheduler);

#endif
