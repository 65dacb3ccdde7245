#include "compute/train/streams.h"

/* Sub-streams of the training's stream from the end: those from the start are epochs. */
tl_rng tl_stream_of(const tl_rng *rng, tl_train_stream stream, int64_t item)
{
    const tl_rng whole = tl_rng_sub(rng, UINT64_MAX - (uint64_t)stream + 1);
    return tl_rng_sub(&whole, (uint64_t)item);
}
