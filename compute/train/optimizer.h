/*
 * Optimisers, SGD with momentum and AdamW, and the moving average of the weights.
 */
#ifndef TL_COMPUTE_TRAIN_OPTIMIZER_H
#define TL_COMPUTE_TRAIN_OPTIMIZER_H

#include "compute/nn/model.h"
#include "compute/train/gradient.h"
#include "compute/train/recipe.h"

/** Moments of some parameters, borrowed; `second` is NULL for SGD. */
typedef struct tl_moments {
    float *first, *second; /**< of the slice that is updated: [slice.n] */
} tl_moments;

/** A recipe applied to the parameters of one model. */
typedef struct tl_optimizing {
    const tl_recipe *recipe; /**< borrowed */
    size_t params;
    const tl_tensor *tensor; /**< [tensors] in the arena, those of rank 2 and more decay;
                                NULL: all decay */
    int tensors;
    /** [params] borrowed, set by the caller: where 0, parameters keep their bits and
     * moments are 0, whatever the gradient. NULL: all are updated */
    const unsigned char *mask;
} tl_optimizing;

/** Lists the model's tensors if the recipe's decay depends on them. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_optimizing_new(const tl_model *model, const tl_recipe *recipe,
                                        tl_arena *arena, tl_optimizing *out, tl_err *err);

/**
 * One update of the parameters of a slice. `update` counts from 1; `rate` is the step size
 * r of this update. SGD: v = m v + g + d w; w -= r v (heavy ball, Polyak 1964, as PyTorch's
 * SGD). AdamW: Loshchilov, Hutter 2019, algorithm 2, beta 0.9 and 0.999, epsilon 1e-8.
 *
 * The gradient is summed piece by piece as it is used, which saves memory traffic.
 * \param param [params] updated within the slice, borrowed
 * \return whether the gradient is finite; otherwise the model is invalid
 */
bool tl_optimizer_step(const tl_optimizing *optimizing, long update, double rate,
                       const tl_gradient *gradient, tl_slice slice,
                       const tl_moments *moments, float *param);

/**
 * Adds the weights `param` [n] after update `update`, counted from 1, to `average` [n]:
 * average += s (param - average) with s = max(1 - decay, 1 / update). This is the mean of
 * all updated weights for the first 1 / (1 - decay) updates, then the exponential average.
 * Source: Polyak, Juditsky 1992, Acceleration of stochastic approximation by averaging (the
 * mean); Kingma, Ba 2015, Adam, section 7.2 (the exponential average).
 */
void tl_average_add(double decay, long update, const float *param, size_t n,
                    float *average);

#endif
