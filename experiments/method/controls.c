#include "experiments/method/controls.h"

tl_recipe tl_extraction_recipe(const tl_setup *setup, int epochs)
{
    tl_recipe recipe = setup->recipe;
    if (epochs > 0) recipe.epochs = epochs;
    return recipe;
}

tl_status tl_control_rows(tl_scene *scene, tl_train_rows *out, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    int *row;
    TL_ALLOC(row, scene->scratch, own->rows, err);
    *out = (tl_train_rows){
        .input = own->input, .label = own->label, .row = row, .rows = own->rows};
    if (!tl_scene_counts(scene))
        tl_dataset_select(own, TL_CONTROL_LEAVES_OUT, 0, row, &out->rows);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_control_args *arg = scene->args;
    const tl_recipe recipe = tl_extraction_recipe(scene->world->setup, arg->epochs);
    const tl_query_request request = {
        .count = arg->queries, .kind = (tl_query_kind)arg->kind, .without_access = true};
    tl_queries queries = {0};
    TL_TRY(
        tl_team_agree(scene->team, tl_queries_make(scene, &request, &queries, err), err));
    return tl_queries_train(scene, &queries, NULL, &recipe, err);
}

static double cost(const tl_size *size, const void *args)
{
    const tl_control_args *arg = args;
    const tl_recipe recipe = tl_extraction_recipe(&size->setup, arg->epochs);
    return tl_train_flop(&size->setup.model, &recipe, arg->queries, 0);
}

static const tl_param params[] = {
    {TL_ARG(tl_control_args, queries), .type = TL_PARAM_INT, .fallback = 500, .low = 1,
     .high = 1e7, .about = "rows it is trained on"},
    {TL_ARG(tl_control_args, kind), .type = TL_PARAM_CHOICE, .choices = tl_query_kinds,
     .fallback = TL_QUERY_AUGMENTED, .about = "what they are made of"},
    {TL_ARG(tl_control_args, epochs), .type = TL_PARAM_INT, .high = 100000,
     .about = "passes over them (0: as many as the recipe says)"},
    {0}};

void tl_control_values(const tl_control_args *args, tl_value *value)
{
    value[0].number = args->queries;
    value[1] = (tl_value){args->kind, tl_query_kinds[args->kind]};
    value[2].number = args->epochs;
}

const tl_bank tl_bank_controls = {
    .name = "controls",
    .about = "models trained as the surrogate is, on true labels instead of answers",
    .version = 1,
    .draws_as = "m2m.model_extraction",
    .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
    .imitates = TL_BIT(TL_PART_SURROGATE),
    .params = params,
    .run = run,
    .cost = cost,
};
