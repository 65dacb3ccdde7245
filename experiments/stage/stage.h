/*
 * A stage: an attack, a defence, a training run or a measurement, as a record. One file a
 * stage, listed once in stages.def; nothing else in the program knows stages by name.
 *
 * A stage reads versions of parts of the world and gives new versions; a given part never
 * changes. It sees its scene and its team, no files, no clock, no MPI, and has no static
 * variables. It runs on any team size: every member does the same work, or the work is cut
 * by shards or blocks and joined by team calls.
 */
#ifndef TL_EXPERIMENTS_STAGE_STAGE_H
#define TL_EXPERIMENTS_STAGE_STAGE_H

#include "experiments/stage/marks.h"
#include "experiments/stage/service.h"
#include "experiments/stage/setup.h"

/** Parts of the world. */
typedef enum tl_part {
    TL_PART_POOL,       /**< data: the owner's rows */
    TL_PART_VALIDATION, /**< data: for choices */
    TL_PART_ATTACKER,   /**< data: the attacker's own rows */
    TL_PART_TEST,       /**< data: for reported numbers */
    TL_PART_RECOVERED,  /**< data: what the attacker has got out of models; every row is
                           flagged TL_ROW_RECOVERED */
    TL_PART_SETUP,      /**< model and recipe of the plan */
    TL_PART_MARKS,      /**< what was planted, for those who may know it */
    TL_PART_SERVICE,    /**< what stands before the target: output defences, monitors */
    TL_PART_TARGET,     /**< model: the owner's */
    TL_PART_SURROGATE,  /**< model: the attacker's copy */
    TL_PARTS
} tl_part;

#define TL_BIT(part) (1U << (part))
enum {
    TL_PARTS_DATA = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) |
                    TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_TEST) |
                    TL_BIT(TL_PART_RECOVERED),
    TL_PARTS_MODEL = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE),
    /** What every world holds from the start. */
    TL_PARTS_GIVEN = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) |
                     TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_TEST) |
                     TL_BIT(TL_PART_SETUP) | TL_BIT(TL_PART_SERVICE)
};

/** "pool", "target", ... */
const char *tl_part_name(tl_part part);

typedef enum tl_flow { TL_D2D, TL_D2M, TL_M2D, TL_M2M, TL_NO_FLOW } tl_flow;
typedef enum tl_role {
    TL_ROLE_ATTACK,
    TL_ROLE_DEFENSE,
    TL_ROLE_TRAIN,
    TL_ROLE_MEASURE
} tl_role;
const char *tl_flow_name(tl_flow flow); /* "D2D", ..., "none" */
const char *tl_role_name(tl_role role); /* "attack", ... */

/** What the acting party must know or may ask (bits). */
enum {
    TL_KNOWS_DATA = 1,   /**< may alter or read training data */
    TL_KNOWS_LABELS = 2, /**< gets the target's top class */
    TL_KNOWS_SCORES = 4, /**< gets the target's class probabilities */
    TL_KNOWS_GRADIENTS = 8,
    TL_KNOWS_WEIGHTS = 16,
    TL_KNOWS_TRUTH = 32, /**< a measurement by the experimenter, who knows everything */
    TL_KNOWS_LOGITS = 64 /**< gets the target's logits */
};
/** What a stage works on. */
typedef enum tl_wants { TL_WANTS_ANYTHING, TL_WANTS_IMAGES, TL_WANTS_TOKENS } tl_wants;
const char *tl_wants_name(tl_wants wants); /* "anything", "images", "tokens" */

/** "data scores" and the like, into `out` of at least 64 bytes; returns it. */
char *tl_access_text(unsigned access, char out[64]);

/** Why a metric has no value. */
typedef enum tl_why {
    TL_WHY_HAS_VALUE = 0,
    TL_WHY_UNRESOLVABLE,   /**< the sample is too small for it */
    TL_WHY_NOT_APPLICABLE, /**< this trial has no such stage or part */
    TL_WHY_FAILED,         /**< its step failed */
    TL_WHY_SKIPPED,        /**< a step before it failed */
    TL_WHY_NOT_RUN         /**< the sweep was stopped before it */
} tl_why;
const char *tl_why_name(tl_why why); /* "value", "unresolvable", ... */

