/*
 * The sharded trainer: minibatch training whose bits do not depend on how many ranks run
 * it.
 *
 * A batch of B rows is cut into S virtual shards; shard s holds rows floor(sB/S) to
 * floor((s+1)B/S) of the batch present. Each shard is one forward and backward pass of
 * fixed shape; gradients are summed over shards in a fixed binary tree, over the shards of
 * a rank and then over the team, and divided by B. A team has 2^k <= S members.
 */
#ifndef TL_COMPUTE_TRAIN_TRAINER_H
#define TL_COMPUTE_TRAIN_TRAINER_H

#include "compute/nn/model.h"

#include <stdbool.h>

typedef enum tl_optimizer { TL_SGD, TL_ADAMW, TL_OPTIMIZERS } tl_optimizer;

/** How a model is trained. */
typedef struct tl_recipe {
    int epochs, batch;
    int shards; /**< wanted; the trainer takes tl_recipe_shards of it */
    tl_optimizer optimizer;
    double lr;           /**< constant step size */
    double momentum;     /**< SGD: heavy ball, v = m v + g, w -= lr v */
    double weight_decay; /**< AdamW: decoupled (Loshchilov, Hutter 2019); SGD: added to g */
} tl_recipe;

/** What is made small, as a mean over the rows. */
typedef enum tl_loss {
    TL_LOSS_CROSS_ENTROPY, /**< of softmax(outputs), nat */
    TL_LOSS_SQUARED        /**< mean over the outputs of their squared distance to target */
} tl_loss;

/** What is trained on. Either `label` or `target` is given. */
typedef struct tl_train_rows {
    const float *pixel;   /**< [.. x input] */
    const int32_t *label; /**< [..] hard labels, or NULL */
    const float *target;  /**< [.. x classes] soft labels (rows sum to 1), or what outputs
                             are to be under the squared loss, or NULL */
    const int *row;       /**< [rows] which of them, in the order epochs permute */
    int rows;
    tl_loss loss; /**< TL_LOSS_SQUARED wants `target` */
} tl_train_rows;

/**
 * Where a training that is asked to stop leaves its state, and finds it again. Called on
 * member 0 only. `load` sets *bytes to NULL where there is none.
 */
typedef struct tl_checkpoint {
    void *self;
    tl_status (*load)(void *self, tl_arena *arena, void **bytes, size_t *n, tl_err *err);
    tl_status (*save)(void *self, const void *bytes, size_t n, tl_err *err);
    double every; /**< seconds between saves while it runs; 0: only when asked to stop */
} tl_checkpoint;

/** What a training came to. */
typedef struct tl_train_report {
    long updates;
    double last_loss; /**< mean loss over the last epoch, as it went */
} tl_train_report;

/** Shards in use: the largest power of two <= wanted and <= batch/4, at least 1. */
int tl_recipe_shards(const tl_recipe *recipe);

/** FLOP of training `rows` rows: 3 forward passes an example and epoch. */
double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows);

/** Bytes of scratch that a training of this spec and recipe takes. */
double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe);

/**
 * Trains `model`, which holds its starting weights, in place. Collective over `team`.
 * Epoch e's order is the permutation of rng's sub-stream e.
 *
 * \param checkpoint may be NULL
 * \return TL_E_NUM when loss or gradient is not finite (the text names the update),
 * TL_E_STOP when asked to stop (state saved if there is a checkpoint), TL_E_LOST,
 * TL_E_SPACE
 */
TL_MUST_USE tl_status tl_train(tl_model *model, const tl_recipe *recipe,
                               const tl_train_rows *data, const tl_rng *rng,
                               const tl_team *team, const tl_checkpoint *checkpoint,
                               tl_arena *scratch, tl_train_report *report, tl_err *err);

#endif
