#include "tests/support/training.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

const tl_recipe training_adamw = {.epochs = 6,
                                  .batch = 37,
                                  .shards = 8,
                                  .optimizer = TL_ADAMW,
                                  .lr = 0.01,
                                  .weight_decay = 0.01};
const tl_recipe training_sgd = {.epochs = 6,
                                .batch = 37,
                                .shards = 8,
                                .optimizer = TL_SGD,
                                .lr = 0.05,
                                .momentum = 0.9,
                                .weight_decay = 0.001};
const tl_recipe training_rich = {.epochs = 6,
                                 .batch = 37,
                                 .shards = 8,
                                 .optimizer = TL_ADAMW,
                                 .lr = 0.01,
                                 .weight_decay = 0.1,
                                 .schedule = TL_SCHEDULE_COSINE,
                                 .warmup = 0.25,
                                 .lr_end = 0.1,
                                 .accumulate = 2,
                                 .clip = 0.2,
                                 .label_smoothing = 0.1,
                                 .dropout = 0.2,
                                 .decay = TL_DECAY_MATRICES,
                                 .average = 0.8,
                                 .shift = 1,
                                 .flip = true};

static void make_rows(training_data *data)
{
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "rows");
    for (int r = 0; r < TRAINING_ROWS; r++) {
        const int label = r % TRAINING_CLASSES;
        data->label[r] = label;
        data->row[r] = TRAINING_ROWS - 1 - r;
        data->target[r * TRAINING_CLASSES + label] = 1.0f;
        for (int i = 0; i < TRAINING_PIXELS; i++) {
            const bool is_bright = i * TRAINING_CLASSES / TRAINING_PIXELS == label;
            data->input[r * TRAINING_PIXELS + i] =
                (float)((is_bright ? 1.0 : 0.0) + 0.3 * tl_rng_normal(&rng));
        }
    }
}

training *training_open(const tl_recipe *recipe)
{
    training *it = calloc(1, sizeof *it);
    assert_non_null(it);
    make_rows(&it->data);
    it->spec = (tl_model_spec){.kind = TL_MODEL_CNN,
                               .width = 4,
                               .depth = 2,
                               .in = {1, 8, 8},
                               .classes = TRAINING_CLASSES};
    it->recipe = *recipe;
    it->rows = (tl_train_rows){.input = it->data.input,
                               .label = it->data.label,
                               .row = it->data.row,
                               .rows = TRAINING_ROWS};
    it->params = tl_model_count(&it->spec);
    assert_in_range(it->params, 1, TRAINING_PARAMS);
    return it;
}

void training_validate(training *it, int hop)
{
    for (int r = 0; r < TRAINING_ROWS; r++) {
        it->data.other[r] = (it->data.label[r] + hop) % TRAINING_CLASSES;
    }
    it->validation = (tl_dataset){.shape = it->spec.in,
                                  .classes = TRAINING_CLASSES,
                                  .rows = TRAINING_ROWS,
                                  .input = it->data.input,
                                  .label = it->data.other};
}

static tl_status load(void *self, tl_arena *arena, void **bytes, size_t *n, tl_err *err)
{
    training *it = self;
    it->loads++;
    *bytes = NULL;
    *n = it->state_size;
    if (it->state_size == 0) return TL_OK;
    unsigned char *copy;
    TL_ALLOC(copy, arena, it->state_size, err);
    memcpy(copy, it->state, it->state_size);
    *bytes = copy;
    return TL_OK;
}

static tl_status save(void *self, const void *bytes, size_t n, tl_err *err)
{
    training *it = self;
    it->saves++;
    TL_CHECK(n <= TRAINING_STATE, err, TL_E_IO, "no room for %zu bytes", n);
    memcpy(it->state, bytes, n);
    it->state_size = n;
    return TL_OK;
}

tl_checkpoint training_checkpoint(training *it)
{
    return (tl_checkpoint){it, load, save, it->every};
}

void training_member(const tl_team *team, void *self)
{
    training *it = self;
    const int r = team->rank;
    tl_arena arena = tl_arena_open(0);
    const tl_rng init = tl_rng_stream(1, 0, "train", 0, "init");
    const tl_rng order = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_checkpoint checkpoint = training_checkpoint(it);
    const tl_training job = {.recipe = &it->recipe,
                             .rows = &it->rows,
                             .validation = &it->validation,
                             .rng = &order,
                             .team = team,
                             .checkpoint = it->is_kept ? &checkpoint : NULL};
    tl_model *model;
    it->status[r] = tl_model_new(&it->spec, &arena, &model, NULL);
    if (it->status[r] == TL_OK) {
        tl_model_init(model, &init);
        it->status[r] = tl_train(model, &job, &arena, &it->report[r], &it->err[r]);
        memcpy(it->param[r], model->param, model->params * sizeof *model->param);
    }
    tl_arena_close(&arena);
}

training *training_run(training *it)
{
    const tl_team one = tl_team_alone();
    training_member(&one, it);
    assert_int_equal(it->status[0], TL_OK);
    return it;
}

void training_assert_same(const training *it, int size, const training *wanted)
{
    for (int r = 0; r < size; r++) {
        assert_int_equal(it->status[r], TL_OK);
        assert_memory_equal(it->param[r], wanted->param[0], it->params * sizeof(float));
        assert_true(it->report[r].last_loss == wanted->report[0].last_loss);
        assert_int_equal(it->report[r].updates, wanted->report[0].updates);
        assert_int_equal(it->report[r].epochs, wanted->report[0].epochs);
    }
}
