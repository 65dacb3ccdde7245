#include "compute/nn/layers/layer.h"

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
