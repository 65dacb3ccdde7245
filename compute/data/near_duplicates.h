/*
 * Near-duplicates: images so similar that a model trained on one has effectively seen the
 * other. Membership cannot be judged across such a pair, and hashing does not find them.
 */
#ifndef TL_COMPUTE_DATA_NEAR_DUPLICATES_H
#define TL_COMPUTE_DATA_NEAR_DUPLICATES_H

#include "compute/data/dataset.h"

#include <stdbool.h>

/** The mean of the images among which pairs are judged. */
typedef struct tl_mean_image {
    double *sum; /**< [size] sum over the images added, pixel by pixel */
    size_t size; /**< pixels of an image, all channels */
    int rows;    /**< images added */
} tl_mean_image;

/** A sum of no images of `shape`, in `arena`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_mean_image_new(tl_shape shape, tl_arena *arena, tl_mean_image *out,
                                        tl_err *err);

/** Adds the image `pixel` [mean_image->size]. The bits depend on the order of images. */
void tl_mean_image_add(tl_mean_image *mean_image, const float *pixel);

/**
 * Whether two images are near-duplicates. They are if all of these hold:
 *
 * - their Pearson correlation over pixels is above 0.98;
 * - their mean absolute difference is at most 8/255;
 * - their correlation is above 0.93 after subtracting the mean of all other images: where
 *   all images show the same anatomy (a bright fundus on black), unrelated ones pass the
 *   first two tests. Skipped in a set of two images.
 *
 * A plain image (all pixels equal) has no near-duplicates. The first image should be that
 * of the lower row: the bits depend on the order of the two.
 *
 * \param mean_image of a set that holds both, each image added once. All should be of one
 * source, and more than a few, or their mean says little about the anatomy
 * \param a, b [mean_image->size]
 *
 * Thresholds: measured on BreastMNIST (near pairs differ by 3/255, others by 23/255 and
 * more; of the pairs found 96 % have the same label) and RetinaMNIST (without the third
 * condition 77 of 400 test images are flagged, with labels that agree little better than by
 * chance).
 */
bool tl_images_are_near(const tl_mean_image *mean_image, const float *a, const float *b);

/**
 * Groups of near-duplicates, joined over pairs (a ~ b and b ~ c are one group). A pair is
 * near by tl_images_are_near, judged among all images. Rows of tokens, whose ids have no
 * distance, are grouped by exact duplicates only.
 *
 * Exact and deterministic: every pair that may qualify is computed in double precision in
 * one order, without BLAS. 10,000 images of 28x28 take well under a second.
 *
 * \param group [all->rows] number of the first of the row's exact duplicates, which are
 * near-duplicates too
 * \param duplicate_of [all->rows] result: number of the first row of the row's group
 * \param memory bytes that it may take meanwhile; 0: no limit
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_near_duplicates_find(const tl_dataset *all, const int32_t *group,
                                              int32_t *duplicate_of, size_t memory,
                                              tl_err *err);

#endif
