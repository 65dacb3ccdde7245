/*
 * The estimator: from a comparison to an effect in words and numbers. effects.c asks it for
 * everything that a table can say, hypotheses.c for what a plan wants to know.
 */
#ifndef TL_ANALYSIS_EFFECT_ESTIMATOR_H
#define TL_ANALYSIS_EFFECT_ESTIMATOR_H

#include "analysis/effect/contrast.h"

/** What a hypothesis asks; texts are borrowed. */
typedef struct tl_asked {
    int hypothesis;    /**< its index */
    int direction;     /**< +1, -1, 0 */
    int sides;         /**< of the test: 2, or 1 in the direction */
    double margin;     /**< an effect within +-margin is none; NaN: not asked */
    const char *claim; /**< in words, or NULL */
} tl_asked;

/** Groupings that an estimator keeps, at most. */
enum { TL_MOST_GROUPINGS = 16 };

/** The state of an estimation. */
typedef struct tl_estimator {
    tl_design design;
    tl_arena *arena;  /**< for the effects, borrowed */
    tl_arena scratch; /**< for one metric */
    tl_arena index;   /**< for groupings */
    int groupings;
    tl_grouping grouping[TL_MOST_GROUPINGS]; /**< [groupings] of factors compared lately */
    tl_interval_basis *
        *basis;            /**< [draws + 1] of intervals of so many; NULL: not yet made */
    bool keeps_each;       /**< effects keep their numbers by data draw */
    tl_effects *effects;   /**< result, in the arena */
    const tl_asked *asked; /**< borrowed; NULL: effects are exploratory */
} tl_estimator;

/** A metric, with its log odds if it is between 0 and 1 and its logarithms if it is not
 * negative; in the scratch. */
typedef struct tl_subject {
    tl_target target, odds, logs;
    bool has_odds, has_logs;
} tl_subject;

/** Opens an estimator of `table`; both are borrowed. Close it also after a failure.
 * \return as tl_effects_estimate */
TL_MUST_USE tl_status tl_estimator_open(const tl_table *table, tl_arena *arena,
                                        tl_estimator *out, tl_err *err);

/** Frees what is not in the arena. */
void tl_estimator_close(tl_estimator *e);

/** Opens a metric. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_subject_open(tl_estimator *e, const tl_column *metric,
                                      tl_subject *out, tl_err *err);

/** Adds the effect of a contrast or an interaction. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_estimate_comparison(tl_estimator *e, const tl_subject *subject,
                                             const tl_comparison *compared, tl_err *err);

/** Adds the trend along compared->factor[0], over trials that meet its conditions.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_estimate_trend(tl_estimator *e, const tl_subject *subject,
                                        const tl_comparison *compared, tl_err *err);

/** Adds the mean of the metric over all cells with values, if there are any.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_estimate_mean(tl_estimator *e, const tl_subject *subject,
                                       tl_err *err);

/** Adds the effect of a later round, whose metric the subject is, against the first, if
 * any trial's value differs; compared->factor is {-1, -1}. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_estimate_round(tl_estimator *e, const tl_subject *later,
                                        const tl_comparison *compared, tl_err *err);

#endif
