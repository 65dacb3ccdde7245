#include "compute/train/training_key.h"

#include "compute/nn/model.h"

tl_key tl_training_key(const tl_model_spec *spec, const tl_recipe *recipe,
                       const tl_train_rows *rows, int held)
{
    tl_hash hash = {0};
    const int shape[] = {(int)spec->kind, spec->width,
                         spec->depth,     spec->in.channels,
                         spec->in.height, spec->in.width,
                         spec->classes,   spec->heads,
                         spec->kv_heads,  spec->splits > 1 ? spec->splits : 1};
    tl_hash_text(&hash, "training5");
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        tl_hash_u64(&hash, (uint64_t)shape[i]);
    }
    tl_recipe_hash(recipe, &hash);
    tl_hash_u64(&hash, tl_model_count(spec));
    tl_hash_u64(&hash, (uint64_t)rows->rows);
    tl_hash_u64(&hash, (uint64_t)rows->loss);
    tl_hash_u64(&hash, (uint64_t)held);
    return tl_hash_end(&hash);
}
