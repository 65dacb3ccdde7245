#include "experiments/stage/stage_training.h"

#include "compute/nn/pass.h"

#include <string.h>

static void set_start(const tl_stage_training *training, const tl_rng *init,
                      tl_model *model)
{
    const tl_model *start = training->start;
    if (!start) {
        tl_model_init(model, init);
        return;
    }
    TL_INVARIANT(start->params == model->params);
    memcpy(model->param, start->param, model->params * sizeof *model->param);
}

tl_status tl_stage_train(tl_scene *scene, const tl_stage_training *training, tl_status mine,
                         tl_part part, tl_train_report *report, tl_err *err)
{
    tl_model *model = NULL;
    if (mine == TL_OK) mine = tl_model_new(training->spec, scene->keep, &model, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    tl_rng init = tl_scene_rng(scene, "init"), order = tl_scene_rng(scene, "order");
    if (training->is_numbered) {
        init = tl_rng_sub(&init, (uint64_t)scene->bank_item);
        order = tl_rng_sub(&order, (uint64_t)scene->bank_item);
    }
    if (!tl_scene_counts(scene)) set_start(training, &init, model);
    const tl_training job = {.recipe = training->recipe,
                             .rows = &training->rows,
                             .validation = training->validation,
                             .rng = &order,
                             .team = scene->team,
                             .checkpoint = scene->checkpoint};
    TL_TRY(tl_train(model, &job, scene->scratch, report, err));
    scene->given->model[part] = model;
    return TL_OK;
}

tl_status tl_stage_training_check(const tl_size *size, tl_err *err)
{
    const tl_recipe *recipe = &size->setup.recipe;
    TL_CHECK(
        !tl_recipe_augments(recipe) || size->vocabulary == 0, err, TL_E_ARG,
        "recipe.shift and recipe.flip alter images, but the data are rows of %d tokens",
        tl_shape_size(size->shape));
    TL_CHECK(!recipe->recompute || tl_pass_blocks(&size->setup.model) > 0, err, TL_E_ARG,
             "recipe.recompute needs residual blocks, and a model of kind %s has none; "
             "resnet, gpt and llama do",
             tl_model_kind_name(size->setup.model.kind));
    return TL_OK;
}
