/*
 * Keys. What a key covers is listed here once, piece by piece. A change to any of these
 * lists invalidates every journal, so it needs a new version of the word at its start.
 */
#include "runner/plan/trial_private.h"

#include <string.h>

static const uint32_t ALL_ARGS = UINT32_MAX;

static void hash_draw(const tl_plan *plan, uint32_t replicate, tl_hash *hash)
{
    tl_hash_u64(hash, plan->seed);
    tl_hash_u64(hash, replicate);
}

static void hash_data(const tl_plan *plan, tl_trial *trial)
{
    const tl_split *split = &trial->split;
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(TL_PARTS_DATA & TL_PARTS_GIVEN & TL_BIT(part))) continue;
        tl_hash hash;
        hash.length = 0;
        tl_hash_text(&hash, "data2");
        tl_hash_text(&hash, tl_part_name((tl_part)part));
        tl_hash_key(&hash, &trial->source->content);
        tl_hash_u64(&hash, split->official);
        tl_hash_u64(&hash, (uint64_t)split->pool);
        tl_hash_u64(&hash, (uint64_t)split->validation);
        tl_hash_u64(&hash, (uint64_t)split->attacker);
        tl_hash_u64(&hash, (uint64_t)split->test);
        tl_hash_u64(&hash, (uint64_t)split->attacker_from_pool);
        tl_hash_real(&hash, split->keep);
        hash_draw(plan, trial->draw, &hash);
        trial->root[part] = tl_hash_end(&hash);
    }
}

static tl_key hash_recipe(const tl_plan *plan, const tl_trial_recipe *values)
{
    const tl_own_model *start = tl_plan_own_model(plan, values->model[TL_MODEL_FILE].text);
    tl_hash hash;
    hash.length = 0;
    tl_hash_text(&hash, "setup2");
    tl_params_hash(tl_model_params, values->model, TL_MODEL_DECIDING, &hash);
    tl_params_hash(tl_recipe_params, values->recipe, TL_RECIPE_DECIDING, &hash);
    if (start) tl_hash_key(&hash, &start->content);
    return tl_hash_end(&hash);
}

/* A target that the plan brings: what is in its file, and as what it is read. */
static void hash_target(const tl_plan *plan, tl_trial *trial)
{
    const tl_setup_values *values = &trial->values;
    const tl_own_model *own = tl_plan_own_model(plan, values->model[TL_MODEL_FILE].text);
    const tl_recorded *recorded =
        tl_plan_own_answers(plan, values->target[TL_TARGET_ANSWERS].text, trial->source);
    if (!own && !recorded) return;
    tl_hash hash;
    hash.length = 0;
    tl_hash_text(&hash, own ? "own model" : "own answers");
    tl_hash_key(&hash, own ? &own->content : &recorded->content);
    if (own) tl_params_hash(tl_model_params, values->model, TL_MODEL_DECIDING, &hash);
    trial->root[TL_PART_TARGET] = tl_hash_end(&hash);
}

static void hash_roots(const tl_plan *plan, tl_trial *trial)
{
    memset(trial->root, 0, sizeof trial->root);
    hash_data(plan, trial);
    hash_target(plan, trial);
    trial->root[TL_PART_SETUP] = hash_recipe(plan, &trial->recipe[0]);
    trial->root[TL_PART_SERVICE] = tl_key_of("plain", strlen("plain"));
}

/* \param setup  key of the setup, should the step read it */
static void hash_versions(const tl_trial *trial, const tl_trial_step *step,
                          const tl_key *setup, tl_hash *hash)
{
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(step->reads & TL_BIT(part))) continue;
        tl_hash_text(hash, tl_part_name((tl_part)part));
        if (part == TL_PART_SETUP) {
            tl_hash_key(hash, setup);
            continue;
        }
        int giver[TL_TRIAL_RUNS];
        const int givers = tl_trial_givers(trial, step, (tl_part)part, giver);
        for (int i = 0; i < givers; i++) {
            const int from = giver[i];
            tl_hash_key(hash, from < 0 ? &trial->root[part] : &trial->step[from].content);
        }
    }
}

/* A model of a bank: nothing of the stage that wants it. */
static void hash_bank(const tl_trial *trial, const tl_trial_step *step, const tl_key *setup,
                      tl_hash *hash)
{
    tl_hash_text(hash, "bank2");
    tl_hash_text(hash, step->bank->name);
    tl_hash_u64(hash, (uint64_t)step->bank->version);
    tl_hash_u64(hash, (uint64_t)step->item);
    tl_hash_u64(hash, step->occurrence);
    tl_params_hash(step->bank->params, step->arg, ALL_ARGS, hash);
    hash_versions(trial, step, setup, hash);
}

static void hash_stage(const tl_trial *trial, const tl_trial_step *step,
                       const tl_key *setup, tl_hash *hash)
{
    const tl_stage *stage = step->stage;
    tl_hash_text(hash, "step2");
    tl_hash_text(hash, stage->name);
    tl_hash_text(hash, step->kind == TL_STEP_RUN ? "run" : "judge");
    tl_hash_u64(hash, (uint64_t)stage->version);
    tl_hash_u64(hash, (uint64_t)step->item);
    tl_hash_u64(hash, step->occurrence);
    tl_params_hash(stage->params, step->arg, ALL_ARGS, hash);
    hash_versions(trial, step, setup, hash);
}

/* What the step computes, had it read the setup of key `setup`. */
static tl_key content_of(const tl_plan *plan, const tl_trial *trial,
                         const tl_trial_step *step, const tl_key *setup)
{
    tl_hash hash;
    hash.length = 0;
    (step->kind == TL_STEP_BANK ? hash_bank : hash_stage)(trial, step, setup, &hash);
    for (int b = 0; b < step->bank_count; b++) {
        tl_hash_key(&hash, &trial->step[step->bank_from + b].content);
    }
    if (step->kind != TL_STEP_RUN || step->stage->draws)
        hash_draw(plan, tl_trial_stream(trial, step), &hash);
    return tl_hash_end(&hash);
}

/* The key of a version of the setup: as if each step that altered it had met it. */
static tl_key key_of_setup(const tl_plan *plan, const tl_trial *trial,
                           const tl_trial_version *version)
{
    int altered[TL_TRIAL_RUNS], count = 0;
    for (int from = version->from; from >= 0; from = trial->step[from].from[TL_PART_SETUP])
        altered[count++] = from;
    tl_key key = hash_recipe(plan, &trial->recipe[version->recipe]);
    while (count-- > 0) key = content_of(plan, trial, &trial->step[altered[count]], &key);
    return key;
}

/* A key that no other trial has. */
static tl_key own_key(const tl_key *content, uint32_t trial)
{
    tl_hash hash;
    hash.length = 0;
    tl_hash_key(&hash, content);
    tl_hash_u64(&hash, trial);
    return tl_hash_end(&hash);
}

void tl_trial_keys(const tl_plan *plan, tl_trial *trial)
{
    hash_roots(plan, trial);
    int keyed = 0;
    for (int i = 0; i < trial->steps; i++) {
        tl_trial_step *step = &trial->step[i];
        /* In the order in which they were made: none is altered by a later step. */
        for (; keyed < trial->setups && trial->version[keyed].from < i; keyed++)
            trial->version[keyed].key = key_of_setup(plan, trial, &trial->version[keyed]);
        TL_INVARIANT(step->setup < keyed);
        const tl_key *setup = &trial->version[step->setup].key;
        step->content = step->key = content_of(plan, trial, step, setup);
        if (!plan->is_shared) step->key = own_key(&step->content, trial->number);
    }
}
