/*
 * The room of plans: from YAML to any trial by its number, with the keys of its steps.
 * Pure, but for the files it reads; may use compute and experiments.
 *
 * A plan is what a user asks for: read from YAML, checked against the registry, with every
 * trial addressable by number.
 */
#ifndef TL_RUNNER_PLAN_PLAN_H
#define TL_RUNNER_PLAN_PLAN_H

#include "compute/core/text.h"
#include "compute/data/shared_blocks.h"
#include "compute/nn/own_model.h"
#include "experiments/stage/step.h"

/** Limits of a plan. */
enum {
    TL_MAX_TRIALS = 1 << 21,    /**< and combinations, before `exclude` */
    TL_MAX_REPLICATE = 1 << 24, /**< numbers of replicates are lower */
    TL_MAX_STEPS = 1 << 27,
    TL_MAX_AXES = 32,
    TL_MAX_SEEDS = 1 << 8, /**< of a data draw, exclusive */
    TL_NAME = 64
};

/**
 * One axis of the sweep. A list is an axis over values; a `one_of` is an axis over
 * alternatives, lists inside its options flattened into its levels.
 */
typedef struct tl_axis {
    char name[TL_NAME]; /**< as in the result file: "d2m_badnets_rate", "poison" */
    int levels;
    const tl_value *value; /**< [levels] of a list: values; of a one_of: labels, as text */
    const tl_param *param; /**< borrowed; the parameter that a list varies, else NULL */
    bool is_choice;        /**< one_of or `chains`: alternatives, the first the reference */
    int zip;               /**< axes with the same number >= 0 move together; -1: alone */
} tl_axis;

/** Whether axes `a` and `b` are the same or zipped. \param axis  all axes of a plan */
bool tl_axes_move_together(const tl_axis *axis, int a, int b);

/** A value that exists only in some alternatives: a list inside an option of a one_of. */
typedef struct tl_inner {
    char name[TL_NAME];    /**< "d2m_badnets_rate" */
    int axis;              /**< the one_of it lives in */
    const tl_param *param; /**< borrowed */
    const tl_value *value; /**< [levels of the axis], valid where has[level] */
    const bool *has;       /**< [levels of the axis] */
} tl_inner;

/** A use of a stage in the plan, which names its metrics. */
typedef struct tl_instance {
    char name[TL_NAME];    /**< the `as` name, else the stage's with _ for . */
    const tl_stage *stage; /**< borrowed */
} tl_instance;

/** Conditions of a hypothesis, at most. */
enum { TL_MAX_CONDITIONS = 8 };

/** A condition: only trials at this level. Texts are in the plan's arena. */
typedef struct tl_plan_condition {
    const char *factor, *level;
} tl_plan_condition;

/** A claim about an effect, tested on the results. Texts are in the plan's arena. */
typedef struct tl_hypothesis {
    char effect[TL_NAME * 2]; /**< name of an axis, or "a:b" for an interaction */
    char on[TL_NAME * 2];     /**< name of a metric variable */
    const char *level;   /**< of the axis, "c:d" of both; "trend" over numbers; "": all */
    const char *against; /**< the level it is compared with; "": the reference */
    int conditions;
    tl_plan_condition at[TL_MAX_CONDITIONS]; /**< [conditions] */
    int direction;                           /**< +1 raises, -1 lowers, 0 changes */
    bool is_one_sided;                       /**< whether the test is, in that direction */
    double margin;     /**< an effect within +-margin is none; 0: not asked */
    const char *claim; /**< the sentence that it tests, or NULL */
    int line;          /**< of the plan, from 1 */
} tl_hypothesis;

/** An attack that an assessment leaves out. Texts are in the plan's arena. */
typedef struct tl_left_out {
    const char *stage, *reason;
} tl_left_out;

/** Chains and bindings, private to the plan's files. */
typedef struct tl_plan_body tl_plan_body;

