/*
 * The scene of a step: the parts of the world that its stage reads and gives, its
 * arguments, streams and team, and where its metrics go.
 */
#ifndef TL_EXPERIMENTS_STAGE_SCENE_H
#define TL_EXPERIMENTS_STAGE_SCENE_H

#include "experiments/stage/marks.h"
#include "experiments/stage/metric.h"
#include "experiments/stage/part.h"
#include "experiments/stage/service.h"
#include "experiments/stage/setup.h"

/** The parts of the world a step sees or gives; NULL where it has none. */
typedef struct tl_world {
    const tl_dataset *data[TL_PARTS]; /**< by tl_part, data parts only */
    const tl_model *model[TL_PARTS];  /**< by tl_part, model parts only */
    const tl_setup *setup;
    const tl_service *service;
    const tl_marks *marks;
    const tl_model *const *bank; /**< [banked] models of the stage's bank */
    int banked;
} tl_world;

/** Lets `to` hold the version of `part` that `from` holds; nothing is copied. */
void tl_world_take(tl_world *to, const tl_world *from, tl_part part);

/** What a stage works in; all pointers are borrowed. */
typedef struct tl_scene {
    const tl_world *world; /**< versions of the parts the stage reads */
    tl_world *given;       /**< what it gives; set by the stage, memory from `keep` */
    const tl_value *arg;   /**< by index of its params */
    uint64_t seed;
    uint32_t replicate, occurrence;
    const char *stage; /**< name of the stage, for streams */
    int bank_item;     /**< in a bank step: which model */
    const tl_team *team;
    tl_arena *keep, *scratch;
    const tl_checkpoint *checkpoint; /**< for the step's one long training; may be NULL */
    tl_measure *measure;             /**< by index of the metrics table in use */
    const tl_size
        *size; /**< where arenas count (tl_scene_counts): what is known; else NULL */
} tl_scene;

/**
 * Whether the scene's arenas count, which is how the memory of a step is predicted: then a
 * stage takes its memory and calls others as always, reads no rows, parameters or results,
 * and returns TL_OK where it would begin to compute. See compute/core/arena.h.
 */
bool tl_scene_counts(const tl_scene *scene);

/** The stream of this scene for `purpose`: keyed by seed, replicate, stage and occurrence.
 */
tl_rng tl_scene_rng(const tl_scene *scene, const char *purpose);

/** Sets a metric; values that are not finite become TL_E_NUMERIC at the end of the step. */
void tl_scene_put(tl_scene *scene, int metric, double value);
/** Sets a rate; n = 0 makes it missing as unresolvable. */
void tl_scene_put_rate(tl_scene *scene, int metric, double hits, double n);
/** Says why a metric has no value. */
void tl_scene_put_missing(tl_scene *scene, int metric, tl_why why);
/** Says why the metrics `first` to `last` have no value. */
void tl_scene_put_all_missing(tl_scene *scene, int first, int last, tl_why why);
/** Sets a metric where it has a value, else says why it has none. */
void tl_scene_put_if(tl_scene *scene, int metric, bool has_value, double value, tl_why why);

#endif
