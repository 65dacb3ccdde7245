#include "compute/nn/layers/dropout.h"

void tl_dropout_apply(const tl_dropout *dropout, int layer, int rows, size_t size, float *x)
{
    if (!(dropout->rate > 0.0)) return;
    const tl_rng stream = tl_rng_sub(&dropout->batch, (uint64_t)layer);
    const float scale = (float)(1.0 / (1.0 - dropout->rate));
    const uint32_t limit = (uint32_t)(dropout->rate * 0x1p32);
    for (int r = 0; r < rows; r++, x += size) {
        const tl_rng own = tl_rng_sub(&stream, (uint64_t)(dropout->first_row + r));
        for (size_t i = 0; i < size; i += 4) {
            uint32_t word[4];
            tl_rng_block(&own, i / 4, word);
            for (size_t k = 0; k < 4 && i + k < size; k++) {
                x[i + k] = word[k] < limit ? 0.0f : x[i + k] * scale;
            }
        }
    }
}
