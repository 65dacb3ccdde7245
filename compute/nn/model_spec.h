/*
 * The specification of a model: its kind and its sizes. The kinds are described in
 * architecture.h.
 */
#ifndef TL_COMPUTE_NN_MODEL_SPEC_H
#define TL_COMPUTE_NN_MODEL_SPEC_H

#include "compute/data/dataset.h"

#include <stdbool.h>

/** The kinds of models; plans know all but the last. */
typedef enum tl_model_kind {
    TL_MODEL_MLP,
    TL_MODEL_CNN,
    TL_MODEL_RESNET,
    TL_MODEL_GPT, /**< on tokens, like the next */
    TL_MODEL_LLAMA,
    TL_MODEL_LINEAR,      /**< softmax regression; `width` and `depth` are not used */
    TL_MODEL_AUTOENCODER, /**< image to image; for stages, not for plans */
    TL_MODEL_KINDS
} tl_model_kind;

enum { TL_MODEL_SPLITS_MOST = 64 /**< parts of a split model, at most */ };

/** Fixes a model's shape: equal specs have the same parameters. */
typedef struct tl_model_spec {
    tl_model_kind kind;
    int width;    /**< units of a hidden layer, channels of the first convolution, or
                     features of a position */
    int depth;    /**< hidden layers, convolution blocks, stages, or transformer blocks */
    tl_shape in;  /**< one example; of tokens {1, 1, context} */
    int classes;  /**< of tokens: the vocabulary */
    int heads;    /**< GPT, LLAMA: of attention; divides width */
    int kv_heads; /**< LLAMA: heads of keys and values; divides heads, 0: equal to heads */
    int splits; /**< GPT, LLAMA: parts of a split model (tensor_parallel.h), a power of two
                   that divides all heads; 0 or 1: whole. Does not change the parameters */
} tl_model_spec;

/** The name of a kind in plans: "mlp", "cnn", "resnet", "gpt", "llama", "linear",
 * "autoencoder". */
const char *tl_model_kind_name(tl_model_kind kind);

/** Whether models of this kind read tokens; the others read images. */
bool tl_model_reads_tokens(tl_model_kind kind);

#endif
