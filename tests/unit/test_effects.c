/*
 * Effects on tables made by hand and by simulation, whose truth is known.
 */
#include "compute/core/rng.h"
#include "tests/support/effects_sheet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))

/* Two replicates; the second lacks badnets at 100 queries, where the first has a wild one.
 */
static const row excluded[] = {
    {0, "none", NONE, 100, 1.0, 9, 0},   {0, "none", NONE, 200, 2.0, 9, 0},
    {0, "badnets", 0.1, 100, 9.0, 9, 0}, {0, "badnets", 0.1, 200, 5.0, 9, 0},
    {1, "none", NONE, 100, 50.0, 9, 0},  {1, "none", NONE, 200, 2.0, 9, 0},
    {1, "badnets", 0.1, 200, 4.0, 9, 0},
};

/* A mean over the cells that the second replicate has would be of another quantity. */
static void an_incomplete_replicate_is_left_out(void **state)
{
    (void)state;
    sheet *s = sheet_estimate(excluded, COUNT(excluded), false, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison", "badnets");
    assert_non_null(e);
    assert_int_equal(e->replicates, 1);
    assert_int_equal(e->left_out, 1);
    assert_near(e->mean, 5.5, 1e-12); /* ((9-1)+(5-2))/2 */
    assert_near(e->reference_mean, 1.5, 1e-12);
    sheet_close(s);
    /* What no replicate has is no cell of the plan. */
    s = sheet_estimate(excluded + 4, 3, false, NULL);
    e = sheet_find(s, "score", "poison", "badnets");
    assert_true(e && e->replicates == 1 && e->left_out == 0);
    assert_near(e->mean, 2.0, 1e-12);
    sheet_close(s);
}

/* Poison adds 0.1 at 100 queries and 0.3 at 200; half of the replicates lack the last of
 * the four cells. A mean over the cells there are would be 0.15 on average. */
static void missing_cells_do_not_bend_an_effect(void **state)
{
    (void)state;
    enum { DRAWS = 400, N = 8 };
    double error = 0.0;
    tl_rng rng = tl_rng_stream(9, 0, "test", 0, "missing");
    for (int i = 0; i < DRAWS; i++) {
        row rows[4 * N];
        int count = 0;
        for (int r = 0; r < N; r++) {
            const double shared = 0.1 * tl_rng_normal(&rng);
            for (int c = 0; c < 4; c++) {
                const bool is_poisoned = c & 1, is_late = c & 2;
                const double effect = is_poisoned ? (is_late ? 0.3 : 0.1) : 0.0;
                const double score = 0.5 + shared + effect + 0.01 * tl_rng_normal(&rng);
                const bool is_lost = c == 3 && r % 2;
                rows[count++] = (row){r,
                                      is_poisoned ? "badnets" : "none",
                                      NONE,
                                      is_late ? 200 : 100,
                                      is_lost ? NONE : score,
                                      9,
                                      is_lost ? 2 : 0};
            }
        }
        sheet *s = sheet_estimate(rows, count, false, NULL);
        const tl_effect *e = sheet_find(s, "score", "poison", "badnets");
        assert_true(e && e->replicates == N / 2 && e->left_out == N / 2);
        error += (e->mean - 0.2) / DRAWS;
        sheet_close(s);
    }
    assert_near(error, 0.0, 0.005);
}

/* The plan lacks 200 queries at badnets alone: both parts of an interaction must be over
 * the same cells, and a contrast's reference too. */
static void excluded_cells_count_on_no_side(void **state)
{
    (void)state;
    row rows[6];
    for (int r = 0; r < 2; r++) {
        rows[3 * r] = (row){r, "none", NONE, 100, 1.0, 9, 0};
        rows[3 * r + 1] = (row){r, "none", NONE, 200, 90.0, 9, 0};
        rows[3 * r + 2] = (row){r, "badnets", 0.1, 100, 3.0, 9, 0};
    }
    sheet *s = sheet_estimate(rows, 6, false, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison", "badnets");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 2.0, 1e-12);
    assert_near(e->reference_mean, 1.0, 1e-12);
    e = sheet_find(s, "score", "poison:queries", "badnets:200");
    assert_string_equal(e->missing, "no trials have values in all four cells");
    sheet_close(s);
}

static void an_axis_within_a_choice_is_compared_inside_it(void **state)
{
    (void)state;
    const row rows[] = {
        {0, "none", NONE, 1, 1.0, 9, 0},   {0, "badnets", 0.1, 1, 3.0, 9, 0},
        {0, "badnets", 0.2, 1, 7.0, 9, 0}, {1, "none", NONE, 1, 2.0, 9, 0},
        {1, "badnets", 0.1, 1, 3.0, 9, 0}, {1, "badnets", 0.2, 1, 8.0, 9, 0},
    };
    sheet *s = sheet_estimate(rows, COUNT(rows), false, NULL);
    /* Inside: (7-3) and (8-3). Against none, both rates meet the same reference. */
    const tl_effect *inner = sheet_find(s, "score", "poison_rate", "0.2");
    const tl_effect *outer = sheet_find(s, "score", "poison", "badnets");
    assert_non_null(inner);
    assert_near(inner->mean, 4.5, 1e-12);
    assert_non_null(outer);
    assert_near(outer->mean, (4.0 + 3.5) / 2.0, 1e-12);
    assert_null(sheet_find(s, "score", "poison:poison_rate", "badnets:0.2"));
    sheet_close(s);
}

static void metrics_upstream_of_a_factor_have_no_contrast(void **state)
{
    (void)state;
    sheet *s = sheet_estimate(excluded, COUNT(excluded), false, NULL);
    assert_non_null(sheet_find(s, "score", "queries", "200"));
    assert_null(sheet_find(s, "upstream", "queries", "200"));
    assert_null(sheet_find(s, "upstream", "poison:queries", "badnets:200"));
    sheet_close(s);
}

static void an_interaction_is_a_difference_of_differences(void **state)
{
    (void)state;
    row rows[8];
    for (int r = 0; r < 2; r++) {
        rows[4 * r] = (row){r, "none", NONE, 1, 1.0, 9, 0};
        rows[4 * r + 1] = (row){r, "badnets", 0.1, 1, 2.0, 9, 0};
        rows[4 * r + 2] = (row){r, "none", NONE, 2, 4.0, 9, 0};
        rows[4 * r + 3] = (row){r, "badnets", 0.1, 2, 8.0 + r, 9, 0};
    }
    sheet *s = sheet_estimate(rows, 8, false, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison:queries", "badnets:2");
    assert_non_null(e);
    assert_int_equal(e->kind, TL_EFFECT_INTERACTION);
    assert_near(e->mean, 3.5, 1e-12); /* (8-4)-(2-1) = 3, (9-4)-(2-1) = 4 */
    assert_string_equal(e->reference, "none:1");
    sheet_close(s);
}

/* Equal differences in every replicate have no spread: one row of n = 400 is taken to be
 * discordant, d = 1/400, so that the variance is d(1-d)/400. */
static void equal_replicates_count_as_one_discordant_row(void **state)
{
    (void)state;
    row rows[8];
    for (int r = 0; r < 4; r++) {
        rows[2 * r] = (row){r, "none", NONE, 1, 0.9, 400, 0};
        rows[2 * r + 1] = (row){r, "badnets", 0.1, 1, 0.9, 400, 0};
    }
    sheet *s = sheet_estimate(rows, 8, true, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison", "badnets");
    const double sd = sqrt(399.0) / 400.0 / 20.0; /* sqrt(1/400 399/400 / 400) */
    assert_non_null(e);
    assert_near(e->floor_sd, sd, 1e-12);
    assert_near(e->high - e->mean, 3.18245 * sd / 2.0, 1e-5); /* t(0.975; 3) */
    sheet_close(s);
    for (int r = 0; r < 4; r++) rows[2 * r + 1].score = 0.9 + 0.0025 * (r % 2);
    s = sheet_estimate(rows, 8, true, NULL);
    e = sheet_find(s, "score", "poison", "badnets");
    /* a spread, however small, is the spread: sd 0.0025/sqrt 3 */
    assert_near(e->floor_sd, 0.0, 0.0);
    assert_near(e->high - e->mean, 3.18245 * 0.0025 / sqrt(3.0) / 2.0, 1e-6);
    sheet_close(s);
}

/* Two rates share one reference, whose half counts whole, and the others' a quarter each.
 */
static void a_shared_reference_is_counted_as_one_measurement(void **state)
{
    (void)state;
    row rows[6];
    for (int r = 0; r < 2; r++) {
        rows[3 * r] = (row){r, "none", NONE, 1, 0.5, 98, 0};
        rows[3 * r + 1] = (row){r, "badnets", 0.1, 1, 0.5, 98, 0};
        rows[3 * r + 2] = (row){r, "badnets", 0.2, 1, 0.5, 98, 0};
    }
    sheet *s = sheet_estimate(rows, 6, true, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison", "badnets");
    const double half = 0.5 * 97.0 / 98.0 / 98.0 / 98.0;
    assert_non_null(e);
    assert_near(e->floor_sd, sqrt((1.0 + 0.25 + 0.25) * half), 1e-12);
    sheet_close(s);
}

static void missing_numbers_have_a_reason(void **state)
{
    (void)state;
    const row rows[] = {
        {0, "none", NONE, 1, 1.0, 9, 0},
        {0, "badnets", 0.1, 1, 2.0, 9, 0},
        {0, "label_flip", 0.1, 1, NONE, 9, 1},
    };
    sheet *s = sheet_estimate(rows, COUNT(rows), false, NULL);
    const tl_effect *one = sheet_find(s, "score", "poison", "badnets");
    assert_non_null(one);
    assert_near(one->mean, 1.0, 0.0);
    assert_true(isnan(one->low) && isnan(one->p));
    assert_string_equal(one->missing, "an interval needs 2 replicates");
    const tl_effect *none = sheet_find(s, "score", "poison", "label_flip");
    assert_non_null(none);
    assert_true(isnan(none->mean));
    assert_string_equal(none->missing, "the metric has too few cases in every trial");
    sheet_close(s);
}

/* A line y = 3 + 2x, one replicate steeper; complete groups at two levels of poison. */
static void a_trend_is_the_slope_within_the_replicate(void **state)
{
    (void)state;
    row rows[12];
    for (int i = 0; i < 12; i++) {
        const int r = i / 6, k = i % 3;
        const double x = k == 2 ? 4.0 : k + 1.0; /* 1 2 4 */
        rows[i] =
            (row){r, i / 3 % 2 ? "badnets" : "none", NONE, x, 3.0 + (2.0 + r) * x, 9, 0};
        if (i / 3 % 2) rows[i].score = 90.0 + (4.0 + r) * x; /* other offset, other slope */
    }
    sheet *s = sheet_estimate(rows, 12, false, NULL);
    const tl_effect *e = sheet_find(s, "score", "queries", "trend");
    assert_non_null(e);
    assert_int_equal(e->kind, TL_EFFECT_TREND);
    assert_string_equal(e->reference, "value");
    assert_int_equal(e->replicates, 2);
    assert_near(e->mean, 3.5, 1e-12); /* (2+4)/2 = 3 and (3+5)/2 = 4 */
    assert_null(sheet_find(s, "upstream", "queries", "trend"));
    assert_null(sheet_find(s, "score", "poison", "trend"));
    sheet_close(s);
}

/* 10, 100, 1000. */
static void a_trend_over_decades_goes_by_rank(void **state)
{
    (void)state;
    row rows[6];
    for (int i = 0; i < 6; i++) {
        const int k = 2 - i % 3; /* levels need not stand in order */
        rows[i] = (row){i / 3, "none", NONE, pow(10.0, k + 1), 5.0 - 2.0 * k, 9, 0};
    }
    sheet *s = sheet_estimate(rows, 6, false, NULL);
    const tl_effect *e = sheet_find(s, "score", "queries", "trend");
    assert_true(e && strcmp(e->reference, "rank") == 0);
    assert_near(e->mean, -2.0, 1e-12);
    sheet_close(s);
}

/* The third replicate lacks two of four levels, where its slope would be another. */
static void a_trend_needs_all_levels_in_a_replicate(void **state)
{
    (void)state;
    const row rows[] = {
        {0, "none", NONE, 1, 1.0, 9, 0}, {0, "none", NONE, 2, 2.0, 9, 0},
        {0, "none", NONE, 3, 3.0, 9, 0}, {0, "none", NONE, 4, 4.0, 9, 0},
        {1, "none", NONE, 1, 1.0, 9, 0}, {1, "none", NONE, 2, 4.0, 9, 0},
        {1, "none", NONE, 3, 7.0, 9, 0}, {1, "none", NONE, 4, 10.0, 9, 0},
        {2, "none", NONE, 1, 1.0, 9, 0}, {2, "none", NONE, 4, 90.0, 9, 0},
    };
    sheet *s = sheet_estimate(rows, COUNT(rows), false, NULL);
    const tl_effect *e = sheet_find(s, "score", "queries", "trend");
    assert_true(e && e->replicates == 2 && e->left_out == 1);
    assert_near(e->mean, 2.0, 1e-12);
    sheet_close(s);
    s = sheet_estimate(rows + 8, 2, false, NULL);
    e = sheet_find(s, "score", "queries", "trend");
    assert_null(e); /* two levels are no axis with a trend */
    sheet_close(s);
}

static void equal_slopes_of_a_rate_count_as_one_discordant_row(void **state)
{
    (void)state;
    row rows[6];
    for (int i = 0; i < 6; i++) {
        rows[i] = (row){i / 3, "none", NONE, i % 3 + 1, 0.5, 98, 0};
    }
    sheet *s = sheet_estimate(rows, 6, true, NULL);
    const tl_effect *e = sheet_find(s, "score", "queries", "trend");
    assert_non_null(e);
    /* weights -1/2, 0, 1/2, of half of d(1-d)/98 each */
    assert_near(e->floor_sd, sqrt(0.5 * 0.5 * 97.0 / 98.0 / 98.0 / 98.0), 1e-12);
    sheet_close(s);
}

/* 0.2 - 0.1 and 0.3 - 0.4 do not cancel in doubles: what is left must not be ranked. */
static void what_rounding_leaves_is_no_effect(void **state)
{
    (void)state;
    row rows[12];
    for (int i = 0; i < 12; i++) {
        const bool is_poisoned = i / 3 % 2, is_last = i % 3 == 2;
        const double score = is_poisoned ? (is_last ? 0.3 : 0.4) : (is_last ? 0.2 : 0.1);
        rows[i] = (row){i / 6, is_poisoned ? "badnets" : "none", NONE, i % 3, score, 9, 0};
    }
    sheet *s = sheet_estimate(rows, 12, false, NULL);
    const tl_effect *level = sheet_find(s, "score", "queries", "2");
    const tl_effect *trend = sheet_find(s, "score", "queries", "trend");
    assert_true(level && level->mean == 0.0 && level->p == 1.0);
    assert_true(trend && trend->mean == 0.0 && trend->p == 1.0);
    sheet_close(s);
}

/* Shares 0.5 -> 0.8 and 0.9 -> 0.99: the raw gain shrinks, the log odds gain grows. */
static void scales_that_disagree_are_flagged(void **state)
{
    (void)state;
    row rows[16];
    for (int r = 0; r < 4; r++) {
        const double n = 10000.0, jitter = 0.0001 * r;
        rows[4 * r] = (row){r, "none", NONE, 1, 0.5 + jitter, n, 0};
        rows[4 * r + 1] = (row){r, "badnets", 0.1, 1, 0.8, n, 0};
        rows[4 * r + 2] = (row){r, "none", NONE, 2, 0.9, n, 0};
        rows[4 * r + 3] = (row){r, "badnets", 0.1, 2, 0.99, n, 0};
    }
    sheet *s = sheet_estimate(rows, 16, true, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison:queries", "badnets:2");
    assert_non_null(e);
    assert_int_equal(e->scales, TL_SCALES_DISAGREE);
    assert_true(e->high < 0.0 && e->logit_low > 0.0);
    const double odds = log(0.99 / 0.01) - log(0.9 / 0.1) - log(0.8 / 0.2);
    assert_near(e->logit_mean, odds, 0.01);
    sheet_close(s);
    for (int i = 0; i < 16; i++) rows[i].score = i % 4 < 2 ? 0.2 : i % 4 == 2 ? 0.3 : 0.5;
    s = sheet_estimate(rows, 16, true, NULL);
    e = sheet_find(s, "score", "poison:queries", "badnets:2");
    assert_int_equal(e->scales, TL_SCALES_AGREE);
    assert_near(e->mean, 0.2, 1e-12);
    sheet_close(s);
}

/* Without a number of cases, 1 has no log odds; with one it has. */
static void an_area_of_one_has_no_log_odds(void **state)
{
    (void)state;
    row rows[8];
    for (int i = 0; i < 8; i++) {
        rows[i] = (row){i / 4,
                        i & 1 ? "badnets" : "none",
                        NONE,
                        i & 2 ? 2 : 1,
                        i % 4 == 3 ? 1.0 : 0.5 + 0.01 * i,
                        100,
                        0};
    }
    sheet *s = sheet_estimate(rows, 8, false, NULL);
    const tl_effect *e = sheet_find(s, "score", "poison:queries", "badnets:2");
    assert_int_equal(e->scales, TL_SCALES_NOT_COMPARED);
    assert_true(isnan(e->logit_mean) && !isnan(e->mean));
    sheet_close(s);
    s = sheet_estimate(rows, 8, true, NULL);
    e = sheet_find(s, "score", "poison:queries", "badnets:2");
    assert_int_not_equal(e->scales, TL_SCALES_NOT_COMPARED);
    assert_true(isfinite(e->logit_mean));
    sheet_close(s);
}

/* Poison and queries move together: none 1, badnets 0.1 2, badnets 0.2 3. */
static void zipped_factors_are_compared_though_they_move_together(void **state)
{
    (void)state;
    row rows[6];
    for (int r = 0; r < 2; r++) {
        rows[3 * r] = (row){r, "none", NONE, 1, 1.0, 9, 0};
        rows[3 * r + 1] = (row){r, "badnets", 0.1, 2, 3.0 + r, 9, 0};
        rows[3 * r + 2] = (row){r, "badnets", 0.2, 3, 7.0, 9, 0};
    }
    sheet *s = sheet_estimate_zipped(
        rows, 6, false, "[{\"effect\":\"poison:queries\",\"on\":\"score\"}]", "0");
    const tl_effect *e = sheet_find(s, "score", "queries", "2");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 2.5, 1e-12); /* 3-1 and 4-1 */
    e = sheet_find(s, "score", "queries", "trend");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 3.0, 1e-12); /* (7-1)/2 */
    e = sheet_find(s, "score", "poison", "badnets");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 4.25, 1e-12); /* (2+6)/2 and (3+6)/2 */
    e = sheet_find(s, "score", "poison_rate", "0.2");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 3.5, 1e-12); /* 7-3 and 7-4 */
    assert_null(sheet_find(s, "score", "poison:queries", "badnets:2"));
    e = s->effects->effect;
    assert_string_equal(e->missing, "its factors vary together: neither varies alone");
    sheet_close(s);
}

/* The whole way, from tables: 400 sweeps of 8 replicates with an effect of 1 and noise that
 * both levels of a replicate share. */
static void effects_from_tables_hold_the_truth(void **state)
{
    (void)state;
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "tables");
    int held = 0;
    for (int i = 0; i < 400; i++) {
        row rows[32];
        for (int r = 0; r < 8; r++) {
            const double shared = 10.0 * tl_rng_normal(&rng);
            for (int c = 0; c < 4; c++) {
                const bool is_poisoned = c & 1;
                rows[4 * r + c] =
                    (row){r,
                          is_poisoned ? "badnets" : "none",
                          is_poisoned ? 0.1 : NONE,
                          c & 2 ? 200 : 100,
                          shared + (is_poisoned ? 1.0 : 0.0) + tl_rng_normal(&rng),
                          9,
                          0};
            }
        }
        sheet *s = sheet_estimate(rows, 32, false, NULL);
        const tl_effect *e = sheet_find(s, "score", "poison", "badnets");
        assert_non_null(e);
        held += e->low <= 1.0 && 1.0 <= e->high;
        assert_true(e->high - e->low < 5.0); /* what is shared has cancelled */
        sheet_close(s);
    }
    assert_in_range(held, 0.92 * 400, 0.98 * 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incomplete_replicate_is_left_out),
        cmocka_unit_test(missing_cells_do_not_bend_an_effect),
        cmocka_unit_test(excluded_cells_count_on_no_side),
        cmocka_unit_test(an_axis_within_a_choice_is_compared_inside_it),
        cmocka_unit_test(metrics_upstream_of_a_factor_have_no_contrast),
        cmocka_unit_test(an_interaction_is_a_difference_of_differences),
        cmocka_unit_test(equal_replicates_count_as_one_discordant_row),
        cmocka_unit_test(a_shared_reference_is_counted_as_one_measurement),
        cmocka_unit_test(missing_numbers_have_a_reason),
        cmocka_unit_test(a_trend_is_the_slope_within_the_replicate),
        cmocka_unit_test(a_trend_over_decades_goes_by_rank),
        cmocka_unit_test(a_trend_needs_all_levels_in_a_replicate),
        cmocka_unit_test(equal_slopes_of_a_rate_count_as_one_discordant_row),
        cmocka_unit_test(what_rounding_leaves_is_no_effect),
        cmocka_unit_test(scales_that_disagree_are_flagged),
        cmocka_unit_test(an_area_of_one_has_no_log_odds),
        cmocka_unit_test(zipped_factors_are_compared_though_they_move_together),
        cmocka_unit_test(effects_from_tables_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
