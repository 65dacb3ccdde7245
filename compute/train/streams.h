/*
 * The streams of a training, and Gaussian noise on a sum of gradients.
 */
#ifndef TL_COMPUTE_TRAIN_STREAMS_H
#define TL_COMPUTE_TRAIN_STREAMS_H

#include "compute/core/rng.h"
#include "compute/core/team.h"

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

/**
 * Adds independent normal numbers of standard deviation `sd` to a slice of a vector; number
 * i has the same noise whatever the slice: block i / 4 of `update` (Box, Muller 1958).
 * \param x [slice.at + slice.n] of which slice.at .. slice.at + slice.n - 1 change
 */
void tl_noise_add(const tl_rng *update, double sd, tl_slice slice, float *x);

#endif
