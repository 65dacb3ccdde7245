#include "experiments/method/halves.h"

#include "experiments/stage/stage_training.h"

tl_rng tl_halves_rng(const tl_scene *scene)
{
    return tl_rng_stream(scene->seed, scene->replicate, tl_bank_halves.draws_as,
                         scene->bank.occurrence, "halves");
}

bool tl_halves_has(const tl_rng *halves, int model, uint32_t origin)
{
    const tl_rng own = tl_rng_sub(halves, (uint64_t)model);
    uint32_t word[4];
    tl_rng_block(&own, origin, word);
    return (word[0] & 1U) != 0;
}

/* Its half of the clean rows; poisoned ones that the target trains on are in all halves,
 * and nobody is judged on those. */
static tl_status choose(tl_scene *scene, tl_train_rows *out, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    int *row;
    TL_ALLOC(row, scene->scratch, pool->rows, err);
    *out = (tl_train_rows){.input = pool->input, .label = pool->label, .row = row};
    if (tl_scene_counts(scene)) {
        out->rows = pool->rows;
        return TL_OK;
    }
    const tl_rng halves = tl_scene_rng(scene, "halves");
    for (int i = 0; i < pool->rows; i++) {
        const bool is_in = pool->flags[i] & TL_ROW_POISONED
                               ? (pool->flags[i] & TL_ROW_MEMBER) != 0
                               : tl_halves_has(&halves, scene->bank_item, pool->origin[i]);
        if (is_in) row[out->rows++] = i;
    }
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    /* Trained as the target is: models without early stopping would be more overfitted, and
     * more confident. So the attacker gets the owner's validation rows, as the strongest
     * attacker would have them; no model trains on them. */
    tl_stage_training training = {.spec = &scene->world->setup->model,
                                  .recipe = &scene->world->setup->recipe,
                                  .validation = scene->world->data[TL_PART_VALIDATION],
                                  .start = scene->world->start,
                                  .is_numbered = true};
    const tl_status mine = choose(scene, &training.rows, err);
    return tl_stage_train(scene, &training, mine, TL_PART_SURROGATE, NULL, err);
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    return tl_train_flop(&size->setup.model, &size->setup.recipe, size->pool / 2,
                         size->validation);
}

const tl_bank tl_bank_halves = {
    .name = "halves",
    .about = "models trained as the target, each on a random half of the pool's clean rows",
    .version = 1,
    .draws_as = "m2d.shadow_lira",
    .reads = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) | TL_BIT(TL_PART_SETUP),
    .imitates = TL_BIT(TL_PART_TARGET),
    .run = run,
    .cost = cost,
};
