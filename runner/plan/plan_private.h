/*
 * Private parts of a plan: chains as flat lists of links, the source of each value, and the
 * numbering of cells. Only plan*.c and trial*.c include this.
 */
#ifndef TL_RUNNER_PLAN_PLAN_PRIVATE_H
#define TL_RUNNER_PLAN_PLAN_PRIVATE_H

#include "runner/plan/plan.h"
#include "runner/plan/yaml.h"

/** Limits of what a plan may hold. */
enum {
    TL_MAX_LINKS = 64, /**< entries of one chain, all alternatives and rounds counted */
    TL_MAX_CHAINS = 32,
    TL_MAX_INSTANCES = 256,
    TL_MAX_INNERS = 128,
    TL_MAX_DATA = 1 << 16,  /**< combinations under `data` */
    TL_CHECKED_CELLS = 4096 /**< so many cells are checked one by one */
};

/** Where one value comes from. */
typedef struct tl_binding {
    int axis;              /**< -1: fixed */
    const tl_value *value; /**< [levels of the axis], or [1] */
} tl_binding;

/** Model and recipe of one entry of a chain: the plan's, with its own in their place. */
typedef struct tl_own_recipe {
    tl_binding model[TL_MODEL_PARAMS], recipe[TL_RECIPE_PARAMS];
} tl_own_recipe;

/** One entry of a chain: a stage, or `judge` where `stage` is NULL. */
typedef struct tl_link {
    const tl_stage *stage;
    int instance;
    int axis, low, high; /**< applies where low <= level of axis < high; axis -1: always */
    tl_binding arg[TL_MAX_PARAMS];
    const tl_own_recipe *own; /**< NULL: it has none */
    const tl_yaml *at;
} tl_link;

/** One chain; all that it points to is in the plan's arena. */
typedef struct tl_chain {
    const char *name;
    int links;
    tl_link *link[TL_MAX_LINKS];
    tl_link *own;           /**< comes first of all, where the plan brings its target */
    const tl_yaml *assess;  /**< the entry `- assess`; NULL: none */
    int rounds;             /**< how often the links are run in a row */
    tl_link *join;          /**< comes before every later round; NULL for one round */
    bool uses[TL_MAX_AXES]; /**< axes that change something in it */
    const tl_yaml *at;
} tl_chain;

/** An open file of model.file. */
typedef struct tl_own_file {
    const char *name; /**< as in the plan */
    tl_own_model model;
} tl_own_file;

/** Answers of target.answers. */
typedef struct tl_own_answers {
    const char *name; /**< as in the plan */
    const tl_source *source;
    tl_recorded recorded;
} tl_own_answers;

/** What follows from one combination of the values under `data`. */
typedef struct tl_data_choice {
    tl_value value[TL_DATA_PARAMS];
    tl_split split;
    const tl_source *source; /**< NULL: not opened yet */
    tl_size size;            /**< without `setup` */
} tl_data_choice;

/** All that it points to is in the plan's arena. */
struct tl_plan_body {
    tl_binding data[TL_DATA_PARAMS], model[TL_MODEL_PARAMS], recipe[TL_RECIPE_PARAMS];
    tl_binding target[TL_TARGET_PARAMS];
    int files, records;
    tl_own_file *file;      /**< [files] */
    tl_own_answers *record; /**< [records] */
    int chain_axis;         /**< -1: one chain */
    int chains;
    tl_chain *chain[TL_MAX_CHAINS];
    const tl_yaml *instance_at[TL_MAX_INSTANCES]; /**< first use of each */
    uint32_t raw;                                 /**< combinations before `exclude` */
    uint32_t stride[TL_MAX_AXES];
    uint32_t *survivor; /**< [cells] raw number, ascending; NULL: all of them */
    int data_axes, data_axis[TL_DATA_PARAMS];
    uint32_t choices;       /**< product of levels of data_axis */
    tl_data_choice *choice; /**< [choices] */
};

/** A plan while it is read. */
typedef struct tl_plan_reader {
    tl_plan *plan;
    tl_plan_body *body;
    tl_yaml *root;
    const tl_plan_options *options;
    tl_axis axis[TL_MAX_AXES];
    tl_inner inner[TL_MAX_INNERS];
    tl_instance instance[TL_MAX_INSTANCES];
    const tl_yaml *axis_at[TL_MAX_AXES];
    int metrics;
    const char **metric; /**< [metrics] names of all that a trial may have */
} tl_plan_reader;

