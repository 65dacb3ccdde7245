/*
 * Room analysis/effect: from a table of trials to estimates with intervals, and answers to
 * the plan's hypotheses. Uses analysis/table and compute; only effect_text.h prints.
 *
 * The estimand is one number per replicate, the mean of cell means over the other factors'
 * levels; n is the number of replicates with a value in every cell. Of crossed replicates
 * it is the number of data draws: their training seeds are averaged. Three kinds: a
 * contrast, metric(level) - metric(reference); an interaction, a contrast of one factor
 * with another at a level minus the same with the other at its reference; a trend, the
 * slope along a numeric axis with 3 levels or more.
 *
 * Which columns are factors, metrics or their companions: analysis/table/schema.h.
 */
#ifndef TL_ANALYSIS_EFFECT_EFFECTS_H
#define TL_ANALYSIS_EFFECT_EFFECTS_H

#include "analysis/effect/effect.h"
#include "analysis/table/table.h"

/**
 * All contrasts of `table` (of factors with at most TL_MOST_LEVELS levels), each factor's
 * trend after them, then pairwise interactions (of factors that are neither within another
 * nor zipped, against both references) in the order of its metrics. Answers to hypotheses
 * come first; a hypothesis without a test has an effect that says why.
 * \param table borrowed by the result, which uses its texts
 * \return TL_E_FORMAT (no replicates, too many factors or hypotheses), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_effects_estimate(const tl_table *table, tl_arena *arena,
                                          tl_effects **out, tl_err *err);

/** As tl_effects_estimate, and each effect keeps its number by data draw; before those of
 * a metric stands its mean (TL_EFFECT_MEAN). \return as tl_effects_estimate */
TL_MUST_USE tl_status tl_effects_by_draw(const tl_table *table, tl_arena *arena,
                                         tl_effects **out, tl_err *err);

/** Only the answers to hypotheses, as tl_effects_estimate. \return as tl_effects_estimate
 */
TL_MUST_USE tl_status tl_effects_hypothesised(const tl_table *table, tl_arena *arena,
                                              tl_effects **out, tl_err *err);

/**
 * The effects as a table in the group `effects` with the dimension `comparison`, one row
 * each, for a file, CSV or JSON. Texts are borrowed from `effects`. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_effects_table(const tl_effects *effects, tl_arena *arena,
                                       tl_table **out, tl_err *err);

#endif
