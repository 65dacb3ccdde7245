#include "tests/support/wide.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 16, CLASSES = 4 };

static const tl_model_spec spec = {.kind = TL_MODEL_MLP,
                                   .width = 900,
                                   .depth = 3,
                                   .in = {1, SIDE, SIDE},
                                   .classes = CLASSES};

tl_recipe wide_recipe(int kind)
{
    tl_recipe recipe = {.epochs = 2,
                        .batch = 16,
                        .shards = 8,
                        .least_rows = 1,
                        .optimizer = kind % 2 ? TL_SGD : TL_ADAMW,
                        .lr = kind % 2 ? 0.02 : 1e-3,
                        .momentum = 0.9,
                        .weight_decay = 0.01,
                        .overlap = true};
    if (kind == 2 || kind == 3) {
        recipe.clip = 0.05;
        recipe.decay = TL_DECAY_MATRICES;
    }
    if (kind == 4) {
        recipe.clip = 0.05;
        recipe.accumulate = 2;
        recipe.average = 0.5;
        recipe.dropout = 0.1;
    }
    if (kind == 5) recipe.overlap = false;
    return recipe;
}

size_t wide_params(void)
{
    return tl_model_count(&spec);
}

static tl_status load(void *self, tl_arena *arena, void **bytes, size_t *n, tl_err *err)
{
    wide *it = self;
    *bytes = NULL;
    *n = it->state_size;
    if (!it->state) return TL_OK;
    unsigned char *copy;
    TL_ALLOC(copy, arena, it->state_size, err);
    memcpy(copy, it->state, it->state_size);
    *bytes = copy;
    return TL_OK;
}

static tl_status save(void *self, const void *bytes, size_t n, tl_err *err)
{
    wide *it = self;
    free(it->state);
    it->state = malloc(n);
    TL_CHECK(it->state, err, TL_E_NOMEM, "no memory for a state");
    memcpy(it->state, bytes, n);
    it->state_size = n;
    it->saves++;
    return TL_OK;
}

static tl_status draw(tl_arena *arena, tl_train_rows *rows, tl_err *err)
{
    float *input;
    int32_t *label;
    int *row;
    TL_ALLOC(input, arena, WIDE_ROWS * SIDE * SIDE, err);
    TL_ALLOC(label, arena, WIDE_ROWS, err);
    TL_ALLOC(row, arena, WIDE_ROWS, err);
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "wide");
    for (int i = 0; i < WIDE_ROWS * SIDE * SIDE; i++) {
        input[i] = (float)tl_rng_uniform(&rng);
    }
    for (int i = 0; i < WIDE_ROWS; i++) {
        label[i] = (int32_t)tl_rng_below(&rng, CLASSES);
        row[i] = i;
    }
    *rows = (tl_train_rows){.input = input, .label = label, .row = row, .rows = WIDE_ROWS};
    return TL_OK;
}

static tl_status run(wide *it, const tl_team *team, tl_arena *arena, float *param)
{
    tl_model *model;
    tl_train_rows rows;
    TL_TRY(tl_model_new(&spec, arena, &model, NULL));
    TL_TRY(draw(arena, &rows, NULL));
    const tl_rng init = tl_rng_stream(1, 0, "train", 0, "init");
    const tl_rng order = tl_rng_stream(1, 0, "train", 0, "order");
    tl_model_init(model, &init);
    const tl_checkpoint checkpoint = {it, load, save, it->every};
    const tl_training job = {.recipe = &it->recipe,
                             .rows = &rows,
                             .rng = &order,
                             .team = team,
                             .checkpoint = &checkpoint};
    const tl_status status = tl_train(model, &job, arena, NULL, NULL);
    memcpy(param, model->param, model->params * sizeof *param);
    return status;
}

tl_status wide_train(wide *it, const tl_team *team, float *param)
{
    tl_arena arena = tl_arena_open(0);
    const tl_status status = run(it, team, &arena, param);
    tl_arena_close(&arena);
    return status;
}
