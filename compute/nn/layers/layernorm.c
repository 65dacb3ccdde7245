/*
 * Layer normalisation: each position about its mean over the features and by its standard
 * deviation, then a gain and a shift a feature.
 * Source: Ba, Kiros, Hinton 2016, Layer normalization, eq. 4.
 */
#include "compute/nn/layers/layer.h"

#include "compute/nn/kernels/kernels.h"

static size_t saved(const tl_layer *layer, int rows)
{
    return 2 * (size_t)rows * (size_t)layer->in.width;
}

static tl_line_norm norm_of(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    return (tl_line_norm){.positions = run->rows * layer->in.width,
                          .features = layer->in.channels,
                          .is_centred = true,
                          .epsilon = 1e-5f,
                          .in = run->in,
                          .gain = run->param + layer->weight,
                          .shift = run->param + layer->bias,
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
    norm.d_shift = grad ? grad + run->layer->bias : NULL;
    tl_kernels_get()->sequence->norm_back(&norm);
}

const tl_layer_ops tl_layernorm_ops = {
    .name = "layernorm", .saved = saved, .forward = forward, .backward = backward};
