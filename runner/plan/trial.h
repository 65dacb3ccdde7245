/*
 * A trial: one combination of the plan under one replicate, decoded from its number into
 * the steps of its chain, each with its key.
 *
 * A step's key is the hash of its stage (name, version), its parameters, the keys of the
 * part versions it reads, its occurrence number among its ancestors, and, if it draws, seed
 * and replicate (tl_trial_stream). A model of a bank is keyed by the bank in place of the
 * stage, so stages share it. Steps with equal keys are computed once.
 *
 * Model and recipe are the plan's, but a training may have its own. Who attacks, measures
 * or imitates a model goes by what that model was trained by: shadow models by the recipe
 * of the target, the control model by that of the surrogate. Equal values make equal keys,
 * wherever in the plan they are written.
 *
 * A chain that ends in `rounds: N` is run N times in a row. Each round begins with the
 * owner's parts as at the start of the trial: pool, validation, test, model and recipe,
 * marks, service. The owner's stages act on them anew, so no defence is stacked on itself,
 * and what they make of equal inputs is the same step. The attacker's parts carry over: its
 * rows and its surrogate; what was recovered in the round before is added to its rows (by
 * d2d.use_recovered, a step of the new round). Of what one stage planted in several rounds,
 * a version is judged on the latest that it descends from.
 */
#ifndef TL_RUNNER_PLAN_TRIAL_H
#define TL_RUNNER_PLAN_TRIAL_H

#include "experiments/stage/stage_memory.h"
#include "runner/plan/plan.h"

enum {
    TL_TRIAL_STEPS = 1024,                    /**< at most so many steps in one trial */
    TL_TRIAL_RUNS = 64,                       /**< of them runs of stages of its chain */
    TL_TRIAL_RECIPES = 2 * TL_TRIAL_RUNS + 1, /**< models and recipes as written */
    TL_TRIAL_SETUPS = 256,                    /**< versions of TL_PART_SETUP */
    TL_METRIC_NAME = 128                      /**< room for the name of a metric */
};

/** One step of a trial; what it points to is borrowed from registry and plan. */
typedef struct tl_trial_step {
    const tl_stage *stage;
    tl_step_kind kind;
    const tl_bank *bank; /**< BANK: which; `arg` are its params */
    int instance;        /**< number in tl_plan.instance */
    int item;            /**< BANK: which model; JUDGE: the tl_part judged */
    int judgement;       /**< JUDGE: 0 at the end of the round, k at its k-th `- judge` */
    int round;           /**< from 1 */
    uint32_t occurrence;
    uint32_t reads;            /**< parts it reads */
    int from[TL_PARTS];        /**< of each part read: step that gave it; -1: the start;
                                  of a list: its last giver */
    uint64_t list[TL_PARTS];   /**< of each list read: bits of its givers in tl_trial.run */
    int setup;                 /**< in tl_trial.setup: what it trains by */
    int withheld;              /**< step that withholds logits from it; -1: none */
    int bank_from, bank_count; /**< RUN: first step of its bank, and how many */
    bool has_control;          /**< RUN: the last of these is the stage's control */
    const tl_metric *metrics;  /**< may be NULL */
    tl_value arg[TL_MAX_PARAMS];
    tl_key content; /**< of what it computes: equal for equal work in any two trials */
    tl_key key;     /**< its name: `content`, unless the plan shares nothing */
} tl_trial_step;

/** Model and recipe as a plan writes them. */
typedef struct tl_trial_recipe {
    tl_value model[TL_MODEL_PARAMS];
    tl_value recipe[TL_RECIPE_PARAMS];
} tl_trial_recipe;

/** A version of TL_PART_SETUP. */
typedef struct tl_trial_version {
    int recipe; /**< in tl_trial.recipe: what is altered */
    int from;   /**< the step that altered it last; -1: none */
    tl_key key;
} tl_trial_version;

