/*
 * Hooks of a training: what a defence changes in the inner loop. A hook is a value in a
 * recipe, without memory of its own: functions, and the numbers that they read. Trained
 * bits depend on the hooks but, as without any, not on the team.
 *
 * Order within a batch: augmented inputs, `inputs`, the pass, `weights`, clipping of each
 * row; within an update: the batch's sum, noise, the mask, the recipe's own clipping of the
 * whole gradient, the optimiser.
 */
#ifndef TL_COMPUTE_TRAIN_HOOKS_H
#define TL_COMPUTE_TRAIN_HOOKS_H

#include "compute/core/hash.h"
#include "compute/nn/model.h"
#include "compute/train/objective.h"

enum { TL_HOOK_NUMBERS = 8 /**< that functions of hooks read */ };

/** A group of rows whose inputs a hook may change. Pointers are borrowed. */
typedef struct tl_hook_shard {
    const tl_model *model;     /**< with its current weights */
    const tl_train_rows *data; /**< labels or targets, by row */
    const int *row;            /**< [rows] indices into `data`: what randomness goes by */
    int rows, epoch;           /**< epochs count from 0 */
    tl_rng rng;      /**< of this epoch: row r draws from tl_rng_sub(&rng, r) alone */
    float *input;    /**< [rows x input] to be changed in place */
    float *gradient; /**< [rows x input] memory for the hook */
    float *original; /**< [rows x input] memory for the hook */
    void *self;      /**< the shard's passes; private */
} tl_hook_shard;

/** The losses of a group of rows, to be weighted. Pointers are borrowed. */
typedef struct tl_hook_losses {
    const tl_train_rows *data;
    const int *row; /**< [rows] indices into `data` */
    int rows, epoch;
    const double *loss; /**< [rows] of the current weights, nat */
} tl_hook_losses;

/** The end of an epoch. Pointers are borrowed. */
typedef struct tl_hook_epoch {
    int epoch, epochs;   /**< the one that ended, from 0; of the recipe */
    tl_model *model;     /**< its weights may be changed, identically on every member */
    float *average;      /**< [params] averaged weights, likewise; NULL: none */
    const tl_team *team; /**< may be used, by all members alike */
    tl_rng rng;          /**< of this epoch, the same on every member */
} tl_hook_epoch;

/** Hooks; zero: none. Functions get `number` and must depend on nothing but what they get.
 */
typedef struct tl_hooks {
    const char *name; /**< of the functions, static: part of the training's key; NULL only
                         without functions */
    double number[TL_HOOK_NUMBERS];

    /** Changes a shard's inputs before its pass. Not collective; not on tokens. */
    void (*inputs)(const double *number, const tl_hook_shard *shard);
    int gradients; /**< tl_hook_gradient calls of one `inputs`: for costs alone */

    /** Sets the factor of each row's gradient; negative: its loss is maximised. Not
     * collective. \param weight [rows] result */
    void (*weights)(const double *number, const tl_hook_losses *losses, float *weight);

    double clip_each; /**< limit of each row's gradient's L2 norm; 0: none */
    double noise;     /**< standard deviation over clip_each of Gaussian noise that is added
                         to an update's sum of clipped gradients; 0: none. Batches
                         are shuffled, not drawn independently as most accountants
                         of differential privacy assume */

    /** Called at the end of every epoch, before validation. Collective over end->team: the
     * same status on every member. */
    tl_status (*epoch)(const double *number, const tl_hook_epoch *end, tl_err *err);

    /** Chooses, once, from the starting weights, the parameters that are trained: the
     * others, weights and moments, keep their bits. Not collective: the same on every
     * member. \param mask [params] result, starts as 1; 0: not trained */
    void (*mask)(const double *number, const tl_model *model, unsigned char *mask);
} tl_hooks;

/** Whether any hook is set. */
bool tl_hooks_any(const tl_hooks *hooks);

/** Adds name, numbers and which hooks are set to `hash`; nothing if none is. */
void tl_hooks_hash(const tl_hooks *hooks, tl_hash *hash);

/** Checks that a model of this spec can be trained with the hooks. Not collective.
 * \return TL_E_ARG: what does not fit, and what to do */
TL_MUST_USE tl_status tl_hooks_check(const tl_hooks *hooks, const tl_model_spec *spec,
                                     tl_err *err);

/** Whether a row takes equally long with either hooks. */
bool tl_hooks_cost_same(const tl_hooks *a, const tl_hooks *b);

/**
 * What hooks do to the sum of an update's gradients: adds the noise, and zeroes what is
 * masked. Not collective: any slice on any member, with the same bits.
 * \param noise of the update (tl_noise_add)
 * \param mask [params] of the hook, or NULL
 * \param sum [params] of which a slice changes
 */
void tl_hooks_alter_sum(const tl_hooks *hooks, const tl_rng *noise,
                        const unsigned char *mask, tl_slice slice, float *sum);

/**
 * The gradient of each row's loss (the recipe's, with its label smoothing, without dropout
 * and weights) with respect to its input. Not collective.
 * \param input [rows x input] of the shard's rows: shard->input or others
 * \param gradient [rows x input] result; shard->gradient serves
 */
void tl_hook_gradient(const tl_hook_shard *shard, const float *input, float *gradient);

#endif
