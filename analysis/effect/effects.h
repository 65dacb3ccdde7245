/*
 * Effects: what each factor of a sweep does to each metric downstream of it, with
 * intervals.
 *
 * The estimand is one number per replicate, a mean over the other factors' levels; n is the
 * number of replicates. Three kinds: a contrast, metric(level) - metric(reference); an
 * interaction, a contrast of one factor where another is at a level minus the same at the
 * other's reference; a trend, the slope along an axis over numbers with 3 levels or more.
 *
 * What it needs of the file (written by the runner):
 * - a column is a factor when its attribute `factor` is "choice" (levels are words,
 * attribute `reference` names the first) or "axis" (numbers or words, the first level in
 * file order is the reference; attribute `within` names the choice it exists inside, rows
 * without it are NaN or ""); `zip`, where it moves with other factors, is the number of
 * their group: such factors cannot be told apart, so an effect of one is that of all of
 * them, and there is no interaction between them;
 * - a column is a metric when it has the attribute `better` ("higher", "lower", "none" for
 * the owner of the target); `downstream_of` lists the factors it depends on, separated by
 * blanks;
 *   `first_round` names the metric that is the same in the first round, `round` says which
 * round this is: the factor "round" has an effect on the first, later minus first round;
 *   `<metric>_n` beside it makes it a rate; `<metric>_reason` flags why values are missing;
 * - column `replicate`; column `status` (0 planned 1 running 2 done 3 failed ...);
 * - global attribute `hypotheses`: JSON array of {effect, on, level, direction,
 *   claim}; level "trend" means the trend.
 */
#ifndef TL_ANALYSIS_EFFECT_EFFECTS_H
#define TL_ANALYSIS_EFFECT_EFFECTS_H

#include "analysis/effect/interval.h"
#include "analysis/table/result_file.h"

typedef enum tl_effect_kind {
    TL_EFFECT_CONTRAST,
    TL_EFFECT_INTERACTION, /**< factor, level and reference are "a:b" */
    TL_EFFECT_TREND        /**< level is "trend", reference "value" or "rank" */
} tl_effect_kind;

/** How an interaction looks as log odds, for metrics between 0 and 1. */
typedef enum tl_scales {
    TL_SCALES_NOT_COMPARED,
    TL_SCALES_AGREE,
    TL_SCALES_DISAGREE /**< in sign, or in whether 0 is inside the interval */
} tl_scales;

/** What one factor does to one metric. */
typedef struct tl_effect {
    tl_effect_kind kind;
    const char *factor, *level, *reference, *metric;
    int replicates; /**< n */
    double reference_mean,
        mean; /**< of the metric at the reference level (trend: at all); of the effect */
    double low, high; /**< 95 % interval of the mean effect */
    tl_interval_kind interval;
    double p;          /**< two-sided sign-flip over replicates */
    double least_p;    /**< smallest p that n replicates can reach */
    double floor_sd;   /**< binomial sd within a replicate, where it was the larger */
    tl_scales scales;  /**< of an interaction */
    double logit_mean; /**< the interaction as log odds; NaN where not compared */
    double logit_low, logit_high; /**< its 95 % interval */
    int hypothesis;               /**< index of the hypothesis it answers, or -1 */
    int direction;                /**< of the hypothesis: +1, -1, 0 */
    const char *claim;            /**< what the hypothesis tests, in words, or NULL */
    double q;                     /**< Benjamini-Hochberg over hypotheses; NaN else */
    const char *missing;          /**< why there is no number, or NULL */
} tl_effect;

typedef struct tl_effects {
    int count, room;
    tl_effect *effect; /**< [room] */
    int left_out; /**< interactions not computed: too many for this many trials; else 0 */
} tl_effects;

/**
 * All contrasts of `table` (of factors with at most TL_MOST_LEVELS levels), each factor's
 * trend after them, then pairwise interactions (of
 * factors that are neither within another nor zipped, against both references) in the order
 * of its metrics; what answers a hypothesis comes first, and a hypothesis without a test
 * has an effect that says why. \return TL_E_FORMAT, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_effects_estimate(const tl_table *table, tl_arena *arena,
                                          tl_effects **out, tl_err *err);

/** One more effect on `metric`, without numbers yet; effects may move within `arena`.
 * \return TL_E_SPACE */
TL_MUST_USE tl_status tl_effects_add(tl_effects *effects, const char *metric,
                                     tl_arena *arena, tl_effect **out, tl_err *err);

/**
 * Marks what answers the hypotheses of `table`, sets q over all of these (Benjamini and
 * Hochberg 1995) and puts them first, in the order of the plan. \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_hypotheses_answer(const tl_table *table, tl_arena *arena,
                                           tl_effects *effects, tl_err *err);

/**
 * The effects as a table in the group `effects` with the dimension `effect`, a row each:
 * what a file, CSV or JSON of them holds. Strings are borrowed from `effects`.
 * \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_effects_table(const tl_effects *effects, tl_arena *arena,
                                       tl_table **out, tl_err *err);

#endif
