/*
 * Adversarial training: each row's input is replaced by one that a projected gradient
 * ascent on the row's loss finds near it, in every batch, with the current weights.
 * Source: Madry, Makelov, Schmidt, Tsipras, Vladu 2018, Towards deep learning models
 * resistant to adversarial attacks, equation 2.1 and section 2.1 (the iteration).
 */
#ifndef TL_COMPUTE_TRAIN_ADVERSARIAL_H
#define TL_COMPUTE_TRAIN_ADVERSARIAL_H

#include "compute/train/hooks.h"

/** How inputs are searched: in the box of `radius` around each number of the input, within
 * low .. high. */
typedef struct tl_adversarial {
    double radius;  /**< of the L-infinity ball, above 0 */
    int steps;      /**< 1 or more */
    double step;    /**< length of a step along the gradient's sign, above 0 */
    bool is_random; /**< starts at a uniform point of the ball, from the row's stream; else
                       at the input */
    double low, high; /**< of inputs: 0 and 1 for pixels; a number outside stays within
                         `radius` of where it was */
} tl_adversarial;

/** Sets name, numbers, `inputs` and `gradients` of `hooks`; what else is set stays, as
 * clipping of each row. Not collective. \param hooks changed in place, without functions
 * yet: they have one name and one set of numbers
 * \return TL_E_ARG for what is not allowed here and above */
TL_MUST_USE tl_status tl_adversarial_set(const tl_adversarial *adversarial, tl_hooks *hooks,
                                         tl_err *err);

#endif
