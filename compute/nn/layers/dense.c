#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"

static int lines_of(const tl_layer_run *run)
{
    return run->rows * run->layer->out.width;
}

static void forward(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int lines = lines_of(run);
    tl_gemm(tl_cmat_of(run->in, lines, inputs), false,
            tl_cmat_of(run->param + layer->weight, outputs, inputs), true, false,
            tl_mat_of(run->out, lines, outputs));
    if (layer->has_bias) tl_layer_add_bias(run, layer->has_relu);
}

static void add_gradients(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int lines = lines_of(run);
    tl_gemm(tl_cmat_of(run->d_out, lines, outputs), true,
            tl_cmat_of(run->in, lines, inputs), false, !run->sets,
            tl_mat_of(grad + layer->weight, outputs, inputs));
    if (layer->has_bias) tl_layer_add_bias_gradient(run, grad);
}

static void backward(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int lines = lines_of(run);
    if (layer->has_relu) {
        tl_kernels_get()->array->mask(run->out, run->d_out,
                                      (size_t)lines * (size_t)outputs);
    }
    if (grad) add_gradients(run, grad);
    if (!run->d_in) return;
    tl_gemm(tl_cmat_of(run->d_out, lines, outputs), false,
            tl_cmat_of(run->param + layer->weight, outputs, inputs), false, run->adds,
            tl_mat_of(run->d_in, lines, inputs));
}

static double flop(const tl_layer *layer)
{
    return 2.0 * layer->in.channels * tl_shape_size(layer->out);
}

const tl_layer_ops tl_dense_ops = {
    .name = "dense", .forward = forward, .backward = backward, .flop = flop};
