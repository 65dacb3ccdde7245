/*
 * Root mean square normalisation: each position by the root of its mean square over the
 * features, then a gain a feature.
 * Source: Zhang, Sennrich 2019, Root mean square layer normalization, eq. 4.
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
                          .epsilon = 1e-5f,
                          .in = run->in,
                          .gain = run->param + layer->weight,
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
    tl_kernels_get()->sequence->norm_back(&norm);
}

const tl_layer_ops tl_rmsnorm_ops = {
    .name = "rmsnorm", .saved = saved, .forward = forward, .backward = backward};
