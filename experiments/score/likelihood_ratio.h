/*
 * Scores of the likelihood-ratio membership test (LiRA) from the confidences of the target
 * and of shadow models, as four programs compute them.
 *
 * Source: Carlini, Chien, Nasr, Song, Terzis, Tramer 2022, Membership inference attacks
 * from first principles, sections IV and V, algorithm 1.
 */
#ifndef TL_EXPERIMENTS_SCORE_LIKELIHOOD_RATIO_H
#define TL_EXPERIMENTS_SCORE_LIKELIHOOD_RATIO_H

#include "experiments/score/shadow_values.h"

/**
 * Whose arithmetic. "One deviation" means one standard deviation for all rows; all divide
 * by n and add 1e-30 to a deviation.
 *
 * - TL_LIRA_ALL: all values of a row, medians. One deviation: of all values about their
 *   mean; online, that of the values with the row serves both densities. A row that no
 *   model trained on, or that all did, takes mean and deviation of all rows' values on that
 *   side; a deviation of its own that is 0 is replaced too. Offline omits log sqrt(2 pi).
 * - TL_LIRA_CARLINI: the authors' code: the first values of each row, as many as the row
 *   with the fewest has, medians. One deviation: of those values about their mean, online
 *   that of the values with the row for both densities (there `std_out = np.std(dat_in)`).
 *   tensorflow/privacy 03035d5d, research/mi_lira_2021/plot.py, generate_ours and
 *   generate_ours_offline.
 * - TL_LIRA_POOLED: TF-Privacy: all values of a row, medians. One deviation each side: of
 *   the values minus their row's median. What a row lacks is the mean of what the other
 *   rows have. tensorflow/privacy 03035d5d, tensorflow_privacy/privacy/privacy_tests/
 *   membership_inference_attack/advanced_mia.py, compute_score_lira (options both and out).
 * - TL_LIRA_LEAKPRO: means; offline the logarithm of the distribution function, one-sided.
 *   One deviation is LeakPro's default `carlini`: each side's, of all values about their
 *   mean, with fewer than 64 models, and each row's own from 64 on. A deviation for each
 *   row is its `fixed`, which computes that in spite of its name. aidotse/LeakPro c47752fa,
 *   leakpro/attacks/mia_attacks/lira.py, run_attack and get_std.
 */
typedef enum tl_lira_scoring {
    TL_LIRA_ALL,
    TL_LIRA_CARLINI,
    TL_LIRA_POOLED,
    TL_LIRA_LEAKPRO
} tl_lira_scoring;

/** A likelihood-ratio test. */
typedef struct tl_lira {
    tl_lira_scoring scoring;
    bool is_online;  /**< ratio of both densities, else that of models without the row */
    bool has_own_sd; /**< a standard deviation for each row, else one for all */
} tl_lira;

/**
 * Scores each row: online log p_in - log p_out of the target's confidence, offline -log
 * p_out (TL_LIRA_LEAKPRO: log P_out). Higher means more likely a member; the references
 * TL_LIRA_CARLINI and TL_LIRA_POOLED give the negative.
 *
 * \param target [rows] confidence of the target
 * \param score  [rows] result; may be `target` itself
 * \return TL_E_NOMEM; TL_E_ARG if a row has no model with it (online) or none without it
 *         and the scoring has no rule for that (TL_LIRA_CARLINI and TL_LIRA_LEAKPRO; the
 *         references then fail or give NaN), TL_LIRA_POOLED: if no row has such a model
 */
TL_MUST_USE tl_status tl_lira_score(const tl_lira *test, const tl_shadow_values *shadows,
                                    const double *target, tl_arena *scratch, double *score,
                                    tl_err *err);

#endif
