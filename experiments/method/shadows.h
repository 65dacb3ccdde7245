/*
 * Shadow models of a membership test: what the bank of halves answers about rows. An
 * attacker asks its own models plainly, or behind the owner's service rebuilt (adaptive).
 */
#ifndef TL_EXPERIMENTS_METHOD_SHADOWS_H
#define TL_EXPERIMENTS_METHOD_SHADOWS_H

#include "experiments/method/membership.h"
#include "experiments/score/shadow_values.h"

/** Parameters of tests with shadow models, as the first member of a stage's arguments. */
typedef struct tl_shadow_args {
    int models;
    bool adaptive;
} tl_shadow_args;

/** The first rows of a table of tl_param, for tl_shadow_args. */
#define TL_SHADOW_PARAMS                                                                  \
    {TL_ARG(tl_shadow_args, models),                                                      \
     .type = TL_PARAM_INT,                                                                \
     .fallback = 16,                                                                      \
     .low = 2,                                                                            \
     .high = TL_HALVES_MOST,                                                              \
     .about = "shadow models; a larger bank holds the models of a smaller one"},          \
    {                                                                                     \
        TL_ARG(tl_shadow_args, adaptive),                                                 \
            .type = TL_PARAM_BOOL,                                                        \
            .about =                                                                      \
                "the attacker knows of defences of the service: shadow models are asked " \
                "behind the same"                                                         \
    }

/** What tests with shadow models say besides, in tl_stage.variant. */
#define TL_SHADOW_VARIANT                                                                  \
    "Shadow models have the target's architecture, recipe, augmentation and "              \
    "training-time defences. Each clean row of the pool is in each of them with "          \
    "probability 1/2, so that rows differ in how many models have them; poisoned rows "    \
    "that the target trains on are in all of them. With recipe.patience they stop on the " \
    "owner's validation rows. "

/**
 * Asks every model of the bank about `rows`, one model in memory at a time. Collective.
 *
 * \param answer [rows x classes] overwritten
 * \param out    result, in scratch: a statistic of each model and row, and which model has
 *               which row
 * \return TL_E_NOMEM, TL_E_MISSING, or as tl_session_ask
 */
TL_MUST_USE tl_status tl_shadows_ask(tl_scene *scene, const tl_dataset *rows,
                                     tl_statistic statistic, bool is_adaptive,
                                     float *answer, tl_shadow_values *out, tl_err *err);

/**
 * The part that such tests share: gathers the candidates (scene->found), asks the target
 * about them (`plain`) and every model of the bank. Collective.
 *
 * \param candidates result, in scratch
 * \param shadows    result, in scratch: as tl_shadows_ask
 * \return as tl_shadows_ask
 */
TL_MUST_USE tl_status tl_shadows_test(tl_scene *scene, tl_statistic statistic,
                                      const tl_shadow_args *args,
                                      tl_candidates **candidates, tl_shadow_values *shadows,
                                      tl_err *err);

/** Functions of such stages' records: of their arguments, `args`, borrowed,
 * tl_shadow_args come first. */
int tl_shadows_count(const void *args);
double tl_shadows_cost(const tl_size *size, const void *args);

#endif
