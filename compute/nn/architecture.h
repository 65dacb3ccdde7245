/*
 * Architectures: the list of layers of each kind of model.
 *
 * mlp: `depth` hidden dense layers of `width` units with ReLU, then a dense layer to
 * classes. cnn: `depth` blocks (3x3 convolution, padding 1; 2x2 max pooling; ReLU), with
 * width, 2*width, 4*width, ... channels, then a dense layer to classes. resnet: a 3x3
 * convolution to `width` channels, `depth` stages of two residual blocks with width,
 * 2*width, ... channels, each stage but the first halving the image, the mean of each
 * channel, a dense layer to classes; group normalisation after each convolution (He et al.
 * 2016, Deep Residual Learning, section 3.3 and table 1, as ResNet-18 with a small first
 * window; Wu, He 2018). gpt: GPT-2 (Radford et al. 2019), learned positions,
 * pre-normalisation, GELU, hidden layers of 4*width, tied head. llama: Touvron et al.
 * 2023, section 2.2: RMSNorm, rotary positions, SwiGLU with hidden layers of 8/3*width
 * rounded up to a multiple of 16, no biases, grouped-query attention (Ainslie et al. 2023),
 * tied head. linear: one dense layer from the numbers of an example to classes (softmax
 * regression). autoencoder: `depth` 3x3 convolutions to `width` channels with ReLU, then
 * one to the channels of the image without; its outputs, "classes", are the numbers of an
 * image.
 */
#ifndef TL_COMPUTE_NN_ARCHITECTURE_H
#define TL_COMPUTE_NN_ARCHITECTURE_H

#include "compute/nn/layers/layer.h"
#include "compute/nn/model_spec.h"

enum { TL_MODEL_LAYERS = 1024 /**< layers of a model, at most */ };

/** The layers of a model, and what follows from them. */
typedef struct tl_architecture {
    tl_layer layer[TL_MODEL_LAYERS];
    int layers;
    int halo;      /**< border of zeros that the convolutions need, in pixels */
    int positions; /**< outputs of an example */
    size_t params;
} tl_architecture;

/** Lists the layers of `spec`. \return TL_E_ARG (what does not fit, and what is allowed) */
TL_MUST_USE tl_status tl_architecture_of(const tl_model_spec *spec, tl_architecture *out,
                                         tl_err *err);

#endif
