/*
 * Contrasts and interactions: cells are grouped with those that differ from them in the
 * compared factors alone; the effect is the mean over groups of the difference between the
 * means of their sides.
 */
#ifndef TL_ANALYSIS_EFFECT_CONTRAST_H
#define TL_ANALYSIS_EFFECT_CONTRAST_H

#include "analysis/effect/combination.h"
#include "analysis/effect/effect.h"
#include "analysis/effect/grouping.h"

/** Conditions of a comparison, at most. */
enum { TL_MOST_CONDITIONS = 8 };

/** Only trials at this level of the factor. */
typedef struct tl_condition {
    int factor, level;
} tl_condition;

/** What is compared: a factor's level with its reference; or, with a second factor, that
 * difference at the second's level with the same at the second's reference. */
typedef struct tl_comparison {
    int factor[2]; /**< -1: none; without the second a contrast */
    int level[2], reference[2];
    int conditions;
    tl_condition at[TL_MOST_CONDITIONS]; /**< [conditions] */
} tl_comparison;

/** Whether trial `t` meets all conditions. One on a factor that exists only within a
 * compared choice does not concern trials without it. */
bool tl_comparison_admits(const tl_design *design, const tl_comparison *compared,
                          uint32_t t);

/**
 * Sets the weights of a comparison. A group counts where any replicate has values on each
 * of its sides; every such group has the same weight, and so has each of its cells on one
 * side. \param grouping of the compared factors \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_contrast_weigh(const tl_design *design,
                                        const tl_grouping *grouping,
                                        const tl_target *target,
                                        const tl_comparison *compared, tl_arena *arena,
                                        tl_combination *out, tl_err *err);

/**
 * Per replicate the mean over its trials, of those that meet the conditions, of the metric
 * in a later round, target[0], minus that in the first, target[1]; NaN unless it has both
 * in all trials in which any replicate has.
 * \param cells result, those in use
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_round_measure(const tl_design *design,
                                       const tl_target *const target[2],
                                       const tl_comparison *compared, tl_arena *arena,
                                       tl_combination *cells, tl_differences *out,
                                       tl_err *err);

/** Why no cells can be compared: a sentence without full stop, static. */
const char *tl_contrast_why_none(const tl_design *design, const tl_grouping *grouping,
                                 const tl_target *target, const tl_comparison *compared);

#endif
