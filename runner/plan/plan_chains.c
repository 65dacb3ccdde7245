/*
 * One chain or several: the axis over them, and which axes change something in each.
 */
#include "runner/plan/plan_private.h"

/* The axis over several chains, the first of all. */
static tl_status add_chain_axis(tl_plan_reader *reader, const tl_yaml *map, tl_err *err)
{
    tl_value *value;
    TL_ALLOC(value, &reader->plan->arena, map->children, err);
    int i = 0;
    for (const tl_yaml *child = map->first; child; child = child->next) {
        value[i++].text = child->key->text;
    }
    const tl_axis axis = {
        .name = "chain", .levels = i, .value = value, .is_choice = true, .zip = -1};
    return tl_plan_add_axis(reader, &axis, map, &reader->body->chain_axis, err);
}

static void note_bindings(tl_chain *chain, const tl_binding *binding, int count)
{
    for (int i = 0; i < count; i++)
        if (binding[i].axis >= 0) chain->uses[binding[i].axis] = true;
}

/* Which axes change something in `chain`. */
static void note_uses(const tl_plan_reader *reader, tl_chain *chain)
{
    const tl_plan_body *body = reader->body;
    if (body->chain_axis >= 0) chain->uses[body->chain_axis] = true;
    for (int i = 0; i < chain->links; i++) {
        const tl_link *link = chain->link[i];
        if (link->axis >= 0) chain->uses[link->axis] = true;
        if (link->stage)
            note_bindings(chain, link->arg, tl_params_count(link->stage->params));
        if (!link->own) continue;
        note_bindings(chain, link->own->model, TL_MODEL_PARAMS);
        note_bindings(chain, link->own->recipe, TL_RECIPE_PARAMS);
    }
    note_bindings(chain, body->data, TL_DATA_PARAMS);
    note_bindings(chain, body->model, TL_MODEL_PARAMS);
    note_bindings(chain, body->target, TL_TARGET_PARAMS);
    note_bindings(chain, body->recipe, TL_RECIPE_PARAMS);
}

tl_status tl_plan_chain_axis(tl_plan_reader *reader, tl_err *err)
{
    tl_plan_body *body = reader->body;
    const tl_yaml *one = tl_yaml_find(reader->root, "chain");
    const tl_yaml *many = tl_yaml_find(reader->root, "chains");
    body->chain_axis = -1;
    body->chains = 1;
    TL_YAML_CHECK(
        !one != !many, many ? many->key : reader->root, err,
        "a plan needs either `chain`, a list of stages, or `chains`, a map of such lists");
    if (one) return TL_OK;
    TL_YAML_CHECK(
        many->kind == TL_YAML_MAP && many->children != 0 && many->children <= TL_MAX_CHAINS,
        many, err, "chains must be a map of 1 to %d names to chains", TL_MAX_CHAINS);
    body->chains = many->children;
    return add_chain_axis(reader, many, err);
}

tl_status tl_plan_chains(tl_plan_reader *reader, tl_err *err)
{
    tl_plan_body *body = reader->body;
    for (int i = 0; i < body->chains; i++) {
        TL_ALLOC(body->chain[i], &reader->plan->arena, 1, err);
    }
    const tl_yaml *one = tl_yaml_find(reader->root, "chain");
    if (one) {
        body->chain[0]->name = "chain";
        TL_TRY(tl_plan_chain(reader, one, body->chain[0], err));
    } else {
        const tl_yaml *child = tl_yaml_find(reader->root, "chains")->first;
        for (int i = 0; i < body->chains; i++, child = child->next) {
            body->chain[i]->name = child->key->text;
            TL_TRY(tl_plan_chain(reader, child, body->chain[i], err));
        }
    }
    for (int i = 0; i < body->chains; i++) note_uses(reader, body->chain[i]);
    return TL_OK;
}
