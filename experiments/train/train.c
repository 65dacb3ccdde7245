/*
 * Training: the owner trains the target by the plan's model and recipe, on the rows of the
 * pool that are members, whatever was done to them. The validation rows say when to stop if
 * the recipe has patience. They are always read, since what a stage reads does not depend
 * on the plan; models are shared as much as before, since no stage changes these rows and
 * their split is part of the pool's key.
 */
#include "experiments/stage/stage_training.h"

enum { METRIC_ROWS, METRIC_LOSS, METRIC_EPOCHS };

static tl_status choose(tl_scene *scene, tl_train_rows *out, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    int *row;
    TL_ALLOC(row, scene->scratch, pool->rows, err);
    *out = (tl_train_rows){.input = pool->input, .label = pool->label, .row = row};
    if (tl_scene_counts(scene))
        out->rows = scene->size->members;
    else
        tl_dataset_select(pool, TL_ROW_MEMBER, TL_ROW_MEMBER, row, &out->rows);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    tl_train_report report;
    tl_stage_training training = {.spec = &scene->world->setup->model,
                                  .recipe = &scene->world->setup->recipe,
                                  .validation = scene->world->data[TL_PART_VALIDATION],
                                  .start = scene->world->start};
    const tl_status mine = choose(scene, &training.rows, err);
    TL_TRY(tl_stage_train(scene, &training, mine, TL_PART_TARGET, &report, err));
    tl_scene_put(scene, METRIC_ROWS, training.rows.rows);
    tl_scene_put(scene, METRIC_EPOCHS, report.epochs);
    tl_scene_put_if(scene, METRIC_LOSS, scene->world->setup->recipe.epochs > 0,
                    report.last_loss, TL_WHY_NOT_APPLICABLE);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    const tl_recipe *recipe = &size->setup.recipe;
    TL_CHECK(recipe->patience == 0 || size->validation > 0, err, TL_E_ARG,
             "recipe.patience is %d epochs without a better validation loss, but there are "
             "no validation rows: set data.split.validation, or patience: 0",
             recipe->patience);
    return tl_stage_training_check(size, err);
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    return tl_train_flop(&size->setup.model, &size->setup.recipe, size->members,
                         size->validation);
}

static const tl_metric metrics[] = {
    {.name = "rows", .about = "rows trained on"},
    {.name = "loss",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .can_be_missing = true,
     .about =
         "running mean of the cross-entropy over the last epoch; of the smoothed labels "
         "where the recipe smooths them"},
    {.name = "epochs",
     .about = "passes over the rows, fewer than the recipe's where training stopped early"},
    {0}};

const tl_stage tl_stage_train_train = {
    .name = "train",
    .about = "the owner trains the target model",
    .source =
        "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp; optimiser as the recipe says",
    .version = 2,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_TRAIN,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_TARGET),
    .keeps = TL_BIT(TL_PART_TARGET),
    .draws = true,
    .own_recipe = (1U << TL_RECIPE_PARAMS) - 1,
    .metrics = metrics,
    .run = run,
    .check = check,
    .cost = cost,
};
