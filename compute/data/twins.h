/*
 * Near-duplicates: images that differ so little that a model which has seen the one has
 * seen the other. Membership cannot be judged across such a pair, and hashing misses it.
 */
#ifndef TL_COMPUTE_DATA_TWINS_H
#define TL_COMPUTE_DATA_TWINS_H

#include "compute/data/dataset.h"

/**
 * Groups of near-duplicates, joined over pairs (a ~ b and b ~ c are one group). A pair is
 * near if all of these hold:
 *
 * - its Pearson correlation over pixels is above 0.98;
 * - its mean absolute difference is at most 8/255;
 * - its correlation is above 0.93 after the mean of all other images is taken off both:
 *   where all images show the same anatomy (a bright fundus on black), strangers pass the
 *   first two. Not asked of a set of two images.
 *
 * Exact and deterministic: every pair that may qualify is computed in double precision in
 * one order, without BLAS. Rows of a plain image (all pixels equal) are near to nothing.
 * 10,000 images of 28x28 take well under a second.
 *
 * \param group  [all->rows] equal number = exact duplicates, the number of the first of
 *               them; they are near-duplicates too
 * \param twin   [all->rows] result: equal number = one group, the number of its first row
 * \return TL_E_SPACE
 *
 * Thresholds: measured on BreastMNIST (near pairs differ by 3/255, others by 23/255 and
 * more; of the pairs found 96 % have the same label) and RetinaMNIST (without the third
 * condition 77 of 400 test images are flagged, their labels agreeing little better than
 * chance).
 */
TL_MUST_USE tl_status tl_twins_find(const tl_dataset *all, const int32_t *group,
                                    int32_t *twin, tl_err *err);

#endif