/** A plan that was read and checked; all that it points to is in its arena. */
typedef struct tl_plan {
    char name[TL_NAME];
    const char *about;
    const char *text; /**< the effective plan: canonical YAML, every --set applied */
    /** The same with tl_source_label in place of paths: what result files have. */
    const char *public_text;
    const char *folder; /**< in which the plan's own files are looked for first */
    uint64_t seed;
    /** Of crossed replicates, `seeds` > 1, a data draw has `seeds` replicates in a row, one
     * a training seed: replicate r is of draw r / seeds. */
    uint32_t first_replicate, replicates, seeds;
    uint32_t cells;  /**< combinations that remain after `exclude` */
    uint32_t trials; /**< cells * replicates */
    uint64_t steps;  /**< of all trials, before sharing */
    int axes;
    const tl_axis *axis; /**< [axes] */
    int inners;
    const tl_inner *inner; /**< [inners] */
    int instances;
    const tl_instance *instance; /**< [instances] */
    int left_out;                /**< attacks that `- assess` leaves out; 0 without it */
    const tl_left_out *left;     /**< [left_out] */
    int hypotheses;
    const tl_hypothesis *hypothesis;
    bool logs_queries;  /**< a stage reads the log of queries, so that it is kept */
    bool sums_fast;     /**< a training sums its gradients fast */
    unsigned store;     /**< TL_STORE_*: what is stored besides metrics */
    bool is_shared;     /**< false: --no-sharing, keys carry the trial number */
    int ranks;          /**< that sizes are predicted for; at least 1 */
    double rank_memory; /**< most bytes on each rank; 0: no limit */
    tl_arena arena;
    tl_plan_body *body; /**< private */
} tl_plan;

/** How a plan is opened. */
typedef struct tl_plan_options {
    const char *const *set; /**< [sets] "PATH=VALUE" */
    int sets;
    const char *data_dir; /**< --data, or NULL */
    const char *folder; /**< of the plan, for tl_plan_parse; NULL: the working directory */
    bool is_shared;
    /** Where sources are published or found, borrowed, must outlive the plan; NULL: they
     * are opened for this process alone. */
    const tl_shared_blocks *shared_blocks;
    bool predicts; /**< nothing will be computed: large generated sources are outlines */
    double memory; /**< bytes of all data, of --memory; 0: TL_MEMORY_DATA */
    int ranks;     /**< that will run it, for predictions; 0 counts as 1 */
    double rank_memory; /**< most bytes on each rank; 0: no limit */
} tl_plan_options;

/**
 * Reads a plan: a file, whose folder is the plan's, or else the name of a shipped plan.
 * Checks all of it: keys, names, types, bounds, order of stages by parts, roles against the
 * data (opens the sources), limits. Errors are "file:line:col: message", with the nearest
 * valid name for a misspelt one. The plan is the caller's until tl_plan_close.
 *
 * \return TL_E_ARG (the plan), TL_E_IO, TL_E_FORMAT (data), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_plan_open(const char *name, const tl_plan_options *options,
                                   tl_plan **out, tl_err *err);

/** As tl_plan_open, from text that errors call `name`; this is how ranks other than 0 read
 * plan->text. \return as tl_plan_open */
TL_MUST_USE tl_status tl_plan_parse(const char *name, const char *text,
                                    const tl_plan_options *options, tl_plan **out,
                                    tl_err *err);

/** Frees the plan and all in it; NULL is allowed. */
void tl_plan_close(tl_plan *plan);

/**
 * A plan of `cells` combinations of `plan`, one drawn from each of as many equal ranges,
 * and its first replicate alone, for predictions. Shares the rest with `plan`, which must
 * outlive it; what it has of its own is in `arena`. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_plan_sample(const tl_plan *plan, uint32_t cells, tl_arena *arena,
                                     tl_plan *out, tl_err *err);

/** The open file of model.file `name`, borrowed; NULL where it is "" or NULL. */
const tl_own_model *tl_plan_own_model(const tl_plan *plan, const char *name);

/** The answers of target.answers `name` to rows of `source`, borrowed; NULL where it is ""
 * or NULL. */
const tl_recorded *tl_plan_own_answers(const tl_plan *plan, const char *name,
                                       const tl_source *source);

/** Whether an axis varies the target that the plan brings. */
bool tl_plan_has_targets(const tl_plan *plan);

/** Level of axis `axis` in `cell`. */
int tl_plan_level(const tl_plan *plan, uint32_t cell, int axis);

/** Checks that the file at `path` is none that the plan's data come from.
 * \param data_dir  --data, or NULL \return TL_E_ARG: which source it is */
TL_MUST_USE tl_status tl_plan_check_output(const tl_plan *plan, const char *data_dir,
                                           const char *path, tl_err *err);

/** What a step of the stage stores: TL_STORE_* bits; only its run stores anything. */
unsigned tl_plan_stores(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind);

/** The cell whose levels are `level` [axes], or -1 where excluded. */
int64_t tl_plan_cell(const tl_plan *plan, const int *level);

/** A plan that is part of the program. */
typedef struct tl_shipped_plan {
    const char *name, *text;
} tl_shipped_plan;

/** The shipped plans, constant; a NULL name ends them. */
const tl_shipped_plan *tl_plans_shipped(void);

/** A commented plan to start from; constant. */
const char *tl_plan_template(void);

#endif
