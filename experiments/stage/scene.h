/*
 * The scene of a step: the parts of the world that its stage reads and gives, its
 * arguments, streams and team, its session with the target, and its metrics.
 */
#ifndef TL_EXPERIMENTS_STAGE_SCENE_H
#define TL_EXPERIMENTS_STAGE_SCENE_H

#include "experiments/stage/metric.h"
#include "experiments/stage/samples.h"
#include "experiments/stage/query_session.h"
#include "experiments/stage/world.h"

/** A bank of models, see bank.h. */
typedef struct tl_bank tl_bank;

/** Where the models of a stage's bank are found; what it points to is borrowed. */
typedef struct tl_bank_reader {
    int count;
    bool has_control;    /**< model `count`, after the bank's, is the stage's control */
    uint32_t occurrence; /**< of the stage that the bank's models draw as */
    /** Reads model `item` into `arena`. Collective. \return TL_E_NOMEM; TL_E_MISSING if it
     * is lost, agreed on by the team */
    tl_status (*read)(void *self, int item, const tl_team *team, tl_arena *arena,
                      const tl_model **model, tl_err *err);
    void *self;
} tl_bank_reader;

/** What a stage works in; all pointers are borrowed. */
typedef struct tl_scene {
    const tl_world *world; /**< versions of the parts the stage reads */
    tl_world *given;       /**< what the stage gives, with memory from `keep` */
    const tl_value *value; /**< by index of its params */
    const void *args;      /**< the same, as the struct that its params describe */
    tl_session *session;   /**< `run` of a stage that asks; else NULL */
    void *found;           /**< what `run` leaves to `outcome`, in scratch */
    tl_bank_reader bank;   /**< of the stage; count 0: none */
    uint64_t seed;
    uint32_t replicate, occurrence;
    const char *stage; /**< names the streams */
    int bank_item;     /**< bank steps: which model */
    const tl_team *team;
    tl_arena *keep, *scratch;
    const tl_checkpoint *checkpoint; /**< for the step's only long training; may be NULL */
    tl_measure *measure;             /**< by index of the metrics table in use */
    const tl_size *size;             /**< what was known of sizes when the plan was read */
    bool logs_queries;               /**< a later stage reads the log of queries */
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

/**
 * Reads model `item` of the stage's bank into scratch: rewind it before the next one, as
 * there may be hundreds. Collective. \return TL_E_NOMEM, TL_E_MISSING
 */
TL_MUST_USE tl_status tl_scene_visit(tl_scene *scene, int item, const tl_model **model,
                                     tl_err *err);

/** Reads the stage's control, where it has one, into `model`, in scratch. Collective.
 * \return TL_E_NOMEM, TL_E_MISSING */
TL_MUST_USE tl_status tl_scene_visit_control(tl_scene *scene, const tl_model **model,
                                             tl_err *err);

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
