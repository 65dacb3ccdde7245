/*
 * Answers to the plan's hypotheses, with their false discovery rates. Nothing else is
 * tested: the family of Benjamini and Hochberg is the plan's hypotheses.
 */
#ifndef TL_ANALYSIS_EFFECT_HYPOTHESES_H
#define TL_ANALYSIS_EFFECT_HYPOTHESES_H

#include "analysis/effect/estimator.h"

/**
 * Adds the effects that answer the hypotheses of the estimator's table, in the order of the
 * plan: one for each level, or pair of levels, that a hypothesis does not name; and one
 * with the reason for each hypothesis without an answer. Sets q and the family-wise p over
 * all of these.
 * \return TL_E_FORMAT (too many hypotheses), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_hypotheses_answer(tl_estimator *e, tl_err *err);

#endif
