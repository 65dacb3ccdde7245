/*
 * A shard's work: a group of rows through augmentation, forward pass, loss and backward
 * pass, with the recipe's hooks. Bits depend on the rows, their place in the batch and the
 * streams alone.
 *
 * With clipping of each row there are two passes back: one for the norms (row_squares.h; if
 * layers are masked in part, by batches of one row), and one with each row's output
 * gradient scaled.
 */
#ifndef TL_COMPUTE_TRAIN_SHARD_H
#define TL_COMPUTE_TRAIN_SHARD_H

#include "compute/nn/row_squares.h"
#include "compute/train/objective.h"
#include "compute/train/recipe.h"

/** The passes of shards, and their memory. `pass` is for its `after` and `status`; other
 * fields are private. */
typedef struct tl_shard {
    tl_pass pass;
    const tl_model *model; /* borrowed, as the next three */
    const tl_recipe *recipe;
    const tl_train_rows *data;
    const unsigned char *mask; /* [params] of rows' norms; NULL: all count */
    int epoch;
    tl_rng changes, inputs, dropout; /* of the epoch */
    float *altered;                  /* [rows x input] NULL: inputs as they are */
    tl_pass attack;                  /* for gradients of the inputs */
    float *gradient, *original;      /* [rows x input] memory of the hook */
    float *weight;                   /* [rows] NULL: all are 1 */
    double *loss, *square;           /* [rows] */
    tl_row_squares squares;
    float *alone;   /* [params] gradient of one row */
    bool is_by_row; /* norms are of rows alone, not by `squares` */
} tl_shard;

/**
 * Memory for shards of up to `rows` rows. All pointers are borrowed. Not collective.
 * \param mask [params] of the hook, or NULL; when filled, tl_shard_mask is called
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_shard_new(const tl_model *model, const tl_recipe *recipe,
                                   const tl_train_rows *data, const unsigned char *mask,
                                   tl_arena *arena, tl_shard *out, tl_err *err);

/** Reads the mask: call when it has been filled, before the first shard. */
void tl_shard_mask(tl_shard *shard);

/** Begins epoch `epoch`. \param rng of the training */
void tl_shard_open_epoch(tl_shard *shard, const tl_rng *rng, int epoch);

/** Begins the batch whose first row is the epoch's `position`-th; call after every change
 * of the weights. */
void tl_shard_open_batch(tl_shard *shard, size_t position);

/** Rows of a batch: `row` [count] are indices into the data, the first is the batch's
 * `first`-th. Borrowed. */
typedef struct tl_shard_rows {
    const int *row;
    int count, first;
} tl_shard_rows;

/**
 * Runs a shard; collective only if the model is a share (pass.team).
 * \param grad [params] the gradient of the sum of the rows' losses, as weighted and
 *             clipped; set, or added to what is there
 * \param loss [1] the sum of the rows' losses, not weighted, is added before pass.after is
 *             first called
 */
void tl_shard_run(tl_shard *shard, const tl_shard_rows *rows, float *grad, bool adds,
                  float *loss);

#endif
