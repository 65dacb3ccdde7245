/*
 * The trend of a metric along a numeric axis: its slope within each replicate.
 */
#ifndef TL_ANALYSIS_EFFECT_TREND_H
#define TL_ANALYSIS_EFFECT_TREND_H

#include "analysis/effect/contrast.h"

/** Whether a factor has a trend: a numeric axis with 3 levels or more. */
bool tl_trend_exists(const tl_factor *factor);

/**
 * Whether the trend is over the levels' ranks (0, 1, 2, ... by value) instead of their
 * values: if the largest is more than ten times the smallest that is not 0, the largest
 * level alone would determine a line through the values.
 */
bool tl_trend_is_by_rank(const tl_factor *factor);

/**
 * Sets the weights of the slope of the metric on the levels of compared->factor[0], by
 * least squares with an intercept for every group of cells that agree in all other factors
 * (tl_design_key); if all groups have the same levels, this is the mean of their slopes.
 * The reference is the mean over the cells. None are in use if fewer than 3 levels have a
 * value. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_trend_weigh(const tl_design *design, const tl_target *target,
                                     const tl_comparison *compared, tl_arena *arena,
                                     tl_combination *out, tl_err *err);

#endif
