/*
 * The sharded trainer: it learns, its bits do not depend on the team, and a training that
 * diverges says so.
 */
#include "compute/core/blas.h"
#include "compute/nn/loss.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void separable_classes_are_learned(void **state)
{
    (void)state;
    const tl_recipe recipes[2] = {training_adamw, training_sgd};
    for (int k = 0; k < 4; k++) {
        training *it = training_open(&recipes[k / 2]);
        const tl_team one = tl_team_alone();
        if (k % 2) {
            it->spec = (tl_model_spec){.kind = TL_MODEL_MLP,
                                       .width = 16,
                                       .depth = 2,
                                       .in = {1, 8, 8},
                                       .classes = TRAINING_CLASSES};
        }
        it->recipe.epochs = 20;
        training_run(it);
        assert_int_equal(it->report[0].updates, 20 * 3);
        assert_int_equal(it->report[0].epochs, 20);
        assert_true(it->report[0].last_loss < 0.05);
        tl_arena arena = tl_arena_open(0);
        tl_model *model;
        float logits[TRAINING_ROWS * TRAINING_CLASSES];
        int32_t best[TRAINING_ROWS];
        assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
        memcpy(model->param, it->param[0], model->params * sizeof *model->param);
        assert_int_equal(tl_model_logits(model, it->data.input, TRAINING_ROWS, &one, &arena,
                                         logits, NULL),
                         TL_OK);
        tl_argmax(logits, TRAINING_ROWS, TRAINING_CLASSES, best);
        assert_memory_equal(best, it->data.label, sizeof best);
        tl_arena_close(&arena);
        free(it);
    }
}

/* One recipe for each thing that a recipe can do, and those that do several. */
static tl_recipe changed(int which)
{
    tl_recipe recipe = which % 2 ? training_adamw : training_sgd;
    switch (which) {
    case 2:
        recipe.schedule = TL_SCHEDULE_LINEAR;
        recipe.warmup = 0.3;
        break;
    case 3:
        recipe.clip = 0.1;
        break;
    case 4:
        recipe.label_smoothing = 0.2;
        break;
    case 5:
        recipe.decay = TL_DECAY_MATRICES;
        break;
    case 6:
        recipe.average = 0.7;
        break;
    case 7:
        recipe.shift = 2;
        break;
    case 8:
        recipe.flip = true;
        break;
    case 9:
        recipe.accumulate = 2;
        break;
    case 10:
        return training_rich;
    default:
        break; /* 0 and 1: plain */
    }
    return recipe;
}

enum { CHANGES = 11 };

static void bits_do_not_depend_on_the_team(void **state)
{
    (void)state;
    for (int k = 0; k < CHANGES; k++) {
        const tl_recipe recipe = changed(k);
        training *wanted = training_run(training_open(&recipe));
        for (int size = 1; size <= 8; size *= 2) {
            training *it = training_open(&recipe);
            team_threads_run(size, training_member, it);
            training_assert_same(it, size, wanted);
            free(it);
        }
        free(wanted);
    }
}

static void everything_a_recipe_says_has_an_effect(void **state)
{
    (void)state; /* else the test above would prove nothing */
    training *plain[2];
    for (int k = 0; k < 2; k++) {
        const tl_recipe recipe = changed(k);
        plain[k] = training_run(training_open(&recipe));
    }
    for (int k = 2; k < CHANGES; k++) {
        const tl_recipe recipe = changed(k);
        training *it = training_run(training_open(&recipe));
        assert_memory_not_equal(it->param[0], plain[k % 2]->param[0],
                                it->params * sizeof(float));
        free(it);
    }
    free(plain[0]);
    free(plain[1]);
}

static void bits_depend_on_shards_and_stream(void **state)
{
    (void)state; /* else the tests of equal bits would prove nothing */
    tl_recipe recipe = training_adamw;
    training *a = training_run(training_open(&recipe));
    recipe.shards = 4;
    training *b = training_run(training_open(&recipe));
    assert_memory_not_equal(a->param[0], b->param[0], a->params * sizeof(float));
    for (size_t i = 0; i < a->params; i++) { /* but by rounding only */
        assert_true(fabs((double)a->param[0][i] - (double)b->param[0][i]) < 1e-2);
    }
    free(a);
    free(b);
}

