/*
 * The identity of a training: a checkpoint of another one does not fit.
 */
#ifndef TL_COMPUTE_TRAIN_TRAINING_KEY_H
#define TL_COMPUTE_TRAIN_TRAINING_KEY_H

#include "compute/nn/model_spec.h"
#include "compute/train/objective.h"
#include "compute/train/recipe.h"

/** The key of model, recipe with its hooks, loss, and numbers of rows, `held` of them for
 * validation. Not collective. */
tl_key tl_training_key(const tl_model_spec *spec, const tl_recipe *recipe,
                       const tl_train_rows *rows, int held);

#endif
