/*
 * The trend of a metric along an axis over numbers: its slope, per replicate.
 */
#ifndef TL_ANALYSIS_EFFECT_TREND_H
#define TL_ANALYSIS_EFFECT_TREND_H

#include "analysis/effect/design.h"

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
 * Binomial variance as in tl_contrast_measure. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_trend_measure(const tl_design *design, const tl_target *target,
                                       int factor, tl_arena *arena, tl_differences *out,
                                       tl_err *err);

#endif
