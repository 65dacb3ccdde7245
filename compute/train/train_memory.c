/* Costs of a training: work, memory, and members of a team. */
#include "compute/train/trainer.h"

#include <math.h>

double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows,
                     int validation)
{
    const double looks = recipe->patience > 0 ? validation : 0.0;
    const double forward = tl_model_flop(spec);
    /* Gradients of inputs: forward and backward; norms: backward twice, about. */
    const double more = 2.0 * forward *
                        ((recipe->hooks.inputs ? recipe->hooks.gradients : 0) +
                         (recipe->hooks.clip_each > 0.0 ? 1 : 0));
    return ((tl_model_train_flop(spec) + more) * rows + forward * looks) * recipe->epochs;
}

int tl_train_max_ranks(const tl_model_spec *spec, const tl_recipe *recipe)
{
    return spec->splits > 1 ? spec->splits : tl_recipe_shards(recipe);
}

double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe, int validation,
                       const tl_team *team)
{
    tl_arena model = tl_arena_counter(), scratch = tl_arena_counter();
    tl_model *whole;
    const tl_train_rows rows = {.rows = 1};
    const tl_dataset held = {.rows = validation};
    const tl_checkpoint checkpoint = {0};
    const tl_training training = {.recipe = recipe,
                                  .rows = &rows,
                                  .validation = &held,
                                  .team = team,
                                  .checkpoint = &checkpoint};
    tl_status status = tl_model_new(spec, &model, &whole, NULL);
    if (status == TL_OK) status = tl_train(whole, &training, &scratch, NULL, NULL);
    tl_arena_close(&model);
    tl_arena_close(&scratch);
    return status == TL_OK ? (double)scratch.peak : (double)INFINITY;
}
