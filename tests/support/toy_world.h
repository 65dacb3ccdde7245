/*
 * A toy world for tests of stages: generated images in all roles, a small model and recipe,
 * and a way to run a stage in it as the program would.
 */
#ifndef TL_TESTS_SUPPORT_TOY_WORLD_H
#define TL_TESTS_SUPPORT_TOY_WORLD_H

#include "experiments/stage/step.h"

/** Everything a trial starts from, and what stages gave so far. */
typedef struct toy_world {
    tl_arena arena;
    tl_setup_values values;
    tl_source *source;
    tl_size size;
    tl_world world; /**< versions of all parts; models are NULL until a stage gives them */
    uint64_t seed;
    uint32_t replicate;
} toy_world;

/** One run of a stage by one member, with arenas of its own. */
typedef struct toy_run {
    const tl_stage *stage;
    const tl_value *arg;
    tl_arena keep, scratch;
    const tl_checkpoint *checkpoint; /**< may be NULL */
    tl_samples *samples;             /**< sink of the stage's run; may be NULL */
    tl_world given;
    tl_measure measure[TL_MAX_METRICS];
    tl_status status;
    tl_err err;
} toy_run;

/**
 * Data, sizes and setup by the tables' defaults but for what `change` does to the values
 * (NULL: 200 pool rows with keep 0.5, 500 of the attacker, 130 test rows, 3 classes; a cnn
 * of width 4 and depth 2, one epoch of batches of 32). Aborts when that fails.
 */
void toy_world_open(toy_world *toy, void (*change)(tl_setup_values *values));
void toy_world_close(toy_world *toy);

/** Default arguments of a stage. \param arg [TL_MAX_PARAMS] */
void toy_defaults(const tl_stage *stage, tl_value *arg);

/**
 * Runs `run->stage` on `team` with only the parts it declares, its bank trained before by
 * the same team, through tl_step_run as in the program.
 */
void toy_run_stage(const toy_world *toy, toy_run *run, const tl_team *team);

/** Trains model `item` of the stage's bank, or after the last its control, on a team, into
 * run->given. */
void toy_run_bank(const toy_world *toy, toy_run *run, int item, const tl_team *team);

/** Runs the stage's judge on `part`, on a team, into run->measure. */
void toy_run_judge(const toy_world *toy, toy_run *run, tl_part part, const tl_team *team);

void toy_run_close(toy_run *run);

/**
 * Runs the stage called `name` alone, aborts if it fails, and puts what it gave in the
 * world. `arg` NULL: defaults. `measure` [TL_MAX_METRICS] or NULL.
 */
void toy_do(toy_world *toy, const char *name, const tl_value *arg, tl_measure *measure);

/** Sets parameter `param` of the stage called `name` among its arguments; aborts if it has
 * none of that name. */
void toy_set(const char *name, tl_value *arg, const char *param, double number);

/** Metric `metric` of the stage called `name` in what toy_do measured; NaN where it is
 * missing. Aborts if the stage has no such metric. */
double toy_metric(const char *name, const tl_measure *measure, const char *metric);

/** Judges what `name` planted on `part`, alone; aborts if that fails. */
void toy_judge(toy_world *toy, const char *name, const tl_value *arg, tl_part part,
               tl_measure *measure);

#endif
