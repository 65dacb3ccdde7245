/*
 * How a stage hands over per-example results: scores of single rows, curves, images. It
 * says in its record which of them its `run` hands over (tl_stage.stores).
 *
 * Handing over changes no metric and no bit, and cannot fail for the stage: the sink keeps
 * its first error, which fails the step at its end. Nothing here is collective; only member
 * 0 of a team writes, and on the others, in scenes that count, and where the plan stores
 * nothing, the calls do nothing.
 */
#ifndef TL_EXPERIMENTS_STAGE_SCENE_STORE_H
#define TL_EXPERIMENTS_STAGE_SCENE_STORE_H

#include "experiments/stage/scene.h"

/** Scores of rows; arrays are [rows] and borrowed for the call. */
typedef struct tl_scores {
    const char *name; /**< "" where a step has one list; else what tells it apart */
    int rows;
    const uint32_t *row; /**< source row, tl_dataset.origin */
    const double *score;
    const bool *member;
    const int32_t *label;
    const uint8_t *flags; /**< TL_ROW_*; NULL: none */
} tl_scores;

/** A curve of points (x, y), [points], borrowed for the call. */
typedef struct tl_curve {
    const char *name; /**< "roc" */
    int points;
    const double *x, *y;
} tl_curve;

/** Images with labels and source rows; borrowed for the call. */
typedef struct tl_images {
    const char *name; /**< "recovered" */
    const tl_dataset *rows;
} tl_images;

/** Whether this step's results of this kind are stored: the same on every member, for work
 * that is done for storing alone. False in scenes that count. */
bool tl_scene_stores(const tl_scene *scene, unsigned kind);

/** Hands over a list of scores, a curve, or images, if the plan wants them of this step. A
 * name, at most 31 bytes, is used once for each kind in a step. */
void tl_scene_store_scores(const tl_scene *scene, const tl_scores *scores);
void tl_scene_store_curve(const tl_scene *scene, const tl_curve *curve);
void tl_scene_store_images(const tl_scene *scene, const tl_images *images);

/** Notes that what should be stored could not be made, with the status and text of `err`;
 * does nothing after another error. */
void tl_scene_store_failed(const tl_scene *scene, const tl_err *err);

#endif
