/*
 * Model inversion: effects of known direction on generated images; each bound stands beside
 * its reason.
 */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const char inversion[] = "m2d.inversion";

static void learn(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 1200;
    values->data[TL_DATA_DIFFICULTY].number = 0.0;
    values->data[TL_DATA_TEST].number = 200;
    values->model[TL_MODEL_WIDTH].number = 8;
    values->recipe[TL_RECIPE_EPOCHS].number = 15;
    values->recipe[TL_RECIPE_LR].number = 3e-3;
}

static void invert(toy_world *toy, double steps, tl_measure *measure)
{
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(tl_stage_find(inversion), arg);
    toy_set(inversion, arg, "steps", steps);
    toy_do(toy, inversion, arg, measure);
    static const char *const names[] = {"confidence",
                                        "evaluator_accuracy",
                                        "leakage_ssim",
                                        "baseline_mean_ssim",
                                        "baseline_unseen_ssim",
                                        "leakage_feature",
                                        "baseline_mean_feature",
                                        "baseline_unseen_feature"};
    printf("%3.0f steps:", steps);
    for (int m = 0; m < 8; m++) {
        printf(" %s %.3f", names[m], toy_metric(inversion, measure, names[m]));
    }
    printf("\n");
}

/*
 * Fails when steps go down the log-probability instead of up (image_ascent.c,
 * objective_gradient).
 */
static void made_images_are_of_their_class(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, learn);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure none[TL_MAX_METRICS], full[TL_MAX_METRICS];
    invert(&toy, 0, none);
    invert(&toy, 100, full);
    /* Noise is of one class or the other, whatever its label: a third by chance. */
    assert_true(toy_metric(inversion, none, "confidence") < 0.5);
    assert_true(toy_metric(inversion, full, "confidence") > 0.9);
    toy_world_close(&toy);
}

/* Six members: what a class looks like to the model is what its two look like. */
static void few(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 12;
    values->data[TL_DATA_DIFFICULTY].number = 1.0;
    values->model[TL_MODEL_KIND].number = TL_MODEL_MLP;
    values->model[TL_MODEL_WIDTH].number = 64;
    values->model[TL_MODEL_DEPTH].number = 1;
    values->recipe[TL_RECIPE_EPOCHS].number = 200;
}

/*
 * Images made of a model of few rows are nearer to those than to others, which neither the
 * mean image of a class nor real images are. Fails when the ascent leaves the model out
 * (image_ascent.c, climb), and when members and non-members change places (leakage.c,
 * compare).
 */
static void few_members_show_in_made_images(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, few);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure none[TL_MAX_METRICS], full[TL_MAX_METRICS];
    invert(&toy, 0, none);
    invert(&toy, 100, full);
    const double leakage = toy_metric(inversion, full, "leakage_ssim");
    assert_true(leakage > toy_metric(inversion, none, "leakage_ssim") + 0.05);
    assert_true(leakage > toy_metric(inversion, full, "baseline_mean_ssim") + 0.05);
    assert_true(leakage > toy_metric(inversion, full, "baseline_unseen_ssim") + 0.05);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_images_are_of_their_class),
        cmocka_unit_test(few_members_show_in_made_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
