/*
 * Room compute/train: training: recipes, gradients, optimisers, exchange over the team,
 * checkpoints, model files. Uses all of compute; nothing in compute uses it.
 *
 * The sharded trainer: minibatch training whose bits do not depend on the number of ranks.
 *
 * A batch of B rows is cut into S virtual shards; shard s holds rows floor(sB/S) to
 * floor((s+1)B/S) of the batch present. Each shard is one forward and backward pass of
 * fixed shape; gradients are summed over shards in a fixed binary tree, over the shards of
 * a rank and then over the team, and divided by B. A team has 2^k <= S members. If a recipe
 * accumulates batches, a shard first adds up its parts of them in order; the divisor is
 * then the rows of all of them, and an incomplete group at the end of an epoch is an update
 * of its own.
 *
 * With a split model (nn/tensor_parallel.h) the team divides the model instead of the
 * batch: each member has its share of the weights and of the optimiser's state, and works
 * on all shards. What is not cut has the same gradient on every member, so no gradient is
 * communicated.
 */
#ifndef TL_COMPUTE_TRAIN_TRAINER_H
#define TL_COMPUTE_TRAIN_TRAINER_H

#include "compute/nn/model.h"
#include "compute/train/checkpoint.h"
#include "compute/train/objective.h"
#include "compute/train/recipe.h"

/** The inputs of a training. All pointers are borrowed. */
typedef struct tl_training {
    const tl_recipe *recipe;
    const tl_train_rows *rows;
    /** Labelled rows for early stopping. NULL or no rows: none, whatever the recipe's
     * patience. Not with TL_LOSS_SQUARED. */
    const tl_dataset *validation;
    const tl_rng
        *rng; /**< sub-stream e orders epoch e; others are for augmentation and dropout
               */
    const tl_team *team;
    const tl_checkpoint *checkpoint; /**< may be NULL */
} tl_training;

/** The result of a training besides the weights. */
typedef struct tl_train_report {
    long updates;
    int epochs;       /**< epochs run: fewer than the recipe's after early stopping */
    double last_loss; /**< mean loss over the last epoch, while training */
    double waited; /**< seconds that this member waited for others' gradients and weights,
                      with its own passes done */
} tl_train_report;

/**
 * FLOP of training on `rows` rows for all epochs: a forward and backward pass per row, and,
 * with patience, a forward pass per row of `validation`; and what the recipe's hooks add.
 */
double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows,
                     int validation);

/** Members of the largest useful team. */
int tl_train_max_ranks(const tl_model_spec *spec, const tl_recipe *recipe);

/** Bytes of scratch that tl_train allocates, at most, with checkpoints, besides 4 per row
 * for the order of the rows; INFINITY if impossible. Not collective.
 * \param team a tl_team_counted */
double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe, int validation,
                       const tl_team *team);

/**
 * Trains `model`, which holds its starting weights, in place. Collective over the team. If
 * `scratch` counts, of `rows` and `validation` only the number of rows is used.
 *
 * With patience, the mean cross-entropy of the validation rows is measured after every
 * epoch; training ends after `patience` epochs without improvement, and the best epoch's
 * weights are the result (Prechelt 1998, Early stopping - but when?). With `average`, the
 * averaged weights are measured and returned.
 *
 * The recipe's hooks (hooks.h) are called for what each member works on, and give the same
 * bits on any team; a mask is chosen from the starting weights, also when a training
 * resumes.
 *
 * \param report result, may be NULL
 * \return TL_E_NUMERIC when loss, gradient or validation loss is not finite (the text names
 * the update or the epoch), TL_E_STOP when asked to stop (state saved if there is a
 * checkpoint), TL_E_ARG without rows or by tl_hooks_check, TL_E_PEER, TL_E_NOMEM, or what
 * the hook of an epoch's end returns
 */
TL_MUST_USE tl_status tl_train(tl_model *model, const tl_training *training,
                               tl_arena *scratch, tl_train_report *report, tl_err *err);

#endif
