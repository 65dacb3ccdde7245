/*
 * Simulated sweeps whose metric is a rate: two models are judged on the same rows of one
 * replicate and agree on most of them, as the models of a sweep do. The whole way from the
 * table to the effect: how often does the interval hold the truth, and is as much found as
 * the sign-flip test alone finds? Without an effect, how many hypotheses are supported?
 *
 * The first argument is the number of sweeps of each kind (default 1000: the standard error
 * of a share near 95 % is then 0.7 points).
 */
#include "analysis/effect/effect_text.h"
#include "analysis/effect/effects.h"
#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 16, ROWS = 400 };

static int sweeps = 1000;

/* One sweep: `poison` at two levels, `replicates` of it, one rate. */
typedef struct sweep {
    int32_t replicate[2 * MOST];
    const char *poison[2 * MOST];
    double rate[2 * MOST], rows[2 * MOST];
    tl_column column[4];
    tl_attribute global[1];
    tl_table table;
} sweep;

static void describe(tl_column *column, const char *name, const char *text)
{
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

static void open_sweep(sweep *s, int replicates)
{
    *s = (sweep){0};
    tl_column *c = s->column;
    c[0] = (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = s->replicate};
    c[1] = (tl_column){.name = "poison", .type = TL_COLUMN_TEXT, .text = s->poison};
    describe(&c[1], "factor", "choice");
    describe(&c[1], "reference", "none");
    c[2] = (tl_column){.name = "rate", .type = TL_COLUMN_REAL, .real = s->rate, .high = 1};
    describe(&c[2], "better", "higher");
    describe(&c[2], "downstream_of", "poison");
    c[3] = (tl_column){.name = "rate_n", .type = TL_COLUMN_REAL, .real = s->rows};
    s->global[0] = (tl_attribute){"hypotheses", "[{\"effect\":\"poison\",\"on\":\"rate\","
                                                "\"direction\":\"raises\"}]"};
    s->table = (tl_table){.trials = 2 * (uint32_t)replicates,
                          .columns = 4,
                          .column = c,
                          .attributes = 1,
                          .attribute = s->global};
    for (int i = 0; i < 2 * replicates; i++) {
        s->replicate[i] = i / 2;
        s->poison[i] = i % 2 ? "flip" : "none";
        s->rows[i] = ROWS;
    }
}

/* The rates of both models on ROWS rows, of which they agree on a share; where they do not,
 * one is right, the poisoned one more often by `effect`. */
static void draw(sweep *s, double agreement, double effect, tl_rng *rng)
{
    const double gained = 0.5 * (1.0 - agreement + effect);
    const double lost = 0.5 * (1.0 - agreement - effect);
    for (uint32_t t = 0; t < s->table.trials; t += 2) {
        int right[2] = {0, 0};
        for (int i = 0; i < ROWS; i++) {
            const double u = tl_rng_uniform(rng);
            if (u < gained)
                right[1]++;
            else if (u < gained + lost)
                right[0]++;
            else if (u < gained + lost + 0.9 * agreement) {
                right[0]++;
                right[1]++;
            }
        }
        s->rate[t] = (double)right[0] / ROWS;
        s->rate[t + 1] = (double)right[1] / ROWS;
    }
}

typedef struct score {
    double held, found, tested, supported; /* shares of sweeps */
} score;

static score simulate(int replicates, double agreement, double effect, uint32_t seed)
{
    score out = {0};
    sweep s;
    tl_rng rng = tl_rng_stream(21, 0, "test", seed, "paired rates");
    tl_arena arena = tl_arena_open(0);
    open_sweep(&s, replicates);
    for (int i = 0; i < sweeps; i++) {
        tl_effects *effects;
        tl_err err = {0};
        draw(&s, agreement, effect, &rng);
        const size_t mark = tl_arena_mark(&arena);
        if (tl_effects_estimate(&s.table, &arena, &effects, &err) != TL_OK)
            fail_msg("%s", err.text);
        const tl_effect *e = effects->effect;
        assert_int_equal(effects->count, 1);
        assert_int_equal(e->replicates, replicates);
        out.held += e->low <= effect + 1e-12 && effect <= e->high + 1e-12;
        out.tested += e->p <= 0.05;
        out.found += e->p <= 0.05 && (e->low > 0.0 || e->high < 0.0);
        out.supported += strcmp(tl_effect_verdict(e), "supported") == 0;
        tl_arena_rewind(&arena, mark);
    }
    tl_arena_close(&arena);
    double *const all[] = {&out.held, &out.found, &out.tested, &out.supported};
    for (int k = 0; k < 4; k++) *all[k] /= sweeps;
    return out;
}

static const int sizes[] = {8, 12, 16};

static void intervals_of_paired_rates_hold_the_truth(void **state)
{
    (void)state;
    static const double agreement[] = {0.8, 0.95, 0.99};
    (void)printf("%9s %3s %8s\n", "agreement", "n", "held");
    for (int a = 0; a < 3; a++) {
        for (int k = 0; k < 3; k++) {
            const double effect = agreement[a] < 0.98 ? 0.01 : 0.005;
            const score s =
                simulate(sizes[k], agreement[a], effect, (uint32_t)(10 * a + k));
            (void)printf("%9.2f %3d %7.2f%%\n", agreement[a], sizes[k], 100.0 * s.held);
            assert_true(s.held >= 0.93 && s.held <= 0.97);
        }
    }
}

/* The interval takes no more than 0.03 of the power that the test has. */
static void the_interval_costs_little_power(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        const score s = simulate(sizes[k], 0.95, 0.01, (uint32_t)(100 + k));
        (void)printf(
            "agreement 0.95, effect 0.01, n = %d: power of the test %.3f, with the "
            "interval %.3f\n",
            sizes[k], s.tested, s.found);
        assert_true(s.found >= s.tested - 0.03);
        if (sizes[k] == 12) assert_true(s.found >= 0.7);
    }
}

static void without_an_effect_little_is_supported(void **state)
{
    (void)state;
    const int before = sweeps;
    sweeps = before * 5 / 2;
    for (int k = 0; k < 3; k++) {
        const score s = simulate(sizes[k], 0.95, 0.0, (uint32_t)(200 + k));
        (void)printf("no effect, n = %d: found %.2f%%, supported %.2f%%\n", sizes[k],
                     100.0 * s.found, 100.0 * s.supported);
        assert_true(s.supported <= 0.055);
        assert_true(s.found <= 0.055);
    }
    sweeps = before;
}

int main(int argc, char **argv)
{
    if (argc > 1) sweeps = atoi(argv[1]);
    if (sweeps < 100) return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_of_paired_rates_hold_the_truth),
        cmocka_unit_test(the_interval_costs_little_power),
        cmocka_unit_test(without_an_effect_little_is_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