static void partial_batch_counts_its_own_rows(void **state)
{
    (void)state;
    tl_recipe recipe = training_sgd;
    recipe.batch = TRAINING_ROWS;
    training *wanted = training_run(training_open(&recipe));
    recipe.batch = 2 * TRAINING_ROWS; /* as many shards, half of a batch present */
    training *it = training_run(training_open(&recipe));
    assert_int_equal(it->report[0].updates, wanted->report[0].updates);
    for (size_t i = 0; i < it->params; i++) { /* shards of other sizes round otherwise */
        assert_true(fabsf(it->param[0][i] - wanted->param[0][i]) < 1e-4f);
    }
    free(it);
    free(wanted);
}

static void accumulated_batches_are_one_large_batch(void **state)
{
    (void)state; /* 40, 40 and 10 rows an update: of two batches each, the last of one */
    tl_recipe recipe = training_sgd;
    recipe.batch = 40;
    training *wanted = training_run(training_open(&recipe));
    recipe.batch = 20;
    recipe.accumulate = 2;
    training *it = training_run(training_open(&recipe));
    assert_int_equal(it->report[0].updates, 6 * 3);
    assert_int_equal(it->report[0].updates, wanted->report[0].updates);
    for (size_t i = 0; i < it->params; i++) { /* but for the rounding of their sums */
        const double off = (double)it->param[0][i] - (double)wanted->param[0][i];
        assert_true(fabs(off) < 1e-4);
    }
    recipe.accumulate = 1000; /* all rows */
    training *all = training_run(training_open(&recipe));
    assert_int_equal(all->report[0].updates, 6);
    free(all);
    free(it);
    free(wanted);
}

static void rows_fewer_than_shards_train(void **state)
{
    (void)state; /* a last batch of 5 rows leaves three of eight shards empty */
    training *wanted = training_open(&training_adamw);
    wanted->rows.rows = 37 + 5;
    training_run(wanted);
    training *it = training_open(&training_adamw);
    it->rows.rows = 37 + 5;
    team_threads_run(8, training_member, it);
    training_assert_same(it, 8, wanted);
    free(it);
    free(wanted);
}

/* The weights after one of two epochs, each of one update. */
static training *halfway(const tl_recipe *recipe)
{
    training *it = training_open(recipe);
    team_threads_run_asked(1, 0, 1, training_member, it);
    assert_int_equal(it->status[0], TL_E_STOP);
    assert_int_equal(it->report[0].updates, 1);
    return it;
}

static void updates_go_by_the_schedule_of_the_whole_budget(void **state)
{
    (void)state;
    tl_recipe recipe = training_sgd;
    recipe.batch = TRAINING_ROWS;
    recipe.epochs = 2;
    recipe.warmup = 1.0; /* half the step size, then all of it */
    training *it = halfway(&recipe);
    recipe.warmup = 0.0;
    recipe.lr /= 2.0;
    training *wanted = halfway(&recipe);
    assert_memory_equal(it->param[0], wanted->param[0], it->params * sizeof(float));
    free(it);
    free(wanted);
}

static void averaged_model_is_the_mean_of_its_updates(void **state)
{
    (void)state; /* as few as 1 / (1 - decay) of them have equal parts */
    tl_recipe recipe = training_adamw;
    recipe.batch = TRAINING_ROWS;
    recipe.epochs = 3;
    recipe.average = 0.9;
    training *it = training_run(training_open(&recipe)), *after[3];
    recipe.average = 0.0;
    for (int k = 0; k < 3; k++) {
        recipe.epochs = k + 1;
        after[k] = training_run(training_open(&recipe));
    }
    for (size_t i = 0; i < it->params; i++) {
        double mean = 0.0;
        for (int k = 0; k < 3; k++) mean += (double)after[k]->param[0][i] / 3.0;
        assert_true(fabs((double)it->param[0][i] - mean) < 1e-6);
    }
    for (int k = 0; k < 3; k++) free(after[k]);
    free(it);
}

