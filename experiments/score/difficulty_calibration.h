/*
 * Membership scores calibrated by difficulty: how much more confident the target is in a
 * row than models that trained without it.
 *
 * Source: Watson, Guo, Cormode, Sablayrolles 2022, On the importance of difficulty
 * calibration in membership inference attacks, section 4.
 */
#ifndef TL_EXPERIMENTS_SCORE_DIFFICULTY_CALIBRATION_H
#define TL_EXPERIMENTS_SCORE_DIFFICULTY_CALIBRATION_H

#include "experiments/score/shadow_values.h"

/**
 * The target's value of each row minus the mean over the models that trained without it;
 * such a mean that a row lacks is as in tl_shadow_means. Values are such that higher means
 * more likely a member (minus the loss, or the confidence), and so is the score.
 *
 * With one shadow model and minus the loss it is the negative of the authors' calibrated
 * loss (facebookresearch/calibration_membership e2fde52a, attacks/privacy_attacks.py,
 * get_calibrated_losses), which has one model; with more it is TF-Privacy's offset
 * (tensorflow/privacy 03035d5d, tensorflow_privacy/privacy/privacy_tests/
 * membership_inference_attack/advanced_mia.py, compute_score_offset, "out" and "mean").
 *
 * \param target [rows] of the target
 * \param score  [rows] result; not `target`
 * \return as tl_shadow_means
 */
TL_MUST_USE tl_status tl_calibrated_score(const tl_shadow_values *shadows,
                                          const double *target, tl_arena *scratch,
                                          double *score, tl_err *err);

#endif
