/*
 * One contrast of a factor on a metric: rows are matched, differences are averaged within
 * each replicate, and the replicates' means give a mean with interval and p.
 */
#ifndef TL_ANALYSIS_EFFECT_CONTRAST_H
#define TL_ANALYSIS_EFFECT_CONTRAST_H

#include "analysis/effect/design.h"
#include "analysis/effect/effect.h"

/** Which rows are compared. */
typedef struct tl_comparison {
    int factor, level, reference;
    int fixed, at; /**< only rows where factor `fixed` is at level `at`; fixed -1: all */
} tl_comparison;

/**
 * Per replicate the mean over matched pairs of metric(level) - metric(reference); a pair
 * agrees in the replicate and in all factors except the compared one, those within it and
 * those zipped with it. The binomial variance of a mean of differences sums w^2
 * tl_target_variance over the distinct measurements, w their weight in the mean. \return
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                                          const tl_comparison *slice, tl_arena *arena,
                                          tl_differences *out, tl_err *err);

/**
 * Per replicate the mean over its trials of the metric in a later round minus that in the
 * first, where both have values. Binomial variance as in tl_contrast_measure. \return
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_round_measure(const tl_design *design, const tl_target *later,
                                       const tl_target *first, tl_arena *arena,
                                       tl_differences *out, tl_err *err);

/** Sets `a` to a - b per replicate: the difference of two contrasts. */
void tl_contrast_subtract(tl_differences *a, const tl_differences *b, int replicates);

/**
 * Sets the numbers of `effect`, from tl_effects_add, and overwrites the arrays of `d`. The
 * interval is by tl_interval_of, with the binomial variance as its floor. Without an
 * interval, `missing` says why.
 */
void tl_contrast_estimate(const tl_differences *d, int replicates, tl_effect *effect);

/** Why tl_contrast_measure found no pair: a sentence without full stop, static. */
const char *tl_contrast_why_none(const tl_design *design, const tl_target *target,
                                 const tl_comparison *slice);

#endif
