/*
 * The room of sweeps: on rank 0, the plan's graph of steps, the outcome of each, and the
 * plan's size, memory and time. May use runner/plan, schedule and store.
 */
#ifndef TL_RUNNER_SWEEP_SWEEP_H
#define TL_RUNNER_SWEEP_SWEEP_H

#include "runner/schedule/scheduler.h"
#include "runner/store/journal.h"
#include "runner/store/metric_store.h"
#include "runner/sweep/measured.h"

/** The outcome of a step, of which there are millions. Reasons stay in the journal. */
typedef struct tl_outcome {
    uint32_t measures; /**< DONE: where its metrics are (tl_sweep_measures), else 0 */
    float seconds;
    int16_t first, width; /**< ranks that did it; width 0: not in this run */
    uint8_t state;        /**< tl_step_state */
} tl_outcome;

enum { TL_STEP_BYTES = 256 /**< most bytes on rank 0 for each distinct step of a sweep */ };

/** Bytes of a step on a team's first member, and on each of the others. */
typedef struct tl_team_memory {
    double first, others;
} tl_team_memory;

/** A step that no team can hold: bytes that each rank of its largest team needs. */
typedef struct tl_lacking {
    double each;
    int width;
} tl_lacking;

/** A bank, and how many of its models are trained. */
typedef struct tl_sweep_bank {
    const tl_bank *bank; /**< borrowed */
    uint64_t models;
} tl_sweep_bank;

enum { TL_SWEEP_BANKS = 16 /**< kinds of banks that are counted */ };

/** Bytes on rank 0 for the tables of all trials while results are written. */
double tl_sweep_table_bytes(const tl_plan *plan);

/** Checks at once, from the numbers of trials and, where none are shared, of steps, that
 * the plan fits in the memory that this process may use. \return TL_E_ARG: what it needs */
TL_MUST_USE tl_status tl_sweep_check_memory(const tl_plan *plan, tl_err *err);

/** An expanded plan. What is not borrowed is owned. */
typedef struct tl_sweep {
    const tl_plan *plan;   /**< borrowed */
    tl_graph *graph;       /**< owned */
    tl_outcome *outcome;   /**< [steps of the graph] */
    uint64_t wanted;       /**< steps of all trials before sharing */
    uint32_t restored;     /**< steps done by an earlier run */
    tl_team_memory memory; /**< of the largest step, each in its largest team */
    tl_lacking lacking;    /**< worst step beyond plan->rank_memory; width 0: none */
    int max_ranks;         /**< largest useful team of any step */
    double flop;           /**< of all steps */
    double kept;           /**< bytes of models, data and logs kept in files */
    int banks;
    tl_sweep_bank bank[TL_SWEEP_BANKS]; /**< [banks] */
    const tl_metric **metrics; /**< [3 x instances] of a step of each kind, or NULL */
    tl_measured_list measured; /**< steps that have metrics, and their columns */
    tl_measure_store store;
    tl_arena arena;
} tl_sweep;

/**
 * Expands every trial of `plan` into the graph within `memory` bytes. Too large a plan is
 * refused at once or, where steps are shared and their number is not known, as soon as they
 * are too many. On failure nothing is left open.
 *
 * \return TL_E_NOMEM; TL_E_ARG beyond 2^27 steps, `memory` or TL_MAX_COLUMNS metrics
 */
TL_MUST_USE tl_status tl_sweep_open_within(const tl_plan *plan, double memory,
                                           tl_sweep *out, tl_err *err);

/** The same within the memory that this process may use. \return as tl_sweep_open_within */
TL_MUST_USE tl_status tl_sweep_open(const tl_plan *plan, tl_sweep *out, tl_err *err);
/** Frees a sweep; does nothing to one that is zero or closed. */
void tl_sweep_close(tl_sweep *sweep);

/**
 * Applies a journal record of this or an earlier run; the last record of a step counts.
 * Skips steps that the plan does not have and, with a warning, steps done with another
 * number of metrics than the stage has or with a value that a metric cannot have: those are
 * rerun. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_sweep_restore(tl_sweep *sweep, const tl_record *record,
                                       tl_err *err);

/** Sets `measure` to the metrics of a step that is DONE. \return how many; 0: not done */
int tl_sweep_measures(const tl_sweep *sweep, uint32_t step,
                      tl_measure measure[TL_MAX_METRICS]);

/** Tells a new scheduler what is done and how long it took. Failed steps are rerun. */
void tl_sweep_brief(tl_sweep *sweep, tl_scheduler *scheduler);

#endif
