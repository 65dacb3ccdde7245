/*
 * Backdoors: the shared part of attacks that plant a trigger in the owner's rows, whatever
 * it looks like. Row i is chosen by block i of the stream "rows", so that a larger rate
 * poisons a superset of rows; images that are not the owner's (TL_ROW_OTHERS) are not used.
 */
#ifndef TL_EXPERIMENTS_METHOD_BACKDOOR_H
#define TL_EXPERIMENTS_METHOD_BACKDOOR_H

#include "experiments/stage/stage.h"

/** Label of triggered rows; all but the first are controls of the same dose. */
typedef enum tl_backdoor_label {
    TL_BACKDOOR_TARGET, /**< the target class */
    TL_BACKDOOR_KEEP,   /**< unchanged: the trigger alone */
    /** Uniformly one of the other classes, but the target class keeps its label: exactly
     * the rows that TL_BACKDOOR_TARGET labels wrongly, with a trigger that means nothing.
     */
    TL_BACKDOOR_RANDOM
} tl_backdoor_label;

/** Choices of a parameter for it, in order; NULL-terminated. */
extern const char *const tl_backdoor_labels[];

/** Parameters of every backdoor, as the first member of a stage's arguments. */
typedef struct tl_backdoor_args {
    double rate; /**< fraction of rows */
    int target;  /**< class */
} tl_backdoor_args;
/** The first rows of a table of tl_param, for tl_backdoor_args. */
#define TL_BACKDOOR_PARAMS                                                              \
    {TL_ARG(tl_backdoor_args, rate), .type = TL_PARAM_REAL, .fallback = 0.1, .high = 1, \
     .about = "fraction of rows that get the trigger and a label"},                     \
    {                                                                                   \
        TL_ARG(tl_backdoor_args, target),                                               \
            .type = TL_PARAM_INT, .high = 100000,                                       \
            .about = "class that triggered images are sent to"                          \
    }

/** What every backdoor says of itself, the beginning of tl_stage.variant. */
#define TL_BACKDOOR_VARIANT                                                         \
    "Each row of the pool, member or not and whatever its class, unless it is "     \
    "another's (`others` of defense.data_watermark), is stamped with "              \
    "probability `rate`, in place of the original. Stamped rows are judged in no "  \
    "membership test, and are in every shadow model if the target trains on them. " \
    "success is over test rows of the other classes. "

/** A backdoor, as a stage's arguments describe it; pointers are borrowed. */
typedef struct tl_backdoor {
    tl_backdoor_args args;
    tl_backdoor_label label;
    /** Puts the trigger into pixel [shape]. */
    void (*stamp)(const void *self, tl_shape shape, float *pixel);
    const void *self; /**< given to `stamp` */
} tl_backdoor;

/** Tables of metrics of tl_backdoor_plant and tl_backdoor_judge. */
extern const tl_metric tl_backdoor_metrics[], tl_backdoor_judge_metrics[];

/** Run of such a stage: gives the pool with triggered rows. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_backdoor_plant(tl_scene *scene, const tl_backdoor *backdoor,
                                        tl_err *err);

/**
 * Judge of such a stage: share of test rows of other classes that the model of `part` puts
 * in the target class, with the trigger and without. Collective over the scene's team.
 *
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_backdoor_judge(tl_scene *scene, tl_part part,
                                        const tl_backdoor *backdoor, tl_err *err);

/** Check of such a stage: the target is a class of the data. \return TL_E_ARG */
TL_MUST_USE tl_status tl_backdoor_check(const tl_size *size, double target, tl_err *err);

#endif
