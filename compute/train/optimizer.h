/*
 * Optimisers: SGD with momentum and AdamW, one update of all parameters.
 */
#ifndef TL_COMPUTE_TRAIN_OPTIMIZER_H
#define TL_COMPUTE_TRAIN_OPTIMIZER_H

#include "compute/train/trainer.h"

/** Moments of each parameter; `second` is NULL for SGD. */
typedef struct tl_moments {
    float *first, *second; /**< [params] */
} tl_moments;

/**
 * One update. `grad` [params] is the mean gradient of the batch; `update` counts from 1.
 * SGD: v = m v + g + d w; w -= lr v (heavy ball, Polyak 1964, as PyTorch's SGD).
 * AdamW: Loshchilov, Hutter 2019, algorithm 2, beta 0.9 and 0.999, epsilon 1e-8.
 */
void tl_optimizer_step(const tl_recipe *recipe, long update, const float *grad,
                       size_t params, tl_moments *moments, float *param);

#endif
