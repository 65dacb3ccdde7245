/*
 * Images reconstructed from a model: gradient ascent on the log-probability of a class,
 * with a prior against total variation, from random starts around an image the attacker
 * knows. Source: Fredrikson, Jha, Ristenpart 2015, Model inversion attacks that exploit
 * confidence information, algorithm 1 (there descent on 1 - p); Rudin, Osher, Fatemi 1992,
 * Nonlinear total variation based noise removal algorithms, equation 2.2 (the prior);
 * Mahendran, Vedaldi 2015, Understanding deep image representations by inverting them,
 * section 3 (the combination).
 */
#ifndef TL_EXPERIMENTS_METHOD_IMAGE_ASCENT_H
#define TL_EXPERIMENTS_METHOD_IMAGE_ASCENT_H

#include "experiments/stage/stage.h"

/** How images are made; pointers are borrowed. */
typedef struct tl_ascent {
    int images; /**< random starts per class */
    int steps;
    double step; /**< root mean square change of an image's pixels in the first step; falls
                    to 0 linearly */
    const float *centre; /**< [input] image around which the starts are drawn */
    double noise;        /**< half width of the uniform noise that each start adds to it */
    double tv;           /**< weight of the total variation, nat per unit of it */
    tl_rng start;
} tl_ascent;

/**
 * Makes images of every class. Collective over `team`; bits do not depend on it. Row i is
 * of class i modulo classes and starts from sub-stream i.
 *
 * \param out result, in `keep`: classes * images rows, all TL_ROW_RECOVERED; the origin of
 *            row i is UINT32_MAX - i, as it comes from no row of a source
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_ascent_run(const tl_ascent *ascent, const tl_model *model,
                                    const tl_team *team, tl_arena *keep, tl_arena *scratch,
                                    tl_dataset **out, tl_err *err);

/**
 * Adds `weight` times the gradient of the total variation of pixel [shape], the sum over
 * pixels of sqrt(dx^2 + dy^2 + 1e-4), to gradient [shape].
 */
void tl_variation_gradient(const float *pixel, tl_shape shape, double weight,
                           float *gradient);

#endif