static void divergence_names_the_update(void **state)
{
    (void)state;
    for (int size = 1; size <= 4; size *= 4) {
        training *it = training_open(&training_sgd);
        it->recipe.lr = 1e30;
        team_threads_run(size, training_member, it);
        for (int r = 0; r < size; r++) {
            assert_int_equal(it->status[r], TL_E_NUMERIC);
            assert_non_null(strstr(it->err[r].text, "not finite at update 2"));
        }
        free(it);
    }
    training *it = training_open(&training_adamw);
    it->data.input[5] = NAN;
    team_threads_run(2, training_member, it);
    assert_int_equal(it->status[0], TL_E_NUMERIC);
    assert_int_equal(it->status[1], TL_E_NUMERIC);
    free(it);
}

static void no_rows_and_no_room_are_clean_failures(void **state)
{
    (void)state;
    training *it = training_open(&training_adamw);
    it->rows.rows = 0;
    team_threads_run(2, training_member, it);
    assert_int_equal(it->status[1], TL_E_ARG);
    tl_arena arena = tl_arena_open(0), tiny = tl_arena_open(2000);
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_team one = tl_team_alone();
    const tl_training job = {
        .recipe = &it->recipe, .rows = &it->rows, .rng = &rng, .team = &one};
    tl_model *model;
    tl_err err = {0};
    assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
    it->rows.rows = TRAINING_ROWS;
    assert_int_equal(tl_train(model, &job, &tiny, NULL, &err), TL_E_NOMEM);
    assert_int_equal(tl_arena_mark(&tiny), 0);
    tl_arena_close(&tiny);
    tl_arena_close(&arena);
    free(it);
}

/* Trains twice, the second time from a checkpoint, by a recipe that has it all or not. */
static void check_memory(bool is_rich)
{
    training *it = training_open(is_rich ? &training_rich : &training_adamw);
    if (is_rich) {
        it->recipe.patience = 100;
        training_validate(it, 0);
    }
    it->every = 1e-9;
    tl_arena arena = tl_arena_open(0), scratch = tl_arena_open(0);
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_team one = tl_team_alone();
    const tl_checkpoint checkpoint = training_checkpoint(it);
    const tl_training job = {.recipe = &it->recipe,
                             .rows = &it->rows,
                             .validation = &it->validation,
                             .rng = &rng,
                             .team = &one,
                             .checkpoint = &checkpoint};
    tl_model *model;
    assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
    for (int run = 0; run < 2; run++) {
        assert_int_equal(tl_train(model, &job, &scratch, NULL, NULL), TL_OK);
        assert_true(it->state_size > 0);
    }
    const double said = tl_train_memory(&it->spec, &it->recipe, it->validation.rows, &one);
    const double order = TRAINING_ROWS * sizeof(int);
    assert_true((double)scratch.peak >= said);
    assert_true((double)scratch.peak <= said + order);
    tl_arena_close(&scratch);
    tl_arena_close(&arena);
    free(it);
}

static void memory_stays_within_what_is_said(void **state)
{
    (void)state;
    check_memory(false);
    check_memory(true);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separable_classes_are_learned),
        cmocka_unit_test(bits_do_not_depend_on_the_team),
        cmocka_unit_test(everything_a_recipe_says_has_an_effect),
        cmocka_unit_test(bits_depend_on_shards_and_stream),
        cmocka_unit_test(partial_batch_counts_its_own_rows),
        cmocka_unit_test(accumulated_batches_are_one_large_batch),
        cmocka_unit_test(rows_fewer_than_shards_train),
        cmocka_unit_test(updates_go_by_the_schedule_of_the_whole_budget),
        cmocka_unit_test(averaged_model_is_the_mean_of_its_updates),
        cmocka_unit_test(divergence_names_the_update),
        cmocka_unit_test(no_rows_and_no_room_are_clean_failures),
        cmocka_unit_test(memory_stays_within_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
