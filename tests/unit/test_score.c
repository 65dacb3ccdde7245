/* experiments/score: cases small enough to be worked out by hand. */
#include "experiments/score/roc.h"
#include "experiments/score/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MOST = 6 };

static double auc_of(const double *score, const bool *positive, int n)
{
    tl_arena arena = tl_arena_open(0);
    double auc = -1.0;
    assert_int_equal(tl_score_auc(score, positive, n, &arena, &auc, NULL), TL_OK);
    assert_int_equal(arena.used, 0);
    tl_arena_close(&arena);
    return auc;
}

static void auc_counts_pairs_and_halves_ties(void **state)
{
    (void)state;
    static const struct {
        int n;
        double score[MOST];
        bool positive[MOST];
        double wanted;
    } cases[] = {
        {4, {4, 3, 2, 1}, {true, true, false, false}, 1.0},
        {4, {1, 2, 3, 4}, {true, true, false, false}, 0.0},
        {4, {4, 3, 2, 1}, {true, false, true, false}, 0.75}, /* 3 of 4 pairs */
        {4, {1, 1, 1, 1}, {true, false, true, false}, 0.5},
        /* pairs (3,2) (3,1) won, (2,2) tied, (2,1) won: 3.5 of 4 */
        {4, {3, 2, 2, 1}, {true, true, false, false}, 0.875},
        {3, {HUGE_VAL, 0, -HUGE_VAL}, {true, false, false}, 1.0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double auc = auc_of(cases[c].score, cases[c].positive, cases[c].n);
        assert_true(fabs(auc - cases[c].wanted) < 1e-12);
    }
}

static void the_roc_curve_has_a_point_for_each_threshold(void **state)
{
    (void)state;
    static const double score[] = {0.5, 2.0, 1.0, 1.0, -HUGE_VAL};
    static const bool positive[] = {false, true, true, false, false};
    static const double x[] = {0.0, 0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0};
    static const double y[] = {0.0, 0.5, 1.0, 1.0, 1.0};
    tl_arena arena = tl_arena_open(0);
    tl_roc roc;
    double area = 0.0;
    assert_int_equal(tl_score_roc(score, positive, 5, &arena, &roc, NULL), TL_OK);
    assert_int_equal(roc.points, 5);
    for (int i = 0; i < 5; i++) {
        assert_true(roc.x[i] == x[i] && roc.y[i] == y[i]);
        if (i > 0) area += 0.5 * (x[i] - x[i - 1]) * (y[i] + y[i - 1]);
    }
    assert_true(fabs(area - auc_of(score, positive, 5)) < 1e-12);
    assert_int_equal(tl_score_roc(score, positive, 1, &arena, &roc, NULL), TL_OK);
    assert_int_equal(roc.points, 0); /* one side alone has no curve */
    tl_arena_close(&arena);
}

static void auc_of_one_side_alone_is_missing(void **state)
{
    (void)state;
    const double score[2] = {1, 2};
    const bool all[2] = {true, true}, none[2] = {false, false};
    assert_true(isnan(auc_of(score, all, 2)));
    assert_true(isnan(auc_of(score, none, 2)));
}

static void a_score_that_is_no_number_is_a_fault(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    const double score[2] = {1, (double)NAN};
    const bool positive[2] = {true, false};
    double out;
    tl_err err = {0};
    assert_int_equal(tl_score_auc(score, positive, 2, &arena, &out, &err), TL_E_NUMERIC);
    assert_int_equal(tl_score_tpr(score, positive, 2, 0.1, &arena, &out, &err),
                     TL_E_NUMERIC);
    tl_arena_close(&arena);
}

static void tpr_keeps_to_the_rate_of_false_alarms(void **state)
{
    (void)state;
    /* by falling score: + - + (+ -) - */
    const double score[MOST] = {9, 8, 7, 6, 6, 5};
    const bool positive[MOST] = {true, false, true, true, false, false};
    static const struct {
        double limit, wanted;
    } cases[] = {
        {0.0, 1.0 / 3.0},  /* before the first false alarm */
        {0.32, 1.0 / 3.0}, /* one in three is too many */
        {0.34, 2.0 / 3.0}, /* the tie would bring a second alarm */
        {0.67, 1.0},       {1.0, 1.0},
    };
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double tpr;
        assert_int_equal(
            tl_score_tpr(score, positive, MOST, cases[c].limit, &arena, &tpr, NULL), TL_OK);
        assert_true(fabs(tpr - cases[c].wanted) < 1e-12);
    }
    tl_arena_close(&arena);
}

