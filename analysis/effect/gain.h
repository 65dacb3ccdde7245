/*
 * Gains: metrics that are differences (their range reaches below 0), such as what an
 * attacker gains by access to the target. Their mean is compared with 0, in addition to the
 * effects of factors.
 */
#ifndef TL_ANALYSIS_EFFECT_GAIN_H
#define TL_ANALYSIS_EFFECT_GAIN_H

#include "analysis/table/table.h"

/** The mean of one such metric, at one level of one numeric factor or over all trials. */
typedef struct tl_gain {
    const char *metric;
    const char *factor; /**< NULL: over all trials */
    double level;       /**< of the factor */
    int replicates;     /**< n: replicates with a value */
    double mean;        /**< over replicates, each the mean over its trials */
    double low, high;   /**< 95 % t interval; NaN below 2 replicates */
} tl_gain;

/**
 * Estimates every metric whose valid range reaches below 0 and that is better low or high:
 * one mean at each level of each numeric factor it depends on (64 levels at most), or one
 * over all trials without such a factor. A metric without values has none.
 * \param gain [count] result, in `arena`
 * \param count result
 * \return TL_E_NOMEM, TL_E_FORMAT (no replicates)
 */
TL_MUST_USE tl_status tl_gain_estimate(const tl_table *table, tl_arena *arena,
                                       tl_gain **gain, int *count, tl_err *err);

#endif
