/*
 * Room experiments/stage: the contract of every attack, defence and measurement: stage,
 * parts, scene, service and sessions, banks, setup, marks, parameters, metrics. Uses
 * compute and experiments/image.
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

#include "experiments/stage/bank.h"
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
    TL_KNOWS_TRUTH = 32,  /**< everything: measured by the experimenter */
    TL_KNOWS_LOGITS = 64, /**< gets the target's logits */
    /** Has the target itself. Without one of these, `run` and bank see no target. */
    TL_KNOWS_TARGET = TL_KNOWS_GRADIENTS | TL_KNOWS_WEIGHTS | TL_KNOWS_TRUTH,
    /** May ask: gets a session of the service. */
    TL_KNOWS_ANSWERS = TL_KNOWS_LABELS | TL_KNOWS_SCORES | TL_KNOWS_LOGITS
};
/** What a stage works on. */
typedef enum tl_wants { TL_WANTS_ANYTHING, TL_WANTS_IMAGES, TL_WANTS_TOKENS } tl_wants;
/** "anything", "images" or "tokens". */
const char *tl_wants_name(tl_wants wants);

/** "data scores" and the like, written into `out`; returns it. */
char *tl_access_text(unsigned access, char out[64]);

/** The record of a stage. */
typedef struct tl_stage tl_stage;

/** All pointers are borrowed and constant; tables end in an empty row. `args` is always the
 * struct that `params` describe, NULL without params. */
struct tl_stage {
    const char *name;   /**< "d2m.badnets" */
    const char *about;  /**< one line */
    const char *source; /**< citation */
    /** What exactly is done, where it differs from the source, and what its numbers leave
     * open, in sentences. Attacks and defences have one; else it may be NULL. */
    const char *variant;
    int version; /**< raised when results change */
    tl_flow flow;
    tl_role role;
    const char *taxonomy; /**< name of the threat in the taxonomy, "backdoor" */
    unsigned access;      /**< TL_KNOWS_* */
    tl_wants wants;       /**< data that it works on */
    /** Parts (TL_BIT). Who may ask reads TL_PARTS_ASKED, and gives TL_PART_QUERY_LOG. */
    uint32_t reads, gives;
    uint32_t keeps;  /**< of those given: saved; the others are made again where needed */
    unsigned stores; /**< TL_STORE_*: what is handed over, see scene_store.h */
    bool draws;      /**< it, its bank or its control draws numbers, by the replicate */
    const tl_param *params;
    /** A training by the setup that may have a model and a recipe of its own in a plan:
     * bits of the recipe's params (1 << TL_RECIPE_*) that it then takes. 0: no. */
    uint32_t own_recipe;
    const tl_metric *metrics;
    const tl_bank *bank;                 /**< models trained beforehand; NULL: none */
    int (*bank_count)(const void *args); /**< how many of them; NULL: one */
    /** Sets value [of the bank's params], which hold their defaults; NULL: leaves them. */
    void (*bank_args)(const void *args, tl_value *value);
    /** A bank of one model without params, the control of what the stage does with those
     * of `bank`, where the attacker has rows to train it on; NULL: none. */
    const tl_bank *control;
    uint32_t judges;      /**< parts that `judge` applies to */
    uint32_t judge_reads; /**< parts that `judge` reads besides the one it judges */
    const tl_metric
        *judge_metrics; /**< per judged part; suffix _<part> except on the target */
    /** Computes what the stage gives. Like outcome, judge and bank->run also called on
     * scenes that count (tl_scene_counts). NULL: `alter` does all. */
    tl_status (*run)(tl_scene *scene, tl_err *err);
    /** Measures, on the bare target and with the truth at hand, what `run` has achieved
     * (scene->found, scene->given): no query is asked or logged. NULL: nothing. */
    tl_status (*outcome)(tl_scene *scene, tl_err *err);
    /** Measures in `part` what this stage planted, with the same arguments and streams. */
    tl_status (*judge)(tl_scene *scene, tl_part part, tl_err *err);
    /** Alters the setup, TL_PART_SETUP: a training-time defence. A pure function, called
     * when plans are read too, so that costs, memory and models of banks follow. */
    void (*alter)(const void *args, tl_setup *setup);
    /** Whether the arguments make sense for these sizes, before a run; may be NULL. */
    tl_status (*check)(const tl_size *size, const void *args, tl_err *err);
    /** Whether it asks for logits, so that the plan is refused where a stage before it
     * withholds them; NULL: no. */
    bool (*wants_logits)(const void *args);
    bool (*withholds_logits)(const void *args);
    /** Whether recorded answers to rows of the data are enough of a target: neither `run`
     * nor `outcome` asks about anything else, or needs its parameters. NULL: no. */
    bool (*answers_suffice)(const tl_size *size, const void *args);
    /** Most queries that `run` asks: its budget; for stages that ask. */
    double (*queries)(const tl_size *size, const void *args);
    /** FLOP of run and outcome. NULL: answers, and the rows that are read through the
     * model. */
    double (*cost)(const tl_size *size, const void *args);
    /** Largest useful team. NULL: that of a training if it gives a model, else that of the
     * rows read through the model. */
    int (*max_ranks)(const tl_size *size, const void *args);
};

/** Whether the stage asks the target: gets a session. */
bool tl_stage_asks(const tl_stage *stage);

/** tl_stage.check by value [of its params]; TL_OK where it is NULL. \return TL_E_ARG */
TL_MUST_USE tl_status tl_stage_check(const tl_stage *stage, const tl_size *size,
                                     const tl_value *value, tl_err *err);
/** The functions of a stage's record by value [of its params], and what holds where they
 * are NULL. */
double tl_stage_cost(const tl_stage *stage, const tl_size *size, const tl_value *value);
bool tl_stage_wants_logits(const tl_stage *stage, const tl_value *value);
bool tl_stage_withholds_logits(const tl_stage *stage, const tl_value *value);
bool tl_stage_answers_suffice(const tl_stage *stage, const tl_size *size,
                              const tl_value *value);
double tl_stage_queries(const tl_stage *stage, const tl_size *size, const tl_value *value);
int tl_stage_max_ranks(const tl_stage *stage, const tl_size *size, const tl_value *value);
/** tl_stage.alter by value [of its params]: changes `setup` in place; nothing where it is
 * NULL. */
void tl_stage_alter(const tl_stage *stage, const tl_value *value, tl_setup *setup);

/** 1: `max_ranks` of a stage that does all of its work on one rank, whatever `args`,
 * borrowed. */
int tl_ranks_one(const tl_size *size, const void *args);

/** true: `answers_suffice` of a stage that asks about rows of its datasets alone, whatever
 * `args`, borrowed. */
bool tl_answers_suffice(const tl_size *size, const void *args);

/** Whether the stage checks the target that it reads and passes on, and trains none. */
bool tl_stage_passes_target(const tl_stage *stage);

/** Models of the bank that the stage wants; 0 without one. */
int tl_stage_banked(const tl_stage *stage, const tl_value *value);

/** Whether the stage has its control with data of this size. */
bool tl_stage_is_controlled(const tl_stage *stage, const tl_size *size);

/** Sets bank [TL_MAX_PARAMS] to the values of the params of the stage's bank. */
void tl_stage_bank_values(const tl_stage *stage, const tl_value *value, tl_value *bank);

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
