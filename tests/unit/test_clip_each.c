/*
 * Clipping of each row's gradient, with noise: against the gradients of rows alone, and
 * what the noise is.
 */
#include "compute/core/blas.h"
#include "compute/train/noise.h"
#include "compute/train/shard.h"
#include "compute/train/train_timer.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Not trained is every third parameter (number[0] 1), the layers of even numbers
 * (2) or of odd ones (3); 0: all are trained. */
static void mask_some(const double *number, const tl_model *model, unsigned char *mask)
{
    const int kind = (int)number[0];
    for (size_t i = 0; i < model->params && kind == 1; i++) mask[i] = i % 3 != 0;
    for (int l = kind - 2; l < model->layers && kind > 1; l += 2) {
        const tl_layer *layer = &model->layer[l];
        memset(mask + layer->weight, 0, layer->weights);
        memset(mask + layer->bias, 0, layer->biases);
    }
}

static void ignore_all(const double *number, const tl_hook_losses *losses, float *weight)
{
    (void)number;
    for (int r = 0; r < losses->rows; r++) weight[r] = 0.0f;
}

enum { ROWS = 22 };

static const tl_model_spec specs[] = {
    {.kind = TL_MODEL_MLP, .width = 20, .depth = 2, .in = {1, 8, 8}, .classes = 5},
    {.kind = TL_MODEL_CNN, .width = 6, .depth = 2, .in = {1, 8, 8}, .classes = 5},
    {.kind = TL_MODEL_RESNET, .width = 8, .depth = 2, .in = {3, 8, 8}, .classes = 5},
    {.kind = TL_MODEL_GPT,
     .width = 16,
     .depth = 2,
     .in = {1, 1, 12},
     .classes = 19,
     .heads = 2},
    {.kind = TL_MODEL_LLAMA,
     .width = 16,
     .depth = 2,
     .in = {1, 1, 12},
     .classes = 19,
     .heads = 2}};
enum { SPECS = sizeof specs / sizeof *specs };

/* Random rows, a model, and the gradient of each row in a batch of its own. */
typedef struct sample {
    tl_timer_data data;
    tl_train_rows rows;
    tl_model *model;
    float *grad; /* [ROWS x params] */
    double norm[ROWS];
} sample;

static sample open_sample(const tl_model_spec *spec, int masked, tl_arena *arena)
{
    sample it = {0};
    assert_int_equal(tl_timer_draw(spec, ROWS, arena, &it.data, NULL), TL_OK);
    assert_int_equal(tl_timer_model(spec, arena, &it.model, NULL), TL_OK);
    it.rows = (tl_train_rows){
        .input = it.data.input, .label = it.data.label, .row = it.data.row, .rows = ROWS};
    const tl_recipe one = {.batch = 1, .shards = 1};
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
    const size_t params = it.model->params;
    tl_shard shard;
    assert_int_equal(tl_shard_new(it.model, &one, &it.rows, NULL, arena, &shard, NULL),
                     TL_OK);
    it.grad = tl_arena_take(arena, ROWS * params, sizeof *it.grad, NULL);
    unsigned char *mask = tl_arena_take(arena, params, 1, NULL);
    assert_true(it.grad && mask);
    memset(mask, 1, params);
    mask_some((const double[TL_HOOK_NUMBERS]){masked}, it.model, mask);
    float loss = 0.0f;
    tl_shard_open_epoch(&shard, &rng, 0);
    tl_shard_open_batch(&shard, 0);
    for (int r = 0; r < ROWS; r++) {
        float *grad = it.grad + (size_t)r * params;
        const tl_shard_rows here = {it.data.row + r, 1, 0};
        tl_shard_run(&shard, &here, grad, false, &loss);
        for (size_t i = 0; i < params; i++) grad[i] = mask[i] ? grad[i] : 0.0f;
        for (size_t i = 0; i < params; i++) it.norm[r] += (double)grad[i] * (double)grad[i];
        it.norm[r] = sqrt(it.norm[r]);
    }
    return it;
}

/* One update by `recipe`, of all rows: the weights' steps. */
static float *step_of(sample *it, const tl_recipe *recipe, tl_arena *arena)
{
    const tl_team one = tl_team_alone();
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_training job = {
        .recipe = recipe, .rows = &it->rows, .rng = &rng, .team = &one};
    const size_t params = it->model->params;
    float *before = tl_arena_take(arena, params, sizeof *before, NULL);
    assert_non_null(before);
    memcpy(before, it->model->param, params * sizeof *before);
    assert_int_equal(tl_train(it->model, &job, arena, NULL, NULL), TL_OK);
    for (size_t i = 0; i < params; i++) before[i] -= it->model->param[i];
    return before;
}

/* A limit that about half of the norms are above. */
static double median_of(const double *norm)
{
    for (int r = 0; r < ROWS; r++) {
        int below = 0;
        for (int q = 0; q < ROWS; q++) below += norm[q] < norm[r];
        if (below == ROWS / 2) return norm[r];
    }
    return norm[0];
}

