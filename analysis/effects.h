/*
 * Effects: what each factor of a sweep does to each metric downstream of it, with
 * intervals.
 *
 * The estimand of a contrast is the mean over the other factors' levels of metric(level) -
 * metric(reference), one number per replicate; n is the number of replicates.
 *
 * What it needs of the file (written by the runner):
 * - a column is a factor when its attribute `factor` is "choice" (levels are words,
 * attribute `reference` names the first) or "axis" (numbers or words, the first level in
 * file order is the reference; attribute `within` names the choice it exists inside, rows
 * without it are NaN or "");
 * - a column is a metric when it has the attribute `better` ("higher", "lower", "none" for
 * the owner of the target); `downstream_of` lists the factors it depends on, separated by
 * blanks;
 *   `<metric>_n` beside it makes it a rate; `<metric>_reason` flags why values are missing;
 * - column `replicate`; column `status` (0 planned 1 running 2 done 3 failed ...);
 * - global attribute `hypotheses`: JSON array of {effect, on, level, direction}.
 */
#ifndef TL_ANALYSIS_EFFECTS_H
#define TL_ANALYSIS_EFFECTS_H

#include "analysis/result_file.h"

/** One contrast of one factor on one metric. */
typedef struct tl_effect {
    const char *factor, *level, *reference, *metric;
    int replicates; /**< n */
    double reference_mean,
        mean;            /**< of the metric at the reference level; of the difference */
    double low, high;    /**< 95 % interval of the difference */
    double p;            /**< two-sided sign-flip over replicates */
    double least_p;      /**< smallest p that n replicates can reach */
    double floor_sd;     /**< binomial sd within a replicate, where it was the larger */
    bool is_interaction; /**< factor is "a:b" */
    int hypothesis;      /**< index of the hypothesis it answers, or -1 */
    int direction;       /**< of the hypothesis: +1, -1, 0 */
    double q;            /**< Benjamini-Hochberg over hypotheses; NaN else */
    const char *missing; /**< why there is no number, or NULL */
} tl_effect;

typedef struct tl_effects {
    int count;
    tl_effect *effect;
    int left_out; /**< interactions not computed: too many for this many trials; else 0 */
} tl_effects;

/**
 * All contrasts of `table`, then pairwise interactions (differences of differences against
 * both references, of factors that are not within another) in the order of its metrics;
 * what answers a hypothesis comes first, and a hypothesis without a test has an effect
 * that says why. Intervals are t intervals at every n. \return TL_E_FORMAT, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_effects_estimate(const tl_table *table, tl_arena *arena,
                                          tl_effects **out, tl_err *err);

/**
 * The effects as a table with the dimension `effect`, a row each: what a file, CSV or JSON
 * of them holds. Strings are borrowed from `effects`. \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_effects_table(const tl_effects *effects, tl_arena *arena,
                                       tl_table **out, tl_err *err);

#endif
