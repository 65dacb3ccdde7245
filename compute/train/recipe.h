/*
 * A recipe: how a model is trained. A recipe whose members are zero but for those of the
 * first group is plain minibatch training at a constant step size.
 */
#ifndef TL_COMPUTE_TRAIN_RECIPE_H
#define TL_COMPUTE_TRAIN_RECIPE_H

#include "compute/core/hash.h"

#include <stdbool.h>

/** Which rule updates the parameters. */
typedef enum tl_optimizer { TL_SGD, TL_ADAMW, TL_OPTIMIZERS } tl_optimizer;

/** How the step size falls after the warm-up; see lr_schedule.h. */
typedef enum tl_schedule {
    TL_SCHEDULE_CONSTANT,
    TL_SCHEDULE_COSINE,
    TL_SCHEDULE_LINEAR,
    TL_SCHEDULES
} tl_schedule;

/** Which parameters weight decay shrinks. */
typedef enum tl_decay {
    TL_DECAY_ALL,
    TL_DECAY_MATRICES, /**< tensors of rank 2 and more: no biases, no gains of norms */
    TL_DECAYS
} tl_decay;

/** How a team sums gradients. */
typedef enum tl_reduction {
    TL_REDUCTION_TREE, /**< the fixed tree: the same bits for every number of ranks */
    TL_REDUCTION_FAST, /**< as MPI likes: bits depend on the team */
    TL_REDUCTIONS
} tl_reduction;

/** How a model is trained. */
typedef struct tl_recipe {
    int epochs;     /**< passes over the rows, at most */
    int batch;      /**< rows of a batch */
    int shards;     /**< wanted; the trainer takes tl_recipe_shards of it */
    int least_rows; /**< of a shard: products of fewer are slow; 0 counts as 4 */
    tl_optimizer optimizer;
    double lr;           /**< step size, the largest */
    double momentum;     /**< SGD: heavy ball, v = m v + g, w -= lr v */
    double weight_decay; /**< AdamW: decoupled (Loshchilov, Hutter 2019); SGD: added to g */

    tl_schedule schedule;
    double warmup;          /**< share of all updates in which the step size rises */
    double lr_end;          /**< share of lr that a falling schedule ends at */
    int accumulate;         /**< batches whose gradients make one update; 0 counts as 1 */
    double clip;            /**< limit of the gradient's L2 norm; 0: none */
    double label_smoothing; /**< weight of the uniform distribution in the targets */
    double dropout;         /**< share of the outputs dropped (nn/dropout.h); 0: none */
    tl_decay decay;
    double average; /**< decay of the weights' moving average (tl_average_add); 0: none */
    int patience;   /**< epochs without a better validation loss; 0: no early stopping */
    int shift;      /**< pixels by which images are shifted, at most (augment.h) */
    bool flip;      /**< images are mirrored with probability 1/2 */

    tl_reduction reduction;
    /* How it is done; no bit of the result depends on these. */
    bool zero;      /**< a member keeps the optimiser's state of its slice alone */
    bool overlap;   /**< sums over the team run beside the last backward pass */
    bool recompute; /**< activations within a block are computed twice, not kept */
} tl_recipe;

/** Shards in use: the largest power of two <= wanted and <= batch/least_rows, at least 1.
 */
int tl_recipe_shards(const tl_recipe *recipe);

/** Rows of the largest shard of a whole batch. */
int tl_recipe_shard_rows(const tl_recipe *recipe);

/** Rows that make one update: accumulate batches, or all rows where they are fewer. */
int tl_recipe_group(const tl_recipe *recipe, int rows);

/** Updates of the whole budget of epochs: what schedules are computed from. */
long tl_recipe_updates(const tl_recipe *recipe, int rows);

/** Whether images are altered before they are trained on. */
bool tl_recipe_augments(const tl_recipe *recipe);

/** Adds to `hash` all members that the result depends on. */
void tl_recipe_hash(const tl_recipe *recipe, tl_hash *hash);

#endif
