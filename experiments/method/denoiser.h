/*
 * Denoising autoencoders, which regenerate images from noisy copies: a bank, trained on the
 * attacker's images with noise.
 */
#ifndef TL_EXPERIMENTS_METHOD_DENOISER_H
#define TL_EXPERIMENTS_METHOD_DENOISER_H

#include "experiments/stage/stage.h"

/** The bank, whose params are those of tl_denoiser_args. */
extern const tl_bank tl_bank_denoisers;

/** What a denoiser depends on. */
typedef struct tl_denoiser_args {
    double noise; /**< standard deviation, of pixels 0 to 1 */
    int examples; /**< noisy images, made of the attacker's rows in turn */
    int epochs;   /**< passes over them */
    int width;    /**< channels of its hidden convolutions */
} tl_denoiser_args;

/** Sets `value`, of the bank's params, to these. */
void tl_denoiser_values(const tl_denoiser_args *args, tl_value *value);

/** Its architecture, for images of this shape. */
tl_model_spec tl_denoiser_spec(tl_shape shape, const tl_denoiser_args *args);

/** Image `item` of a stream: `from` [n] with normal noise on every number, not clipped.
 * \param to [n] result */
void tl_denoiser_noise(const tl_rng *stream, int item, double sd, const float *from, int n,
                       float *to);

#endif
