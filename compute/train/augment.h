/*
 * Augmentation of images: shifted with a border of zeros and mirrored, anew in every epoch.
 */
#ifndef TL_COMPUTE_TRAIN_AUGMENT_H
#define TL_COMPUTE_TRAIN_AUGMENT_H

#include "compute/core/rng.h"
#include "compute/data/dataset.h"
#include "compute/train/recipe.h"

/**
 * Altered copies of rows `row` [rows] of `input`: moved by whole pixels drawn uniformly
 * from -shift .. shift along each axis, zeros where nothing was, and then mirrored left to
 * right with probability 1/2 where the recipe says so. Row i is drawn from block i of
 * `epoch`, so that it is the same whoever makes it, and when.
 *
 * \param out [rows x input] result
 * Source: He, Zhang, Ren, Sun 2016, Deep residual learning, section 4.2 (a random crop of
 * the padded image is a shift).
 */
void tl_augment(const tl_recipe *recipe, const tl_rng *epoch, tl_shape shape,
                const float *input, const int *row, int rows, float *out);

#endif
