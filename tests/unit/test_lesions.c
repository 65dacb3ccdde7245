/* compute/data/lesions: what an example depends on, and that a small network can learn it.
 */
#include "compute/data/lesions.h"

#include "compute/train/trainer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PIXELS = TL_LESIONS_SIDE * TL_LESIONS_SIDE };

static tl_dataset make(int examples, int classes, double difficulty, tl_arena *arena)
{
    const tl_source_want want = {examples, classes, difficulty, 64, false};
    tl_dataset data;
    assert_int_equal(tl_lesions_make(&want, arena, &data, NULL), TL_OK);
    return data;
}

static void an_example_is_the_same_in_a_larger_set(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    const tl_dataset few = make(30, 4, 0.3, &arena), many = make(90, 4, 0.3, &arena);
    assert_memory_equal(few.input, many.input, 30 * PIXELS * sizeof(float));
    assert_memory_equal(few.label, many.label, 30 * sizeof(int32_t));
    for (int i = 0; i < 90; i++) {
        assert_int_equal(many.label[i], i % 4);
        assert_int_equal(many.origin[i], i);
    }
    for (int i = 0; i < 90 * PIXELS; i++) {
        assert_true(many.input[i] >= 0.0f && many.input[i] <= 1.0f);
    }
    tl_arena_close(&arena);
}

static void difficulty_and_classes_change_the_image(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    const tl_dataset easy = make(10, 4, 0.0, &arena), hard = make(10, 4, 1.0, &arena),
                     other = make(10, 3, 0.0, &arena);
    assert_memory_not_equal(easy.input, hard.input, PIXELS * sizeof(float));
    assert_int_equal(other.label[3], 0);
    tl_arena_close(&arena);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        tl_source_want want;
        const char *text;
    } cases[] = {{{100, 1, 0.5, 64, false}, "2 to 10 classes"},
                 {{100, 11, 0.5, 64, false}, "2 to 10 classes"},
                 {{100, 4, 1.5, 64, false}, "0 to 1"},
                 {{0, 4, 0.5, 64, false}, "needs at least 1 example"}};
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_dataset data;
        tl_err err = {0};
        assert_int_equal(tl_lesions_make(&cases[c].want, &arena, &data, &err), TL_E_ARG);
        assert_non_null(strstr(err.text, cases[c].text));
    }
    tl_arena_close(&arena);
}

static double accuracy(const tl_model *model, const tl_dataset *data, int from, int to,
                       tl_arena *arena)
{
    const int classes = data->classes, rows = to - from;
    float *logit =
        tl_arena_take(arena, (size_t)rows * (size_t)classes, sizeof *logit, NULL);
    const tl_team team = tl_team_alone();
    assert_int_equal(tl_model_logits(model, data->input + (size_t)from * PIXELS, rows,
                                     &team, arena, logit, NULL),
                     TL_OK);
    int right = 0;
    for (int i = 0; i < rows; i++) {
        int best = 0;
        for (int c = 1; c < classes; c++) {
            if (logit[i * classes + c] > logit[i * classes + best]) best = c;
        }
        right += best == data->label[from + i];
    }
    return (double)right / rows;
}

static void a_small_network_learns_and_overfits(void **state)
{
    (void)state;
    const int examples = 2500, train = 1500;
    tl_arena arena = tl_arena_open(0);
    const tl_dataset data = make(examples, 4, 0.3, &arena);
    const tl_model_spec spec = {.kind = TL_MODEL_CNN,
                                .width = 8,
                                .depth = 3,
                                .in = data.shape,
                                .classes = data.classes};
    const tl_recipe recipe = {
        .epochs = 20, .batch = 32, .shards = 8, .optimizer = TL_ADAMW, .lr = 2e-3};
    tl_model *model;
    int *row = tl_arena_take(&arena, (size_t)train, sizeof *row, NULL);
    for (int i = 0; i < train; i++) row[i] = i;
    assert_int_equal(tl_model_new(&spec, &arena, &model, NULL), TL_OK);
    const tl_rng init = tl_rng_stream(1, 0, "test", 0, "init");
    const tl_rng order = tl_rng_stream(1, 0, "test", 0, "order");
    tl_model_init(model, &init);
    const tl_train_rows rows = {
        .input = data.input, .label = data.label, .row = row, .rows = train};
    const tl_team team = tl_team_alone();
    const tl_training training = {
        .recipe = &recipe, .rows = &rows, .rng = &order, .team = &team};
    tl_train_report report;
    assert_int_equal(tl_train(model, &training, &arena, &report, NULL), TL_OK);
    const double seen = accuracy(model, &data, 0, train, &arena);
    const double unseen = accuracy(model, &data, train, examples, &arena);
    if (unseen < 0.9 || seen < unseen + 0.02) {
        fail_msg("accuracy %.3f on training rows, %.3f on others", seen, unseen);
    }
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_is_the_same_in_a_larger_set),
        cmocka_unit_test(difficulty_and_classes_change_the_image),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_small_network_learns_and_overfits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
