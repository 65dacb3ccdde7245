/*
 * What a model memorises, by the influence of its training rows on themselves: effects of
 * known direction on generated images; each bound stands beside its reason.
 */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const char influence[] = "measure.influence", flip[] = "d2m.label_flip";

static void learn(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 1200;
    values->data[TL_DATA_DIFFICULTY].number = 0.1;
    values->recipe[TL_RECIPE_EPOCHS].number = 20;
    values->recipe[TL_RECIPE_LR].number = 3e-3;
}

/*
 * A tenth of 600 rows has a wrong label. In any other order than that of their influence a
 * wrong one stands above a right one half of the time, and a tenth of the top tenth is
 * wrong. The other rows say otherwise about such a row, so its loss would rise most if it
 * were left out (Feldman, Zhang 2020). Fails when gradients are taken for the class that
 * the model guesses instead of the label.
 */
static void wrong_labels_are_memorised(void **state)
{
    (void)state;
    tl_value arg[TL_MAX_PARAMS];
    tl_measure measure[TL_MAX_METRICS];
    toy_world toy;
    toy_world_open(&toy, learn);
    toy_defaults(tl_stage_find(flip), arg);
    toy_set(flip, arg, "rate", 0.1);
    toy_do(&toy, flip, arg, NULL);
    toy_do(&toy, "train", NULL, NULL);
    toy_do(&toy, influence, NULL, measure);
    const double auc = toy_metric(influence, measure, "poison_auc");
    const double precision = toy_metric(influence, measure, "poison_precision");
    const double wrong = toy_metric(influence, measure, "poisoned");
    const double right = toy_metric(influence, measure, "members");
    printf("wrong labels stand above with %.3f, %.3f of the top are wrong; mean influence "
           "%.3f, of right ones %.3f\n",
           auc, precision, wrong, right);
    assert_true(auc > 0.8 && precision > 0.5);
    assert_true(wrong > 2.0 * right);
    toy_world_close(&toy);
}

/* A model that has seen 60 rows eighty times fits them better than others: less is left of
 * their gradients. Untrained, the rows are alike: the interval of 60 against 60 rows is
 * about 0.1. */
static void fit_rows(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 120;
    values->data[TL_DATA_DIFFICULTY].number = 0.5;
    values->recipe[TL_RECIPE_EPOCHS].number = 80;
    values->recipe[TL_RECIPE_LR].number = 3e-3;
}

static void fit_nothing(tl_setup_values *values)
{
    fit_rows(values);
    values->recipe[TL_RECIPE_EPOCHS].number = 0;
}

static void members_have_less_left(void **state)
{
    (void)state;
    static void (*const change[2])(tl_setup_values *) = {fit_rows, fit_nothing};
    double auc[2];
    for (int i = 0; i < 2; i++) {
        tl_measure measure[TL_MAX_METRICS];
        toy_world toy;
        toy_world_open(&toy, change[i]);
        toy_do(&toy, "train", NULL, NULL);
        toy_do(&toy, influence, NULL, measure);
        auc[i] = toy_metric(influence, measure, "membership_auc");
        toy_world_close(&toy);
    }
    printf("membership by self-influence: %.3f, untrained %.3f\n", auc[0], auc[1]);
    assert_true(auc[0] > 0.7);
    assert_true(fabs(auc[1] - 0.5) < 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_labels_are_memorised),
        cmocka_unit_test(members_have_less_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
