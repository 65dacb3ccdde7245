#include "compute/train/recipe.h"

int tl_recipe_shards(const tl_recipe *recipe)
{
    const int most = recipe->batch / (recipe->least_rows > 0 ? recipe->least_rows : 4);
    int shards = 1;
    while (2 * shards <= recipe->shards && 2 * shards <= most) shards *= 2;
    return shards;
}

int tl_recipe_shard_rows(const tl_recipe *recipe)
{
    const int shards = tl_recipe_shards(recipe);
    return (recipe->batch + shards - 1) / shards;
}

int tl_recipe_group(const tl_recipe *recipe, int rows)
{
    const long batches = recipe->accumulate > 1 ? recipe->accumulate : 1;
    const long group = batches * recipe->batch;
    return group < rows ? (int)group : rows;
}

long tl_recipe_updates(const tl_recipe *recipe, int rows)
{
    if (rows < 1) return 0;
    const int group = tl_recipe_group(recipe, rows);
    return (long)recipe->epochs * (rows / group + (rows % group != 0));
}

bool tl_recipe_augments(const tl_recipe *recipe)
{
    return recipe->shift > 0 || recipe->flip;
}

void tl_recipe_hash(const tl_recipe *recipe, tl_hash *hash)
{
    const int whole[] = {
        recipe->epochs,         recipe->batch,         recipe->shards,
        (int)recipe->optimizer, (int)recipe->schedule, recipe->accumulate,
        (int)recipe->decay,     recipe->patience,      recipe->shift,
        recipe->least_rows,     recipe->flip ? 1 : 0,  (int)recipe->reduction};
    const double real[] = {
        recipe->lr,     recipe->momentum, recipe->weight_decay,    recipe->warmup,
        recipe->lr_end, recipe->clip,     recipe->label_smoothing, recipe->average,
        recipe->dropout};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        tl_hash_u64(hash, (uint64_t)whole[i]);
    }
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) tl_hash_real(hash, real[i]);
    tl_hooks_hash(&recipe->hooks, hash);
}
