#include "runner/sweep/model_size.h"

#include "compute/core/json.h"
#include "compute/core/text.h"
#include "runner/plan/trial.h"

#include <stdio.h>
#include <string.h>

static tl_model_size size_of(const tl_setup *setup, int validation)
{
    const tl_model_spec *spec = &setup->model;
    const tl_recipe *recipe = &setup->recipe;
    const int ranks = tl_train_max_ranks(spec, recipe);
    const tl_team alone = tl_team_counted(0, 1), max_ranks = tl_team_counted(0, ranks);
    return (tl_model_size){.setup = *setup,
                           .params = (double)tl_model_count(spec),
                           .flop = tl_model_flop(spec),
                           .train_flop = tl_model_train_flop(spec),
                           .memory = tl_train_memory(spec, recipe, validation, &alone),
                           .shared = tl_train_memory(spec, recipe, validation, &max_ranks),
                           .ranks = ranks};
}

char *tl_model_size_text(const tl_model_size *size, char text[256])
{
    char memory[32], shared[32], splits[32] = "", shape[80] = "";
    const tl_model_spec *spec = &size->setup.model;
    if (spec->splits > 1)
        (void)snprintf(splits, sizeof splits, ", %d splits", spec->splits);
    if (spec->kind != TL_MODEL_LINEAR) {
        (void)snprintf(shape, sizeof shape, " of width %d, %d layers%s", spec->width,
                       spec->depth, splits);
    }
    (void)snprintf(text, 256,
                   "%s%s: %.0f parameters, %.4g MFLOP an example (%.4g trained), %s to "
                   "train, %s on each of %d ranks",
                   tl_model_kind_name(spec->kind), shape, size->params, size->flop / 1e6,
                   size->train_flop / 1e6, tl_text_size(size->memory, memory),
                   tl_text_size(size->shared, shared), size->ranks);
    return text;
}

json_t *tl_model_size_json(const tl_model_size *size)
{
    const tl_model_spec *spec = &size->setup.model;
    json_t *one = json_pack(
        "{s:s, s:i, s:i, s:i, s:I, s:f, s:f, s:o, s:o, s:i}", "kind",
        tl_model_kind_name(spec->kind), "width", spec->width, "layers", spec->depth,
        "splits", spec->splits, "parameters", (json_int_t)size->params, "flop", size->flop,
        "flop_trained", size->train_flop, "training_bytes", tl_json_real(size->memory),
        "shared_bytes", tl_json_real(size->shared), "ranks", size->ranks);
    TL_INVARIANT(one != NULL);
    return one;
}

bool tl_model_is_same(const tl_model_spec *a, const tl_model_spec *b)
{
    return a->kind == b->kind && a->width == b->width && a->depth == b->depth &&
           a->classes == b->classes && a->heads == b->heads && a->kv_heads == b->kv_heads &&
           a->splits == b->splits && memcmp(&a->in, &b->in, sizeof a->in) == 0;
}

/* Whether version `k` of the setup is the first of its recipe, and anything is trained by
 * that; of a plan without recipes of stages' own the first is listed in any case. */
static bool is_listed(const tl_trial *trial, int k)
{
    for (int i = 0; i < k; i++)
        if (trial->version[i].recipe == trial->version[k].recipe) return false;
    if (trial->recipes == 1) return true;
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        if (step->kind == TL_STEP_BANK && step->bank->keeps_recipe) continue;
        if (tl_trial_trains(step->stage, step->kind) &&
            tl_trial_recipe_of(trial, i) == trial->version[k].recipe)
            return true;
    }
    return false;
}

/* Adds the model unless it is there already; of the same model keeps what needs most. */
static int add_size(tl_model_size *size, int count, const tl_model_size *one)
{
    int at = 0;
    while (at < count && !tl_model_is_same(&size[at].setup.model, &one->setup.model)) at++;
    if (at == count || one->memory > size[at].memory) size[at] = *one;
    return at == count ? count + 1 : count;
}

int tl_model_sizes(const tl_plan *plan, tl_model_size *size, int most)
{
    tl_arena arena = tl_arena_open(0);
    tl_trial *trial;
    int count = 0;
    if (tl_trial_new(&arena, &trial, NULL) != TL_OK) return 0;
    for (uint32_t cell = 0; cell < plan->cells; cell++) {
        tl_trial_decode(plan, cell * plan->replicates, trial);
        for (int k = 0; k < trial->setups && count < most; k++) {
            if (!is_listed(trial, k)) continue;
            const tl_model_size one = size_of(&trial->setup[k], trial->size.validation);
            count = add_size(size, count, &one);
        }
        if (count == most) break;
    }
    tl_arena_close(&arena);
    return count;
}

tl_model_size tl_model_size_default(tl_model_kind kind, int width)
{
    tl_setup_values values = {0};
    tl_params_defaults(tl_model_params, values.model);
    tl_params_defaults(tl_recipe_params, values.recipe);
    values.model[TL_MODEL_KIND].number = kind;
    values.model[TL_MODEL_WIDTH].number = width;
    const bool reads_tokens = tl_model_reads_tokens(kind);
    const tl_shape shape = reads_tokens ? (tl_shape){1, 1, 64} : (tl_shape){1, 28, 28};
    const tl_setup setup = tl_setup_of(&values, shape, reads_tokens ? 256 : 10);
    return size_of(&setup, 0);
}
