/*
 * Membership by shadow models, and poisoning that sharpens it: effects of known direction
 * on generated images; each bound stands beside its reason.
 */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char lira[] = "m2d.shadow_lira";

/* 200 rows, some of them hard, learnt by heart by a wide network. */
static void overfit(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 400;
    values->data[TL_DATA_DIFFICULTY].number = 0.85;
    values->model[TL_MODEL_KIND].number = TL_MODEL_MLP;
    values->model[TL_MODEL_WIDTH].number = 64;
    values->recipe[TL_RECIPE_EPOCHS].number = 40;
    values->recipe[TL_RECIPE_LR].number = 2e-3;
}

static void untrained(tl_setup_values *values)
{
    overfit(values);
    values->data[TL_DATA_POOL].number = 2000;
    values->recipe[TL_RECIPE_EPOCHS].number = 0;
}

static double lira_of(toy_world *toy, const char *metric, int variant, int variance)
{
    tl_value arg[TL_MAX_PARAMS];
    tl_measure measure[TL_MAX_METRICS];
    toy_defaults(tl_stage_find(lira), arg);
    toy_set(lira, arg, "variant", variant);
    toy_set(lira, arg, "variance", variance);
    toy_do(toy, lira, arg, measure);
    return toy_metric(lira, measure, metric);
}

/*
 * Fails when the halves of the test are not those the shadow models were trained on
 * (is_drawn), or when the two densities change places (score_rows).
 */
static void shadow_models_tell_more_than_one_threshold(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, overfit);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "m2d.global_threshold", NULL, measure);
    const double plain = toy_metric("m2d.global_threshold", measure, "auc");
    const double online = lira_of(&toy, "auc", 0, 0), own = lira_of(&toy, "auc", 0, 1);
    const double offline = lira_of(&toy, "auc", 1, 0);
    const double advantage = lira_of(&toy, "advantage", 0, 0);
    printf("threshold %.3f online %.3f per example %.3f offline %.3f advantage %.3f\n",
           plain, online, own, offline, advantage);
    assert_true(online > plain + 0.03);
    assert_true(fabs(lira_of(&toy, "auc_gain", 0, 0) - (online - plain)) < 1e-9);
    assert_true(own > plain);
    /* Rows hard for models without them, told right by this one: some signal, two-sided,
     * so less than online. */
    assert_true(offline > 0.6 && offline < online);
    assert_true(advantage > 0.15);
    toy_world_close(&toy);
}

static void members_of_an_untrained_model_cannot_be_told(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, untrained);
    toy_do(&toy, "train", NULL, NULL);
    /* Standard error of the AUC of 1000 against 1000 under no effect: 0.013. */
    for (int variance = 0; variance <= 1; variance++) {
        assert_true(fabs(lira_of(&toy, "auc", 0, variance) - 0.5) < 0.05);
        assert_true(fabs(lira_of(&toy, "auc", 1, variance) - 0.5) < 0.05);
    }
    toy_world_close(&toy);
}

/* Easier rows, most of which a model gets right without having seen them: what a wrong
 * label does to a row is then large. */
static void serum(tl_setup_values *values)
{
    overfit(values);
    values->data[TL_DATA_DIFFICULTY].number = 0.5;
}

static double targeted(double copies)
{
    static const char name[] = "d2m.truth_serum";
    tl_value arg[TL_MAX_PARAMS];
    toy_world toy;
    toy_world_open(&toy, serum);
    toy_defaults(tl_stage_find(name), arg);
    toy_set(name, arg, "targets", 60);
    toy_set(name, arg, "copies", copies);
    toy_do(&toy, name, arg, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const double auc = lira_of(&toy, "targeted_auc", 0, 0);
    toy_world_close(&toy);
    return auc;
}

/*
 * Standard error of the AUC of 30 against 30 is at most 0.075; the two are paired, on the
 * same rows. Fails when copies keep the right label, or are left out of the shadow models
 * (shadow_lira's prepare).
 */
static void wrong_copies_sharpen_the_test_of_their_rows(void **state)
{
    (void)state;
    const double before = targeted(0), after = targeted(4);
    printf("targeted AUC without copies %.3f, with four %.3f\n", before, after);
    assert_true(after > before + 0.1);
}

static const char *const all_tests[] = {"m2d.global_threshold", "m2d.shadow_lira",
                                        "m2d.calibration", "m2d.rmia"};
enum { ALL_TESTS = 4 };

/* What every test finds in a model that saw neither set. */
static void find_without_access(toy_world *toy, double out[ALL_TESTS])
{
    toy_do(toy, "train", NULL, NULL);
    for (int t = 0; t < ALL_TESTS; t++) {
        tl_measure measure[TL_MAX_METRICS];
        toy_do(toy, all_tests[t], NULL, measure);
        out[t] = toy_metric(all_tests[t], measure, "auc_without_access");
        printf("%s: %.3f, without access %.3f\n", all_tests[t],
               toy_metric(all_tests[t], measure, "auc"), out[t]);
    }
}

/* Gives the non-members wrong labels: the two sets are of two kinds, as where official
 * splits come from different sources. */
static void spoil_others(toy_world *toy)
{
    tl_dataset *pool;
    assert_int_equal(tl_dataset_copy(toy->world.data[TL_PART_POOL], TL_COPY_LABELS,
                                     &toy->arena, &pool, NULL),
                     TL_OK);
    for (int i = 0; i < pool->rows; i++) {
        if (pool->flags[i] & TL_ROW_MEMBER) continue;
        pool->label[i] = (pool->label[i] + 1) % pool->classes;
    }
    toy->world.data[TL_PART_POOL] = pool;
}

/*
 * Standard error of an AUC of 200 against 200 under no effect: 0.029. The labels of the
 * non-members are then wrong, so that a model which saw none of either is surer of a
 * member. Fails when the control trains on the pool, or another model is asked for it.
 */
static void a_model_without_access_shows_how_the_sets_differ(void **state)
{
    (void)state;
    toy_world toy;
    double alike[ALL_TESTS], spoilt[ALL_TESTS];
    toy_world_open(&toy, serum);
    find_without_access(&toy, alike);
    spoil_others(&toy);
    find_without_access(&toy, spoilt);
    for (int t = 0; t < ALL_TESTS; t++) assert_true(fabs(alike[t] - 0.5) < 0.1);
    for (int t = 0; t < ALL_TESTS; t++) assert_true(spoilt[t] > 0.6);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shadow_models_tell_more_than_one_threshold),
        cmocka_unit_test(members_of_an_untrained_model_cannot_be_told),
        cmocka_unit_test(wrong_copies_sharpen_the_test_of_their_rows),
        cmocka_unit_test(a_model_without_access_shows_how_the_sets_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
