/*
 * Embedding: a vector per token, plus one per position where positions are learned.
 * Backward adds to the table in the order of the positions.
 */
#include "compute/nn/layers/layer.h"

#include "compute/core/status.h"

#include <string.h>

/* The table's row for a token, which must be in the vocabulary. */
static size_t row_of(const tl_layer *layer, float token)
{
    const size_t features = (size_t)layer->out.channels;
    TL_INVARIANT(token >= 0.0f && token < (float)(layer->weights / features));
    return layer->weight + (size_t)token * features;
}

static void forward(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const size_t n = (size_t)layer->out.channels, positions = (size_t)layer->out.width;
    for (size_t p = 0; p < (size_t)run->rows * positions; p++) {
        const float *vector = run->param + row_of(layer, run->in[p]);
        float *out = run->out + p * n;
        if (!layer->has_positions) {
            memcpy(out, vector, n * sizeof *out);
            continue;
        }
        const float *place = run->param + layer->bias + p % positions * n;
        for (size_t i = 0; i < n; i++) out[i] = vector[i] + place[i];
    }
}

static void backward(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const size_t n = (size_t)layer->out.channels, positions = (size_t)layer->out.width;
    const size_t all = (size_t)run->rows * positions;
    for (size_t p = 0; grad && p < all; p++) {
        const float *d = run->d_out + p * n;
        float *vector = grad + row_of(layer, run->in[p]);
        for (size_t i = 0; i < n; i++) vector[i] += d[i];
        if (!layer->has_positions) continue;
        float *place = grad + layer->bias + p % positions * n;
        for (size_t i = 0; i < n; i++) place[i] += d[i];
    }
    /* Tokens are not quantities: they have no gradient. */
    if (run->d_in && !run->adds) memset(run->d_in, 0, all * sizeof *run->d_in);
}

static size_t squares_scratch(const tl_layer *layer, int rows)
{
    (void)rows;
    return (size_t)layer->out.channels;
}

/* A token's vector gets the sum of the gradients of all its places in the row; a position
 * has one place. */
static void squares(const tl_layer_run *run, float *scratch, double *square)
{
    const tl_layer *layer = run->layer;
    const size_t n = (size_t)layer->out.channels, positions = (size_t)layer->out.width;
    for (size_t r = 0; r < (size_t)run->rows; r++) {
        const float *token = run->in + r * positions, *d = run->d_out + r * positions * n;
        for (size_t p = 0; p < positions; p++) {
            const float *here = d + p * n;
            size_t before = 0;
            while (before < p && token[before] != token[p]) before++;
            for (size_t i = 0; i < n && layer->has_positions; i++)
                square[r] += (double)here[i] * (double)here[i];
            if (before < p) continue;
            memcpy(scratch, here, n * sizeof *scratch);
            for (size_t q = p + 1; q < positions; q++) {
                for (size_t i = 0; i < n && token[q] == token[p]; i++)
                    scratch[i] += d[q * n + i];
            }
            for (size_t i = 0; i < n; i++)
                square[r] += (double)scratch[i] * (double)scratch[i];
        }
    }
}

const tl_layer_ops tl_embed_ops = {.name = "embed",
                                   .forward = forward,
                                   .backward = backward,
                                   .squares = squares,
                                   .squares_scratch = squares_scratch};
