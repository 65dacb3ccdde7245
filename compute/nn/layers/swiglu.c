/*
 * SwiGLU: the first half of the features, through SiLU, gates the second.
 * Source: Shazeer 2020, GLU variants improve transformer, eq. 5, whose two products are
 * one dense layer before this one.
 */
#include "compute/nn/layers/layer.h"

#include "compute/nn/kernels/kernels.h"

static void forward(const tl_layer_run *run)
{
    const tl_shape out = run->layer->out;
    tl_kernels_get()->sequence->swiglu(run->in, (size_t)run->rows * (size_t)out.width,
                                       out.channels, run->out);
}

static void backward(const tl_layer_run *run, float *grad)
{
    (void)grad;
    if (!run->d_in) return;
    const tl_shape out = run->layer->out;
    tl_kernels_get()->sequence->swiglu_back(run->in, run->d_out,
                                            (size_t)run->rows * (size_t)out.width,
                                            out.channels, run->adds, run->d_in);
}

const tl_layer_ops tl_swiglu_ops = {
    .name = "swiglu", .forward = forward, .backward = backward};
