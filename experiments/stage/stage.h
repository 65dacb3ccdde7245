/*
 * Room experiments/stage: the contract of every attack, defence and measurement: stage,
 * parts, scene, service, setup, marks, parameters, metrics. Uses compute and
 * experiments/image.
 *
 * A stage: an attack, a defence, a training run or a measurement, as a record. One file per
 * stage, listed once in stages.def; nothing else in the program knows stages by name.
 *
 * A stage reads versions of parts of the world and gives new versions; a given part never
 * changes. It sees its scene and its team, no files, no clock, no MPI, and has no static
 * variables. It runs on any team size: members all do the same work, or share it by shards
 * or blocks and join it by team calls.
 */
#ifndef TL_EXPERIMENTS_STAGE_STAGE_H
#define TL_EXPERIMENTS_STAGE_STAGE_H

#include "experiments/stage/scene.h"

/** What a stage leads from and to: data or model. */
typedef enum tl_flow { TL_D2D, TL_D2M, TL_M2D, TL_M2M, TL_NO_FLOW } tl_flow;
/** Role of a stage in a chain. */
typedef enum tl_role {
    TL_ROLE_ATTACK,
    TL_ROLE_DEFENSE,
    TL_ROLE_TRAIN,
    TL_ROLE_MEASURE
} tl_role;
/** "D2D" to "none", and "attack" to "measure", as in result files. */
const char *tl_flow_name(tl_flow flow);
const char *tl_role_name(tl_role role);

/** What the acting party knows or may query (bits). */
enum {
    TL_KNOWS_DATA = 1,   /**< may read or alter training data */
    TL_KNOWS_LABELS = 2, /**< gets the target's top class */
    TL_KNOWS_SCORES = 4, /**< gets the target's class probabilities */
    TL_KNOWS_GRADIENTS = 8,
    TL_KNOWS_WEIGHTS = 16,
    TL_KNOWS_TRUTH = 32, /**< everything: measured by the experimenter */
    TL_KNOWS_LOGITS = 64 /**< gets the target's logits */
};
/** What a stage works on. */
typedef enum tl_wants { TL_WANTS_ANYTHING, TL_WANTS_IMAGES, TL_WANTS_TOKENS } tl_wants;
/** "anything", "images" or "tokens". */
const char *tl_wants_name(tl_wants wants);

/** "data scores" and the like, written into `out`; returns it. */
char *tl_access_text(unsigned access, char out[64]);

/** The record of a stage. */
typedef struct tl_stage tl_stage;

/**
 * Models that a stage needs trained in advance, each a step of its own, shared between
 * stages that need the same. They are stored, so that data made with them can be rebuilt.
 */
typedef struct tl_bank {
    /** Number of models; NULL: no bank. */
    int (*count)(const tl_value *arg);
    uint32_t reads; /**< parts a bank model is made from */
    uint32_t args;  /**< bits of the params that they depend on */
    /** The stage whose streams and occurrences the models draw from, which pairs them with
     * what that stage makes of the same versions; NULL: its own. */
    const char *draws_as;
    /** Trains model scene->bank_item into scene->given->model[TL_PART_SURROGATE]. */
    tl_status (*run)(tl_scene *scene, tl_err *err);
    double (*cost)(const tl_size *size, const tl_value *arg);
} tl_bank;

/** 1: `count` of a bank of one model. */
int tl_bank_of_one(const tl_value *arg);

/** All pointers are borrowed and constant; tables end in an empty row. */
struct tl_stage {
    const char *name;   /**< "d2m.badnets" */
    const char *about;  /**< one line */
    const char *source; /**< citation */
    int version;        /**< raised when results change */
    tl_flow flow;
    tl_role role;
    const char *taxonomy;  /**< name of the threat in the taxonomy, "backdoor" */
    unsigned access;       /**< TL_KNOWS_* */
    tl_wants wants;        /**< data that it works on */
    uint32_t reads, gives; /**< parts (TL_BIT) */
    unsigned stores;       /**< TL_STORE_*: what `run` hands over, see scene_store.h */
    bool draws;            /**< draws random numbers, which depend on the replicate */
    const tl_param *params;
    const tl_metric *metrics;
    tl_bank bank;
    uint32_t judges;      /**< parts that `judge` applies to */
    uint32_t judge_reads; /**< parts that `judge` reads besides the one it judges */
    const tl_metric
        *judge_metrics; /**< per judged part; suffix _<part> except on the target */
    /** Computes what the stage gives and measures; like `judge` and bank.run also called on
     * scenes that count (tl_scene_counts). */
    tl_status (*run)(tl_scene *scene, tl_err *err);
    /** Measures in `part` what this stage planted, with the same arguments and streams. */
    tl_status (*judge)(tl_scene *scene, tl_part part, tl_err *err);
    /** Whether the arguments make sense for these sizes, before a run; may be NULL. */
    tl_status (*check)(const tl_size *size, const tl_value *arg, tl_err *err);
    double (*cost)(const tl_size *size, const tl_value *arg); /**< FLOP of run */
    /** Largest useful team; NULL: one rank. */
    int (*max_ranks)(const tl_size *size, const tl_value *arg);
};

/** All stages [*count], in the order of stages.def; sets *count. */
const tl_stage *const *tl_stages(int *count);

/**
 * Whether the stage works on data of this vocabulary (0: images).
 *
 * \param source name of the data, for the message
 * \return TL_E_ARG
 */
TL_MUST_USE tl_status tl_stage_check_data(const tl_stage *stage, const char *source,
                                          int vocabulary, tl_err *err);

/** The stage called `name`, or NULL. */
const tl_stage *tl_stage_find(const char *name);

#endif