/** The levels of a one_of at which an entry of a chain applies. */
typedef struct tl_alternative {
    int axis;      /**< -1: in no one_of */
    int low, high; /**< low <= level < high */
    int stride;    /**< levels for which the lists read so far do not change */
} tl_alternative;

/** Whose parameters are read. */
typedef struct tl_param_owner {
    const char *name;       /**< in messages: "d2m.badnets" */
    const char *prefix;     /**< of axes: "d2m_badnets" */
    tl_alternative *option; /**< borrowed; NULL: not in a chain */
    bool has_recipe;        /**< `model` and `recipe` are read by tl_plan_own_recipe */
} tl_param_owner;

/* plan_value.c */

/** Reads one scalar as a value of `param`; `what` names it in messages. */
TL_MUST_USE tl_status tl_plan_value(const tl_yaml *node, const tl_param *param,
                                    const char *what, tl_value *out, tl_err *err);

/** Sets *out to the label of a level of `axis`, a one_of or `chain`, that `node` names. */
TL_MUST_USE tl_status tl_plan_label(const tl_yaml *node, const tl_axis *axis,
                                    const char **out, tl_err *err);

/** Whether two values of one parameter, or labels of one axis, are the same. */
bool tl_plan_is_equal(const tl_value *a, const tl_value *b);

/** Binds `node`: a scalar to a value, a list to an axis called <prefix>_<name of param>, or
 * to the levels of the owner's `option`. */
TL_MUST_USE tl_status tl_plan_bind(tl_plan_reader *reader, const tl_yaml *node,
                                   const tl_param *param, const tl_param_owner *owner,
                                   tl_binding *out, tl_err *err);

/** Binds every param of a table to its default. */
TL_MUST_USE tl_status tl_plan_defaults(tl_plan_reader *reader, const tl_param *params,
                                       tl_binding *out, tl_err *err);

/** Binds the entries of a map to the params of a table; ignores the key `as`, and those
 * that the owner has read elsewhere. */
TL_MUST_USE tl_status tl_plan_params(tl_plan_reader *reader, const tl_yaml *map,
                                     const tl_param *params, const tl_param_owner *owner,
                                     tl_binding *out, tl_err *err);

/** Adds an axis; one with the same name and values in another chain is the same axis. */
TL_MUST_USE tl_status tl_plan_add_axis(tl_plan_reader *reader, const tl_axis *axis,
                                       const tl_yaml *at, int *out, tl_err *err);

/** Fails at `at`: unknown `what` 'word'; suggests the nearest of names [count], or lists
 * them. \return TL_E_ARG */
TL_MUST_USE tl_status tl_plan_unknown(const tl_yaml *at, const char *what, const char *word,
                                      const char *const *names, int count, tl_err *err);

/** Reads `seed`, `replicates`, `about`, `data`, `model`, `target`, `recipe`. */
TL_MUST_USE tl_status tl_plan_setup(tl_plan_reader *reader, tl_err *err);

/* plan_factor.c */

/** A factor that a hypothesis names. */
typedef struct tl_plan_factor {
    const char *name; /**< as in the result file; borrowed from the reader */
    int axis;         /**< -1: the round */
    int inner;        /**< >= 0: the values inside a choice, `axis` */
} tl_plan_factor;

/** Rounds of the chain that has most. */
int tl_plan_most_rounds(const tl_plan_reader *reader);

/** Finds the factor called `word`; errors point to `at`. */
TL_MUST_USE tl_status tl_plan_factor_find(const tl_plan_reader *reader, const tl_yaml *at,
                                          const char *word, tl_plan_factor *out,
                                          tl_err *err);

/** Whether it is an axis over numbers with 3 levels or more. */
bool tl_plan_factor_has_trend(const tl_plan_reader *reader, const tl_plan_factor *factor);

/** Sets *out to the level that `node` names, as the result file names it: an alternative,
 * one of an axis's values, or a later round. */
