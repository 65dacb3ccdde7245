/*
 * A plan's `data`, `model` and `recipe`, and the sizes that follow from them.
 */
#ifndef TL_EXPERIMENTS_STAGE_SETUP_H
#define TL_EXPERIMENTS_STAGE_SETUP_H

#include "compute/data/roles.h"
#include "compute/train/trainer.h"
#include "experiments/stage/param.h"

/** Places in tl_data_params; what a plan writes under `data.split` is flat here. */
enum {
    TL_DATA_SOURCE,
    TL_DATA_OFFICIAL,
    TL_DATA_POOL,
    TL_DATA_KEEP,
    TL_DATA_VALIDATION,
    TL_DATA_ATTACKER,
    TL_DATA_TEST,
    TL_DATA_ATTACKER_FROM_POOL,
    TL_DATA_EXAMPLES,
    TL_DATA_CLASSES,
    TL_DATA_DIFFICULTY,
    TL_DATA_CONTEXT,
    TL_DATA_PARAMS
};
/** Places in tl_model_params. */
enum {
    TL_MODEL_KIND,
    TL_MODEL_WIDTH,
    TL_MODEL_DEPTH, /* `layers` in a plan */
    TL_MODEL_HEADS,
    TL_MODEL_KV_HEADS,
    TL_MODEL_SPLITS,
    TL_MODEL_FILE,
    TL_MODEL_ACCURACY,
    TL_MODEL_PARAMS
};
/** Places in tl_target_params. */
enum { TL_TARGET_ANSWERS, TL_TARGET_ACCURACY, TL_TARGET_PARAMS };
/** Places in tl_recipe_params. */
enum {
    TL_RECIPE_EPOCHS,
    TL_RECIPE_BATCH,
    TL_RECIPE_SHARDS,
    TL_RECIPE_OPTIMIZER,
    TL_RECIPE_LR,
    TL_RECIPE_MOMENTUM,
    TL_RECIPE_WEIGHT_DECAY,
    TL_RECIPE_SCHEDULE,
    TL_RECIPE_WARMUP,
    TL_RECIPE_LR_END,
    TL_RECIPE_ACCUMULATE,
    TL_RECIPE_CLIP,
    TL_RECIPE_LABEL_SMOOTHING,
    TL_RECIPE_DROPOUT,
    TL_RECIPE_DECAY,
    TL_RECIPE_AVERAGE,
    TL_RECIPE_PATIENCE,
    TL_RECIPE_SHIFT,
    TL_RECIPE_FLIP,
    TL_RECIPE_REDUCTION,
    TL_RECIPE_ZERO,
    TL_RECIPE_OVERLAP,
    TL_RECIPE_RECOMPUTE,
    TL_RECIPE_PARAMS
};

/** The tables, for the plan reader and `describe`. */
extern const tl_param tl_data_params[TL_DATA_PARAMS + 1];
extern const tl_param tl_model_params[TL_MODEL_PARAMS + 1];
extern const tl_param tl_target_params[TL_TARGET_PARAMS + 1];
extern const tl_param tl_recipe_params[TL_RECIPE_PARAMS + 1];

/** Bits of the parameters that results depend on. Of the recipe, the others change how
 * training runs, not what it computes; of the model, they say where parameters come from,
 * which only the file's contents tell. */
enum {
    TL_MODEL_DECIDING = (1 << TL_MODEL_FILE) - 1,
    TL_RECIPE_DECIDING =
        (1 << TL_RECIPE_PARAMS) - 1 -
        (1 << TL_RECIPE_ZERO | 1 << TL_RECIPE_OVERLAP | 1 << TL_RECIPE_RECOMPUTE)
};

/** Values of a trial, in the order of the tables. */
typedef struct tl_setup_values {
    tl_value data[TL_DATA_PARAMS];
    tl_value target[TL_TARGET_PARAMS];
    tl_value model[TL_MODEL_PARAMS];
    tl_value recipe[TL_RECIPE_PARAMS];
} tl_setup_values;

/** Model and recipe of a training. */
typedef struct tl_setup {
    tl_model_spec model;
    tl_recipe recipe;
    bool starts_from_file; /**< from tl_world.start, not from weights that are drawn */
} tl_setup;

/** Sizes known before a run: for checks, costs and memory. */
typedef struct tl_size {
    tl_shape shape;
    int classes;
    int vocabulary; /**< of tokens, with shape.width the context; 0: images */
    int pool, members, validation, attacker, test; /**< rows */
    tl_setup setup; /**< what it trains by; else that of the model it reads */
    /** Where they are not of setup.model: the target and the surrogate that it reads, and
     * what the models of its bank are trained by. `classes` 0: they are. */
    tl_model_spec target, surrogate, banked;
    bool logs_queries; /**< a stage of the plan reads the log of queries */
} tl_size;

/** The spec of TL_PART_TARGET or TL_PART_SURROGATE, or of what the bank is trained by. */
const tl_model_spec *tl_size_target(const tl_size *size);
const tl_model_spec *tl_size_surrogate(const tl_size *size);
const tl_model_spec *tl_size_banked(const tl_size *size);

/** The structures that the values describe. */
tl_split tl_setup_split(const tl_value data[TL_DATA_PARAMS]);
tl_source_want tl_setup_source_want(const tl_value data[TL_DATA_PARAMS]);
tl_setup tl_setup_of(const tl_setup_values *values, tl_shape shape, int classes);
tl_size tl_setup_size(const tl_setup_values *values, const tl_source *source);

/**
 * Whether a model of this kind works on data of this vocabulary (0: images).
 *
 * \param source name of the data, for the message
 * \return TL_E_ARG, naming the kinds that do
 */
TL_MUST_USE tl_status tl_setup_check_kind(const char *kind, const char *source,
                                          int vocabulary, tl_err *err);

#endif
