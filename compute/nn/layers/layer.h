/*
 * Room compute/nn/layers: one file per kind of layer; it knows no model. Uses core, the
 * shape of data, and nn/kernels.
 *
 * Layers, forward and backward, on a group of rows computed together.
 *
 * A model is a list of layers; each reads the output of one or two earlier ones (or the
 * input). There are two layouts: images lie on a grid (kernels/kernels.h), rows in its
 * lanes; flat activations are [rows*positions x features], with one position unless the
 * model reads sequences.
 */
#ifndef TL_COMPUTE_NN_LAYERS_LAYER_H
#define TL_COMPUTE_NN_LAYERS_LAYER_H

#include "compute/data/dataset.h"

#include <stdbool.h>
#include <stddef.h>

/** What a layer computes. */
typedef enum tl_layer_kind {
    TL_LAYER_CONV,      /**< images: convolution, bias */
    TL_LAYER_POOL,      /**< images: 2x2 maximum, stride 2; an odd last line is dropped */
    TL_LAYER_MEAN,      /**< images to flat: mean over the pixels of each channel */
    TL_LAYER_GROUPNORM, /**< images: over groups of channels, gain and shift per channel */
    TL_LAYER_FLATTEN,   /**< images to flat */
    TL_LAYER_ADD,       /**< sum of two, either layout */
    TL_LAYER_DENSE,     /**< flat: in * weight^T (+ bias) */
    TL_LAYER_EMBED,     /**< tokens to flat: a vector per token (+ one per position) */
    TL_LAYER_LAYERNORM, /**< flat: gain and shift per feature */
    TL_LAYER_RMSNORM,   /**< flat: gain per feature */
    TL_LAYER_ATTENTION, /**< flat: causal, from queries, keys and values side by side */
    TL_LAYER_GELU,      /**< flat */
    TL_LAYER_SWIGLU, /**< flat: SiLU of the first half of the features times the second */
    TL_LAYER_KINDS
} tl_layer_kind;

enum { TL_LAYER_INPUT = -1 /**< in tl_layer.from: the group itself */ };

/** How a layer of a split model (tensor_parallel.h) is cut into parts. */
typedef enum tl_cut {
    TL_CUT_NONE,  /**< not cut */
    TL_CUT_FANS,  /**< every part reads the whole input */
    TL_CUT_PARTS, /**< every part reads its part */
    TL_CUT_JOINS  /**< every part reads its part; outputs are summed, over the team too,
                     before the one bias is added */
} tl_cut;

/** One layer of a model: its kind, its shapes and where its parameters are. */
typedef struct tl_layer {
    tl_layer_kind kind;
    int from, with;              /**< layers whose outputs it reads; `with` only for ADD */
    tl_shape in, out;            /**< of one row; flat: {features, 1, positions} */
    bool has_relu;               /**< clipped at 0; DENSE: only with a bias */
    bool has_bias;               /**< DENSE, CONV */
    bool drops;                  /**< flat: its outputs are subject to dropout */
    int window, stride, padding; /**< CONV */
    int groups;                  /**< CONV, GROUPNORM: of channels */
    int heads, kv_heads;         /**< ATTENTION; kv_heads divides heads */
    bool has_rotary;             /**< ATTENTION: rotary positions, base 10000 */
    bool has_positions;          /**< EMBED: learned positions, in `bias` */
    double init_sd;              /**< of the starting weights */
    /** Offsets in tl_model.param. A tied layer has another's `weight`. */
    size_t weight, bias;
    size_t weights, biases; /**< numbers there; 0 if tied or absent */
    /** Of a split model; all the above is then of one part, except the bias of JOINS. */
    tl_cut cut;
    int parts;   /**< on this member */
    size_t step; /**< numbers from one part's parameters to the next */
} tl_layer;

/** Layout of a group of images: [channels][lines][columns][lanes] with a halo. */
typedef struct tl_grid {
    int lanes;
    ptrdiff_t origin;      /**< floats before pixel (0, 0) of channel 0 */
    ptrdiff_t plane, line; /**< floats from channel to channel, from line to line */
    size_t size;           /**< floats in all, with padding that may be read */
} tl_grid;

/** The grid of `rows` images with a halo of `halo` pixels. */
tl_grid tl_grid_of(tl_shape shape, int rows, int halo);

/** A layer's work on a group: what it reads, and where it writes. Pointers are borrowed. */
typedef struct tl_layer_run {
    const tl_layer *layer;
    const float *param;
    int rows;
    tl_grid in_grid, out_grid; /**< of images; pointers below are to the first float */
    const float *in, *with;
    float *out;
    float *d_out;         /**< its gradient; a backward function may overwrite it */
    float *d_in, *d_with; /**< NULL: not wanted */
    bool adds;            /**< adds to d_in; else sets it (d_with is always set) */
    bool leads;           /**< no later layer has the same weights */
    bool sets; /**< DENSE: sets the gradient of the weights; else adds, as always for biases
                */
    float *saved;   /**< [tl_layer_ops.saved] forward's data for backward */
    float *packed;  /**< [tl_layer_ops.packed] weights in the kernels' layout */
    float *scratch; /**< [tl_layer_ops.scratch] shared by the layers of a pass */
    /** Floats from part to part of a cut layer; 0: there is one. */
    size_t in_part, out_part, saved_part;
} tl_layer_run;

/** Operations of a kind of layer. Sizes are in floats; NULL means 0 or nothing to do. */
typedef struct tl_layer_ops {
    const char *name;                 /**< in names of tensors: "conv" */
    bool reads_images, leaves_images; /**< on a grid; ADD: like its inputs */
    size_t (*saved)(const tl_layer *layer, int rows);
    size_t (*packed)(const tl_layer *layer);
    size_t (*scratch)(const tl_layer *layer, int rows);
    /** Fills run->packed after the parameters were set or changed. */
    void (*pack)(const tl_layer_run *run);
    void (*forward)(const tl_layer_run *run);
    /** From run->d_out: adds to `grad` (as tl_model.param; NULL: not wanted) and sets or
     * adds to the gradients of the inputs. */
    void (*backward)(const tl_layer_run *run, float *grad);
    /** Adds to square [rows, or lanes of the grid] the squared L2 norm of the gradient of
     * the layer's own parameters by each row alone; from run->d_out before `backward`,
     * which may be masked as there. NULL: without parameters. Not of a cut layer.
     * \param scratch [squares_scratch] */
    void (*squares)(const tl_layer_run *run, float *scratch, double *square);
    size_t (*squares_scratch)(const tl_layer *layer, int rows);
    /** FLOP of one row's forward pass, 2 per multiply-add; matrix products only. */
    double (*flop)(const tl_layer *layer);
} tl_layer_ops;

/** The operations of a kind; borrowed. */
const tl_layer_ops *tl_layer_ops_of(tl_layer_kind kind);

/** Adds the layer's bias to every position of run->out, and clips at 0 if asked. */
void tl_layer_add_bias(const tl_layer_run *run, bool relu);

/** Adds the gradient of the layer's bias, from run->d_out, to `grad` [params]. */
void tl_layer_add_bias_gradient(const tl_layer_run *run, float *grad);

/** The operations of each kind. */
extern const tl_layer_ops tl_conv_ops, tl_pool_ops, tl_mean_ops, tl_groupnorm_ops,
    tl_flatten_ops, tl_add_ops, tl_dense_ops, tl_embed_ops, tl_layernorm_ops,
    tl_rmsnorm_ops, tl_attention_ops, tl_gelu_ops, tl_swiglu_ops;

#endif
