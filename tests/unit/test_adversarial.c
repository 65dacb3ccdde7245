/*
 * Adversarial training: it makes robust, and inputs stay where they may be.
 */
#include "compute/core/blas.h"
#include "compute/nn/loss.h"
#include "compute/nn/probe.h"
#include "compute/train/adversarial.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void loss_gradient(const void *self, int row, const float *logits, int classes,
                          float *d)
{
    const int32_t *label = self;
    tl_softmax(logits, 1, classes, d);
    d[label[row]] -= 1.0f;
}

/* Rows that are right after a step of `radius` up the loss in every pixel. */
static int robust_rows(const training *it, float radius)
{
    tl_arena arena = tl_arena_open(0);
    const tl_team one = tl_team_alone();
    tl_model *model;
    static float gradient[TRAINING_ROWS * TRAINING_PIXELS];
    float logits[TRAINING_ROWS * TRAINING_CLASSES];
    int32_t best[TRAINING_ROWS];
    float *input =
        tl_arena_take(&arena, TRAINING_ROWS * TRAINING_PIXELS, sizeof *input, NULL);
    assert_non_null(input);
    memcpy(input, it->data.input, sizeof it->data.input);
    assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
    memcpy(model->param, it->param[0], model->params * sizeof *model->param);
    const tl_objective_gradient objective = {loss_gradient, it->data.label};
    const tl_dataset data = {.shape = it->spec.in,
                             .classes = TRAINING_CLASSES,
                             .rows = TRAINING_ROWS,
                             .input = input};
    assert_int_equal(
        tl_model_input_gradient(model, &objective, &data, &one, &arena, gradient, NULL),
        TL_OK);
    for (int i = 0; i < TRAINING_ROWS * TRAINING_PIXELS; i++)
        input[i] += gradient[i] > 0.0f ? radius : -radius;
    assert_int_equal(
        tl_model_logits(model, input, TRAINING_ROWS, &one, &arena, logits, NULL), TL_OK);
    tl_argmax(logits, TRAINING_ROWS, TRAINING_CLASSES, best);
    int right = 0;
    for (int r = 0; r < TRAINING_ROWS; r++) right += best[r] == it->data.label[r];
    tl_arena_close(&arena);
    return right;
}

static const tl_adversarial near_rows = {
    .radius = 0.4, .steps = 3, .step = 0.2, .is_random = true, .low = -1.0, .high = 2.0};

static void adversarial_training_makes_robust(void **state)
{
    (void)state;
    tl_recipe recipe = training_adamw;
    recipe.epochs = 30;
    training *plain = training_run(training_open(&recipe));
    assert_int_equal(tl_adversarial_set(&near_rows, &recipe.hooks, NULL), TL_OK);
    training *it = training_run(training_open(&recipe));
    assert_int_equal(robust_rows(plain, 0.0f), TRAINING_ROWS);
    assert_true(robust_rows(it, 0.0f) >= TRAINING_ROWS * 9 / 10);
    assert_true(robust_rows(it, 0.4f) >= robust_rows(plain, 0.4f) + TRAINING_ROWS / 5);
    free(plain);
    free(it);
}

/* Asserts that inputs stay in the ball, in the box, and that their loss has grown. */
static void check_search(const double *number, const tl_hook_shard *shard)
{
    (void)number;
    tl_hooks hooks = {0};
    float before[TRAINING_ROWS * TRAINING_PIXELS];
    const size_t n = (size_t)shard->rows * TRAINING_PIXELS;
    memcpy(before, shard->input, n * sizeof *before);
    assert_int_equal(tl_adversarial_set(&near_rows, &hooks, NULL), TL_OK);
    hooks.inputs(hooks.number, shard);
    size_t moved = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(fabsf(shard->input[i] - before[i]) < 0.4f + 1e-5f);
        assert_true(shard->input[i] >= fminf(before[i], -1.0f));
        assert_true(shard->input[i] <= fmaxf(before[i], 2.0f));
        moved += shard->input[i] != before[i];
    }
    assert_true(moved > n / 2);
}

static void inputs_stay_near_and_within_their_range(void **state)
{
    (void)state;
    tl_recipe recipe = training_adamw;
    recipe.epochs = 2;
    recipe.hooks = (tl_hooks){.name = "check", .inputs = check_search};
    free(training_run(training_open(&recipe)));
}

static void searches_that_cannot_be_are_refused(void **state)
{
    (void)state;
    tl_hooks hooks = {0}, other = {.name = "other"};
    const tl_adversarial wrong[] = {{.radius = 0.1, .steps = 1, .low = 0.0, .high = 1.0},
                                    {.step = 0.1, .steps = 1, .low = 0.0, .high = 1.0},
                                    {.radius = 0.1, .step = 0.1, .high = 1.0},
                                    {.radius = 0.1, .steps = 1, .step = 0.1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(tl_adversarial_set(&wrong[i], &hooks, NULL), TL_E_ARG);
    assert_null(hooks.inputs);
    assert_int_equal(tl_adversarial_set(&near_rows, &other, NULL), TL_E_ARG);
    assert_int_equal(tl_adversarial_set(&near_rows, &hooks, NULL), TL_OK);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adversarial_training_makes_robust),
        cmocka_unit_test(inputs_stay_near_and_within_their_range),
        cmocka_unit_test(searches_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
