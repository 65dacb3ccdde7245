/*
 * A metric as the target of effects: its values on a scale, with its companion columns.
 */
#ifndef TL_ANALYSIS_EFFECT_TARGET_H
#define TL_ANALYSIS_EFFECT_TARGET_H

#include "analysis/effect/design.h"

/** The scale that values are compared on. */
typedef enum tl_scale {
    TL_SCALE_RAW,
    TL_SCALE_LOG,  /**< differences are logarithms of ratios */
    TL_SCALE_LOGIT /**< log odds: differences are logarithms of odds ratios */
} tl_scale;

/** A metric and its companion columns, which are borrowed from the table. */
typedef struct tl_target {
    const tl_column *metric;
    tl_scale scale;
    const double *value;     /**< [trials] of the metric, on the scale */
    const tl_column *n;      /**< cases of a rate, or NULL */
    const tl_column *reason; /**< why values are missing, or NULL */
    const char *above;       /**< names of the factors it depends on, or NULL */
    const bool *has;         /**< [cells] whether any replicate has a value */
    const double *variance;  /**< [trials] of a rate: tl_target_variance; else NULL */
    uint32_t
        *same; /**< [trials] of a rate: tl_target_shared; NULL if it is of each its own */
    double *share; /**< [trials] with `same`: scratch of tl_combine, 0 between its calls */
} tl_target;

/**
 * Sets same [trials] to the first trial with the same measurement of a metric, where there
 * is a value: of the same replicate and at the same levels of all factors that the metric
 * depends on. Takes memory for it. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_target_shared(const tl_design *design, const tl_column *metric,
                                       tl_arena *arena, uint32_t **same, tl_err *err);

/** Finds the cases, reasons and shared measurements of `metric`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_target_open(const tl_design *design, const tl_column *metric,
                                     tl_arena *arena, tl_target *out, tl_err *err);

/**
 * The same raw target on another scale. A rate of n cases becomes
 * log((np + 1/2) / (n - np + 1/2)) as log odds (Gart, Zweifel 1967), which is finite at 0
 * and 1, and log((np + 1/2) / (n + 1/2)) as logarithm (Pettigrew, Gart, Thomas 1986); any
 * other value x becomes log(x / (1 - x)) or log(x), infinite or NaN where that has no
 * value. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_target_scaled(const tl_design *design, const tl_target *target,
                                       tl_scale scale, tl_arena *arena, tl_target *out,
                                       tl_err *err);

/**
 * Half of the variance of a difference of two rates of which one row in n is discordant,
 * d(1 - d)/n with d = 1/n; each of the two measurements has one half. 0 unless it is a
 * rate. On another scale it is multiplied by the square of that scale's slope at p, half a
 * case added as in tl_target_scaled: 1/p of the logarithm, 1/(p(1 - p)) of log odds.
 */
double tl_target_variance(const tl_target *target, uint32_t t);

#endif
