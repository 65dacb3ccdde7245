/*
 * Optimisers: SGD with momentum and AdamW, one update of all parameters; and the moving
 * average of the weights, which varies less than they do.
 */
#ifndef TL_COMPUTE_TRAIN_OPTIMIZER_H
#define TL_COMPUTE_TRAIN_OPTIMIZER_H

#include "compute/nn/model.h"
#include "compute/train/gradient.h"
#include "compute/train/recipe.h"

/** Moments of some parameters; `second` is NULL for SGD. */
typedef struct tl_moments {
    float *first, *second; /**< of the slice that is updated: [slice.n] */
} tl_moments;

/** What a recipe does to the parameters of one model. */
typedef struct tl_optimizing {
    const tl_recipe *recipe; /**< borrowed */
    size_t params;
    const tl_tensor *tensor; /**< [tensors] of which some decay; NULL: all decay */
    int tensors;
} tl_optimizing;

/** Looks at the model's tensors where the recipe's decay asks for it; the table is in
 * `arena`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_optimizing_new(const tl_model *model, const tl_recipe *recipe,
                                        tl_arena *arena, tl_optimizing *out, tl_err *err);

/**
 * One update of the parameters of a slice. `update` counts from 1; `rate` is the step size
 * r of this update. SGD: v = m v + g + d w; w -= r v (heavy ball, Polyak 1964, as PyTorch's
 * SGD). AdamW: Loshchilov, Hutter 2019, algorithm 2, beta 0.9 and 0.999, epsilon 1e-8.
 *
 * The gradient is summed as it is used, piece by piece: a way through memory is spared.
 * \param param [params] updated within the slice
 * \return whether it is finite; else the model is spoilt
 */
bool tl_optimizer_step(const tl_optimizing *optimizing, long update, double rate,
                       const tl_gradient *gradient, tl_slice slice,
                       const tl_moments *moments, float *param);

/**
 * Takes the weights after update `update`, counted from 1, into `average` [n]: average +=
 * s (param - average) with s = max(1 - decay, 1 / update). That is the mean of all weights
 * so far, in which the starting weights have no part, until it spans 1 / (1 - decay)
 * updates, and from then on the exponential average.
 * Source: Polyak, Juditsky 1992, Acceleration of stochastic approximation by averaging (the
 * mean); Kingma, Ba 2015, Adam, section 7.2 (the exponential average).
 */
void tl_average_add(double decay, long update, const float *param, size_t n,
                    float *average);

#endif
