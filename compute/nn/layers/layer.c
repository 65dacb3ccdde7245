#include "compute/nn/layers/layer.h"

#include "compute/nn/kernels/kernels.h"

const tl_layer_ops *tl_layer_ops_of(tl_layer_kind kind)
{
    static const tl_layer_ops *const ops[TL_LAYER_KINDS] = {
        [TL_LAYER_CONV] = &tl_conv_ops,           [TL_LAYER_POOL] = &tl_pool_ops,
        [TL_LAYER_MEAN] = &tl_mean_ops,           [TL_LAYER_GROUPNORM] = &tl_groupnorm_ops,
        [TL_LAYER_FLATTEN] = &tl_flatten_ops,     [TL_LAYER_ADD] = &tl_add_ops,
        [TL_LAYER_DENSE] = &tl_dense_ops,         [TL_LAYER_EMBED] = &tl_embed_ops,
        [TL_LAYER_LAYERNORM] = &tl_layernorm_ops, [TL_LAYER_RMSNORM] = &tl_rmsnorm_ops,
        [TL_LAYER_ATTENTION] = &tl_attention_ops, [TL_LAYER_GELU] = &tl_gelu_ops,
        [TL_LAYER_SWIGLU] = &tl_swiglu_ops,
    };
    return ops[kind];
}

void tl_layer_add_bias(const tl_layer_run *run, bool relu)
{
    const tl_layer *layer = run->layer;
    const tl_array_kernels *kernels = tl_kernels_get()->array;
    const size_t features = (size_t)layer->out.channels;
    const size_t lines = (size_t)run->rows * (size_t)layer->out.width;
    for (size_t i = 0; i < lines; i++) {
        kernels->bias(run->out + i * features, run->param + layer->bias, features, relu);
    }
}

void tl_layer_add_bias_gradient(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const tl_array_kernels *kernels = tl_kernels_get()->array;
    const size_t features = (size_t)layer->out.channels;
    const size_t lines = (size_t)run->rows * (size_t)layer->out.width;
    for (size_t i = 0; i < lines; i++) {
        kernels->add(grad + layer->bias, run->d_out + i * features, features);
    }
}
