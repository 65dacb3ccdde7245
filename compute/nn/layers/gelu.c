/*
 * GELU in its tanh form, as GPT-2 has it.
 * Source: Hendrycks, Gimpel 2016, Gaussian error linear units, section 2.
 */
#include "compute/nn/layers/layer.h"

#include "compute/nn/kernels/kernels.h"

static size_t numbers(const tl_layer_run *run)
{
    const tl_shape in = run->layer->in;
    return (size_t)run->rows * (size_t)in.channels * (size_t)in.width;
}

static void forward(const tl_layer_run *run)
{
    tl_kernels_get()->sequence->gelu(run->in, numbers(run), run->out);
}

static void backward(const tl_layer_run *run, float *grad)
{
    (void)grad;
    if (!run->d_in) return;
    tl_kernels_get()->sequence->gelu_back(run->in, run->d_out, numbers(run), run->adds,
                                          run->d_in);
}

const tl_layer_ops tl_gelu_ops = {.name = "gelu", .forward = forward, .backward = backward};
