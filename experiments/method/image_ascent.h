/*
 * Images made from a model: gradient ascent on the log-probability of a class, with a prior
 * against total variation, from random starts around an image that the attacker knows.
 * Source: Fredrikson, Jha, Ristenpart 2015, Model inversion attacks that exploit confidence
 * information, algorithm 1 (there descent on 1 - p); Rudin, Osher, Fatemi 1992, Nonlinear
 * total variation based noise removal algorithms, equation 2.2 (the prior); Mahendran,
 * Vedaldi 2015, Understanding deep image representations by inverting them, section 3 (both
 * together).
 */
#ifndef TL_EXPERIMENTS_METHOD_IMAGE_ASCENT_H
#define TL_EXPERIMENTS_METHOD_IMAGE_ASCENT_H

#include "experiments/stage/stage.h"

typedef struct tl_ascent {
    int images; /**< random starts of each class */
    int steps;
    double step; /**< root mean square change of an image's pixels in the first step; falls
                    to 0 linearly */
    const float *centre; /**< [input] what starts lie around */
    double noise;        /**< half width of the uniform noise that each start adds to it */
    double tv;           /**< weight of the total variation, nat per unit of it */
    tl_rng start;
} tl_ascent;

/**
 * Makes images of every class. Collective over `team`; bits do not depend on it. Row i is
 * of class i modulo classes and starts from sub-stream i.
 *
 * \param out [classes * images rows], in `keep`: pixels, labels, TL_ROW_RECOVERED, origin
 * UINT32_MAX - i, since no row of a source stands behind it
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_ascent_run(const tl_ascent *ascent, const tl_model *model,
                                    const tl_team *team, tl_arena *keep, tl_arena *scratch,
                                    tl_dataset **out, tl_err *err);

/**
 * Adds `weight` times the gradient of the total variation of an image, the sum over pixels
 * of sqrt(dx^2 + dy^2 + 1e-4), to `gradient`. Both [channels x height x width].
 */
void tl_variation_gradient(const float *pixel, tl_shape shape, double weight,
                           float *gradient);

#endif