static void check_clipped_sum(const tl_model_spec *spec, int masked, bool recomputes)
{
    tl_arena arena = tl_arena_open(0);
    sample it = open_sample(spec, masked, &arena);
    const double limit = median_of(it.norm);
    /* A step of lr / ROWS times the sum: the sum itself. */
    const tl_recipe recipe = {.epochs = 1,
                              .batch = ROWS,
                              .shards = 2,
                              .lr = ROWS,
                              .recompute = recomputes,
                              .hooks = {.name = "clip",
                                        .number = {masked},
                                        .clip_each = limit,
                                        .mask = masked ? mask_some : NULL}};
    const float *step = step_of(&it, &recipe, &arena);
    double off = 0.0, whole = 0.0;
    int clipped = 0;
    for (int r = 0; r < ROWS; r++) clipped += it.norm[r] > limit;
    assert_in_range(clipped, ROWS / 4, 3 * ROWS / 4);
    for (size_t i = 0; i < it.model->params; i++) {
        double wanted = 0.0;
        for (int r = 0; r < ROWS; r++) {
            wanted += (double)it.grad[(size_t)r * it.model->params + i] *
                      fmin(1.0, limit / it.norm[r]);
        }
        off += ((double)step[i] - wanted) * ((double)step[i] - wanted);
        whole += wanted * wanted;
    }
    assert_true(sqrt(off) < 1e-5 * sqrt(whole));
    tl_arena_close(&arena);
}

static void clipped_sums_are_those_of_rows_alone(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        for (int k = 0; k < 8; k++) check_clipped_sum(&specs[s], k % 4, k / 4);
    }
}

static void noise_has_the_stated_deviation(void **state)
{
    (void)state; /* on rows of weight 0 there is nothing else */
    enum { UPDATES = 3 };
    const double sd = 1.5 * 0.2;
    tl_recipe recipe = training_sgd;
    recipe.momentum = recipe.weight_decay = 0.0;
    recipe.lr = recipe.batch = TRAINING_ROWS;
    training *last = training_open(&recipe);
    last->recipe.epochs = 0;
    training_run(last);
    const double n = (double)last->params;
    double mean = 0.0, square = 0.0, fourth = 0.0, before = 0.0, neighbour = 0.0;
    float old[TRAINING_PARAMS] = {0};
    for (int k = 1; k <= UPDATES; k++) {
        recipe.epochs = k;
        recipe.hooks = (tl_hooks){
            .name = "none", .weights = ignore_all, .clip_each = 0.2, .noise = 1.5};
        training *it = training_run(training_open(&recipe));
        for (size_t i = 0; i < it->params; i++) {
            const double x = ((double)it->param[0][i] - (double)last->param[0][i]) / sd;
            mean += x / (n * UPDATES);
            square += x * x / (n * UPDATES);
            fourth += x * x * x * x / (n * UPDATES);
            before += x * (double)old[i] / (n * UPDATES);
            if (i > 0) neighbour += x * (double)old[i - 1] / (n * UPDATES);
            old[i] = (float)x;
        }
        free(last);
        last = it;
    }
    const double unit = 1.0 / sqrt(n * UPDATES); /* of a mean; limits are 4 of each */
    assert_true(fabs(mean) < 4.0 * unit);
    assert_true(fabs(square - 1.0) < 4.0 * sqrt(2.0) * unit);
    assert_true(fabs(fourth - 3.0) < 4.0 * sqrt(96.0) * unit);
    assert_true(fabs(before) < 4.0 * unit && fabs(neighbour) < 4.0 * unit);
    free(last);
}

/* Probability of a normal number above x. */
static double above(double x)
{
    return 0.5 * erfc(x / sqrt(2.0));
}

static void noise_is_normal_to_its_tails(void **state)
{
    (void)state; /* in intervals of 0.25, and beyond 4, over several edges of the method */
    enum { N = 1 << 20, BINS = 34 };
    tl_arena arena = tl_arena_open(0);
    float *x = tl_arena_take(&arena, N, sizeof *x, NULL);
    assert_non_null(x);
    const tl_rng rng = tl_rng_stream(2, 0, "test", 0, "noise");
    tl_noise_add(&rng, 1.0, (tl_slice){0, N}, x);
    double count[BINS] = {0}, chi = 0.0;
    for (int i = 0; i < N; i++) {
        const double at = floor((double)x[i] * 4.0) + BINS / 2;
        count[at < 0.0 ? 0 : at > BINS - 1 ? BINS - 1 : (int)at]++;
    }
    for (int b = 0; b < BINS; b++) {
        const double from = b ? 0.25 * (b - BINS / 2) : -100.0;
        const double to = b < BINS - 1 ? 0.25 * (b + 1 - BINS / 2) : 100.0;
        const double wanted = N * (above(from) - above(to));
        chi += (count[b] - wanted) * (count[b] - wanted) / wanted;
    }
    assert_true(fabs(chi - (BINS - 1)) < 4.0 * sqrt(2.0 * (BINS - 1)));
    tl_arena_close(&arena);
}

static void noise_of_a_slice_is_that_of_the_whole(void **state)
{
    (void)state;
    enum { N = 999 };
    const tl_rng rng = tl_rng_stream(1, 0, "test", 0, "noise");
    float whole[N] = {0}, parts[N] = {0};
    tl_noise_add(&rng, 2.0, (tl_slice){0, N}, whole);
    const size_t cut[] = {0, 3, 4, 9, 402, 403, N};
    for (int k = 5; k >= 0; k--)
        tl_noise_add(&rng, 2.0, (tl_slice){cut[k], cut[k + 1] - cut[k]}, parts);
    assert_memory_equal(whole, parts, sizeof whole);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clipped_sums_are_those_of_rows_alone),
        cmocka_unit_test(noise_has_the_stated_deviation),
        cmocka_unit_test(noise_is_normal_to_its_tails),
        cmocka_unit_test(noise_of_a_slice_is_that_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
