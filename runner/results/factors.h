/*
 * The factors of a sweep as the result file tells them: a variable for each axis, the
 * global attributes that say what was planned, and which factors a metric depends on.
 */
#ifndef TL_RUNNER_RESULTS_FACTORS_H
#define TL_RUNNER_RESULTS_FACTORS_H

#include "analysis/table/result_file.h"
#include "runner/plan/trial.h"

/** Adds a coordinate column for every axis and every inner axis of `plan`, with the
 * attributes that analysis/effect/effects.h names. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_factors_columns(const tl_plan *plan, tl_arena *arena,
                                         tl_table *table, tl_err *err);

/** Sets the global attributes of `table`. `trial` is room to decode into. \return
 * TL_E_SPACE */
TL_MUST_USE tl_status tl_factors_globals(const tl_plan *plan, tl_trial *trial,
                                         tl_arena *arena, tl_table *table, tl_err *err);

/**
 * The factors, separated by blanks, whose level changes the key of step `position` of trial
 * `example`: those the step's metrics lie downstream of. Where a move from the example
 * leads to a combination that the plan does not have (`exclude`, `chains`), the factor is
 * moved from all other cells that have the step until one shows a change: each is decoded
 * once, and once more where it lacks the step or has another. `trial` is room to decode
 * into. \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_factors_above(const tl_plan *plan, tl_trial *trial,
                                       uint32_t example, int position, tl_arena *arena,
                                       const char **out, tl_err *err);

#endif
