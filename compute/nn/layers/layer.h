/*
 * Room compute/nn/layers: what one layer computes, a file a kind; it knows no model. Uses
 * core, the shape of data, and nn/kernels.
 *
 * Layers, forward and backward, on a group of rows computed together.
 *
 * A model is a list of layers; each reads what one or two earlier ones left (or the input)
 * and leaves its own. Two layouts: images lie on a grid (kernels/kernels.h), rows in its
 * lanes; flat activations are [rows*positions x features], one position a row for what is
 * not a sequence.
 */
#ifndef TL_COMPUTE_NN_LAYERS_LAYER_H
#define TL_COMPUTE_NN_LAYERS_LAYER_H

#include "compute/data/dataset.h"

#include <stdbool.h>
#include <stddef.h>

/** What a layer computes. */
typedef enum tl_layer_kind {
    TL_LAYER_CONV,      /**< images: convolution, bias */
    TL_LAYER_POOL,      /**< images: 2x2 maximum, stride 2, an odd last line left out */
    TL_LAYER_MEAN,      /**< images to flat: mean over the pixels of each channel */
    TL_LAYER_GROUPNORM, /**< images: over groups of channels, gain and shift a channel */
    TL_LAYER_FLATTEN,   /**< images to flat */
    TL_LAYER_ADD,       /**< sum of two, either layout */
    TL_LAYER_DENSE,     /**< flat: in * weight^T (+ bias) */
    TL_LAYER_EMBED,     /**< tokens to flat: a vector a token (+ one a position) */
    TL_LAYER_LAYERNORM, /**< flat: gain and shift a feature */
    TL_LAYER_RMSNORM,   /**< flat: gain a feature */
    TL_LAYER_ATTENTION, /**< flat: causal, from queries, keys and values side by side */
    TL_LAYER_GELU,      /**< flat */
    TL_LAYER_SWIGLU, /**< flat: SiLU of the first half of the features times the second */
    TL_LAYER_KINDS
} tl_layer_kind;

enum { TL_LAYER_INPUT = -1 /**< in tl_layer.from: the group itself */ };

/** How a layer of a split model (tensor_parallel.h) works on its parts. */
typedef enum tl_cut {
    TL_CUT_NONE,  /**< it is whole */
    TL_CUT_FANS,  /**< every part reads the whole input */
    TL_CUT_PARTS, /**< every part reads its part */
    TL_CUT_JOINS  /**< every part reads its part; what they leave is summed, over the team
                     too, and only then gets the bias, which is one */
} tl_cut;

/** One layer of a model: its kind, its shapes and where its parameters are. */
typedef struct tl_layer {
    tl_layer_kind kind;
    int from, with;              /**< layers whose outputs it reads; `with` only for ADD */
    tl_shape in, out;            /**< of one row; flat ones are {features, 1, positions} */
    bool has_relu;               /**< clipped at 0; DENSE: only with a bias */
    bool has_bias;               /**< DENSE, CONV */
    bool drops;                  /**< flat ones: its outputs are subject to dropout */
    int window, stride, padding; /**< CONV */
    int groups;                  /**< CONV, GROUPNORM: of channels */
    int heads, kv_heads;         /**< ATTENTION; kv_heads divides heads */
    bool has_rotary;             /**< ATTENTION: rotary positions, base 10000 */
    bool has_positions;          /**< EMBED: learned positions, in `bias` */
    double init_sd;              /**< of the starting weights */
    /** Places in tl_model.param. A tied layer has another's `weight`. */
    size_t weight, bias;
    size_t weights, biases; /**< numbers there; 0 of what is tied or absent */
    /** Of a split model; then all the above is of one part, but for the bias of JOINS. */
    tl_cut cut;
    int parts;   /**< that are here */
    size_t step; /**< numbers from a part's parameters to those of the next */
} tl_layer;

/** How a group of images lies in memory: [channels][lines][columns][lanes] with a halo. */
typedef struct tl_grid {
    int lanes;
    ptrdiff_t origin;      /**< floats before pixel (0, 0) of channel 0 */
    ptrdiff_t plane, line; /**< floats from channel to channel, from line to line */
    size_t size;           /**< floats in all, with what may be read beyond the end */
} tl_grid;

/** The grid of `rows` images with a halo of `halo` pixels. */
tl_grid tl_grid_of(tl_shape shape, int rows, int halo);

/** One layer's work on a group: what it reads, and where it writes. */
typedef struct tl_layer_run {
    const tl_layer *layer;
    const float *param;
    int rows;
    tl_grid in_grid, out_grid; /**< of images; pointers below are to the first float */
    const float *in, *with;
    float *out;
    float *d_out;         /**< its gradient; a backward function may overwrite it */
    float *d_in, *d_with; /**< NULL where not wanted */
    bool adds;            /**< d_in is added to; else set (d_with always is set) */
    bool leads;           /**< no later layer has the same weights */
    bool sets;      /**< DENSE: the gradient of the weights is set; else, and always that of
                       biases, it is added to */
    float *saved;   /**< [tl_layer_ops.saved] what forward leaves for backward */
    float *packed;  /**< [tl_layer_ops.packed] weights as the kernels want them */
    float *scratch; /**< [tl_layer_ops.scratch] shared by the layers of a pass */
    /** Floats from part to part of a layer that is cut; 0 where there is but one. */
    size_t in_part, out_part, saved_part;
} tl_layer_run;

/** What a kind of layer can do. The sizes are in floats; NULL stands for 0 and nothing. */
typedef struct tl_layer_ops {
    const char *name;                 /**< in tensors' names: "conv" */
    bool reads_images, leaves_images; /**< on a grid; ADD: as its inputs */
    size_t (*saved)(const tl_layer *layer, int rows);
    size_t (*packed)(const tl_layer *layer);
    size_t (*scratch)(const tl_layer *layer, int rows);
    /** Fills run->packed after the parameters were set or changed. */
    void (*pack)(const tl_layer_run *run);
    void (*forward)(const tl_layer_run *run);
    /** From run->d_out: adds to `grad` (as tl_model.param; NULL: not wanted) and sets or
     * adds to the gradients of the inputs. */
    void (*backward)(const tl_layer_run *run, float *grad);
    /** FLOP of one row's forward pass, 2 a multiply-add; products of matrices alone. */
    double (*flop)(const tl_layer *layer);
} tl_layer_ops;

/** The operations of a kind; borrowed. */
const tl_layer_ops *tl_layer_ops_of(tl_layer_kind kind);

/** Adds the layer's bias to every position of run->out, and clips at 0 if told to. */
void tl_layer_add_bias(const tl_layer_run *run, bool relu);

/** Adds the gradient of the layer's bias, from run->d_out, to `grad` [params]. */
void tl_layer_add_bias_gradient(const tl_layer_run *run, float *grad);

/** One record a file. */
extern const tl_layer_ops tl_conv_ops, tl_pool_ops, tl_mean_ops, tl_groupnorm_ops,
    tl_flatten_ops, tl_add_ops, tl_dense_ops, tl_embed_ops, tl_layernorm_ops,
    tl_rmsnorm_ops, tl_attention_ops, tl_gelu_ops, tl_swiglu_ops;

#endif
