/*
 * One contrast of a factor on a metric: rows are matched, differences averaged within the
 * replicate, and the replicates' numbers made into a mean with its interval and p.
 */
#ifndef TL_ANALYSIS_EFFECT_CONTRAST_H
#define TL_ANALYSIS_EFFECT_CONTRAST_H

#include "analysis/effect/design.h"
#include "analysis/effect/effects.h"

/** Which rows are compared. */
typedef struct tl_comparison {
    int factor, level, reference;
    int fixed, at; /**< only rows where factor `fixed` is at level `at`; fixed -1: all */
} tl_comparison;

/**
 * Per replicate the mean over matched pairs of metric(level) - metric(reference); a pair
 * agrees in the replicate and in all factors but the slice's own, those within it and those
 * zipped with it.
 * The binomial variance of a mean of differences sums w^2 tl_target_variance over the
 * distinct measurements, w their weight in the mean. \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                                          const tl_comparison *slice, tl_arena *arena,
                                          tl_differences *out, tl_err *err);

/**
 * Per replicate the mean over its trials of the metric in a later round minus the same in
 * the first, where both have values. Binomial variance as in tl_contrast_measure. \return
 * TL_E_SPACE
 */
TL_MUST_USE tl_status tl_lap_measure(const tl_design *design, const tl_target *later,
                                     const tl_target *first, tl_arena *arena,
                                     tl_differences *out, tl_err *err);

/** a - b per replicate, in place of `a`: the difference of two contrasts. */
void tl_contrast_subtract(tl_differences *a, const tl_differences *b, int replicates);

/**
 * Fills the numbers of `effect`; `d` is used up. The interval is that of tl_interval_of,
 * with the binomial variance as its floor. Without an interval, `missing` says why.
 */
void tl_contrast_estimate(const tl_differences *d, int replicates, tl_effect *effect);

/** Why tl_contrast_measure found no pair: a sentence without full stop, static. */
const char *tl_contrast_why_none(const tl_design *design, const tl_target *target,
                                 const tl_comparison *slice);

/** Whether a factor has a trend: an axis over numbers with 3 levels or more. */
bool tl_trend_exists(const tl_factor *factor);

/**
 * Whether the trend goes by the levels' rank (0, 1, 2, ... in order of their value) and not
 * by the value itself: where the largest is more than ten times the smallest that is not
 * 0, a straight line through the values would be the largest level's alone.
 */
bool tl_trend_is_by_rank(const tl_factor *factor);

/**
 * Per replicate the slope of the metric on the factor's levels, by least squares with an
 * intercept for every group of rows that agree in all other factors (tl_design_key); with
 * no row missing that is the mean over the other factors' levels of the slope at each. NaN
 * where fewer than 3 levels have a value. `reference` is the mean over the rows used.
 * Binomial variance as in tl_contrast_measure. \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_trend_measure(const tl_design *design, const tl_target *target,
                                       int factor, tl_arena *arena, tl_differences *out,
                                       tl_err *err);

#endif
