/*
 * The stages that README shows, cut out of it by the build: they compile, and they do what
 * they say.
 */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const tl_stage tl_stage_measure_confidence, tl_stage_m2d_confidence_threshold,
    tl_stage_defense_soft_targets;

static double confidence_in(const toy_world *toy)
{
    const tl_team alone = tl_team_alone();
    toy_run run = {.stage = &tl_stage_measure_confidence};
    toy_run_stage(toy, &run, &alone);
    assert_int_equal(run.status, TL_OK);
    assert_int_equal(run.measure[0].why, TL_WHY_HAS_VALUE);
    const double value = run.measure[0].value;
    toy_run_close(&run);
    return value;
}

/* The same from the logits, in double precision. */
static double expected_in(const toy_world *toy)
{
    const tl_dataset *test = toy->world.data[TL_PART_TEST];
    const tl_team alone = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    tl_err err;
    const int classes = test->classes;
    float *logit =
        tl_arena_take(&arena, (size_t)(test->rows * classes), sizeof *logit, &err);
    assert_int_equal(tl_model_logits(toy->world.model[TL_PART_TARGET], test->input,
                                     test->rows, &alone, &arena, logit, &err),
                     TL_OK);
    double all = 0.0;
    for (int i = 0; i < test->rows; i++) {
        double sum = 0.0, most = 0.0;
        for (int c = 0; c < classes; c++) {
            const double weight = exp((double)logit[i * classes + c]);
            sum += weight;
            most = weight > most ? weight : most;
        }
        all += most / sum;
    }
    tl_arena_close(&arena);
    return all / test->rows;
}

/* Fails when the sum in README's loop is taken over anything but the largest probability.
 */
static void the_example_measures_the_mean_top_probability(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    assert_true(fabs(confidence_in(&toy) - expected_in(&toy)) < 1e-6);
    toy_world_close(&toy);
}

static double auc_of(const toy_world *toy, const tl_stage *stage, double *advantage)
{
    const tl_team alone = tl_team_alone();
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(stage, arg);
    toy_run run = {.stage = stage, .arg = arg};
    toy_run_stage(toy, &run, &alone);
    assert_int_equal(run.status, TL_OK);
    const double auc = run.measure[0].value; /* the first metric of every membership test */
    *advantage = run.measure[5].value;
    toy_run_close(&run);
    return auc;
}

/* The probability of a row's label falls as its loss rises: both tests have one AUC. */
static void the_attack_ranks_rows_as_a_threshold_on_the_loss_does(void **state)
{
    (void)state;
    toy_world toy;
    double advantage, other;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const double auc = auc_of(&toy, &tl_stage_m2d_confidence_threshold, &advantage);
    const double wanted = auc_of(&toy, tl_stage_find("m2d.global_threshold"), &other);
    assert_true(fabs(auc - wanted) < 1e-3);
    assert_true(auc > 0.0 && auc < 1.0);
    assert_true(advantage >= -1.0 && advantage <= 1.0);
    toy_world_close(&toy);
}

static void the_defence_alters_the_recipe_and_nothing_else(void **state)
{
    (void)state;
    toy_world toy;
    tl_value arg[TL_MAX_PARAMS];
    toy_world_open(&toy, NULL);
    toy_defaults(&tl_stage_defense_soft_targets, arg);
    tl_setup setup = toy.size.setup;
    tl_stage_alter(&tl_stage_defense_soft_targets, arg, &setup);
    assert_true(setup.recipe.label_smoothing == 0.1);
    setup.recipe.label_smoothing = toy.size.setup.recipe.label_smoothing;
    assert_memory_equal(&setup, &toy.size.setup, sizeof setup);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_measures_the_mean_top_probability),
        cmocka_unit_test(the_attack_ranks_rows_as_a_threshold_on_the_loss_does),
        cmocka_unit_test(the_defence_alters_the_recipe_and_nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
