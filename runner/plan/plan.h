/*
 * The room of plans: from YAML to any trial by its number, with the keys of its steps. Pure
 * but for the files it reads; may use compute and experiments.
 *
 * A plan is what a user asks for, read from YAML and checked against the registry, every
 * trial addressable by number.
 */
#ifndef TL_RUNNER_PLAN_PLAN_H
#define TL_RUNNER_PLAN_PLAN_H

#include "compute/core/text.h"
#include "compute/data/shared_blocks.h"
#include "experiments/stage/stage.h"

/** Limits of a plan. */
enum { TL_MAX_TRIALS = 1 << 24, TL_MAX_STEPS = 1 << 27, TL_MAX_AXES = 32, TL_NAME = 64 };

/**
 * One axis of the sweep. A list is an axis over values; a `one_of` is an axis over
 * alternatives, lists inside its options flattened into its levels.
 */
typedef struct tl_axis {
    char name[TL_NAME]; /**< variable in the result file: "d2m_badnets_rate", "model_width",
                           "poison" */
    int levels;
    const tl_value *value; /**< [levels] of a list: the value; of a one_of: text is the
                              option's label */
    const tl_param
        *param;     /**< of a list: the parameter it varies; NULL for one_of and `chain` */
    bool is_choice; /**< one_of (or `chains`): levels are alternatives, the first the
                       reference */
    int zip;        /**< axes with the same number >= 0 move together; -1 alone */
} tl_axis;

/** Whether two of the axes are one or zipped. \param axis  all axes of a plan */
bool tl_axes_move_together(const tl_axis *axis, int a, int b);

/** A number that exists only inside some alternatives (a list inside a one_of option). */
typedef struct tl_inner {
    char name[TL_NAME];    /**< "d2m_badnets_rate" */
    int axis;              /**< the one_of it lives in */
    const tl_param *param; /**< borrowed */
    const tl_value *value; /**< [levels of the axis]; meaningful where has[level] */
    const bool *has;       /**< [levels of the axis] */
} tl_inner;

/** One stage instance as written in the plan, for naming and for the list of metrics. */
typedef struct tl_instance {
    char name[TL_NAME]; /**< the `as` name, else the stage's with _ for . */
    const tl_stage *stage;
} tl_instance;

/** A claim about an effect, tested on the results. */
typedef struct tl_hypothesis {
    char effect[TL_NAME]; /**< name of an axis, or "a:b" for an interaction */
    char on[TL_NAME * 2]; /**< name of a metric variable */
    char level[TL_NAME];  /**< level of a one_of, "trend" of an axis over numbers, or "" =
                             every level but the reference */
    int direction;        /**< +1 raises, -1 lowers, 0 changes */
    const char *claim;    /**< the sentence that it tests, or NULL */
} tl_hypothesis;

typedef struct tl_plan_body
    tl_plan_body; /* chains and bindings, private to the plan's files */

/** A plan that was read and checked; all that it points to is its own, in `arena`, but for
 * `body`, which is private. */
typedef struct tl_plan {
    char name[TL_NAME];
    const char *about;
    const char *text; /**< the effective plan: canonical YAML with every --set applied */
    uint64_t seed;
    uint32_t first_replicate, replicates;
    uint32_t cells;  /**< combinations that remain after `exclude` */
    uint32_t trials; /**< cells * replicates */
    uint64_t steps;  /**< of all trials, before sharing */
    int axes;
    const tl_axis *axis; /**< [axes] */
    int inners;
    const tl_inner *inner; /**< [inners] */
    int instances;
    const tl_instance *instance; /**< [instances] */
    int hypotheses;
    const tl_hypothesis *hypothesis;
    bool is_shared;     /**< false: --no-sharing, keys carry the trial number */
    int ranks;          /**< that sizes are foretold for; at least 1 */
    double rank_memory; /**< bytes that each may take; 0: whatever it needs */
    tl_arena arena;
    tl_plan_body *body;
} tl_plan;

/** How a plan is opened. */
typedef struct tl_plan_options {
    const char *const *set; /**< [sets] "PATH=VALUE" */
    int sets;
    const char *data_dir; /**< --data, or NULL */
    bool is_shared;
    /** Where sources are published or found, or NULL: each is opened for this process
     * alone. Borrowed; it must outlive the plan. */
    const tl_shared_blocks *shared_blocks;
    int ranks;          /**< that will run it, for what it foretells; 0 counts as 1 */
    double rank_memory; /**< bytes that each of them may take; 0: whatever it needs */
} tl_plan_options;

/**
 * Reads a plan: a file, or the name of a shipped plan (looked up as a file first). Checks
 * all of it: keys, names, types, bounds, order of stages by parts, roles against the data
 * (the sources are opened), limits. The fault's text is "file:line:col: message", naming
 * the nearest valid name where something is misspelt. The whole plan is the caller's until
 * tl_plan_close. \return TL_E_ARG (the plan), TL_E_IO, TL_E_FORMAT (data)
 */
TL_MUST_USE tl_status tl_plan_open(const char *name, const tl_plan_options *options,
                                   tl_plan **out, tl_err *err);

/** As tl_plan_open, from text; `name` is what errors call it. Ranks but 0 read plan->text
 * so. \return as tl_plan_open */
TL_MUST_USE tl_status tl_plan_parse(const char *name, const char *text,
                                    const tl_plan_options *options, tl_plan **out,
                                    tl_err *err);

/** Frees the plan and all in it; NULL is allowed. */
void tl_plan_close(tl_plan *plan);

/** Level of axis `axis` in `cell`. */
int tl_plan_level(const tl_plan *plan, uint32_t cell, int axis);

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
