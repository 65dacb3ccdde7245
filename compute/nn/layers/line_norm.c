/*
 * Normalisation of each position over its features, then a gain per feature. Layer
 * normalisation: about the mean, by the standard deviation, and with a shift per feature.
 * Root mean square normalisation: by the root of the mean square.
 * Sources: Ba, Kiros, Hinton 2016, Layer normalization, eq. 4; Zhang, Sennrich 2019, Root
 * mean square layer normalization, eq. 4.
 */
#include "compute/nn/layers/layer.h"

#include "compute/nn/kernels/kernels.h"

#include <string.h>

static size_t saved(const tl_layer *layer, int rows)
{
    return 2 * (size_t)rows * (size_t)layer->in.width;
}

static tl_line_norm norm_of(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const bool is_centred = layer->kind == TL_LAYER_LAYERNORM;
    return (tl_line_norm){.positions = run->rows * layer->in.width,
                          .features = layer->in.channels,
                          .is_centred = is_centred,
                          .epsilon = 1e-5f,
                          .in = run->in,
                          .gain = run->param + layer->weight,
                          .shift = is_centred ? run->param + layer->bias : NULL,
                          .moment = run->saved};
}

static void forward(const tl_layer_run *run)
{
    tl_line_norm norm = norm_of(run);
    norm.out = run->out;
    tl_kernels_get()->sequence->norm(&norm);
}

static void backward(const tl_layer_run *run, float *grad)
{
    tl_line_norm norm = norm_of(run);
    norm.d_out = run->d_out;
    norm.d_in = run->d_in;
    norm.adds = run->adds;
    norm.d_gain = grad ? grad + run->layer->weight : NULL;
    norm.d_shift = grad && norm.is_centred ? grad + run->layer->bias : NULL;
    tl_kernels_get()->sequence->norm_back(&norm);
}

static size_t squares_scratch(const tl_layer *layer, int rows)
{
    (void)rows;
    return 2 * (size_t)layer->in.channels;
}

/* The gradient of each row by itself. */
static void squares(const tl_layer_run *run, float *scratch, double *square)
{
    const size_t features = (size_t)run->layer->in.channels;
    const size_t positions = (size_t)run->layer->in.width;
    for (size_t r = 0; r < (size_t)run->rows; r++) {
        tl_line_norm norm = norm_of(run);
        const size_t n = norm.is_centred ? 2 * features : features;
        norm.positions = (int)positions;
        norm.in += r * positions * features;
        norm.moment += 2 * r * positions;
        norm.d_out = run->d_out + r * positions * features;
        norm.d_gain = scratch;
        norm.d_shift = norm.is_centred ? scratch + features : NULL;
        memset(scratch, 0, n * sizeof *scratch);
        tl_kernels_get()->sequence->norm_back(&norm);
        for (size_t i = 0; i < n; i++) square[r] += (double)scratch[i] * (double)scratch[i];
    }
}

const tl_layer_ops tl_layernorm_ops = {.name = "layernorm",
                                       .saved = saved,
                                       .forward = forward,
                                       .backward = backward,
                                       .squares = squares,
                                       .squares_scratch = squares_scratch};
const tl_layer_ops tl_rmsnorm_ops = {.name = "rmsnorm",
                                     .saved = saved,
                                     .forward = forward,
                                     .backward = backward,
                                     .squares = squares,
                                     .squares_scratch = squares_scratch};
