/*
 * The scene of a step: the parts of the world that its stage reads and gives, its
 * arguments, streams and team, and its metrics.
 */
#ifndef TL_EXPERIMENTS_STAGE_SCENE_H
#define TL_EXPERIMENTS_STAGE_SCENE_H

#include "experiments/stage/marks.h"
#include "experiments/stage/metric.h"
#include "experiments/stage/part.h"
#include "experiments/stage/samples.h"
#include "experiments/stage/service.h"
#include "experiments/stage/setup.h"

/** The parts of the world that a step reads or gives; all pointers are borrowed, NULL
 * where there is none. */
typedef struct tl_world {
    const tl_dataset *data[TL_PARTS]; /**< by tl_part, data parts only */
    const tl_model *model[TL_PARTS];  /**< by tl_part, model parts only */
    const tl_setup *setup;
    const tl_service *service;
    const tl_marks *marks;
    const tl_model *const *bank; /**< [banked] models of the stage's bank */
    int banked;
} tl_world;

/** Sets the version of `part` in `to` to that of `from`; contents are shared. */
void tl_world_take(tl_world *to, const tl_world *from, tl_part part);

/** What a stage works in; all pointers are borrowed. */
typedef struct tl_scene {
    const tl_world *world; /**< versions of the parts the stage reads */
    tl_world *given;       /**< what the stage gives, with memory from `keep` */
    const tl_value *arg;   /**< by index of its params */
    uint64_t seed;
    uint32_t replicate, occurrence;
    const char *stage; /**< names the streams */
    int bank_item;     /**< bank steps: which model */
    const tl_team *team;
    tl_arena *keep, *scratch;
    const tl_checkpoint *checkpoint; /**< for the step's only long training; may be NULL */
    tl_measure *measure;             /**< by index of the metrics table in use */
    const tl_size *size;             /**< where arenas count (tl_scene_counts); else NULL */
    tl_samples *samples;             /**< where per-example results go; NULL: nowhere */
} tl_scene;

/**
 * Whether the scene's arenas count, by which the memory of a step is predicted: then a
 * stage allocates and calls others as usual, reads no rows, parameters or results, and
 * returns TL_OK where it would begin to compute. See compute/core/arena.h.
 */
bool tl_scene_counts(const tl_scene *scene);

/** The scene's stream for `purpose`, keyed by seed, replicate, stage and occurrence. */
tl_rng tl_scene_rng(const tl_scene *scene, const char *purpose);

/** Sets a metric; a value that is not finite fails the step with TL_E_NUMERIC. */
void tl_scene_put(tl_scene *scene, int metric, double value);
/** Sets a rate; missing as unresolvable if n is 0. */
void tl_scene_put_rate(tl_scene *scene, int metric, double hits, double n);
/** Sets a metric to missing. */
void tl_scene_put_missing(tl_scene *scene, int metric, tl_why why);
/** Sets the metrics `first` to `last` to missing. */
void tl_scene_put_all_missing(tl_scene *scene, int first, int last, tl_why why);
/** Sets a metric if it has a value, else to missing. */
void tl_scene_put_if(tl_scene *scene, int metric, bool has_value, double value, tl_why why);

#endif
