/*
 * Gives a trained model, a second model and data, and keeps all of them: the target is
 * trained on the pool, the surrogate is only initialised, and the attacker's rows come back
 * in another order.
 */
#include "experiments/stage/stage_training.h"

static tl_status prepare(tl_scene *scene, tl_train_rows *rows, tl_model **second,
                         tl_dataset **data, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    int *row, *turned;
    TL_ALLOC(row, scene->scratch, pool->rows, err);
    TL_ALLOC(turned, scene->scratch, own->rows, err);
    const bool counts = tl_scene_counts(scene);
    for (int i = 0; i < pool->rows && !counts; i++) row[i] = i;
    for (int i = 0; i < own->rows && !counts; i++) turned[i] = own->rows - 1 - i;
    *rows = (tl_train_rows){
        .input = pool->input, .label = pool->label, .row = row, .rows = pool->rows};
    TL_TRY(tl_model_new(&scene->world->setup->model, scene->keep, second, err));
    return tl_dataset_pick(own, turned, own->rows, scene->keep, data, err);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    tl_model *second = NULL;
    tl_dataset *data = NULL;
    tl_stage_training training = {.spec = &scene->world->setup->model,
                                  .recipe = &scene->world->setup->recipe};
    const tl_status mine = prepare(scene, &training.rows, &second, &data, err);
    TL_TRY(tl_stage_train(scene, &training, mine, TL_PART_TARGET, NULL, err));
    TL_INVARIANT(second && data);
    const tl_rng rng = tl_scene_rng(scene, "second");
    if (!tl_scene_counts(scene)) tl_model_init(second, &rng);
    scene->given->model[TL_PART_SURROGATE] = second;
    scene->given->data[TL_PART_ATTACKER] = data;
    return TL_OK;
}

const tl_stage tl_stage_m2m_test_giver = {
    .name = "m2m.test_giver",
    .about = "gives two models and data, all kept",
    .source = "none",
    .version = 1,
    .flow = TL_M2M,
    .role = TL_ROLE_TRAIN,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_ATTACKER),
    .keeps = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_ATTACKER),
    .draws = true,
    .run = run,
};
