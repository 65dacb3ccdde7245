/*
 * The identity of a training: a checkpoint of another one does not fit.
 */
#ifndef TL_COMPUTE_TRAIN_TRAINING_KEY_H
#define TL_COMPUTE_TRAIN_TRAINING_KEY_H

#include "compute/train/trainer.h"

/** The key of model, recipe with its hooks, loss, and numbers of rows, `held` of them for
 * validation. Not collective. */
tl_key tl_training_key(const tl_model_spec *spec, const tl_training *training, int held);

#endif
