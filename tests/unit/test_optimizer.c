/*
 * From a gradient to new weights: optimisers, decay groups, clipping and averages, each
 * against its formula in double precision.
 */
#include "compute/train/optimizer.h"

#include "compute/train/gradient.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Two steps of one parameter, by hand from the formulas. */
static void sgd_is_the_heavy_ball(void **state)
{
    (void)state;
    const tl_recipe recipe = {.optimizer = TL_SGD, .momentum = 0.9, .weight_decay = 0.5};
    const tl_optimizing sgd = {.recipe = &recipe, .params = 1};
    float w = 1.0f, velocity = 0.0f;
    float g1 = 2.0f, g2 = -0.5f;
    tl_moments moments = {&velocity, NULL};
    const tl_gradient one = {&g1, 1, 1, 1.0f}, two = {&g2, 1, 1, 2.0f}; /* 2 * -0.5 */
    assert_true(tl_optimizer_step(&sgd, 1, 0.1, &one, (tl_slice){0, 1}, &moments,
                                  &w)); /* v = 2.5, w = 0.75 */
    assert_true(fabs((double)w - 0.75) < 1e-6);
    /* v = 2.25 - 1 + 0.375 = 1.625 */
    assert_true(tl_optimizer_step(&sgd, 2, 0.1, &two, (tl_slice){0, 1}, &moments, &w));
    assert_true(fabs((double)w - 0.5875) < 1e-6);
}

enum { PARAMS = 1003, UPDATES = 50 }; /* some are left over from any vector's width */

/* One parameter's update in double precision. */
static void plain_step(const tl_recipe *recipe, int update, double rate, double g,
                       double m[2], double *w)
{
    const double d = recipe->weight_decay;
    if (recipe->optimizer == TL_SGD) {
        m[0] = recipe->momentum * m[0] + g + d * *w;
        *w -= rate * m[0];
        return;
    }
    m[0] = 0.9 * m[0] + 0.1 * g;
    m[1] = 0.999 * m[1] + 0.001 * g * g;
    const double slope = m[0] / (1.0 - pow(0.9, update));
    const double size = sqrt(m[1] / (1.0 - pow(0.999, update))) + 1e-8;
    *w -= rate * (slope / size + d * *w);
}

static void check_reference(tl_optimizer optimizer)
{
    static float grad[PARAMS], first[PARAMS], second[PARAMS], param[PARAMS];
    static double m[PARAMS][2], w[PARAMS];
    const tl_recipe recipe = {.optimizer = optimizer, .momentum = 0.9, .weight_decay = 0.1};
    const tl_optimizing optimizing = {.recipe = &recipe, .params = PARAMS};
    tl_moments moments = {first, optimizer == TL_ADAMW ? second : NULL};
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "steps");
    memset(first, 0, sizeof first);
    memset(second, 0, sizeof second);
    memset(m, 0, sizeof m);
    for (int i = 0; i < PARAMS; i++) w[i] = (double)(param[i] = (float)tl_rng_normal(&rng));
    for (int u = 1; u <= UPDATES; u++) {
        const double rate = 0.01 / u;
        for (int i = 0; i < PARAMS; i++) {
            grad[i] = (float)tl_rng_normal(&rng);
            plain_step(&recipe, u, rate, (double)grad[i], m[i], &w[i]);
        }
        const tl_gradient gradient = {grad, 1, PARAMS, 1.0f};
        assert_true(tl_optimizer_step(&optimizing, u, rate, &gradient,
                                      (tl_slice){0, optimizing.params}, &moments, param));
    }
    for (int i = 0; i < PARAMS; i++) assert_true(fabs((double)param[i] - w[i]) < 1e-5);
}

static void optimizers_are_those_of_their_papers(void **state)
{
    (void)state;
    check_reference(TL_SGD);
    check_reference(TL_ADAMW);
}

