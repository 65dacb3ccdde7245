/*
 * Model inversion, of whichever model: images made by gradient ascent, an evaluator of
 * another architecture trained on the attacker's own rows, and the leakage of the images
 * next to two baselines: class mean images, and real images the owner did not train on.
 */
#ifndef TL_EXPERIMENTS_METHOD_RECONSTRUCTION_H
#define TL_EXPERIMENTS_METHOD_RECONSTRUCTION_H

#include "experiments/stage/stage.h"

/** Arguments of every inversion, as tl_inversion_params describes them. */
typedef struct tl_inversion_args {
    int images, steps;
    double step, tv, noise;
} tl_inversion_args;
/** Tables of parameters and metrics of every inversion. */
extern const tl_param tl_inversion_params[];
/** \copydoc tl_inversion_params */
extern const tl_metric tl_inversion_metrics[];

/**
 * Inverts the model of `part` and gives the images as TL_PART_RECOVERED. Reads that model
 * and the attacker's rows. Collective over the scene's team. \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_inversion_run(tl_scene *scene, tl_part part, tl_err *err);

/**
 * Measures the leakage of the images given: reads the model of `part`, pool and attacker;
 * the first model of the bank is the evaluator. Collective over the scene's team.
 * \return TL_E_NOMEM, TL_E_PEER, TL_E_MISSING
 */
TL_MUST_USE tl_status tl_inversion_outcome(tl_scene *scene, tl_part part, tl_err *err);

/** What every inversion says of itself, the beginning of tl_stage.variant. */
#define TL_INVERSION_VARIANT                                                                \
    "Gradient ascent on the log-probability of a class with a prior against total "         \
    "variation, from random starts about the attacker's mean image; steps have a fixed "    \
    "root mean square, which falls to 0. Fredrikson et al. have neither prior nor starts. " \
    "Leakage compares the nearest of up to 200 members of a class with the nearest of as "  \
    "many non-members; read it against both baselines, since real images that nobody "      \
    "trained on need not be at 0. "

/** The bank of evaluators: one model, trained by the plan's recipe on the attacker's clean
 * rows. */
extern const tl_bank tl_bank_evaluators;

/** The evaluator's architecture: an mlp, or a cnn for an mlp whose images can be pooled. */
tl_model_spec tl_evaluator_spec(const tl_model_spec *model);

/** Functions of the stages' records; `args`, borrowed, are tl_inversion_args. \return
 * TL_E_ARG without rows of the attacker */
TL_MUST_USE tl_status tl_inversion_check(const tl_size *size, const void *args,
                                         tl_err *err);
double tl_inversion_cost(const tl_size *size, const void *args);
int tl_inversion_max_ranks(const tl_size *size, const void *args);

#endif
