/*
 * Scores of the relative membership test (RMIA): the share of a population's rows, which no
 * model trained on, over which a row's likelihood under the target stands out.
 *
 * Source: Zarifzadeh, Liu, Shokri 2024, Low-cost high-power membership inference attacks,
 * equations 2 to 4, 9 and 10 (offline), algorithm 1.
 */
#ifndef TL_EXPERIMENTS_SCORE_RELATIVE_MEMBERSHIP_H
#define TL_EXPERIMENTS_SCORE_RELATIVE_MEMBERSHIP_H

#include "experiments/score/shadow_values.h"

/**
 * Whose arithmetic. With means of the shadow models' probabilities of a row's label over
 * models that trained with it (p_in), without it (p_out), or all (p_all):
 *
 * - TL_RELATIVE_PAPER: offline p = [(1+a) p_out + (1-a)]/2; online p(x) = (p_in + p_out)/2
 *   and p(z) = p_out. A mean that a row lacks is as in tl_shadow_means. Ratio >= gamma. The
 *   authors' code takes means with a fifth cut off at each end instead
 *   (privacytrustlab/ml_privacy_meter d3273416, research/2024_rmia/main.py).
 * - TL_RELATIVE_PRIVACY_METER: offline alone, ratio > gamma (there 1). In place of p_out
 * the mean of the largest n of the row's values, n half the models, where a value of a
 * model that trained on it counts as 0; so it is lower than p_out where more than half did,
 * and higher where fewer did, as of all z. With 2 or 3 models the mean over all models,
 * where a value v with the row counts as (v + a - 1)/a, or (v - .7)/.3 for a = 0.
 *   privacytrustlab/ml_privacy_meter e384af8f, modules/mia/attacks/rmia.py, run_rmia.
 * - TL_RELATIVE_LEAKPRO: offline p(x) as in the paper, p(z) = [(1+a) p_all + (1-a)]/2;
 *   online p_all for both; 1e-6 is added to both; ratio > gamma (there 2, a = .33; its
 *   probabilities are those at temperature 2). aidotse/LeakPro c47752fa,
 *   leakpro/attacks/mia_attacks/rmia.py, prepare_attack and _run_attack.
 */
typedef enum tl_relative_scoring {
    TL_RELATIVE_PAPER,
    TL_RELATIVE_PRIVACY_METER,
    TL_RELATIVE_LEAKPRO
} tl_relative_scoring;

/** A relative membership test. */
typedef struct tl_relative {
    tl_relative_scoring scoring;
    bool is_online;
    double gamma; /**< least ratio that counts, > 0 */
    double a;     /**< slope of p_in = a p_out + (1 - a), 0 to 1; offline */
} tl_relative;

/** Probabilities of the rows' labels, 0 to 1; all pointers are borrowed. */
typedef struct tl_relative_rows {
    tl_shadow_values shadows; /**< the shadow models' */
    const double *target;     /**< [shadows.rows] the target's */
} tl_relative_rows;

/**
 * Scores each row x of `rows`: the share of rows z of `population` with
 * [p_target(x)/p(x)] / [p_target(z)/p(z)] of gamma or more. A ratio of 0 by 0 does not
 * count.
 *
 * \param population no model trained on them; its `shadows` has as many models as that of
 *                   `rows`, and its `in` is not read
 * \param score      [rows] result, 0 to 1; may be the target's probabilities themselves
 * \return TL_E_NOMEM; TL_E_ARG without a population, for TL_RELATIVE_PRIVACY_METER online,
 *         if no row has a model that trained without it, or (TL_RELATIVE_LEAKPRO, offline)
 *         one row has none: there its score is 0
 */
TL_MUST_USE tl_status tl_relative_score(const tl_relative *test,
                                        const tl_relative_rows *rows,
                                        const tl_relative_rows *population,
                                        tl_arena *scratch, double *score, tl_err *err);

#endif
