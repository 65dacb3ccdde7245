/*
 * Contrasts and interactions: cells are grouped with those that differ from them in the
 * compared factors alone; the effect is the mean over groups of the difference between the
 * means of their sides.
 */
#ifndef TL_ANALYSIS_EFFECT_CONTRAST_H
#define TL_ANALYSIS_EFFECT_CONTRAST_H

#include "analysis/effect/combination.h"
#include "analysis/effect/effect.h"

/** What is compared: a factor's level with its reference; or, with a second factor, that
 * difference at the second's level with the same at the second's reference. */
typedef struct tl_comparison {
    int factor[2]; /**< the second -1: a contrast */
    int level[2], reference[2];
} tl_comparison;

/**
 * Sets the weights of a comparison. A group counts where any replicate has values on each
 * of its sides; every such group has the same weight, and so has each of its cells on one
 * side. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_contrast_weigh(const tl_design *design, const tl_target *target,
                                        const tl_comparison *compared, tl_arena *arena,
                                        tl_combination *out, tl_err *err);

/**
 * Per replicate the mean over its trials of the metric in a later round minus that in the
 * first; NaN unless it has both in all trials in which any replicate has. \return
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_round_measure(const tl_design *design, const tl_target *later,
                                       const tl_target *first, tl_arena *arena,
                                       tl_differences *out, tl_err *err);

/**
 * Sets the numbers of `effect`, from tl_effects_add, and overwrites the arrays of `d`. The
 * interval is by tl_interval_of; `left_out` counts the replicates that are NaN. Without an
 * interval, `missing` says why.
 */
void tl_contrast_estimate(const tl_differences *d, int replicates, tl_effect *effect);

/** Why no cells can be compared: a sentence without full stop, static. */
const char *tl_contrast_why_none(const tl_design *design, const tl_target *target,
                                 const tl_comparison *compared);

#endif
