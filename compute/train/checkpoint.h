/*
 * The state of a training after an update, and where it is saved.
 */
#ifndef TL_COMPUTE_TRAIN_CHECKPOINT_H
#define TL_COMPUTE_TRAIN_CHECKPOINT_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"
#include "compute/nn/tensor_parallel.h"
#include "compute/train/exchange.h"

/**
 * Saves and loads the state of a training. Called on member 0 only. `load` sets *bytes to
 * NULL if there is none; `self` is borrowed.
 */
typedef struct tl_checkpoint {
    void *self;
    tl_status (*load)(void *self, tl_arena *arena, void **bytes, size_t *n, tl_err *err);
    tl_status (*save)(void *self, const void *bytes, size_t n, tl_err *err);
    double every; /**< seconds between saves while it runs; 0: only when asked to stop */
} tl_checkpoint;

/** Progress of a training. */
typedef struct tl_progress {
    int64_t epoch, update; /**< done */
    int64_t row;           /**< rows of the current epoch that are done */
    double loss;           /**< sum over these rows */
    int64_t best_epoch;    /**< of the lowest validation loss; 0: not measured */
    double best_loss;      /**< that loss; infinite: not measured */
    double last_loss;      /**< mean loss over the last complete epoch, while training */
} tl_progress;

enum { TL_STATE_BLOCKS = 5 /**< blocks of a state, at most */ };

/** Everything that the rest of a training depends on. Pointers are borrowed. */
typedef struct tl_train_state {
    tl_key
        training; /**< of the model, recipe and number of rows: other states do not fit */
    tl_progress progress;
    size_t params;
    int blocks;
    float *block[TL_STATE_BLOCKS]; /**< [blocks][params] weights, moments, ... */
    bool is_kept[TL_STATE_BLOCKS]; /**< each member has only its slices: [exchange->kept] */
    tl_exchange *exchange;         /**< NULL: no such block */
    /** If given, each member has only its share of all blocks: [share->model.params] */
    const tl_tensor_parallel *share;
} tl_train_state;

/**
 * Saves the state on member 0; does nothing if `checkpoint` is NULL. Collective over
 * `team`, but statuses may differ: others return TL_OK when only member 0 fails.
 * \return TL_E_NOMEM, TL_E_PEER, or what `save` returns
 */
TL_MUST_USE tl_status tl_state_save(const tl_train_state *state,
                                    const tl_checkpoint *checkpoint, const tl_team *team,
                                    tl_arena *scratch, tl_err *err);

/**
 * Restores progress and blocks on every member if member 0 finds a state that fits; else
 * leaves them. Collective over `team`.
 * \return TL_E_NOMEM, TL_E_PEER, or what `load` returns
 */
TL_MUST_USE tl_status tl_state_load(tl_train_state *state, const tl_checkpoint *checkpoint,
                                    const tl_team *team, tl_arena *scratch, tl_err *err);

#endif
