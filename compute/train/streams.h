/*
 * The random streams of a training, all sub-streams of one: what is drawn, and for which
 * epoch or update.
 */
#ifndef TL_COMPUTE_TRAIN_STREAMS_H
#define TL_COMPUTE_TRAIN_STREAMS_H

#include "compute/core/rng.h"

/** What is drawn besides the order of rows, whose sub-stream of the training's stream is
 * the epoch's number. */
typedef enum tl_train_stream {
    TL_STREAM_AUGMENTATION = 1,
    TL_STREAM_DROPOUT,
    TL_STREAM_INPUTS,    /**< of the hook */
    TL_STREAM_EPOCH_END, /**< of the hook */
    TL_STREAM_NOISE      /**< an update's */
} tl_train_stream;

/** Stream `item` (an epoch, an update) of the training's stream `rng`. */
tl_rng tl_stream_of(const tl_rng *rng, tl_train_stream stream, int64_t item);

#endif
