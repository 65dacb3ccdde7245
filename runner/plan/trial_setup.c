/*
 * What the steps of a trial train by: versions of TL_PART_SETUP, each a model and a recipe
 * as the plan writes them, for all or for one stage, and what stages such as adversarial
 * training then made of them.
 */
#include "runner/plan/trial_private.h"

#include <string.h>

static bool is_equal(const tl_value *a, const tl_value *b, int count)
{
    for (int i = 0; i < count; i++)
        if (!tl_plan_is_equal(&a[i], &b[i])) return false;
    return true;
}

int tl_trial_recipe_find(tl_trial *trial, const tl_trial_recipe *values)
{
    for (int i = 0; i < trial->recipes; i++) {
        const tl_trial_recipe *known = &trial->recipe[i];
        if (is_equal(known->model, values->model, TL_MODEL_PARAMS) &&
            is_equal(known->recipe, values->recipe, TL_RECIPE_PARAMS))
            return i;
    }
    /* Each run of a stage adds at most its own and its bank's. */
    TL_INVARIANT(trial->recipes < TL_TRIAL_RECIPES);
    trial->recipe[trial->recipes] = *values;
    return trial->recipes++;
}

/* The recipe, altered by step `from` and by those whose setup it read. */
static tl_setup make_setup(const tl_trial *trial, int recipe, int from)
{
    tl_setup_values values = trial->values;
    memcpy(values.model, trial->recipe[recipe].model, sizeof values.model);
    memcpy(values.recipe, trial->recipe[recipe].recipe, sizeof values.recipe);
    tl_setup setup = tl_setup_of(&values, trial->size.shape, trial->size.classes);
    int altered[TL_TRIAL_RUNS], count = 0;
    for (; from >= 0; from = trial->step[from].from[TL_PART_SETUP]) altered[count++] = from;
    while (count-- > 0) {
        const tl_trial_step *step = &trial->step[altered[count]];
        tl_stage_alter(step->stage, step->arg, &setup);
    }
    return setup;
}

void tl_trial_setups_begin(tl_trial *trial)
{
    memcpy(trial->recipe[0].model, trial->values.model, sizeof trial->values.model);
    memcpy(trial->recipe[0].recipe, trial->values.recipe, sizeof trial->values.recipe);
    /* Nobody begins with the file's model but who trains the target, or imitates that
     * training. */
    trial->recipe[0].model[TL_MODEL_FILE].text = "";
    trial->recipe[0].model[TL_MODEL_ACCURACY] = (tl_value){0};
    trial->recipes = 1;
    trial->version[0] = (tl_trial_version){.recipe = 0, .from = -1};
    trial->setup[0] = trial->size.setup = make_setup(trial, 0, -1);
    trial->setups = 1;
}

int tl_trial_setup_find(tl_trial *trial, int recipe, int from)
{
    for (int i = 0; i < trial->setups; i++) {
        if (trial->version[i].recipe == recipe && trial->version[i].from == from) return i;
    }
    if (trial->setups == TL_TRIAL_SETUPS) return -1;
    trial->version[trial->setups] = (tl_trial_version){.recipe = recipe, .from = from};
    trial->setup[trial->setups] = make_setup(trial, recipe, from);
    return trial->setups++;
}

int tl_trial_recipe_of(const tl_trial *trial, int position)
{
    return position < 0 ? 0 : trial->version[trial->step[position].setup].recipe;
}

/* Model `part` as the step reads it; zero if it does not. */
static tl_model_spec spec_read(const tl_trial *trial, const tl_trial_step *step,
                               tl_part part)
{
    const bool is_read = (step->reads & TL_BIT(part)) != 0 && step->from[part] >= 0;
    if (!is_read) return (tl_model_spec){0};
    return trial->setup[trial->step[step->from[part]].setup].model;
}

tl_size tl_trial_size(const tl_trial *trial, int position)
{
    const tl_trial_step *step = &trial->step[position];
    tl_size size = trial->size;
    size.setup = trial->setup[step->setup];
    size.target = spec_read(trial, step, TL_PART_TARGET);
    size.surrogate = spec_read(trial, step, TL_PART_SURROGATE);
    if (step->bank_count > 0)
        size.banked = trial->setup[trial->step[step->bank_from].setup].model;
    return size;
}
