/*
 * The plan in the result file: a variable for each factor, and global attributes.
 */
#ifndef TL_RUNNER_RESULTS_FACTORS_H
#define TL_RUNNER_RESULTS_FACTORS_H

#include "analysis/table/table.h"
#include "runner/plan/trial.h"

/** Adds a coordinate column for every axis and every inner axis of `plan` to a table with
 * room for them, with the attributes of a factor (analysis/table/schema.h).
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_factors_columns(const tl_plan *plan, tl_arena *arena,
                                         tl_table *table, tl_err *err);

/** Sets the global attributes of `table`. \param trial  overwritten
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_factors_globals(const tl_plan *plan, tl_trial *trial,
                                         tl_arena *arena, tl_table *table, tl_err *err);

#endif
