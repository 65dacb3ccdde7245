/*
 * Where a training stands after an update, and the place that keeps it.
 */
#ifndef TL_COMPUTE_TRAIN_CHECKPOINT_H
#define TL_COMPUTE_TRAIN_CHECKPOINT_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"
#include "compute/nn/tensor_parallel.h"
#include "compute/train/exchange.h"

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

/** How far it has come. */
typedef struct tl_progress {
    int64_t epoch, update; /**< done */
    int64_t row;           /**< rows of the epoch that runs which are done */
    double loss;           /**< of these rows, added up */
    int64_t best_epoch;    /**< of the lowest validation loss; 0: none was measured */
    double best_loss;      /**< that loss; infinite: none was measured */
    double last_loss;      /**< mean loss over the last whole epoch, as it went */
} tl_progress;

enum { TL_STATE_BLOCKS = 5 /**< of a state, at most */ };

/** All that the rest of a training depends on. */
typedef struct tl_train_state {
    tl_key training; /**< of what is trained, how and on how much: a state of anything else
                        does not fit */
    tl_progress progress;
    size_t params;
    int blocks;
    float *block[TL_STATE_BLOCKS]; /**< [blocks][params] weights, moments, ... */
    bool
        is_kept[TL_STATE_BLOCKS]; /**< each member holds its own slices: [exchange->kept] */
    tl_exchange *exchange;        /**< borrowed; NULL: no such block */
    /** Borrowed; if given, each member holds of all blocks what is kept for its share:
     * [share->model.params] */
    const tl_tensor_parallel *share;
} tl_train_state;

/**
 * Saves the state by member 0, or does nothing where `checkpoint` is NULL. Collective over
 * `team`, and yet members differ in what they return: TL_OK on others where only member 0
 * fails. \return TL_E_NOMEM, TL_E_PEER, or what `save` returns
 */
TL_MUST_USE tl_status tl_state_save(const tl_train_state *state,
                                    const tl_checkpoint *checkpoint, const tl_team *team,
                                    tl_arena *scratch, tl_err *err);

/**
 * Puts the kept state, if member 0 finds one that fits, in progress and blocks of every
 * member; else leaves them. Collective over `team`. \return TL_E_NOMEM, TL_E_PEER, or what
 * `load` returns
 */
TL_MUST_USE tl_status tl_state_load(tl_train_state *state, const tl_checkpoint *checkpoint,
                                    const tl_team *team, tl_arena *scratch, tl_err *err);

#endif
