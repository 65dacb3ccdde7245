/*
 * Simulated truth: sweeps whose effect is known, many thousand of them. How often does the
 * interval hold it, how often is p small without an effect, how much is found, and how much
 * of what is found is false? The numbers are printed; those that are promised are asserted.
 *
 * An experiment is n replicates, each with one difference. The standard error of a share
 * near 95 % is 0.35 points in 4000 experiments, as many as asserted numbers have, and 0.6
 * in 1500.
 */
#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"
#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { EXPERIMENTS = 4000, PRINTED = 1500, MOST = 16 };

/* The difference of one replicate, the variance it is taken to have where all are equal,
 * and the mean over all. */
typedef struct world {
    const char *name;
    double truth;
    double (*draw)(tl_rng *rng, double *variance);
} world;

static double normal(tl_rng *rng, double *variance)
{
    *variance = 0.0;
    return tl_rng_normal(rng);
}

/* Skewed: exp of a normal of sd 0.75, whose mean is exp(0.75^2 / 2); skewness 3.3. */
static double lognormal(tl_rng *rng, double *variance)
{
    *variance = 0.0;
    return exp(0.75 * tl_rng_normal(rng));
}

enum { CASES = 200 };

/* A rate near its ceiling: CASES rows with a success probability that varies a little
 * between replicates. */
static double rate(tl_rng *rng, double mean, double *variance)
{
    const double p = mean + 0.008 * (2.0 * tl_rng_uniform(rng) - 1.0);
    int hits = 0;
    for (int i = 0; i < CASES; i++) hits += tl_rng_uniform(rng) < p;
    *variance += 0.5 / CASES * (1.0 - 1.0 / CASES) / CASES;
    return (double)hits / CASES;
}

static double near_ceiling(tl_rng *rng, double *variance)
{
    *variance = 0.0;
    const double with = rate(rng, 0.99, variance);
    return with - rate(rng, 0.97, variance);
}

/* The same without the number of cases. */
static double tied(tl_rng *rng, double *variance)
{
    const double x = near_ceiling(rng, variance);
    *variance = 0.0;
    return x;
}

static const world worlds[] = {{"normal", 0.0, normal},
                               {"lognormal", 1.3248, lognormal},
                               {"near ceiling", 0.02, near_ceiling},
                               {"without n", 0.02, tied}};
enum { NORMAL, LOGNORMAL, CEILING, TIED, WORLDS };

typedef struct score {
    double held, too_low, too_high; /* shares: truth inside, interval below it, above it */
    double width;                   /* mean over the experiments */
    double false_positive;          /* of p at 0.05, where the effect is taken away */
} score;

static score simulate(const world *w, int n, int experiments)
{
    score s = {0};
    tl_rng rng = tl_rng_stream(11, 0, "test", (uint32_t)n, w->name);
    for (int e = 0; e < experiments; e++) {
        double x[MOST], variance[MOST];
        for (int i = 0; i < n; i++) x[i] = w->draw(&rng, &variance[i]);
        const tl_interval interval = tl_interval_of(x, variance, n);
        s.held += interval.low <= w->truth && w->truth <= interval.high;
        s.too_low += interval.high < w->truth;
        s.too_high += interval.low > w->truth;
        s.width += interval.high - interval.low;
        for (int i = 0; i < n; i++) x[i] -= w->truth;
        s.false_positive += tl_sign_flip_p(x, n) <= 0.05;
    }
    double *const all[] = {&s.held, &s.too_low, &s.too_high, &s.width, &s.false_positive};
    for (int i = 0; i < 5; i++) *all[i] /= experiments;
    return s;
}

static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    (void)state;
    static const int sizes[] = {4, 8, 12, 16};
    (void)printf("%-13s %3s %8s %8s %8s %8s %8s\n", "differences", "n", "held", "below",
                 "above", "width", "p<=.05");
    for (int w = 0; w < WORLDS; w++) {
        for (int k = 0; k < 4; k++) {
            const int n = sizes[k];
            const score s = simulate(&worlds[w], n, w == NORMAL ? EXPERIMENTS : PRINTED);
            (void)printf("%-13s %3d %7.2f%% %7.2f%% %7.2f%% %8.4f %7.2f%%\n",
                         worlds[w].name, n, 100.0 * s.held, 100.0 * s.too_low,
                         100.0 * s.too_high, s.width, 100.0 * s.false_positive);
            if (w == NORMAL) assert_true(s.held >= 0.93 && s.held <= 0.97);
            if (w == NORMAL) assert_true(s.false_positive <= 0.055);
            if (w == CEILING) assert_true(s.held >= 0.93);
        }
    }
}

/* --- families of hypotheses ---------------------------------------------------------- */

enum { FAMILY = 50, TRUE_ONES = 10, FAMILIES = 1000 };

/* As tl_summary_verdict decides: q, and an interval without zero. */
static void discoveries_are_many_and_seldom_false(void **state)
{
    (void)state;
    const int n = 16;
    double found = 0.0, false_share = 0.0;
    tl_rng rng = tl_rng_stream(12, 0, "test", 0, "families");
    for (int f = 0; f < FAMILIES; f++) {
        double p[FAMILY], q[FAMILY];
        bool has_zero[FAMILY];
        int right = 0, wrong = 0;
        for (int h = 0; h < FAMILY; h++) {
            double x[MOST], variance[MOST] = {0.0};
            for (int i = 0; i < n; i++) {
                x[i] = tl_rng_normal(&rng) + (h < TRUE_ONES ? 2.0 : 0.0);
            }
            p[h] = tl_sign_flip_p(x, n);
            has_zero[h] = false;
            if (p[h] > 0.05) continue; /* q is no smaller: the interval decides nothing */
            const tl_interval interval = tl_interval_of(x, variance, n);
            has_zero[h] = interval.low <= 0.0 && interval.high >= 0.0;
        }
        tl_false_discovery(p, FAMILY, q);
        for (int h = 0; h < FAMILY; h++) {
            if (q[h] > 0.05 || has_zero[h]) continue;
            right += h < TRUE_ONES;
            wrong += h >= TRUE_ONES;
        }
        found += (double)right / TRUE_ONES;
        false_share += right + wrong > 0 ? (double)wrong / (right + wrong) : 0.0;
    }
    (void)printf("50 hypotheses, 10 true, effect 2 sd, n = %d: power %.3f, false discovery "
                 "rate %.2f%%\n",
                 n, found / FAMILIES, 100.0 * false_share / FAMILIES);
    assert_true(found / FAMILIES >= 0.8);
    assert_true(false_share / FAMILIES <= 0.06);
}

/* How power grows with the replicates, for one test at an effect of 1 sd. */
static void more_replicates_find_more(void **state)
{
    (void)state;
    double before = 0.0;
    for (int n = 6; n <= MOST; n += 5) {
        int found = 0;
        tl_rng rng = tl_rng_stream(13, 0, "test", (uint32_t)n, "power");
        for (int e = 0; e < EXPERIMENTS; e++) {
            double x[MOST];
            for (int i = 0; i < n; i++) x[i] = 1.0 + tl_rng_normal(&rng);
            found += tl_sign_flip_p(x, n) <= 0.05;
        }
        const double power = (double)found / EXPERIMENTS;
        (void)printf("one hypothesis, effect 1 sd, n = %d: power %.3f\n", n, power);
        assert_true(power > before);
        before = power;
    }
    assert_true(before >= 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
        cmocka_unit_test(discoveries_are_many_and_seldom_false),
        cmocka_unit_test(more_replicates_find_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
