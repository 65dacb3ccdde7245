/*
 * Model inversion, of whichever model: images made by gradient ascent, an evaluator of
 * another architecture trained on the attacker's own rows, and the leakage of the images
 * next to two baselines: class mean images, and real images the owner did not train on.
 */
#ifndef TL_EXPERIMENTS_METHOD_RECONSTRUCTION_H
#define TL_EXPERIMENTS_METHOD_RECONSTRUCTION_H

#include "experiments/stage/stage.h"

/** Tables of parameters and metrics of every inversion. */
extern const tl_param tl_inversion_params[];
extern const tl_metric tl_inversion_metrics[];

/**
 * Inverts the model of `part`, gives the images as TL_PART_RECOVERED and measures their
 * leakage. Reads that model, pool and attacker; bank[0] is the evaluator. Collective over
 * the scene's team. \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_inversion_run(tl_scene *scene, tl_part part, tl_err *err);

/** The bank: one evaluator, trained by the plan's recipe on the attacker's clean rows.
 * \return as tl_stage_train */
TL_MUST_USE tl_status tl_evaluator_train(tl_scene *scene, tl_err *err);
double tl_evaluator_cost(const tl_size *size, const tl_value *arg);

/** The evaluator's architecture: an mlp, or a cnn for an mlp whose images can be pooled. */
tl_model_spec tl_evaluator_spec(const tl_model_spec *model);

/** Functions of the stages' records. \return TL_E_ARG without rows of the attacker */
TL_MUST_USE tl_status tl_inversion_check(const tl_size *size, const tl_value *arg,
                                         tl_err *err);
double tl_inversion_cost(const tl_size *size, const tl_value *arg);
int tl_inversion_max_ranks(const tl_size *size, const tl_value *arg);

#endif
