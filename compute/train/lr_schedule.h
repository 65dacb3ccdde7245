/*
 * The step size during a training: a linear warm-up, then constant, or decay along half a
 * cosine or a line.
 */
#ifndef TL_COMPUTE_TRAIN_LR_SCHEDULE_H
#define TL_COMPUTE_TRAIN_LR_SCHEDULE_H

#include "compute/train/recipe.h"

/**
 * Step size of update `update`, 1 .. updates. In the warm-up of w = round(warmup * updates)
 * updates, update u has lr * u / w (Goyal et al. 2017, section 2.2). After it, with t = (u
 * - 1 - w) / (updates - w), it has lr * (e + (1 - e) * f(t)), where e is lr_end and f(t) is
 * (1 + cos(pi t)) / 2 (Loshchilov, Hutter 2017, SGDR, equation 5, without restarts), 1 - t,
 * or 1.
 */
double tl_schedule_rate(const tl_recipe *recipe, long update, long updates);

#endif
