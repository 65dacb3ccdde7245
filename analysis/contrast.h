/*
 * One contrast of a factor on a metric: rows are matched, differences averaged within the
 * replicate, and the replicates' numbers made into a mean with its interval and p.
 */
#ifndef TL_ANALYSIS_CONTRAST_H
#define TL_ANALYSIS_CONTRAST_H

#include "analysis/effects.h"

enum { TL_MOST_LEVELS = 256 };

/** A factor of the sweep, its levels as numbers. */
typedef struct tl_factor {
    const tl_column *column;
    const char *within; /**< the choice it exists inside, or NULL */
    int levels;
    const char *name[TL_MOST_LEVELS]; /**< levels as words, the reference first */
    int32_t *level;                   /**< [trials] index, -1 = none */
} tl_factor;

/** What was varied: all factors, and which replicate each trial belongs to. */
typedef struct tl_design {
    const tl_table *table;
    int factors;
    tl_factor *factor; /**< [factors] */
    int replicates;
    int32_t *replicate; /**< [trials] 0 .. replicates-1 */
} tl_design;

/** A metric and what stands beside it. */
typedef struct tl_target {
    const tl_column *metric;
    const tl_column *n;      /**< cases of a rate, or NULL */
    const tl_column *reason; /**< why values are missing, or NULL */
    const char *above;       /**< names of the factors it depends on */
    uint32_t *same; /**< [trials] first trial that shares the measurement, where there is a
                       value */
} tl_target;

/** Which rows are compared. */
typedef struct tl_slice {
    int factor, level, reference;
    int fixed, at; /**< only rows where factor `fixed` is at level `at`; fixed -1: all */
} tl_slice;

/** One number per replicate; NaN where no pair of rows has a value. */
typedef struct tl_differences {
    double *difference, *reference;
    double *variance; /**< binomial, of `difference`; 0 for what is no rate */
} tl_differences;

/** Whether `word` is among the words of `list` (separated by blanks; may be NULL). */
bool tl_word_listed(const char *list, const char *word);

/** What stands beside `metric`. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_target_open(const tl_design *design, const tl_column *metric,
                                     tl_arena *arena, tl_target *out, tl_err *err);

/**
 * Per replicate the mean over matched pairs of metric(level) - metric(reference); a pair
 * agrees in the replicate and in all factors but the slice's own and those within it.
 * The binomial variance of a mean of differences sums w^2 p~(1-p~)/n over the distinct
 * measurements, w their weight in the mean, p~ = (np+1)/(n+2) so that a rate of 0 or 1
 * is not taken for certain (Agresti, Coull 1998). \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                                          const tl_slice *slice, tl_arena *arena,
                                          tl_differences *out, tl_err *err);

/** a - b per replicate, in place of `a`: the difference of two contrasts. */
void tl_contrast_subtract(tl_differences *a, const tl_differences *b, int replicates);

/**
 * Fills the numbers of `effect`; `d->difference` is used up. 95 % t interval at every n;
 * the sd is at least the binomial one. Without an interval, `missing` says why.
 */
void tl_contrast_estimate(const tl_differences *d, int replicates, tl_effect *effect);

/** Why tl_contrast_measure found no pair: a sentence without full stop, static. */
const char *tl_contrast_why_none(const tl_design *design, const tl_target *target,
                                 const tl_slice *slice);

#endif
