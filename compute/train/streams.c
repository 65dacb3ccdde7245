#include "compute/train/streams.h"

#include <math.h>

/* Sub-streams of the training's stream from the end: those from the start are epochs. */
tl_rng tl_stream_of(const tl_rng *rng, tl_train_stream stream, int64_t item)
{
    const tl_rng whole = tl_rng_sub(rng, UINT64_MAX - (uint64_t)stream + 1);
    return tl_rng_sub(&whole, (uint64_t)item);
}

enum { NORMALS = 4 /* of a block */ };

/* Two of each pair of words, each uniform over the middles of 2^32 intervals. */
static void draw_normals(const tl_rng *rng, uint64_t block, double normal[NORMALS])
{
    const double turn = 6.283185307179586;
    uint32_t word[NORMALS];
    tl_rng_block(rng, block, word);
    for (int i = 0; i < NORMALS; i += 2) {
        const double radius = sqrt(-2.0 * log(((double)word[i] + 0.5) * 0x1p-32));
        const double angle = turn * (((double)word[i + 1] + 0.5) * 0x1p-32);
        normal[i] = radius * cos(angle);
        normal[i + 1] = radius * sin(angle);
    }
}

void tl_noise_add(const tl_rng *update, double sd, tl_slice slice, float *x)
{
    double normal[NORMALS];
    for (size_t i = slice.at; i < slice.at + slice.n; i++) {
        if (i == slice.at || i % NORMALS == 0) draw_normals(update, i / NORMALS, normal);
        x[i] += (float)(sd * normal[i % NORMALS]);
    }
}