/** A decoded trial; what it points to is borrowed from the plan, but for the steps. */
typedef struct tl_trial {
    /** number = cell * plan replicates + (replicate - first) */
    uint32_t number, cell, replicate;
    uint32_t draw, seed; /**< the replicate's data draw, and its training seed, from 0 */
    int chain;
    tl_setup_values values;
    tl_size size;
    const tl_source *source; /**< borrowed */
    bool brings_target;      /**< values.model or values.target name its file */
    tl_split split;
    tl_key root[TL_PARTS]; /**< keys of the versions at the start */
    int recipes;
    tl_trial_recipe recipe[TL_TRIAL_RECIPES]; /**< [recipes] the plan's, then stages' own */
    int setups;
    tl_trial_version version[TL_TRIAL_SETUPS]; /**< [setups] of each of `setup` */
    tl_setup setup[TL_TRIAL_SETUPS]; /**< [setups] the plan's, as altered, stages' own */
    int runs;
    int run[TL_TRIAL_RUNS]; /**< [runs] positions of the runs of stages */
    int steps;
    tl_trial_step *step; /**< [TL_TRIAL_STEPS], the trial's own */
} tl_trial;

/** Allocates a trial in `arena`, to be decoded into again and again. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_trial_new(tl_arena *arena, tl_trial **out, tl_err *err);

/**
 * Decodes trial `number` < plan->trials: a pure function of plan and number. Every step
 * comes after those it reads from; judges of what was planted come last in their round (and
 * at each
 * `- judge`). Cannot fail for a plan that tl_plan_open accepted.
 */
void tl_trial_decode(const tl_plan *plan, uint32_t number, tl_trial *trial);

/**
 * The replicate whose random numbers a step draws. What reads and gives data alone goes by
 * the data draw, as splits do, and is the same step under every training seed; all else
 * goes by both. A number below TL_MAX_REPLICATE is a data draw under its first seed, and
 * the same as this replicate of a plan without crossed ones.
 */
uint32_t tl_trial_stream(const tl_trial *trial, const tl_trial_step *step);

/** Sets `giver` to the positions of the steps that gave what `step` reads of `part`, in the
 * order of the chain; -1 for what is there from the start. \return how many: of a list any
 * number, else 1; 0 where it does not read the part */
int tl_trial_givers(const tl_trial *trial, const tl_trial_step *step, tl_part part,
                    int giver[TL_TRIAL_RUNS]);

/** Sets `parent` to the positions of the steps that step `position` reads from, bank
 * included. \return how many */
int tl_trial_parents(const tl_trial *trial, int position, int parent[TL_TRIAL_STEPS]);

/** FLOP of a step, bytes on the first or another member of a team of `ranks`, and its
 * largest team, as its stage declares. \param kept result, bytes that it keeps in files;
 * may be NULL */
double tl_trial_cost(const tl_trial *trial, int position);
double tl_trial_memory(const tl_trial *trial, int position, int ranks, bool is_first,
                       double *kept);
int tl_trial_max_ranks(const tl_trial *trial, int position);

/** Sizes as they are for a step: its setup is the one that it trains by, or that of the
 * model it reads. */
tl_size tl_trial_size(const tl_trial *trial, int position);

/** The index of the recipe that step `position` goes by, 0 the plan's; 0 also for a
 * negative position, the start. */
int tl_trial_recipe_of(const tl_trial *trial, int position);

/** Whether such a step of the stage trains a model, and so leaves checkpoints. */
bool tl_trial_trains(const tl_stage *stage, tl_step_kind kind);

/** The parts (bits) that such a step gives, and those of them that are kept in files; the
 * others are made again where they are needed. */
uint32_t tl_trial_gives(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind);
uint32_t tl_trial_keeps(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind);

/** How many metrics a step has. */
int tl_trial_metrics(const tl_trial_step *step);

/**
 * Writes the name of metric `m` of `step` in the result file into `out`, which it returns:
 * <instance>_<metric>[_<part>][_judge<k>][_round<k>], the last from the second round on.
 */
char *tl_trial_metric_name(const tl_plan *plan, const tl_trial_step *step, int m,
                           char out[TL_METRIC_NAME]);

#endif
