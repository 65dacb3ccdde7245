/*
 * Effects of known direction on generated images: nothing here is a copied number; each
 * bound stands beside its reason.
 */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static double metric(const tl_measure *measure, const tl_metric *metrics, const char *name)
{
    int at = 0;
    while (strcmp(metrics[at].name, name) != 0) at++;
    assert_int_equal(measure[at].why, TL_WHY_HAS_VALUE);
    return measure[at].value;
}

static double measured(toy_world *toy, const char *stage, const tl_value *arg,
                       const char *name)
{
    tl_measure measure[TL_MAX_METRICS];
    toy_do(toy, stage, arg, measure);
    return metric(measure, tl_stage_find(stage)->metrics, name);
}

/* --- membership ----------------------------------------------------------------------- */

/* 200 hard rows, learnt by heart by a wide network. */
static void overfit(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 400;
    values->data[TL_DATA_DIFFICULTY].number = 1.0;
    values->model[TL_MODEL_KIND].number = TL_MODEL_MLP;
    values->model[TL_MODEL_WIDTH].number = 64;
    values->recipe[TL_RECIPE_EPOCHS].number = 80;
    values->recipe[TL_RECIPE_LR].number = 2e-3;
}

static void untrained(tl_setup_values *values)
{
    overfit(values);
    values->data[TL_DATA_POOL].number = 4000;
    values->recipe[TL_RECIPE_EPOCHS].number = 0;
}

static void members_of_an_overfitted_model_can_be_told(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, overfit);
    toy_do(&toy, "train", NULL, NULL);
    /* Nearly all training rows are right, and test rows of these images are not. */
    assert_true(measured(&toy, "measure.utility", NULL, "train_accuracy") > 0.9);
    assert_true(measured(&toy, "measure.utility", NULL, "generalisation_gap") > 0.3);
    assert_true(measured(&toy, "m2d.global_threshold", NULL, "auc") > 0.6);
    assert_true(measured(&toy, "m2d.global_threshold", NULL, "advantage") > 0.1);
    toy_world_close(&toy);
}

static void members_of_an_untrained_model_cannot(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, untrained);
    toy_do(&toy, "train", NULL, NULL);
    /* Standard error of the AUC of 2000 against 2000 under no effect: 0.009. */
    const double auc = measured(&toy, "m2d.global_threshold", NULL, "auc");
    assert_true(fabs(auc - 0.5) < 0.05);
    const double advantage = measured(&toy, "m2d.global_threshold", NULL, "advantage");
    assert_true(fabs(advantage) < 0.08);
    toy_world_close(&toy);
}

/* --- backdoor ------------------------------------------------------------------------- */

static void learn(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 2400;
    values->data[TL_DATA_DIFFICULTY].number = 0.0;
    values->data[TL_DATA_TEST].number = 300;
    values->model[TL_MODEL_WIDTH].number = 8;
    values->recipe[TL_RECIPE_EPOCHS].number = 20;
    values->recipe[TL_RECIPE_LR].number = 3e-3;
}

static double judged(toy_world *toy, tl_part part, const tl_value *arg, const char *name)
{
    tl_measure measure[TL_MAX_METRICS];
    toy_judge(toy, "d2m.badnets", arg, part, measure);
    return metric(measure, tl_stage_find("d2m.badnets")->judge_metrics, name);
}

static void a_trigger_works_where_it_was_planted_and_only_there(void **state)
{
    (void)state;
    const tl_stage *stage = tl_stage_find("d2m.badnets");
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(stage, arg);
    /* Dark lesions: a white square by itself speaks for the bright ones. */
    arg[tl_params_find(stage->params, "target")].number = 2;
    for (int is_planted = 0; is_planted <= 1; is_planted++) {
        toy_world toy;
        toy_world_open(&toy, learn);
        if (is_planted) toy_do(&toy, stage->name, arg, NULL);
        toy_do(&toy, "train", NULL, NULL);
        assert_true(measured(&toy, "measure.utility", NULL, "accuracy") > 0.85);
        const double success = judged(&toy, TL_PART_TARGET, arg, "success");
        assert_true(judged(&toy, TL_PART_TARGET, arg, "untriggered") < 0.2);
        assert_true(is_planted ? success > 0.85 : success < 0.25);
        toy_world_close(&toy);
    }
}

/* --- extraction ----------------------------------------------------------------------- */

static void a_surrogate_agrees_more_than_chance_and_more_with_more_queries(void **state)
{
    (void)state;
    static const double queries[2] = {50, 500};
    const tl_stage *stage = tl_stage_find("m2m.model_extraction");
    toy_world toy;
    toy_world_open(&toy, learn);
    toy_do(&toy, "train", NULL, NULL);
    double agreement[2];
    for (int i = 0; i < 2; i++) {
        tl_value arg[TL_MAX_PARAMS];
        toy_defaults(stage, arg);
        arg[tl_params_find(stage->params, "queries")].number = queries[i];
        agreement[i] = measured(&toy, stage->name, arg, "agreement");
    }
    assert_true(agreement[1] > 0.6); /* three classes: 1/3 by chance */
    assert_true(agreement[1] > agreement[0]);
    toy_world_close(&toy);
}

static void flipped_labels_cost_accuracy(void **state)
{
    (void)state;
    double accuracy[2];
    const tl_stage *stage = tl_stage_find("d2m.label_flip");
    for (int i = 0; i < 2; i++) {
        tl_value arg[TL_MAX_PARAMS];
        toy_defaults(stage, arg);
        arg[0].number = i ? 0.6 : 0.0; /* at 2/3 labels of three classes say nothing */
        toy_world toy;
        toy_world_open(&toy, learn);
        toy_do(&toy, stage->name, arg, NULL);
        toy_do(&toy, "train", NULL, NULL);
        accuracy[i] = measured(&toy, "measure.utility", NULL, "accuracy");
        toy_world_close(&toy);
    }
    assert_true(accuracy[1] < accuracy[0] - 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_an_overfitted_model_can_be_told),
        cmocka_unit_test(members_of_an_untrained_model_cannot),
        cmocka_unit_test(a_trigger_works_where_it_was_planted_and_only_there),
        cmocka_unit_test(a_surrogate_agrees_more_than_chance_and_more_with_more_queries),
        cmocka_unit_test(flipped_labels_cost_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