static void biases_do_not_decay_with_the_matrices(void **state)
{
    (void)state;
    const tl_model_spec spec = {
        .kind = TL_MODEL_CNN, .width = 4, .depth = 2, .in = {1, 8, 8}, .classes = 3};
    for (int optimizer = 0; optimizer < TL_OPTIMIZERS; optimizer++) {
        tl_arena arena = tl_arena_open(0);
        const tl_recipe recipe = {.optimizer = (tl_optimizer)optimizer,
                                  .weight_decay = 0.5,
                                  .decay = TL_DECAY_MATRICES};
        tl_model *model;
        tl_optimizing optimizing;
        assert_int_equal(tl_model_new(&spec, &arena, &model, NULL), TL_OK);
        assert_int_equal(tl_optimizing_new(model, &recipe, &arena, &optimizing, NULL),
                         TL_OK);
        const size_t size = sizeof(float);
        float *grad = tl_arena_take(&arena, model->params, size, NULL);
        tl_moments moments = {.first = tl_arena_take(&arena, model->params, size, NULL)};
        if (optimizer == TL_ADAMW) {
            moments.second = tl_arena_take(&arena, model->params, size, NULL);
        }
        for (size_t i = 0; i < model->params; i++) model->param[i] = 1.0f;
        const tl_gradient gradient = {grad, 1, model->params, 1.0f};
        assert_true(tl_optimizer_step(&optimizing, 1, 0.5, &gradient,
                                      (tl_slice){0, model->params}, &moments,
                                      model->param));
        tl_tensor *tensor;
        int tensors;
        assert_int_equal(tl_model_tensors(model, &arena, &tensor, &tensors, NULL), TL_OK);
        size_t seen = 0;
        for (int t = 0; t < tensors; t++) {
            const float wanted = tensor[t].rank > 1 ? 0.75f : 1.0f; /* no gradient */
            for (size_t i = 0; i < tensor[t].count; i++, seen++) {
                assert_true(model->param[tensor[t].at + i] == wanted);
            }
        }
        assert_int_equal(seen, model->params);
        tl_arena_close(&arena);
    }
}

static void norm_is_that_of_all_numbers(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 8, 9, 4095, 4096, 4097, 8192, 12288 + 5, 40001};
    static float x[40001];
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "norm");
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)tl_rng_normal(&rng);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double sum = 0.0;
        for (size_t i = 0; i < sizes[k]; i++) sum += (double)x[i] * (double)x[i];
        const double norm = tl_gradient_norm(x, sizes[k]);
        double part[40001 / TL_GRADIENT_CHUNK + 1];
        tl_gradient_squares(x, sizes[k], part);
        const size_t chunks = (sizes[k] + TL_GRADIENT_CHUNK - 1) / TL_GRADIENT_CHUNK;
        assert_true(sqrt(tl_gradient_join(part, chunks)) == norm);
        assert_true(fabs(norm - sqrt(sum)) <= 1e-12 * sqrt(sum));
    }
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = -2.0f;
    assert_true(tl_gradient_norm(x, 40000) == 400.0);
    x[4096] = INFINITY;
    assert_false(tl_gradient_is_finite(x, 4097));
    assert_true(tl_gradient_is_finite(x, 4096));
}

static void clipping_shortens_what_is_too_long_and_nothing_else(void **state)
{
    (void)state;
    const float x[3] = {3.0f, 0.0f, -4.0f};
    const double norm = tl_gradient_norm(x, 3);
    assert_true(tl_gradient_factor(norm, 0.5f, 0.0) == 0.5f);
    assert_true(tl_gradient_factor(norm, 0.5f, 2.5) == 0.5f);
    assert_true(tl_gradient_factor(norm, 0.5f, 1.25) == 0.25f);
}

