/*
 * An effect: what one factor does to one metric, and a list of effects.
 */
#ifndef TL_ANALYSIS_EFFECT_EFFECT_H
#define TL_ANALYSIS_EFFECT_EFFECT_H

#include "analysis/effect/interval.h"
#include "compute/core/arena.h"

#include <stdbool.h>
#include <stdint.h>

/** Effects of a list, at most. */
enum { TL_MOST_EFFECTS = 1 << 20 };

/** What an effect compares. */
typedef enum tl_effect_kind {
    TL_EFFECT_CONTRAST,
    TL_EFFECT_INTERACTION, /**< factor, level and reference are "a:b" */
    TL_EFFECT_TREND,       /**< level is "trend", reference "value" or "rank" */
    TL_EFFECT_MEAN         /**< no effect: the metric's mean over all cells; texts are "" */
} tl_effect_kind;

/** Whether an interaction looks the same as log odds, for metrics between 0 and 1. */
typedef enum tl_scales {
    TL_SCALES_NOT_COMPARED,
    TL_SCALES_AGREE,
    TL_SCALES_DISAGREE /**< in sign, or in whether 0 is inside the interval */
} tl_scales;

/** What one factor does to one metric. Texts are borrowed; missing numbers are NaN. */
typedef struct tl_effect {
    tl_effect_kind kind;
    const char *factor, *level, *reference, *metric;
    const char *at;        /**< conditions, "removal=none, p=0.1", or NULL */
    const char *pooled;    /**< factors it is a mean over, "p (3 levels)", or NULL */
    int replicates;        /**< n: with a value in every cell; crossed: data draws */
    int left_out;          /**< those without one */
    double reference_mean; /**< of the metric at the reference level; of a trend over all
                              levels */
    double mean;           /**< of the effect over replicates */
    double low, high;      /**< 95 % interval of the mean */
    double lower, upper;   /**< each a one-sided 95 % limit */
    tl_interval_kind interval;
    int sides;         /**< of the test: 2, or 1 in the direction of the hypothesis */
    double p;          /**< sign flips over replicates */
    double least_p;    /**< smallest p that n replicates can reach */
    double floor_sd;   /**< assumed of a replicate, if all are equal; else 0 */
    tl_scales scales;  /**< of an interaction */
    double logit_mean; /**< the contrast or interaction as log odds */
    double logit_low, logit_high; /**< its 95 % interval */
    double odds;                  /**< the same as a ratio of odds, exp of the above */
    double odds_low, odds_high;
    double ratio; /**< of a contrast: level / reference, mean over cells and replicates of
                       its logarithm */
    double ratio_low, ratio_high; /**< its 95 % interval */
    double data_sd, training_sd;  /**< of crossed replicates: standard deviation from one
                                       data draw to the next, and among the training seeds
                                       of one */
    const double *each;       /**< [draws of the list] the effect by data draw, NaN where
                                   incomplete; NULL unless asked for */
    const double *difference; /**< [replicates] of a hypothesis, complete ones alone, in the
                                   arena; or NULL */
    int hypothesis;           /**< index of the hypothesis it answers, or -1 */
    int part, parts;          /**< which of the effects that answer it */
    int direction;            /**< of the hypothesis: +1, -1, 0 */
    const char *claim;        /**< what the hypothesis tests, in words, or NULL */
    double q;                 /**< false discovery rate over the hypotheses */
    double family_wise;       /**< p by Holm over the hypotheses */
    double margin;            /**< an effect within +-margin is none, or NaN */
    double equivalence_p;     /**< that it is within the margin, by two t tests */
    const char *missing;      /**< why there is no number, or NULL */
    const char *control;      /**< metric of a control model, if a hypothesis is on one
                                   that has it; or NULL */
    double control_mean;      /**< of `control`, as reference_mean */
    double control_effect, control_low, control_high; /**< as mean, low, high, on it */
} tl_effect;

/** A list that grows in an arena. */
typedef struct tl_effects {
    int count, room;
    tl_effect *effect;   /**< [room] in the arena */
    int left_out;        /**< interactions not computed because there are too many */
    int draws;           /**< independent replicates; crossed: data draws */
    const int32_t *draw; /**< [draws] their numbers in the table */
    bool is_crossed;     /**< whether each has several training seeds */
} tl_effects;

/**
 * Adds an effect on `metric` without numbers or hypothesis. The list may move, which
 * invalidates pointers into it.
 * \return TL_E_NOMEM, also for too many effects
 */
TL_MUST_USE tl_status tl_effects_add(tl_effects *effects, const char *metric,
                                     tl_arena *arena, tl_effect **out, tl_err *err);

#endif
