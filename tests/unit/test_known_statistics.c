/*
 * Intervals, p, families and power against numbers of other programs. With the argument
 * `print` it prints ours instead.
 */
#include "analysis/effect/compare.h"
#include "analysis/effect/components.h"
#include "analysis/effect/importance.h"
#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "tests/support/known_statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 20 };

/* What each sample gives: two intervals, p of t, of equivalence and of sign flips. */
static int add_samples(double *out)
{
    static const double none[MOST] = {0.0};
    int k = 0;
    for (int s = 0; s < SAMPLES; s++) {
        double x[MOST], mean, sd;
        const int n = sample_size[s];
        for (int i = 0; i < n; i++)
            x[i] = (sample_after[s][i] - sample_before[s][i]) / sample_scale[s];
        tl_mean_sd(x, n, &mean, &sd);
        const tl_interval interval = tl_interval_of(x, none, n);
        out[k++] = interval.low;
        out[k++] = interval.high;
        out[k++] = interval.lower;
        out[k++] = interval.upper;
        out[k++] = 2.0 * tl_t_tail(fabs(mean) / interval.se, n - 1);
        out[k++] = tl_t_equivalence_p(mean, interval.se, n - 1, sample_margin[s]);
        out[k++] = tl_sign_flip_p(x, n);
        out[k++] = tl_sign_flip_p_beyond(x, n, 1);
        out[k++] = tl_sign_flip_p_beyond(x, n, -1);
    }
    return k;
}

/* The samples as independent ones, the second without its last number. */
static int add_welch(double *out)
{
    int k = 0;
    for (int s = 0; s < SAMPLES; s++) {
        double x[MOST], y[MOST];
        const int n = sample_size[s];
        tl_compared c = {0};
        for (int i = 0; i < n; i++) {
            x[i] = sample_before[s][i] / sample_scale[s];
            y[i] = sample_after[s][i] / sample_scale[s];
        }
        tl_welch(x, n, y, n - 1, &c);
        out[k++] = c.low;
        out[k++] = c.high;
        out[k++] = c.freedom;
        out[k++] = c.p;
    }
    return k;
}

/* Sample s as a table: an arm at two levels, a score that is a share of cases if is_rate.
 */
static const tl_effect *estimate_arms(int s, bool is_rate, tl_arena *arena)
{
    static const char *const arm[] = {"before", "after"};
    const int rows = 2 * sample_size[s];
    int32_t *replicate = tl_arena_take(arena, (size_t)rows, sizeof *replicate, NULL);
    const char **level = tl_arena_take(arena, (size_t)rows, sizeof *level, NULL);
    double *score = tl_arena_take(arena, (size_t)rows, sizeof *score, NULL);
    double *n = tl_arena_take(arena, (size_t)rows, sizeof *n, NULL);
    assert_true(replicate && level && score && n);
    for (int i = 0; i < rows; i++) {
        replicate[i] = i / 2;
        level[i] = arm[i % 2];
        score[i] = (i % 2 ? sample_after : sample_before)[s][i / 2] / sample_scale[s];
        n[i] = sample_scale[s];
    }
    tl_column column[] = {
        {.name = "replicate", .type = TL_COLUMN_INT, .integer = replicate},
        {.name = "arm",
         .type = TL_COLUMN_TEXT,
         .text = level,
         .attributes = 1,
         .attribute = {{"factor", "axis"}}},
        {.name = "score",
         .type = TL_COLUMN_REAL,
         .real = score,
         .high = 1.0,
         .attributes = 2,
         .attribute = {{"better", "lower"}, {"downstream_of", "arm"}}},
        {.name = "score_n", .type = TL_COLUMN_REAL, .real = n}};
    const tl_table table = {
        .trials = (uint32_t)rows, .columns = is_rate ? 4 : 3, .column = column};
    tl_effects *effects;
    assert_int_equal(tl_effects_estimate(&table, arena, &effects, NULL), TL_OK);
    assert_int_equal(effects->count, 1);
    return effects->effect;
}

static int add_ratios(double *out)
{
    int k = 0;
    for (int i = 0; i < 2 * SAMPLES; i++) {
        tl_arena arena = tl_arena_open(0);
        const tl_effect *e = estimate_arms(i / 2, i % 2, &arena);
        const double ours[] = {e->ratio, e->ratio_low, e->ratio_high,
                               e->odds,  e->odds_low,  e->odds_high};
        memcpy(out + k, ours, sizeof ours);
        k += 6;
        tl_arena_close(&arena);
    }
    return k;
}

/* Components of the samples' differences, several seeds to a draw. */
static int add_components(double *out)
{
    int k = 0;
    tl_arena arena = tl_arena_open(0);
    for (int s = 0; s < SAMPLES; s++) {
        double x[MOST];
        int32_t draw[MOST];
        const int n = sample_size[s];
        tl_components found;
        for (int i = 0; i < n; i++) {
            x[i] = (sample_after[s][i] - sample_before[s][i]) / sample_scale[s];
            draw[i] = i / sample_seeds[s];
        }
        const tl_design design = {
            .replicates = n, .draws = n / sample_seeds[s], .draw = draw};
        const tl_differences d = {.difference = x};
        assert_int_equal(tl_components_of(&design, &d, &arena, &found, NULL), TL_OK);
        out[k++] = found.data;
        out[k++] = found.training;
    }
    tl_arena_close(&arena);
    return k;
}