typedef enum tl_better { TL_BETTER_NONE, TL_BETTER_HIGHER, TL_BETTER_LOWER } tl_better;

typedef struct tl_metric {
    const char *name; /**< NULL ends a table */
    const char *units;
    const char *about;
    tl_better better; /**< for the owner of the target: "lower" = larger is worse for the
                         defender */
    bool is_rate;     /**< a share of n trials: hits / n, and n is stored */
    bool can_be_missing;
    double low, high; /**< range of values; both 0: unbounded */
} tl_metric;

enum { TL_MAX_METRICS = 24 };

/** One measured value. */
typedef struct tl_measure {
    double value; /**< NaN unless why is TL_WHY_HAS_VALUE */
    double n;     /**< of a rate; else 0 */
    int32_t why;  /**< tl_why */
} tl_measure;

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

/** What a stage works in. */
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

/** Sets a metric; values that are not finite become TL_E_NUM at the end of the step. */
void tl_scene_put(tl_scene *scene, int metric, double value);
/** Sets a rate; n = 0 makes it missing as unresolvable. */
void tl_scene_put_rate(tl_scene *scene, int metric, double hits, double n);
void tl_scene_put_missing(tl_scene *scene, int metric, tl_why why);

typedef struct tl_stage tl_stage;

typedef enum tl_step_kind { TL_STEP_RUN, TL_STEP_BANK, TL_STEP_JUDGE } tl_step_kind;

/**
 * Models that a stage wants trained beforehand, each a step of its own, shared between
 * stages that want the same. They are kept, so that data made with them can be remade.
 */
typedef struct tl_bank {
    /** How many, from the stage's arguments; NULL: the stage has no bank. */
    int (*count)(const tl_value *arg);
    uint32_t reads; /**< parts a bank model is made from */
    uint32_t args;  /**< bits of the params it depends on */
    /** The stage whose streams and occurrences its models draw from, so that they are
     * paired with what that stage makes of the same versions; NULL: its own. */
    const char *draws_as;
    /** Trains model scene->bank_item into scene->given->model[TL_PART_SURROGATE]. */
    tl_status (*run)(tl_scene *scene, tl_err *err);
    double (*cost)(const tl_size *size, const tl_value *arg);
} tl_bank;

struct tl_stage {
    const char *name;   /**< "d2m.badnets" */
    const char *about;  /**< one line */
    const char *source; /**< citation */
    int version;        /**< raise when results change */
    tl_flow flow;
    tl_role role;
    const char *taxonomy;  /**< name of the threat in the taxonomy, "backdoor" */
    unsigned access;       /**< TL_KNOWS_* */
    tl_wants wants;        /**< data that it makes sense for */
    uint32_t reads, gives; /**< parts (TL_BIT) */
    bool draws;            /**< results depend on the replicate by its own random numbers */
    const tl_param *params;
    const tl_metric *metrics;
    tl_bank bank;
    uint32_t judges;      /**< parts that `judge` applies to */
    uint32_t judge_reads; /**< parts judge reads besides the one it judges */
    const tl_metric
        *judge_metrics; /**< per judged part; on target no suffix, else _<part> */
    /** Computes what the stage gives and measures; also called on scenes that count, as the
     * next and the bank's are. */
    tl_status (*run)(tl_scene *scene, tl_err *err);
    /** Measures on `part` what this stage planted, from the same arguments and streams. */
    tl_status (*judge)(tl_scene *scene, tl_part part, tl_err *err);
    /** Whether the arguments make sense for these sizes; may be NULL. Used before running.
     */
    tl_status (*check)(const tl_size *size, const tl_value *arg, tl_err *err);
    double (*cost)(const tl_size *size, const tl_value *arg); /**< FLOP of run */
    int (*widest)(const tl_size *size, const tl_value *arg);  /**< largest useful team */
};

/** All stages, in the order of stages.def. */
const tl_stage *const *tl_stages(int *count);

/**
 * Whether the stage makes sense for data of this vocabulary (0: images).
 * \param source  name of the data, for the message \return TL_E_ARG
 */
TL_MUST_USE tl_status tl_stage_check_data(const tl_stage *stage, const char *source,
                                          int vocabulary, tl_err *err);

/** The stage called `name`, or NULL. */
const tl_stage *tl_stage_find(const char *name);

#endif
