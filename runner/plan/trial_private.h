/*
 * What trial.c, trial_keys.c and the check of a plan share; nobody else includes this.
 */
#ifndef TL_RUNNER_PLAN_TRIAL_PRIVATE_H
#define TL_RUNNER_PLAN_TRIAL_PRIVATE_H

#include "runner/plan/plan_private.h"
#include "runner/plan/trial.h"

enum { TL_FROM_NOWHERE = -2 /**< a part that nothing gives */ };

/** What a trial whose plan brings its target must keep to: stages find all that they need,
 * and nothing that is changed is in vain. Errors point to the stage. \return TL_E_ARG */
TL_MUST_USE tl_status tl_plan_own_check(const tl_plan_reader *reader, const tl_trial *trial,
                                        tl_err *err);

/** tl_trial_decode without keys. \return false if the trial has too many steps */
bool tl_trial_layout(const tl_plan *plan, uint32_t number, tl_trial *trial);

/** Sets version 0 of the setup, the plan's. */
void tl_trial_setups_begin(tl_trial *trial);

/** Finds model and recipe among the trial's, or adds them. \return the index */
int tl_trial_recipe_find(tl_trial *trial, const tl_trial_recipe *values);

/** Finds or adds the version of the setup that `recipe` is after step `from` and those
 * before it have altered it; -1: nothing has. \return the index, or -1 if there are too
 * many */
int tl_trial_setup_find(tl_trial *trial, int recipe, int from);

/** Sets the keys of the roots and steps of a trial that was laid out. */
void tl_trial_keys(const tl_plan *plan, tl_trial *trial);

#endif