static void average_is_even_first_and_exponential_then(void **state)
{
    (void)state;
    enum { N = 19 };
    const double decay = 0.75; /* even up to update 4 */
    float average[N], param[N];
    double wanted[N] = {0};
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "average");
    for (int i = 0; i < N; i++) average[i] = 100.0f; /* starting weights have no part */
    for (int u = 1; u <= 12; u++) {
        for (int i = 0; i < N; i++) {
            param[i] = (float)tl_rng_normal(&rng);
            wanted[i] = u <= 4 ? (wanted[i] * (u - 1) + (double)param[i]) / u
                               : decay * wanted[i] + (1.0 - decay) * (double)param[i];
        }
        tl_average_add(decay, u, param, N, average);
        for (int i = 0; i < N; i++) {
            assert_true(fabs((double)average[i] - wanted[i]) < 1e-5);
        }
    }
}

static void gradients_are_summed_by_the_tree(void **state)
{
    (void)state;
    enum { COUNT = 8, N = 5000 };
    static float x[COUNT * N], wanted[N], half[2][N], found[N];
    tl_rng rng = tl_rng_stream(4, 0, "test", 0, "sum");
    for (int i = 0; i < COUNT * N; i++) x[i] = (float)tl_rng_normal(&rng);
    for (int i = 0; i < N; i++) {
        for (int h = 0; h < 2; h++) {
            const float *at = x + 4 * h * N + i;
            half[h][i] = (at[0] + at[N]) + (at[2 * N] + at[3 * N]);
        }
        wanted[i] = half[0][i] + half[1][i];
    }
    tl_gradient gradient = {x, COUNT, N, 1.0f};
    tl_gradient_read(&gradient, 4100, 900, found);
    assert_memory_equal(found, wanted + 4100, 900 * sizeof *found);
    gradient.count = 4;
    tl_gradient_read(&gradient, 1, 7, found);
    assert_memory_equal(found, half[0] + 1, 7 * sizeof *found);
    gradient.count = COUNT;
    tl_gradient_sum(&gradient, 0, N);
    assert_memory_equal(x, wanted, sizeof wanted);
}

/* The optimiser sums pieces as it goes: the same as of the sum. */
static void a_step_by_shards_is_a_step_by_their_sum(void **state)
{
    (void)state;
    enum { COUNT = 4, N = 2 * TL_GRADIENT_PIECE + 77 };
    static float x[COUNT * N], first[2][N], second[2][N], param[2][N];
    const tl_recipe recipe = {.optimizer = TL_ADAMW, .weight_decay = 0.1};
    const tl_optimizing optimizing = {.recipe = &recipe, .params = N};
    tl_rng rng = tl_rng_stream(5, 0, "test", 0, "shards");
    for (int i = 0; i < COUNT * N; i++) x[i] = (float)tl_rng_normal(&rng);
    tl_gradient gradient = {x, COUNT, N, 0.01f};
    for (int k = 0; k < 2; k++) {
        tl_moments moments = {first[k], second[k]};
        assert_true(tl_optimizer_step(&optimizing, 1, 0.1, &gradient, (tl_slice){0, N},
                                      &moments, param[k]));
        tl_gradient_sum(&gradient, 0, N);
        gradient.count = 1;
    }
    assert_memory_equal(param[0], param[1], sizeof *param);
    x[N - 1] = NAN;
    tl_moments moments = {first[0], second[0]};
    assert_false(tl_optimizer_step(&optimizing, 2, 0.1, &gradient, (tl_slice){0, N},
                                   &moments, param[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_summed_by_the_tree),
        cmocka_unit_test(a_step_by_shards_is_a_step_by_their_sum),
        cmocka_unit_test(sgd_is_the_heavy_ball),
        cmocka_unit_test(optimizers_are_those_of_their_papers),
        cmocka_unit_test(biases_do_not_decay_with_the_matrices),
        cmocka_unit_test(norm_is_that_of_all_numbers),
        cmocka_unit_test(clipping_shortens_what_is_too_long_and_nothing_else),
        cmocka_unit_test(average_is_even_first_and_exponential_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
