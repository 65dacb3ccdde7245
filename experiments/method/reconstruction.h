/*
 * What the model inversions have in common, whichever model they invert: images made by
 * gradient ascent, an evaluator of another architecture trained on the attacker's own rows,
 * and the leakage of the images beside that of two baselines, the mean image of a class and
 * real images that the owner did not train on.
 */
#ifndef TL_EXPERIMENTS_METHOD_RECONSTRUCTION_H
#define TL_EXPERIMENTS_METHOD_RECONSTRUCTION_H

#include "experiments/stage/stage.h"

/** Parameters and metrics of every inversion. */
extern const tl_param tl_inversion_params[];
extern const tl_metric tl_inversion_metrics[];

/**
 * Inverts the model of `part` and measures what came of it; gives the images as
 * TL_PART_RECOVERED. Reads that model, pool and attacker; bank[0] is the evaluator. A
 * stage's `run`, but for the part.
 */
TL_MUST_USE tl_status tl_inversion_run(tl_scene *scene, tl_part part, tl_err *err);

/** The bank: one evaluator, trained by the plan's recipe on the attacker's clean rows. */
TL_MUST_USE tl_status tl_evaluator_train(tl_scene *scene, tl_err *err);
double tl_evaluator_cost(const tl_size *size, const tl_value *arg);

/** The evaluator's shape: an mlp for a cnn, and a cnn for an mlp whose images can be
 * pooled.
 */
tl_model_spec tl_evaluator_spec(const tl_model_spec *model);

/** The stages' functions of these names. */
TL_MUST_USE tl_status tl_inversion_check(const tl_size *size, const tl_value *arg,
                                         tl_err *err);
double tl_inversion_cost(const tl_size *size, const tl_value *arg);
int tl_inversion_max_ranks(const tl_size *size, const tl_value *arg);

#endif
