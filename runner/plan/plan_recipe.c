/*
 * A model and a recipe of a stage's own: `train: {recipe: {shift: 2}}`. What they leave out
 * is the plan's.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <string.h>

/* Fails: the stage takes none; names those that do. */
static tl_status refuse(const tl_yaml *key, const char *owner, tl_err *err)
{
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    char names[160] = "";
    for (int i = 0; i < count; i++) {
        const size_t length = strlen(names);
        if (all[i]->own_recipe == 0 || length + 64 > sizeof names) continue;
        (void)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "",
                       all[i]->name);
    }
    return tl_yaml_error(key, err, "%.60s takes no %s of its own; stages that do: %s",
                         owner, key->text, names);
}

static tl_status read_own(tl_plan_reader *reader, const tl_yaml *map,
                          const tl_param *params, const tl_param_owner *of, tl_binding *out,
                          tl_err *err)
{
    char name[TL_NAME * 2], prefix[TL_NAME * 2];
    const char *key = map->key->text;
    (void)snprintf(name, sizeof name, "%s.%s", of->name, key);
    (void)snprintf(prefix, sizeof prefix, "%s_%s", of->prefix, key);
    TL_YAML_CHECK(map->kind == TL_YAML_MAP, map, err, "%s must be a map, found %s", name,
                  tl_yaml_kind_name(map));
    const tl_param_owner owner = {.name = name, .prefix = prefix, .option = of->option};
    return tl_plan_params(reader, map, params, &owner, out, err);
}

/* A parameter without effect on this training would be an axis without one; nor is one
 * written twice, here and among the stage's own. */
static tl_status check_used(const tl_yaml *recipe, const tl_yaml *args,
                            const tl_stage *stage, tl_err *err)
{
    for (const tl_yaml *child = recipe->first; child; child = child->next) {
        const int i = tl_params_find(tl_recipe_params, child->key->text);
        TL_YAML_CHECK(i < 0 || (stage->own_recipe >> i & 1U) != 0, child->key, err,
                      "recipe.%s has no effect on %s", child->key->text, stage->name);
        TL_YAML_CHECK(!tl_yaml_find(args, child->key->text), child->key, err,
                      "%s sets both %s and recipe.%s; keep one", stage->name,
                      child->key->text, child->key->text);
    }
    return TL_OK;
}

/* model.file is the target's alone: another model does not begin with it. */
static tl_status forget_file(const tl_yaml *model, tl_binding *out, tl_err *err)
{
    static const tl_value none = {.text = ""}, zero = {0};
    for (const tl_yaml *child = model->first; child; child = child->next) {
        const int i = tl_params_find(tl_model_params, child->key->text);
        TL_YAML_CHECK(
            i != TL_MODEL_FILE && i != TL_MODEL_ACCURACY, child->key, err,
            "%s is of the plan's own `model`, the target; a model of a stage's own "
            "begins with drawn weights",
            child->key->text);
    }
    out[TL_MODEL_FILE] = (tl_binding){.axis = -1, .value = &none};
    out[TL_MODEL_ACCURACY] = (tl_binding){.axis = -1, .value = &zero};
    return TL_OK;
}

tl_status tl_plan_own_recipe(tl_plan_reader *reader, const tl_yaml *args,
                             const tl_param_owner *owner, tl_link *link, tl_err *err)
{
    const tl_yaml *model = tl_yaml_find(args, "model");
    const tl_yaml *recipe = tl_yaml_find(args, "recipe");
    if (!model && !recipe) return TL_OK;
    if (!owner->has_recipe)
        return refuse(model ? model->key : recipe->key, owner->name, err);
    tl_own_recipe *own;
    TL_ALLOC(own, &reader->plan->arena, 1, err);
    memcpy(own->model, reader->body->model, sizeof own->model);
    memcpy(own->recipe, reader->body->recipe, sizeof own->recipe);
    link->own = own;
    if (model) {
        TL_TRY(read_own(reader, model, tl_model_params, owner, own->model, err));
        TL_TRY(forget_file(model, own->model, err));
    }
    if (!recipe) return TL_OK;
    TL_TRY(read_own(reader, recipe, tl_recipe_params, owner, own->recipe, err));
    return check_used(recipe, args, link->stage, err);
}
