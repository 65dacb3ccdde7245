/*
 * The statistics behind effects, on plain arrays: quantiles, p, q, intervals.
 */
#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* Abramowitz, Stegun 1964, table 26.10. */
static void t_quantiles_agree_with_the_table(void **state)
{
    (void)state;
    static const struct {
        double p, freedom, t;
    } known[] = {{0.975, 1, 12.706}, {0.975, 2, 4.303},  {0.975, 3, 3.182},
                 {0.975, 7, 2.365},  {0.975, 15, 2.131}, {0.975, 120, 1.980},
                 {0.995, 4, 4.604},  {0.95, 10, 1.812},  {0.9995, 1, 636.619}};
    for (int i = 0; i < COUNT(known); i++) {
        assert_near(tl_t_quantile(known[i].p, known[i].freedom), known[i].t, 6e-4);
        assert_near(tl_t_quantile(1.0 - known[i].p, known[i].freedom), -known[i].t, 6e-4);
    }
}

static double brute_force_p(const double *x, int n)
{
    double observed = 0.0;
    long reached = 0;
    for (int i = 0; i < n; i++) observed += x[i];
    for (long pattern = 0; pattern < 1L << n; pattern++) {
        double sum = 0.0;
        for (int i = 0; i < n; i++) sum += pattern >> i & 1 ? -x[i] : x[i];
        reached += fabs(sum) >= fabs(observed) - 1e-9;
    }
    return (double)reached / (double)(1L << n);
}

static void sign_flip_p_is_right_by_hand(void **state)
{
    (void)state;
    const double all_up[] = {1, 2, 3}, mixed[] = {1, 2, -4}, zero[] = {0, 0, 0, 0};
    assert_near(tl_sign_flip_p(all_up, 3), 0.25, 0.0);
    /* |sum| is 7, 5, 3 or 1, two patterns each; observed 1 */
    assert_near(tl_sign_flip_p(mixed, 3), 1.0, 0.0);
    assert_near(tl_sign_flip_p(zero, 4), 1.0, 0.0);
    double equal[20];
    for (int i = 0; i < 20; i++) equal[i] = 0.1;
    assert_near(tl_sign_flip_p(equal, 20), tl_least_p(20, 2), 0.0);
}

static void sign_flip_p_equals_brute_force(void **state)
{
    (void)state;
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "flips");
    double x[12];
    for (int n = 2; n <= 12; n++) {
        for (int i = 0; i < n; i++) {
            x[i] = n % 3 ? tl_rng_normal(&rng) : (double)tl_rng_below(&rng, 5) - 1.0;
        }
        assert_near(tl_sign_flip_p(x, n), brute_force_p(x, n), 1e-12);
    }
}

/* Drawn beyond 20: near the exact one of a sum of signs, which is binomial. */
static void sign_flip_p_of_many_is_near_the_binomial(void **state)
{
    (void)state;
    double x[24];
    for (int i = 0; i < 24; i++) x[i] = i < 17 ? 1.0 : -1.0; /* 17 up, 7 down */
    double tail = 0.0, choose = 1.0;
    for (int k = 0; k <= 7; k++) {
        tail += choose;
        choose *= (24.0 - k) / (k + 1.0);
    }
    const double exact = 2.0 * ldexp(tail, -24);
    const double error = sqrt(exact / 100000.0); /* of 100,000 patterns */
    assert_near(tl_sign_flip_p(x, 24), exact, 4.0 * error);
}

/* Ranked 0.01 0.02 0.04 0.5: 4 p / rank is 0.04 0.04 0.16/3 0.5. */
static void false_discovery_is_right_by_hand(void **state)
{
    (void)state;
    double p[] = {0.04, 0.01, 0.5, 0.02}, q[4];
    tl_false_discovery(p, 4, q);
    const double wanted[] = {0.16 / 3.0, 0.04, 0.5, 0.04};
    for (int i = 0; i < 4; i++) assert_near(q[i], wanted[i], 1e-12);
    tl_false_discovery(p, 4, p);
    for (int i = 0; i < 4; i++) assert_near(p[i], wanted[i], 1e-12);
}

/* By the definition, in n^3 steps: the least n p / rank over all that are no smaller. */
static double false_discovery_by_definition(const double *p, int n, double mine)
{
    double least = 1.0;
    for (int j = 0; j < n; j++) {
        if (p[j] < mine) continue;
        int rank = 0;
        for (int k = 0; k < n; k++) rank += p[k] <= p[j];
        const double candidate = p[j] * n / rank;
        least = candidate < least ? candidate : least;
    }
    return least;
}

static void false_discovery_is_its_definition(void **state)
{
    (void)state;
    enum { MOST = 60 };
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "p");
    for (int round = 0; round < 300; round++) {
        double p[MOST], q[MOST];
        const int n = (int)tl_rng_below(&rng, MOST + 1);
        const double steps = round % 3 == 0 ? 8.0 : 1e9; /* ties, or none */
        for (int i = 0; i < n; i++) {
            p[i] = floor(tl_rng_uniform(&rng) * steps) / steps;
            if (round % 5 == 0 && tl_rng_below(&rng, 4) == 0) p[i] = (double)NAN;
        }
        tl_false_discovery(p, n, q);
        for (int i = 0; i < n; i++) {
            const double wanted = false_discovery_by_definition(p, n, p[i]);
            assert_memory_equal(&q[i], &wanted, sizeof wanted);
        }
    }
}

