/*
 * Training within a stage: a new model, from the scene's streams, on its team.
 */
#ifndef TL_EXPERIMENTS_STAGE_STAGE_TRAINING_H
#define TL_EXPERIMENTS_STAGE_STAGE_TRAINING_H

#include "experiments/stage/stage.h"

/** What is trained, and how. All pointers are borrowed. */
typedef struct tl_stage_training {
    const tl_model_spec *spec;
    const tl_recipe *recipe;
    tl_train_rows rows;
    const tl_dataset *validation; /**< for the recipe's patience; NULL: no early stopping */
    const tl_model *start;        /**< of the same spec: the initial weights; NULL: drawn */
    bool is_numbered;             /**< each scene->bank_item has streams of its own */
} tl_stage_training;

/**
 * Makes and trains a model in keep and gives it as `part`: initial weights those of
 * `start`, or from the stream "init", the order of rows from "order". Collective.
 *
 * \param mine   this member's status so far; the team agrees on it first
 * \param report result; may be NULL
 * \return `mine`, TL_E_NOMEM, or as tl_train
 */
TL_MUST_USE tl_status tl_stage_train(tl_scene *scene, const tl_stage_training *training,
                                     tl_status mine, tl_part part, tl_train_report *report,
                                     tl_err *err);

/** Whether the setup's recipe suits its model and the data: no shifts of tokens, no
 * recomputing without blocks. \return TL_E_ARG */
TL_MUST_USE tl_status tl_stage_training_check(const tl_size *size, tl_err *err);

#endif
