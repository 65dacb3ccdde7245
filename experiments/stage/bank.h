/*
 * Banks: models trained beforehand, named by what they are and keyed by content, so that
 * every stage that wants them shares them. A stage visits them one at a time.
 */
#ifndef TL_EXPERIMENTS_STAGE_BANK_H
#define TL_EXPERIMENTS_STAGE_BANK_H

#include "experiments/stage/scene.h"

/** A bank. Each of its models is a step of its own, which is kept. Pointers are borrowed
 * and constant. */
struct tl_bank {
    const char *name;  /**< "halves" */
    const char *about; /**< one line */
    int version;       /**< raised when its models change */
    /** The stage whose streams and occurrences the models draw from, which pairs them with
     * what that stage makes of the same versions. */
    const char *draws_as;
    uint32_t reads; /**< parts a model is made from */
    /** TL_BIT of a model, target or surrogate: trained by the same setup, also where that
     * model has a recipe of its own. 0: by the plan's. */
    uint32_t imitates;
    bool keeps_recipe;      /**< imitates the model alone, by the plan's recipe */
    const tl_param *params; /**< what models depend on besides; NULL: nothing */
    /** Trains model scene->bank_item into scene->given->model[TL_PART_SURROGATE], with the
     * bank's own params as scene->args; also called on scenes that count. */
    tl_status (*run)(tl_scene *scene, tl_err *err);
    double (*cost)(const tl_size *size, const void *args); /**< FLOP of a model */
    /** Largest useful team of a training; NULL: that of the setup's. */
    int (*max_ranks)(const tl_size *size, const void *args);
};

/** The functions of a bank's record by value [of its params]. */
double tl_bank_cost(const tl_bank *bank, const tl_size *size, const tl_value *value);
int tl_bank_max_ranks(const tl_bank *bank, const tl_size *size, const tl_value *value);

#endif
