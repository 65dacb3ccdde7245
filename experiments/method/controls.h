/*
 * The bank of controls: models trained as the surrogate of m2m.model_extraction is, from
 * the same weights and in the same order, but on true labels, without access to the target.
 * What an attack with the surrogate gains over one with the control is due to the answers.
 */
#ifndef TL_EXPERIMENTS_METHOD_CONTROLS_H
#define TL_EXPERIMENTS_METHOD_CONTROLS_H

#include "experiments/method/queries.h"

/** The bank, whose params are those of tl_control_args. */
extern const tl_bank tl_bank_controls;

/** Flags of rows of the attacker that models without access, evaluators and baselines leave
 * out. */
enum { TL_CONTROL_LEAVES_OUT = TL_ROW_POISONED | TL_ROW_RECOVERED };

/** What a control depends on. */
typedef struct tl_control_args {
    int queries; /**< rows it is trained on */
    int kind;    /**< tl_query_kind; not noise, which has no labels */
    int epochs;  /**< 0: as many as the recipe says */
} tl_control_args;

/** Sets `value`, of the bank's params, to these. */
void tl_control_values(const tl_control_args *args, tl_value *value);

/**
 * The attacker's rows that models without access are trained on: neither altered by an
 * attack nor recovered from a model, with which a leak would count as common knowledge.
 * Not collective.
 *
 * \param out result, in scratch; borrows the attacker's rows
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_control_rows(tl_scene *scene, tl_train_rows *out, tl_err *err);

/** The plan's recipe with `epochs`, unless they are 0. */
tl_recipe tl_extraction_recipe(const tl_setup *setup, int epochs);

#endif
