/*
 * Room compute/train: from a model and rows to trained weights: recipes, gradients,
 * optimisers, exchange over the team, checkpoints, model files. Uses all of compute;
 * nothing in compute uses it.
 *
 * The sharded trainer: minibatch training whose bits do not depend on how many ranks run
 * it.
 *
 * A batch of B rows is cut into S virtual shards; shard s holds rows floor(sB/S) to
 * floor((s+1)B/S) of the batch present. Each shard is one forward and backward pass of
 * fixed shape; gradients are summed over shards in a fixed binary tree, over the shards of
 * a rank and then over the team, and divided by B. A team has 2^k <= S members. Where a
 * recipe accumulates batches, a shard adds up its parts of them, one batch after the other,
 * before the tree; what is divided by are then the rows of all of them, and what is left at
 * the end of an epoch makes an update of its own.
 *
 * A split model (nn/tensor_parallel.h) is cut where others cut the batch: each member has
 * its share of the model, of the optimiser's state and of all that is kept for the weights,
 * and works on all shards. What is whole in a share has the same gradient on every member,
 * so no gradient travels.
 */
#ifndef TL_COMPUTE_TRAIN_TRAINER_H
#define TL_COMPUTE_TRAIN_TRAINER_H

#include "compute/nn/model.h"
#include "compute/train/checkpoint.h"
#include "compute/train/objective.h"
#include "compute/train/recipe.h"

/** One training: what it works on and with. All pointers are borrowed. */
typedef struct tl_training {
    const tl_recipe *recipe;
    const tl_train_rows *rows;
    /** Labelled rows that the recipe's patience looks at. NULL or no rows: no early
     * stopping, whatever the recipe says. Not with TL_LOSS_SQUARED. */
    const tl_dataset *validation;
    const tl_rng
        *rng; /**< sub-stream e orders epoch e; others are for augmentation and dropout
               */
    const tl_team *team;
    const tl_checkpoint *checkpoint; /**< may be NULL */
} tl_training;

/** What a training came to. */
typedef struct tl_train_report {
    long updates;
    int epochs;       /**< that ran: fewer than the recipe's where it was stopped early */
    double last_loss; /**< mean loss over the last epoch, as it went */
    double waited;    /**< seconds that this member waited for gradients and weights of the
                         others, with its own passes over */
} tl_train_report;

/**
 * FLOP of training `rows` rows for all epochs: forward and backward passes of an example
 * and epoch, and one for each of `validation` rows if the recipe has patience.
 */
double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows,
                     int validation);

/** Members of the largest useful team. */
int tl_train_max_ranks(const tl_model_spec *spec, const tl_recipe *recipe);

/** Bytes of scratch that tl_train takes at most with checkpoints, as an arena counts them,
 * beside 4 a row for the order of the rows. \param team  of tl_team_counted */
double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe, int validation,
                       const tl_team *team);

/**
 * Trains `model`, which holds its starting weights, in place. Collective over the team. In
 * a `scratch` that counts, `rows` and `validation` need nothing but their number of rows.
 *
 * With patience, the mean cross-entropy of the validation rows is measured after every
 * epoch; training ends once `patience` epochs in a row were no better than the best before
 * them, and the best epoch's weights are the result (Prechelt 1998, Early stopping - but
 * when?). With `average`, the averaged weights are what is measured, and the result.
 *
 * \param report result, may be NULL
 * \return TL_E_NUMERIC when loss, gradient or validation loss is not finite (the text names
 * the update or the epoch), TL_E_STOP when asked to stop (state saved if there is a
 * checkpoint), TL_E_ARG without rows, TL_E_PEER, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_train(tl_model *model, const tl_training *training,
                               tl_arena *scratch, tl_train_report *report, tl_err *err);

#endif
