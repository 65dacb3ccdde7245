/*
 * Dropout: in training, each number is set to 0 with probability `rate`, and the others are
 * divided by 1 - rate (Srivastava et al. 2014, Dropout, section 10, "inverted" as common
 * libraries do it). What is dropped depends on the batch, the layer and the row's place in
 * the batch, so it is the same on any team, and backward redraws it.
 */
#ifndef TL_COMPUTE_NN_LAYERS_DROPOUT_H
#define TL_COMPUTE_NN_LAYERS_DROPOUT_H

#include "compute/core/rng.h"

#include <stddef.h>

/** Dropout of a pass; a rate of 0 drops nothing. */
typedef struct tl_dropout {
    double rate;   /**< 0 .. < 1 */
    tl_rng batch;  /**< stream of this batch */
    int first_row; /**< index of the group's first row in the batch */
} tl_dropout;

/** Drops from x [rows x size], the outputs of layer `layer` or their gradient. */
void tl_dropout_apply(const tl_dropout *dropout, int layer, int rows, size_t size,
                      float *x);

#endif
