/*
 * A trial: one combination of the plan under one replicate, decoded from its number into
 * the steps of its chain, with the key of each.
 *
 * A step's key is the hash of its stage (name, version), its parameters, the keys of the
 * part versions it reads, its occurrence number among its ancestors, and seed and replicate
 * if it draws. Equal key, one computation.
 *
 * A chain that ends in `rounds: N` is run N times in a row. What is the owner's is as at
 * the start of the trial again at the start of each round: pool, validation, test, model
 * and recipe, service; the owner's stages act on it anew, so no defence is stacked on
 * itself, and what they make of equal inputs is the same step. What is the attacker's goes
 * on: its rows and its surrogate; what was recovered in the round before is added to its
 * rows (by d2d.use_recovered, a step of the new round) and is recovered no more. Of what
 * one stage planted in several rounds, the latest that a version descends from is judged on
 * it.
 */
#ifndef TL_RUNNER_PLAN_TRIAL_H
#define TL_RUNNER_PLAN_TRIAL_H

#include "experiments/stage/stage_memory.h"
#include "runner/plan/plan.h"

enum {
    TL_TRIAL_STEPS = 1024, /**< at most so many steps in one trial */
    TL_METRIC_NAME = 128   /**< room for the name of a metric */
};

/** One step of a trial; what it points to is borrowed from registry and plan. */
typedef struct tl_trial_step {
    const tl_stage *stage;
    tl_step_kind kind;
    int instance;  /**< which stage instance of the plan it belongs to (tl_plan.instance) */
    int item;      /**< BANK: which model; JUDGE: the tl_part judged */
    int judgement; /**< JUDGE: 0 = at the end of the round, k = at its k-th `- judge` */
    int round;     /**< from 1 */
    uint32_t occurrence;
    uint32_t reads;     /**< parts it reads */
    int from[TL_PARTS]; /**< per part read: step of this trial that gave it, -1 = from the
                           start */
    int bank_from,
        bank_count; /**< RUN: its bank is steps [bank_from, bank_from + bank_count) */
    const tl_metric *metrics; /**< may be NULL */
    tl_value arg[TL_MAX_PARAMS];
    tl_key content; /**< what it computes: equal for equal work in any two trials */
    tl_key key;     /**< what it is known by: `content`, unless the plan shares nothing */
} tl_trial_step;

/** A decoded trial; what it points to is borrowed from the plan, but for the steps. */
typedef struct tl_trial {
    uint32_t number, cell,
        replicate; /**< number = cell * plan replicates + (replicate - first) */
    int chain;
    tl_setup_values values;
    tl_size size;
    const tl_source *source;
    tl_split split;
    tl_key root[TL_PARTS]; /**< keys of the versions at the start */
    int steps;
    tl_trial_step *step; /**< [TL_TRIAL_STEPS], the trial's own */
} tl_trial;

/** Room for a trial, to be decoded into again and again. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_trial_new(tl_arena *arena, tl_trial **out, tl_err *err);

/**
 * Decodes trial `number` < plan->trials: a pure function of plan and number. Steps stand in
 * an order in which every step comes after those it reads from; judges of what was planted
 * come last in their round (and at each `- judge`). Never fails for a plan that
 * tl_plan_open accepted.
 */
void tl_trial_decode(const tl_plan *plan, uint32_t number, tl_trial *trial);

/** Positions of the steps that step `position` reads from, bank included. \return count */
int tl_trial_parents(const tl_trial *trial, int position, int parent[TL_TRIAL_STEPS]);

/** FLOP, bytes on the first or another member of a team of `ranks`, and widest team of a
 * step, as its stage declares. */
double tl_trial_cost(const tl_trial *trial, int position);
double tl_trial_memory(const tl_trial *trial, int position, int ranks, bool is_first);
int tl_trial_max_ranks(const tl_trial *trial, int position);

/** Whether such a step of the stage leaves a model file: then its training leaves
 * checkpoints. Other parts that steps give are remade where they are needed. */
bool tl_trial_gives_model(const tl_stage *stage, tl_step_kind kind);

/** Metrics of a step (0 for NULL tables). */
int tl_trial_metrics(const tl_trial_step *step);

/**
 * Name of metric `m` of `step` in the result file: <name>_<metric>[_<part>][_judge<k>],
 * where <name> is the instance's, dots as underscores, and then _round<k> from the second
 * round on. Writes to `out`, returns it.
 */
char *tl_trial_metric_name(const tl_plan *plan, const tl_trial_step *step, int m,
                           char out[TL_METRIC_NAME]);

#endif
