/* What a training takes: work, memory, and members of a team. */
#include "compute/nn/pass.h"
#include "compute/nn/tensor_parallel.h"
#include "compute/train/exchange.h"
#include "compute/train/holdout.h"
#include "compute/train/optimizer.h"
#include "compute/train/trainer.h"

#include <math.h>

enum { BEHIND = 16 /* numbers behind the parameters in a buffer of gradients, at most */ };

static bool has_patience(const tl_recipe *recipe, int validation)
{
    return recipe->patience > 0 && validation > 0;
}

double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows,
                     int validation)
{
    const double looks = has_patience(recipe, validation) ? validation : 0.0;
    return (tl_model_train_flop(spec) * rows + tl_model_flop(spec) * looks) *
           recipe->epochs;
}

int tl_train_widest(const tl_model_spec *spec, const tl_recipe *recipe)
{
    return spec->splits > 1 ? spec->splits : tl_recipe_shards(recipe);
}

static tl_pass_use use_of(const tl_recipe *recipe)
{
    return recipe->recompute ? TL_PASS_RECOMPUTE : TL_PASS_BACKWARD;
}

/* What a member holds. */
typedef struct held {
    double params, kept; /* numbers: parameters, a moment of the optimiser */
    double bytes;        /* of what depends on the layers */
    double joining;      /* bytes, of shares that are put together in the end */
    int shards;
} held;

static held hold_whole(const tl_model_spec *spec, const tl_recipe *recipe, int validation,
                       int members)
{
    const size_t params = tl_model_count(spec);
    held h = {.params = (double)params,
              .kept = (double)tl_exchange_kept(params, recipe, members),
              .shards = tl_recipe_shards(recipe) / members};
    h.bytes = tl_pass_memory(spec, tl_recipe_shard_rows(recipe), use_of(recipe)) +
              tl_exchange_memory(params, recipe, members) +
              tl_optimizing_memory(spec, recipe);
    if (validation > 0) h.bytes += tl_holdout_memory(spec, validation);
    return h;
}

static held hold_share(const tl_model_spec *spec, const tl_recipe *recipe, int validation,
                       int members)
{
    tl_arena arena = tl_arena_open(0);
    tl_share share;
    held h = {.shards = tl_recipe_shards(recipe)};
    if (tl_share_of(spec, members, &arena, &share, NULL) == TL_OK) {
        h.params = h.kept = (double)share.model.params;
        h.bytes =
            h.params * (double)sizeof(float) +
            tl_pass_memory_of(&share.model, tl_recipe_shard_rows(recipe), use_of(recipe)) +
            tl_optimizing_memory_of(&share.model, recipe) +
            (double)sizeof(tl_layer) * share.model.layers;
        h.joining = (double)sizeof(float) * (double)tl_share_put_room(&share, spec->splits);
        if (validation > 0) h.bytes += tl_holdout_memory_of(&share.model, validation);
    }
    tl_arena_close(&arena);
    return h;
}

/* Blocks of moments, and of other weights than the model's. */
static int moments_of(const tl_recipe *recipe)
{
    return recipe->optimizer == TL_ADAMW ? 2 : 1;
}

static int copies_of(const tl_recipe *recipe, int validation)
{
    return (recipe->average > 0.0 ? 1 : 0) + (has_patience(recipe, validation) ? 1 : 0);
}

double tl_train_state_memory(const tl_model_spec *spec, const tl_recipe *recipe,
                             int validation)
{
    return tl_state_memory(tl_model_count(spec),
                           1 + moments_of(recipe) + copies_of(recipe, validation));
}

double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe, int validation,
                       int ranks)
{
    const int widest = tl_train_widest(spec, recipe);
    const int members = ranks < widest ? ranks : widest;
    const int looks = has_patience(recipe, validation) ? validation : 0;
    const held h = spec->splits > 1 ? hold_share(spec, recipe, looks, members)
                                    : hold_whole(spec, recipe, looks, members);
    const double numbers = (h.params + BEHIND) * h.shards +
                           h.params * copies_of(recipe, validation) +
                           h.kept * moments_of(recipe);
    double bytes = numbers * (double)sizeof(float) + h.bytes +
                   fmax(tl_state_room(tl_model_count(spec)), h.joining);
    if (tl_recipe_augments(recipe)) {
        bytes +=
            (double)sizeof(float) * tl_recipe_shard_rows(recipe) * tl_shape_size(spec->in);
    }
    return bytes;
}
