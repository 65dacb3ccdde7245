/*
 * Augmentation of images: random shifts with zero padding, and mirroring, redrawn every
 * epoch.
 */
#ifndef TL_COMPUTE_TRAIN_AUGMENT_H
#define TL_COMPUTE_TRAIN_AUGMENT_H

#include "compute/core/rng.h"
#include "compute/data/dataset.h"
#include "compute/train/recipe.h"

/**
 * Makes altered copies of rows `row` [rows] of `input`: shifted by whole pixels drawn
 * uniformly from -shift .. shift along each axis, padded with zeros, then mirrored left to
 * right with probability 1/2 if the recipe flips. Row i is drawn from block i of `epoch`,
 * so it does not depend on the team.
 *
 * \param out [rows x input] result
 * Source: He, Zhang, Ren, Sun 2016, Deep residual learning, section 4.2 (a random crop of
 * the padded image is a shift).
 */
void tl_augment(const tl_recipe *recipe, const tl_rng *epoch, tl_shape shape,
                const float *input, const int *row, int rows, float *out);

#endif
