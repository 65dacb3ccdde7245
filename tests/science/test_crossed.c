/*
 * Crossed replicates by simulation: n is the number of data draws, whatever the training
 * seeds; the standard deviations told are those put in.
 */
#include "analysis/effect/effects.h"
#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEEDS = 4, MOST_DRAWS = 16, MOST_ROWS = 2 * SEEDS * MOST_DRAWS, SWEEPS = 2000 };

/* A sweep of two arms; how the effect, 0 on average, varies. */
typedef struct sweep {
    int draws;
    double data_sd, training_sd, noise_sd;
    bool is_one_lost; /* the first trial has no value */
} sweep;

/* What one sweep says. */
typedef struct answer {
    bool holds_zero;
    double p, data, training; /* variances */
    int n;
} answer;

static answer estimate(const sweep *s, tl_rng *rng)
{
    static const char *const arm[] = {"none", "poison"};
    int32_t replicate[MOST_ROWS], draw[MOST_ROWS];
    const char *level[MOST_ROWS];
    double score[MOST_ROWS];
    int rows = 0;
    for (int d = 0; d < s->draws; d++) {
        const double of_draw = s->data_sd * tl_rng_normal(rng);
        const double shared = tl_rng_normal(rng);
        for (int k = 0; k < SEEDS; k++) {
            const double of_seed = s->training_sd * tl_rng_normal(rng);
            for (int a = 0; a < 2; a++, rows++) {
                replicate[rows] = d * SEEDS + k;
                draw[rows] = d;
                level[rows] = arm[a];
                score[rows] = shared + a * (of_draw + of_seed) +
                              s->noise_sd * sqrt(0.5) * tl_rng_normal(rng);
            }
        }
    }
    if (s->is_one_lost) score[0] = (double)NAN;
    tl_column column[] = {
        {.name = "replicate", .type = TL_COLUMN_INT, .integer = replicate},
        {.name = "data_draw", .type = TL_COLUMN_INT, .integer = draw},
        {.name = "arm",
         .type = TL_COLUMN_TEXT,
         .text = level,
         .attributes = 1,
         .attribute = {{"factor", "axis"}}},
        {.name = "score",
         .type = TL_COLUMN_REAL,
         .real = score,
         .low = -9.0,
         .high = 9.0,
         .attributes = 2,
         .attribute = {{"better", "lower"}, {"downstream_of", "arm"}}}};
    const tl_table table = {.trials = (uint32_t)rows, .columns = 4, .column = column};
    tl_arena arena = tl_arena_open(0);
    tl_effects *effects;
    assert_int_equal(tl_effects_estimate(&table, &arena, &effects, NULL), TL_OK);
    assert_int_equal(effects->count, 1);
    const tl_effect *e = effects->effect;
    const answer out = {.holds_zero = e->low <= 0.0 && e->high >= 0.0,
                        .p = e->p,
                        .data = e->data_sd * e->data_sd,
                        .training = e->training_sd * e->training_sd,
                        .n = e->replicates};
    tl_arena_close(&arena);
    return out;
}

/* Between 93 and 97 % of intervals hold 0, and p <= 0.05 at most in 6.5 %: whether data or
 * training make most of the spread. */
static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    (void)state;
    static const sweep sweeps[] = {{8, 1.0, 0.5, 0.2, false},
                                   {8, 0.2, 1.0, 0.2, false},
                                   {4, 1.0, 1.0, 0.5, false},
                                   {4, 0.0, 1.0, 0.5, false},
                                   {16, 1.0, 0.5, 0.2, false}};
    for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
        tl_rng rng = tl_rng_stream(7, (uint32_t)i, "test", 0, "crossed");
        int held = 0, found = 0;
        for (int k = 0; k < SWEEPS; k++) {
            const answer one = estimate(&sweeps[i], &rng);
            assert_int_equal(one.n, sweeps[i].draws);
            held += one.holds_zero;
            found += one.p <= 0.05;
        }
        const double coverage = (double)held / SWEEPS, level = (double)found / SWEEPS;
        (void)printf(
            "%2d draws x %d seeds, sd data %.1f training %.1f noise %.1f: coverage "
            "%.4f, p <= 0.05 in %.4f\n",
            sweeps[i].draws, SEEDS, sweeps[i].data_sd, sweeps[i].training_sd,
            sweeps[i].noise_sd, coverage, level);
        assert_true(coverage >= 0.93 && coverage <= 0.97);
        assert_true(level <= 0.065);
    }
}

/* The mean of the variances told is what was put in: seeds and noise vary within a draw. */
static void components_are_those_put_in(void **state)
{
    (void)state;
    static const sweep s = {16, 0.8, 0.6, 0.3, false};
    tl_rng rng = tl_rng_stream(8, 0, "test", 0, "crossed");
    double data = 0.0, training = 0.0;
    for (int k = 0; k < SWEEPS; k++) {
        const answer one = estimate(&s, &rng);
        data += one.data / SWEEPS;
        training += one.training / SWEEPS;
    }
    (void)printf("variances %.4f and %.4f, put in 0.64 and 0.45\n", data, training);
    assert_true(fabs(data - 0.64) < 0.03);
    assert_true(fabs(training - 0.45) < 0.01);
}

/* A mean over the seeds that happen to be there would be another quantity. */
static void a_draw_that_lacks_a_seed_is_left_out(void **state)
{
    (void)state;
    static const sweep whole = {6, 1.0, 1.0, 0.0, false}, cut = {6, 1.0, 1.0, 0.0, true};
    tl_rng rng = tl_rng_stream(9, 0, "test", 0, "crossed"), same = rng;
    const answer all = estimate(&whole, &rng), rest = estimate(&cut, &same);
    assert_int_equal(all.n, 6);
    assert_int_equal(rest.n, 5);
    assert_true(rest.data > 0.0 && rest.training > 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
        cmocka_unit_test(components_are_those_put_in),
        cmocka_unit_test(a_draw_that_lacks_a_seed_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
