/*
 * How much images leak of a model's training rows: similarity to the nearest member of
 * their class minus similarity to the nearest of as many non-members. An image that merely
 * looks like its class, or is blurred, is as near to either.
 */
#ifndef TL_EXPERIMENTS_METHOD_LEAKAGE_H
#define TL_EXPERIMENTS_METHOD_LEAKAGE_H

#include "compute/data/near_duplicates.h"
#include "experiments/stage/stage.h"

enum { TL_REFERENCES = 200 /**< most members of a class to compare with */ };

/** Clean rows of the pool to compare images with; all pointers are owned by scratch. */
typedef struct tl_references {
    tl_dataset *rows; /**< class by class, its members before its non-members */
    int *first;       /**< [classes] first member of a class */
    int *count;       /**< [classes] its members, and as many non-members */
    float *feature;   /**< [rows x width] unit vectors; set by tl_references_look */
    int width;
    tl_mean_image mean_image; /**< of all rows of the pool */
} tl_references;

/**
 * Chooses the first TL_REFERENCES members and non-members of each class, without
 * near-duplicates across the two sets (tl_images_are_near, within the pool), and equally
 * many of both. Not collective. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_references_gather(const tl_dataset *pool, tl_arena *scratch,
                                           tl_references *out, tl_err *err);

/**
 * Whether an image of a class is a near-duplicate of one of its references, of either set:
 * it is then nearer to that set whatever a model leaks.
 *
 * \param mean_image of a set that holds the pool and the image
 * \param pixel      [shape]
 */
bool tl_references_have_near(const tl_references *references,
                             const tl_mean_image *mean_image, const float *pixel,
                             int class);

/** Computes the features of the references by `evaluator`, in `scratch`. Collective over
 * `team`. \return TL_E_NOMEM, TL_E_PEER */
TL_MUST_USE tl_status tl_references_look(tl_references *references,
                                         const tl_model *evaluator, const tl_team *team,
                                         tl_arena *scratch, tl_err *err);

/** Similarity to the nearest member minus that to the nearest non-member. */
typedef struct tl_leakage {
    double ssim;    /**< in structural similarity, mean over images */
    double feature; /**< in the cosine of features, mean over images */
    int images;     /**< how many have a class with references */
} tl_leakage;

/**
 * Leakage of labelled images. Collective over `team`: images are distributed and gathered;
 * bits do not depend on it. \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_leakage_of(const tl_references *references,
                                    const tl_dataset *images, const tl_model *evaluator,
                                    const tl_team *team, tl_arena *scratch, tl_leakage *out,
                                    tl_err *err);

/** FLOP of tl_leakage_of. */
double tl_leakage_flop(const tl_size *size, const tl_model_spec *evaluator, int images);

#endif
