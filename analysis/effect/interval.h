/*
 * The 95 % interval of a mean over replicates, by Student's t or the bootstrap.
 */
#ifndef TL_ANALYSIS_EFFECT_INTERVAL_H
#define TL_ANALYSIS_EFFECT_INTERVAL_H

#include "compute/core/arena.h"

#include <stdint.h>

/** How an interval was made. */
typedef enum tl_interval_kind {
    TL_INTERVAL_NONE,
    TL_INTERVAL_T,
    TL_INTERVAL_BOOTSTRAP /**< studentized bootstrap */
} tl_interval_kind;

/** Replicates that the bootstrap needs, at least. */
enum { TL_LEAST_BOOTSTRAP = 12 };

/** The 95 % interval of a mean. */
typedef struct tl_interval {
    tl_interval_kind kind;
    double low, high;
    double lower, upper; /**< of the 90 % interval: each a one-sided 95 % limit */
    double se;           /**< standard error of the mean */
    double floor_sd;     /**< the assumed standard deviation, if all are equal; else 0 */
} tl_interval;

/**
 * Interval of the mean of x [n], n >= 2, from their spread alone: what rows of one
 * replicate have in common, paired or not, is in it. Only where all x are equal, which says
 * nothing of their spread, x[i] is taken to have variance[i] (tl_target_variance; 0 unless
 * a rate).
 *
 * It is the t interval below TL_LEAST_BOOTSTRAP, beyond TL_MOST_RESAMPLED (statistics.h)
 * and for rates: differences of means over many rows are near normal, and there resampling
 * costs 0.04 of the power at n = 12 and improves nothing. Otherwise, since other metrics
 * may be skewed, it is the bootstrap-t of 1999 resamples from a fixed stream, the same for
 * equal n: ends are mean - t*(0.975) se and mean - t*(0.025) se, t* the resampled (mean* -
 * mean) / se*. If so many resamples have no spread that an end would be infinite, that end
 * is the t interval's. Source: Efron, Tibshirani 1993, An introduction to the bootstrap,
 * section 12.5.
 */
tl_interval tl_interval_of(const double *x, const double *variance, int n);

/** What the intervals of n numbers have in common. */
typedef struct tl_interval_basis {
    int n;
    double two_sided, one_sided; /**< quantiles of Student's t */
    const uint16_t *pick;        /**< [1999 x n] the numbers of each resample, or NULL */
} tl_interval_basis;

/** Makes the basis of n numbers, 2 at least, in `arena`, for many intervals: the resamples
 * are drawn once if n is at most 64. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_interval_basis_open(int n, tl_arena *arena, tl_interval_basis *out,
                                             tl_err *err);

/** tl_interval_of x and variance, each [basis->n], bit for bit. */
tl_interval tl_interval_on(const tl_interval_basis *basis, const double *x,
                           const double *variance);

#endif
