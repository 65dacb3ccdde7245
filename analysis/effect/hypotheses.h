/*
 * Answers to the plan's hypotheses, with their false discovery rates. Nothing else is
 * tested: the family of Benjamini and Hochberg is the plan's hypotheses.
 */
#ifndef TL_ANALYSIS_EFFECT_HYPOTHESES_H
#define TL_ANALYSIS_EFFECT_HYPOTHESES_H

#include "analysis/effect/effect.h"
#include "analysis/table/table.h"

/**
 * Marks the effects that answer the hypotheses of `table`, adds one with the reason for
 * each hypothesis without an answer, sets q over all of these and puts them first, in the
 * order of the plan.
 * \return TL_E_FORMAT (too many hypotheses), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_hypotheses_answer(const tl_table *table, tl_arena *arena,
                                           tl_effects *effects, tl_err *err);

#endif
