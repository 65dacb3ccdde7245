/*
 * Gains: metrics that are differences (their range reaches below 0), such as what an
 * attacker gains by access to the target. Their mean is compared with 0, in addition to the
 * effects of factors.
 */
#ifndef TL_ANALYSIS_EFFECT_GAIN_H
#define TL_ANALYSIS_EFFECT_GAIN_H

#include "analysis/table/table.h"

/** The mean of one such metric, at one level of one factor or over all trials. Texts are in
 * the arena or borrowed from the table. */
typedef struct tl_gain {
    const char *metric;
    const char *factor,
        *level;         /**< NULL: the metric depends on no factor that has levels */
    const char *pooled; /**< other factors it is a mean over, or NULL */
    int replicates;     /**< n: with a value in every cell */
    int left_out;       /**< replicates without one */
    double mean;        /**< over replicates, each the mean over its cells */
    double low, high;   /**< 95 % interval by tl_interval_of; NaN below 2 */
} tl_gain;

/**
 * Estimates every metric whose valid range reaches below 0 and that is better low or high:
 * one mean at each level (64 at most) of each numeric factor it depends on, without such
 * factors at each level of each choice, and one over all trials without either. A metric
 * without values has none.
 * \param gain [count] result, in `arena`
 * \param count result
 * \return TL_E_NOMEM, TL_E_FORMAT (no replicates)
 */
TL_MUST_USE tl_status tl_gain_estimate(const tl_table *table, tl_arena *arena,
                                       tl_gain **gain, int *count, tl_err *err);

#endif
