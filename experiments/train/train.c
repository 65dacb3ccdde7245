/*
 * Training: the owner trains the target by the plan's model and recipe, on the rows of the
 * pool that are members, whatever was done to them.
 */
#include "experiments/stage.h"

enum { METRIC_ROWS, METRIC_LOSS };

static tl_status prepare(tl_scene *scene, tl_model **model, int **row, int *rows,
                         tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    TL_TRY(tl_model_new(&scene->world->setup->model, scene->keep, model, err));
    const tl_rng init = tl_scene_rng(scene, "init");
    tl_model_init(*model, &init);
    TL_TAKE(*row, scene->scratch, pool->rows, err);
    tl_dataset_select(pool, TL_ROW_MEMBER, TL_ROW_MEMBER, *row, rows);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    tl_model *model = NULL;
    int *row = NULL, rows = 0;
    TL_TRY(tl_team_agree(scene->team, prepare(scene, &model, &row, &rows, err), err));
    const tl_train_rows data = {
        .pixel = pool->pixel, .label = pool->label, .row = row, .rows = rows};
    const tl_rng order = tl_scene_rng(scene, "order");
    tl_train_report report;
    TL_TRY(tl_train(model, &scene->world->setup->recipe, &data, &order, scene->team,
                    scene->checkpoint, scene->scratch, &report, err));
    scene->given->model[TL_PART_TARGET] = model;
    tl_scene_put(scene, METRIC_ROWS, rows);
    if (scene->world->setup->recipe.epochs > 0) {
        tl_scene_put(scene, METRIC_LOSS, report.last_loss);
    } else {
        tl_scene_put_missing(scene, METRIC_LOSS, TL_WHY_NOT_APPLICABLE);
    }
    return TL_OK;
}

static double cost(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_train_flop(&size->setup.model, &size->setup.recipe, size->members);
}

static double memory(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_train_memory(&size->setup.model, &size->setup.recipe) +
           4.0 * (size->pool + size->members) +
           4.0 * (double)tl_model_count(&size->setup.model);
}

static int widest(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_recipe_shards(&size->setup.recipe);
}

static const tl_metric metrics[] = {
    {.name = "rows", .units = "1", .about = "rows trained on"},
    {.name = "loss",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .can_be_missing = true,
     .about = "mean cross-entropy over the last epoch, as it went"},
    {0}};

const tl_stage tl_stage_train_train = {
    .name = "train",
    .about = "the owner trains the target model",
    .source =
        "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp; optimiser as the recipe says",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_TRAIN,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_TARGET),
    .draws = true,
    .metrics = metrics,
    .run = run,
    .cost = cost,
    .memory = memory,
    .widest = widest,
};