TL_MUST_USE tl_status tl_plan_factor_level(const tl_plan_reader *reader,
                                           const tl_yaml *node,
                                           const tl_plan_factor *factor, const char **out,
                                           tl_err *err);

/* the others, a file each */

/** Applies "PATH=VALUE" to the tree. */
TL_MUST_USE tl_status tl_plan_set(tl_plan_reader *reader, const char *assignment,
                                  tl_err *err);

/** Checks that there is `chain` or `chains`; adds the axis of the latter, first of all. */
TL_MUST_USE tl_status tl_plan_chain_axis(tl_plan_reader *reader, tl_err *err);

/** Reads the list of one chain into links, axes, inners and instances. */
TL_MUST_USE tl_status tl_plan_chain(tl_plan_reader *reader, const tl_yaml *list,
                                    tl_chain *chain, tl_err *err);

/** Adds the stage called `name`, with its defaults, as the chain's last entry; errors point
 * to `at`. */
TL_MUST_USE tl_status tl_plan_chain_add(tl_plan_reader *reader, tl_chain *chain,
                                        const char *name, const tl_yaml *at, tl_err *err);

/** Fills the place of `- assess`: with every attack that the plan, as it is before, can
 * run; the others are plan->left. Needs open sources. \return TL_E_NOMEM, TL_E_ARG */
TL_MUST_USE tl_status tl_plan_assess(tl_plan_reader *reader, tl_err *err);

/** Copies axes and instances from the reader into the plan. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_plan_publish(tl_plan_reader *reader, tl_err *err);

/** Reads `model` and `recipe` among the settings `args` of a stage into link->own; NULL if
 * neither is there. Lists in them are axes called <prefix>_recipe_<param>, or are spread
 * over the option. */
TL_MUST_USE tl_status tl_plan_own_recipe(tl_plan_reader *reader, const tl_yaml *args,
                                         const tl_param_owner *owner, tl_link *link,
                                         tl_err *err);

/** Reads `chain` or `chains` into links, axes, inners and instances. */
TL_MUST_USE tl_status tl_plan_chains(tl_plan_reader *reader, tl_err *err);

/** Reads `sweep` and `exclude`; numbers the cells. */
TL_MUST_USE tl_status tl_plan_sweep(tl_plan_reader *reader, tl_err *err);

/** Index of the axis that `path` names, or -1. Where `inner` is not NULL, it may also name
 * an inner axis: *inner is its index, else -1. */
int tl_plan_find_axis(const tl_plan_reader *reader, const char *path, int *inner);

/** Opens the sources and fills body->choice. */
TL_MUST_USE tl_status tl_plan_sources(tl_plan_reader *reader, tl_err *err);

/** Whether the plan brings its target: model.file or target.answers, in some cell. */
bool tl_plan_brings_target(const tl_plan_reader *reader);

/** Opens the files of model.file and target.answers, after the sources. \return TL_E_ARG,
 * TL_E_IO, TL_E_FORMAT, TL_E_NOMEM */
TL_MUST_USE tl_status tl_plan_own_open(tl_plan_reader *reader, tl_err *err);

/** Writes the plan's texts, from the reader's tree. Not collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_plan_texts(tl_plan_reader *reader, tl_err *err);

/** Order of stages, sizes, limits. */
TL_MUST_USE tl_status tl_plan_check(tl_plan_reader *reader, tl_err *err);

/** Reads and checks `store`, which needs instances. */
TL_MUST_USE tl_status tl_plan_store(tl_plan_reader *reader, tl_err *err);

/** Names the metrics that a trial may have, and checks that no two columns of the result
 * file have one name; needs instances and axes. \return TL_E_ARG, TL_E_NOMEM */
TL_MUST_USE tl_status tl_plan_columns(tl_plan_reader *reader, tl_err *err);

/** Reads and checks `hypotheses`, which need instances, axes and names of metrics. */
TL_MUST_USE tl_status tl_plan_hypotheses(tl_plan_reader *reader, tl_err *err);

/** Which combination under `data` a cell has. */
uint32_t tl_plan_data_index(const tl_plan *plan, const int *level);

/** The bound value at these levels. */
const tl_value *tl_binding_value(const tl_binding *binding, const int *level);

#endif
