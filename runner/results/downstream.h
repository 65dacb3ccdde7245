/*
 * Which factors a metric is downstream of. Each step with metrics is marked with what it
 * computes in each cell; a factor is above the step if two cells that differ in the factor
 * alone have different marks. Marks, not the axes that a step is made from: what two chains
 * or alternatives share does not depend on which of them is chosen.
 */
#ifndef TL_RUNNER_RESULTS_DOWNSTREAM_H
#define TL_RUNNER_RESULTS_DOWNSTREAM_H

#include "runner/sweep/measured.h"

/** The marks of all cells. */
typedef struct tl_downstream {
    const tl_plan *plan;           /**< borrowed */
    const tl_measured_list *steps; /**< borrowed */
    uint64_t *mark; /**< [cells x 2 steps->count] arena; 0 where a cell has no such step */
} tl_downstream;

/** What metrics of a step depend on. */
typedef enum tl_downstream_of {
    TL_DOWNSTREAM_OF_STEP, /**< all that the step computes */
    TL_DOWNSTREAM_OF_BANK  /**< its bank and the test rows (tl_metric.of_bank) */
} tl_downstream_of;

/** Starts without any mark. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_downstream_new(const tl_plan *plan, const tl_measured_list *steps,
                                        tl_arena *arena, tl_downstream *out, tl_err *err);

/** Marks what step `number` of the list computes in the cell of `trial`, whose step it is
 * at `position`. */
void tl_downstream_mark(tl_downstream *downstream, const tl_trial *trial, int position,
                        uint32_t number);

/**
 * Sets `out` to the factors, separated by blanks, whose level changes what step `number`
 * computes, or `of` it, starting from the first cell that has it. Where a move leads to a
 * combination that the plan lacks (`exclude`, `chains`), tries all other cells that have
 * the step, until one shows a change. All cells must be marked before.
 *
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_downstream_factors(const tl_downstream *downstream,
                                            uint32_t number, tl_downstream_of of,
                                            tl_arena *arena, const char **out, tl_err *err);

#endif
