/*
 * The stage that README shows, cut out of it by the build: it compiles, and it measures
 * what it says.
 */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const tl_stage tl_stage_measure_confidence;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_measures_the_mean_top_probability)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
