/*
 * A recipe: how a model is trained. If only the first group of members is set, it is plain
 * minibatch training at a constant step size.
 */
#ifndef TL_COMPUTE_TRAIN_RECIPE_H
#define TL_COMPUTE_TRAIN_RECIPE_H

#include "compute/core/hash.h"
#include "compute/train/hooks.h"

#include <stdbool.h>

/** Which rule updates the parameters. */
typedef enum tl_optimizer { TL_SGD, TL_ADAMW, TL_OPTIMIZERS } tl_optimizer;

/** How the step size decays after the warm-up; see lr_schedule.h. */
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
    TL_REDUCTION_FAST, /**< by MPI: bits depend on the team */
    TL_REDUCTIONS
} tl_reduction;

/** How a model is trained. */
typedef struct tl_recipe {
    int epochs;     /**< passes over the rows, at most */
    int batch;      /**< rows of a batch */
    int shards;     /**< requested; tl_recipe_shards gives the number in use */
    int least_rows; /**< rows of a shard, at least, since small products are slow; 0 means 4
                     */
    tl_optimizer optimizer;
    double lr;           /**< maximum step size */
    double momentum;     /**< SGD: heavy ball, v = m v + g, w -= lr v */
    double weight_decay; /**< AdamW: decoupled (Loshchilov, Hutter 2019); SGD: added to g */

    tl_schedule schedule;
    double warmup;          /**< fraction of updates in the warm-up */
    double lr_end;          /**< fraction of lr at the end of a decay */
    int accumulate;         /**< batches per update; 0 means 1 */
    double clip;            /**< limit of the gradient's L2 norm; 0: none */
    double label_smoothing; /**< weight of the uniform distribution in the targets */
    double dropout;         /**< fraction of outputs dropped (dropout.h); 0: none */
    tl_decay decay;
    double average; /**< decay of the weights' moving average (tl_average_add); 0: none */
    int patience;   /**< epochs without a better validation loss; 0: no early stopping */
    int shift;      /**< pixels by which images are shifted, at most (augment.h) */
    bool flip;      /**< images are mirrored with probability 1/2 */

    tl_hooks hooks; /**< what a defence changes in the inner loop (hooks.h) */

    tl_reduction reduction;
    /* Execution; no bit of the result depends on these. */
    bool zero;      /**< a member keeps only the optimiser's state of its slice */
    bool overlap;   /**< sums over the team overlap with the last backward pass */
    bool recompute; /**< activations within a block are recomputed, not kept */
} tl_recipe;

/** Shards in use: the largest power of two <= shards and <= batch/least_rows, at least 1.
 */
int tl_recipe_shards(const tl_recipe *recipe);

/** Rows of the largest shard of a whole batch. */
int tl_recipe_shard_rows(const tl_recipe *recipe);

/** Rows of one update: those of `accumulate` batches, or all rows if fewer. */
int tl_recipe_group(const tl_recipe *recipe, int rows);

/** Updates of all epochs, the basis of schedules. */
long tl_recipe_updates(const tl_recipe *recipe, int rows);

/** Whether images are augmented. */
bool tl_recipe_augments(const tl_recipe *recipe);

/** Adds all members that the result depends on to `hash`. */
void tl_recipe_hash(const tl_recipe *recipe, tl_hash *hash);

#endif
