/*
 * Near-duplicates: images that differ so little that a model which has seen the one has
 * seen the other. Membership cannot be judged across such a pair, and hashing misses it.
 */
#ifndef TL_COMPUTE_DATA_NEAR_DUPLICATES_H
#define TL_COMPUTE_DATA_NEAR_DUPLICATES_H

#include "compute/data/dataset.h"

#include <stdbool.h>

/** What the images usually look like among which a pair is judged. */
typedef struct tl_mean_image {
    double *sum; /**< [size] of every image added, pixel by pixel */
    size_t size; /**< pixels of an image, all channels */
    int rows;    /**< images added */
} tl_mean_image;

/** A sum of no images of `shape`, in `arena`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_mean_image_new(tl_shape shape, tl_arena *arena, tl_mean_image *out,
                                        tl_err *err);

/** Adds the image `pixel` [usual->shape]. The order of adding is part of the bits. */
void tl_mean_image_add(tl_mean_image *mean_image, const float *pixel);

/**
 * Whether two images are near-duplicates, the one test of it in the program. They are if
 * all of these hold:
 *
 * - its Pearson correlation over pixels is above 0.98;
 * - its mean absolute difference is at most 8/255;
 * - its correlation is above 0.93 after the mean of all other images is taken off both:
 *   where all images show the same anatomy (a bright fundus on black), strangers pass the
 *   first two. Not asked of a set of two images.
 *
 * A plain image (all pixels equal) is near to nothing. The first image should be that of
 * the lower row: sums are gathered in the order of the two.
 *
 * \param usual  sum of a set of images that both belong to, added once each: the third
 *               condition takes both off again. It must be of one kind (one source), and
 *               hold more than a few others, or their mean says little of the anatomy
 * \param a, b   [usual->size]
 *
 * Thresholds: measured on BreastMNIST (near pairs differ by 3/255, others by 23/255 and
 * more; of the pairs found 96 % have the same label) and RetinaMNIST (without the third
 * condition 77 of 400 test images are flagged, their labels agreeing little better than
 * chance).
 */
bool tl_images_are_near(const tl_mean_image *mean_image, const float *a, const float *b);

/**
 * Groups of near-duplicates, joined over pairs (a ~ b and b ~ c are one group). A pair is
 * near by tl_images_are_near, judged among all images. Rows of tokens, whose numbers have
 * no nearness, are only in groups of exact duplicates.
 *
 * Exact and deterministic: every pair that may qualify is computed in double precision in
 * one order, without BLAS. 10,000 images of 28x28 take well under a second.
 *
 * \param group  [all->rows] equal number = exact duplicates, the number of the first of
 *               them; they are near-duplicates too
 * \param twin   [all->rows] result: equal number = one group, the number of its first row
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_near_duplicates_find(const tl_dataset *all, const int32_t *group,
                                              int32_t *duplicate_of, tl_err *err);

#endif