static void balanced_accuracy_weighs_classes_alike(void **state)
{
    (void)state;
    const int32_t label[5] = {0, 0, 0, 0, 1}, guess[5] = {0, 0, 0, 1, 1};
    assert_true(fabs(tl_score_balanced(guess, label, 5, 2) - 0.875) < 1e-12);
    /* a class that does not occur does not count */
    assert_true(fabs(tl_score_balanced(guess, label, 5, 3) - 0.875) < 1e-12);
    assert_int_equal(tl_score_matches(guess, label, 5), 4);
}

static void brier_is_the_squared_distance_from_the_truth(void **state)
{
    (void)state;
    const float probability[6] = {1.0f, 0.0f, 0.0f, 0.5f, 0.25f, 0.25f};
    const int32_t label[2] = {0, 1};
    /* 0 and 0.25 + 0.5625 + 0.0625 */
    assert_true(fabs(tl_score_brier(probability, label, 2, 3) - 0.4375) < 1e-7);
}

static double class_auc(const float *probability, const int32_t *label, int n, int classes)
{
    tl_arena arena = tl_arena_open(0);
    double auc;
    assert_int_equal(tl_score_class_auc(probability, label, n, classes, &arena, &auc, NULL),
                     TL_OK);
    tl_arena_close(&arena);
    return auc;
}

static void class_auc_is_of_class_one_or_one_against_the_rest(void **state)
{
    (void)state;
    const float two[6] = {0.9f, 0.1f, 0.2f, 0.8f, 0.6f, 0.4f};
    const int32_t labels[3] = {0, 1, 1};
    assert_true(fabs(class_auc(two, labels, 3, 2) - 1.0) < 1e-12);
    /* class 0: 1; class 1: its row scores .3 against .2 and .6, so 1/2; class 2: 1 */
    const float three[9] = {0.7f, 0.2f, 0.1f, 0.6f, 0.3f, 0.1f, 0.1f, 0.6f, 0.3f};
    const int32_t each[3] = {0, 1, 2};
    assert_true(fabs(class_auc(three, each, 3, 3) - (1.0 + 0.5 + 1.0) / 3.0) < 1e-12);
}

/* By hand: ranks of {3, 1, 4, 1} are 2, 0.5, 3, 0.5, so products about 1.5 are those below.
 */
static void rank_correlation_is_that_by_hand(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    const double x[] = {3, 1, 4, 1}, up[] = {7, 2, 9, 5}, down[] = {-7, -2, -9, -5};
    const double flat[] = {1, 1, 1, 1};
    double r;
    assert_int_equal(tl_score_rank_correlation(x, up, 4, &arena, &r, NULL), TL_OK);
    assert_true(fabs(r - 4.5 / sqrt(4.5 * 5.0)) < 1e-15);
    assert_int_equal(tl_score_rank_correlation(x, down, 4, &arena, &r, NULL), TL_OK);
    assert_true(fabs(r + 4.5 / sqrt(4.5 * 5.0)) < 1e-15);
    assert_int_equal(tl_score_rank_correlation(x, flat, 4, &arena, &r, NULL), TL_OK);
    assert_true(isnan(r) != 0);
    assert_int_equal(tl_score_rank_correlation(x, x, 0, &arena, &r, NULL), TL_OK);
    assert_true(isnan(r) != 0);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_correlation_is_that_by_hand),
        cmocka_unit_test(auc_counts_pairs_and_halves_ties),
        cmocka_unit_test(the_roc_curve_has_a_point_for_each_threshold),
        cmocka_unit_test(auc_of_one_side_alone_is_missing),
        cmocka_unit_test(a_score_that_is_no_number_is_a_fault),
        cmocka_unit_test(tpr_keeps_to_the_rate_of_false_alarms),
        cmocka_unit_test(balanced_accuracy_weighs_classes_alike),
        cmocka_unit_test(brier_is_the_squared_distance_from_the_truth),
        cmocka_unit_test(class_auc_is_of_class_one_or_one_against_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
