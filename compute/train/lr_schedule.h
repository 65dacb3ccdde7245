/*
 * The step size over a training: a rise from 0 in the warm-up, then constant, or a fall
 * along half a cosine or a line.
 */
#ifndef TL_COMPUTE_TRAIN_LR_SCHEDULE_H
#define TL_COMPUTE_TRAIN_LR_SCHEDULE_H

#include "compute/train/recipe.h"

/**
 * Step size of update `update`, 1 .. updates, of a budget of `updates`; depends on nothing
 * else. Of the w = round(warmup * updates) updates of the warm-up, update u takes lr * u /
 * w (Goyal et al. 2017, section 2.2). After it, t = (u - 1 - w) / (updates - w) of the fall
 * is behind an update, which takes lr * (e + (1 - e) * f(t)) where e is lr_end and f(t) is
 * (1 + cos(pi t)) / 2 (Loshchilov, Hutter 2017, SGDR, equation 5, without restarts), 1 - t,
 * or 1.
 */
double tl_schedule_rate(const tl_recipe *recipe, long update, long updates);

#endif
