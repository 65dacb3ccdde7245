/*
 * Layers, forward and backward, on a group of rows computed together. Images are kept as
 * planes across the group, [channels x rows*height*width], so that a convolution is one
 * matrix product; flat activations are [rows x features].
 */
#ifndef TL_COMPUTE_NN_LAYER_H
#define TL_COMPUTE_NN_LAYER_H

#include "compute/nn/model.h"

#include <stdbool.h>

typedef enum tl_layer_kind {
    TL_LAYER_CONV,
    TL_LAYER_POOL,
    TL_LAYER_FLATTEN,
    TL_LAYER_DENSE
} tl_layer_kind;

struct tl_layer {
    tl_layer_kind kind;
    tl_shape in, out;    /**< flat ones have height = width = 1 */
    bool has_relu;       /**< CONV, DENSE */
    size_t weight, bias; /**< places in tl_model.param */
};

/** Room for one layer's pass over a group. */
typedef struct tl_layer_room {
    float *out;     /**< activations */
    float *d_out;   /**< their gradient; NULL without backward */
    float *column;  /**< CONV: [in channels*9 x rows*pixels] patches */
    uint8_t *which; /**< POOL: which of the four was the largest */
} tl_layer_room;

/** Patches of a 3x3 window with padding 1. \param column [channels*9 x rows*h*w] */
void tl_conv_patches(tl_shape in, int rows, const float *x, float *column);
/** The transpose of tl_conv_patches: adds patches back. \param x [channels x rows*h*w], set
 */
void tl_conv_unpatch(tl_shape in, int rows, const float *column, float *x);

/** out = relu?(weight * patches + bias). weight [out channels x in channels*9] */
void tl_conv_forward(const tl_layer *layer, const float *param, int rows, const float *in,
                     tl_layer_room *room);
/** From room->d_out: adds to `grad` and sets d_in, each unless NULL. Overwrites
 * room->column. */
void tl_conv_backward(const tl_layer *layer, const float *param, int rows,
                      tl_layer_room *room, float *grad, float *d_in);

/** 2x2 maximum with stride 2, an odd last row or column left out. */
void tl_pool_forward(const tl_layer *layer, int rows, const float *in, tl_layer_room *room);
void tl_pool_backward(const tl_layer *layer, int rows, const tl_layer_room *room,
                      float *d_in);

/** Planes across the group to flat rows, and back. */
void tl_flatten_forward(const tl_layer *layer, int rows, const float *in, float *out);
void tl_flatten_backward(const tl_layer *layer, int rows, const float *d_out, float *d_in);

/** out = relu?(in * weight^T + bias). weight [out x in] */
void tl_dense_forward(const tl_layer *layer, const float *param, int rows, const float *in,
                      tl_layer_room *room);
/** From room->d_out and the layer's input: adds to `grad` and sets d_in, each unless NULL.
 */
void tl_dense_backward(const tl_layer *layer, const float *param, int rows, const float *in,
                       tl_layer_room *room, float *grad, float *d_in);

/** Adds the bias of each row of [rows x columns] and clips at 0 if told to. */
void tl_bias_relu(float *x, const float *bias, int rows, int columns, bool is_by_row,
                  bool has_relu);
/** Sets gradient to 0 where the activation is not above 0. */
void tl_relu_backward(const float *out, float *d_out, size_t n);

#endif