/* What the two factors of the grid and their interaction account for. */
static int add_importance(double *out)
{
    enum { ROWS = 4 * 2 * 3 };
    int32_t replicate[ROWS];
    double a[ROWS], b[ROWS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        replicate[i] = i / 6;
        a[i] = i / 3 % 2;
        b[i] = i % 3;
        y[i] = grid[i / 6][i / 3 % 2][i % 3];
    }
    tl_column column[] = {
        {.name = "replicate", .type = TL_COLUMN_INT, .integer = replicate},
        {.name = "a",
         .type = TL_COLUMN_REAL,
         .real = a,
         .attributes = 1,
         .attribute = {{"factor", "axis"}}},
        {.name = "b",
         .type = TL_COLUMN_REAL,
         .real = b,
         .attributes = 1,
         .attribute = {{"factor", "axis"}}},
        {.name = "y",
         .type = TL_COLUMN_REAL,
         .real = y,
         .attributes = 2,
         .attribute = {{"better", "lower"}, {"downstream_of", "a b"}}}};
    const tl_table table = {.trials = ROWS, .columns = 4, .column = column};
    tl_arena arena = tl_arena_open(0);
    tl_importance *list;
    int count, k = 0;
    assert_int_equal(tl_importance_estimate(&table, &arena, &list, &count, NULL), TL_OK);
    assert_int_equal(count, 3);
    for (int i = 0; i < count; i++) {
        assert_true(list[i].is_alone);
        out[k++] = list[i].share;
        out[k++] = list[i].chance;
    }
    tl_arena_close(&arena);
    return k;
}

static int all_of_ours(double out[KNOWN])
{
    int k = add_samples(out);
    for (int t = 0; t < TABLES; t++) {
        double x[MOST];
        const int n = discordant[t][0] + discordant[t][1];
        for (int i = 0; i < n; i++) x[i] = i < discordant[t][0] ? 1.0 : -1.0;
        out[k++] = tl_sign_flip_p(x, n);
    }
    tl_family_wise(test_p, TESTS, out + k);
    tl_false_discovery(test_p, TESTS, out + k + TESTS);
    k += 2 * TESTS;
    for (int i = 0; i < POWERS; i++) {
        out[k++] = tl_t_power(power_of[i].effect, power_of[i].sd, power_of[i].n,
                              power_of[i].level, power_of[i].sides);
    }
    k += add_welch(out + k);
    k += add_ratios(out + k);
    k += add_components(out + k);
    return k + add_importance(out + k);
}

static void ours_are_those_of_scipy_and_statsmodels(void **state)
{
    (void)state;
    double ours[KNOWN];
    assert_int_equal(all_of_ours(ours), KNOWN);
    for (int k = 0; k < KNOWN; k++) {
        if (fabs(ours[k] - known[k]) > 1e-9)
            fail_msg("number %d: %.15g, known is %.15g", k, ours[k], known[k]);
    }
}

/* The fewest for a power of 0.8: one less has less, or cannot reach the level. */
static void replicates_are_the_fewest_that_do(void **state)
{
    (void)state;
    for (int i = 0; i < POWERS; i++) {
        const double effect = power_of[i].effect, sd = power_of[i].sd;
        const double level = power_of[i].level;
        const int sides = power_of[i].sides;
        const int n = tl_t_replicates(effect, sd, 0.8, level, sides);
        assert_true(n > 2 && tl_t_power(effect, sd, n, level, sides) >= 0.8);
        assert_true(tl_least_p(n, sides) <= level);
        assert_true(tl_t_power(effect, sd, n - 1, level, sides) < 0.8 ||
                    tl_least_p(n - 1, sides) > level);
    }
    assert_int_equal(tl_t_replicates(100.0, 1.0, 0.8, 0.05, 2), 6); /* 2^-5 is below 0.05 */
    assert_int_equal(tl_t_replicates(1.0, 1.0, 0.8, 1e-7, 2), 0);   /* no p is so small */
}

static void what_was_not_tested_has_no_family(void **state)
{
    (void)state;
    const double p[] = {0.02, (double)NAN, 0.01};
    double out[3];
    tl_family_wise(p, 3, out);
    assert_true(out[0] == 0.02 && isnan(out[1]) && out[2] == 0.02);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "print") == 0) {
        double ours[KNOWN];
        const int count = all_of_ours(ours);
        for (int k = 0; k < count; k++) (void)printf("%.17g\n", ours[k]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_are_those_of_scipy_and_statsmodels),
        cmocka_unit_test(replicates_are_the_fewest_that_do),
        cmocka_unit_test(what_was_not_tested_has_no_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