/* Beyond 20, patterns are drawn, and no p is below one in their number. */
static void no_p_is_below_the_least_reachable(void **state)
{
    (void)state;
    double equal[24];
    for (int i = 0; i < 24; i++) equal[i] = 0.1;
    for (int n = 2; n <= 24; n++) {
        assert_near(tl_sign_flip_p(equal, n), tl_least_p(n, 2), 0.0);
    }
}

/* --- intervals ----------------------------------------------------------------------- */

static const double sure[32] = {0.0};

static void few_replicates_have_a_t_interval(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4};
    const tl_interval i = tl_interval_of(x, sure, 4);
    /* mean 2.5, sd sqrt(5/3), t(0.975; 3) = 3.18245 */
    assert_int_equal(i.kind, TL_INTERVAL_T);
    assert_near(i.high, 2.5 + 3.18245 * sqrt(5.0 / 3.0) / 2.0, 1e-4);
    assert_near(i.low + i.high, 5.0, 1e-12);
    assert_near(i.floor_sd, 0.0, 0.0);
}

/* Of a long tail to the right the interval reaches further right, and twice the same. */
static void from_twelve_on_the_interval_follows_the_shape(void **state)
{
    (void)state;
    double x[16];
    for (int i = 0; i < 16; i++) x[i] = exp(0.2 * i);
    for (int n = 11; n <= 16; n++) {
        double mean, sd;
        tl_mean_sd(x, n, &mean, &sd);
        const tl_interval once = tl_interval_of(x, sure, n);
        const tl_interval again = tl_interval_of(x, sure, n);
        assert_int_equal(once.kind, n < 12 ? TL_INTERVAL_T : TL_INTERVAL_BOOTSTRAP);
        if (n >= 12) assert_true(once.high - mean > 1.1 * (mean - once.low));
        assert_true(once.low == again.low && once.high == again.high);
    }
}

/* Shifting or scaling the numbers shifts or scales the interval. */
static void intervals_move_with_the_numbers(void **state)
{
    (void)state;
    tl_rng rng = tl_rng_stream(4, 0, "test", 0, "moves");
    double x[16], y[16];
    for (int i = 0; i < 16; i++) {
        x[i] = tl_rng_normal(&rng);
        y[i] = 5.0 + 0.25 * x[i];
    }
    const tl_interval a = tl_interval_of(x, sure, 16), b = tl_interval_of(y, sure, 16);
    assert_near(b.low, 5.0 + 0.25 * a.low, 1e-9);
    assert_near(b.high, 5.0 + 0.25 * a.high, 1e-9);
}

/* A spread, however small, counts as it is; none at all takes the assumed variance. Both
 * are t intervals, since numbers with a variance are rates. */
static void only_equal_numbers_have_an_assumed_spread(void **state)
{
    (void)state;
    double x[16], variance[16];
    const double t = tl_t_quantile(0.975, 15);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 16; i++) {
            x[i] = 0.3 - 0.2 + (k ? 0.001 * (i % 2 ? 1.0 : -1.0) : 1e-17 * i);
            variance[i] = 1e-4; /* sd 0.01 */
        }
        const tl_interval i = tl_interval_of(x, variance, 16);
        const double sd = k ? 0.001 * sqrt(16.0 / 15.0) : 0.01;
        assert_int_equal(i.kind, TL_INTERVAL_T);
        assert_near(i.floor_sd, k ? 0.0 : 0.01, 1e-12);
        assert_near(i.high - 0.1, t * sd / 4.0, 1e-12);
        assert_near(0.1 - i.low, t * sd / 4.0, 1e-12);
    }
}

/* 15 equal numbers and one other: a third of all resamples have no spread. */
static void ends_are_never_infinite(void **state)
{
    (void)state;
    double x[16] = {0.0};
    x[7] = 0.01;
    const tl_interval i = tl_interval_of(x, sure, 16);
    assert_true(isfinite(i.low) && isfinite(i.high) && i.low < i.high);
    x[7] = 0.0;
    const tl_interval none = tl_interval_of(x, sure, 16);
    assert_true(none.low == 0.0 && none.high == 0.0);
}

static void a_kept_basis_changes_no_bit(void **state)
{
    (void)state;
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "basis");
    const double none[80] = {0.0};
    double x[80];
    for (int n = 2; n <= 80; n += 13) {
        tl_arena arena = tl_arena_open(0);
        tl_interval_basis basis;
        for (int i = 0; i < n; i++) x[i] = tl_rng_normal(&rng);
        assert_int_equal(tl_interval_basis_open(n, &arena, &basis, NULL), TL_OK);
        const tl_interval a = tl_interval_of(x, none, n),
                          b = tl_interval_on(&basis, x, none);
        assert_true(a.low == b.low && a.high == b.high && a.kind == b.kind);
        assert_true(a.lower == b.lower && a.upper == b.upper && a.se == b.se);
        tl_arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t_quantiles_agree_with_the_table),
        cmocka_unit_test(a_kept_basis_changes_no_bit),
        cmocka_unit_test(sign_flip_p_is_right_by_hand),
        cmocka_unit_test(sign_flip_p_equals_brute_force),
        cmocka_unit_test(sign_flip_p_of_many_is_near_the_binomial),
        cmocka_unit_test(false_discovery_is_right_by_hand),
        cmocka_unit_test(false_discovery_is_its_definition),
        cmocka_unit_test(no_p_is_below_the_least_reachable),
        cmocka_unit_test(few_replicates_have_a_t_interval),
        cmocka_unit_test(from_twelve_on_the_interval_follows_the_shape),
        cmocka_unit_test(intervals_move_with_the_numbers),
        cmocka_unit_test(only_equal_numbers_have_an_assumed_spread),
        cmocka_unit_test(ends_are_never_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
