/*
 * Effects on tables made by hand and by simulation, whose truth is known.
 */
#include "analysis/effects.h"
#include "analysis/statistics.h"
#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))

enum { COLUMNS = 8, MOST = 64 };

/* One row: replicate, poison, rate within poison (NaN: none), queries, score, its n. */
typedef struct row {
    int replicate;
    const char *poison;
    double rate, queries, score, n;
    int why;
} row;

typedef struct sheet {
    int32_t replicate[MOST], why[MOST];
    const char *poison[MOST];
    double rate[MOST], queries[MOST], score[MOST], n[MOST];
    tl_attribute global[1];
    tl_column column[COLUMNS];
    tl_table table;
    tl_arena arena;
    tl_effects *effects;
} sheet;

static tl_column real_column(const char *name, const double *real)
{
    return (tl_column){.name = name, .type = TL_COLUMN_REAL, .real = real};
}

static void describe(tl_column *column, const char *name, const char *text)
{
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

static sheet *estimate(const row *rows, int count, bool is_rate, const char *hypotheses)
{
    sheet *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_true(count <= MOST);
    for (int t = 0; t < count; t++) {
        s->replicate[t] = rows[t].replicate;
        s->poison[t] = rows[t].poison;
        s->rate[t] = rows[t].rate;
        s->queries[t] = rows[t].queries;
        s->score[t] = rows[t].score;
        s->n[t] = rows[t].n;
        s->why[t] = rows[t].why;
    }
    tl_column *c = s->column;
    c[0] = (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = s->replicate};
    c[1] = (tl_column){.name = "poison", .type = TL_COLUMN_TEXT, .text = s->poison};
    describe(&c[1], "factor", "choice");
    describe(&c[1], "reference", "none");
    c[2] = real_column("poison_rate", s->rate);
    describe(&c[2], "factor", "axis");
    describe(&c[2], "within", "poison");
    c[3] = real_column("queries", s->queries);
    describe(&c[3], "factor", "axis");
    c[4] = real_column("score", s->score);
    describe(&c[4], "better", "lower");
    describe(&c[4], "downstream_of", "poison poison_rate queries");
    c[5] = real_column("upstream", s->score);
    describe(&c[5], "better", "lower");
    describe(&c[5], "downstream_of", "poison poison_rate");
    c[6] = (tl_column){.name = "score_reason",
                       .type = TL_COLUMN_FLAG,
                       .integer = s->why,
                       .flag_meanings = "value unresolvable failed"};
    c[7] = real_column(is_rate ? "score_n" : "other", s->n);
    s->global[0] = (tl_attribute){"hypotheses", hypotheses ? hypotheses : "[]"};
    s->table = (tl_table){.trials = (uint32_t)count,
                          .columns = COLUMNS,
                          .column = s->column,
                          .attributes = 1,
                          .attribute = s->global};
    tl_err err;
    s->arena = tl_arena_open(0);
    assert_int_equal(tl_effects_estimate(&s->table, &s->arena, &s->effects, &err), TL_OK);
    return s;
}

static void done(sheet *s)
{
    tl_arena_close(&s->arena);
    free(s);
}

static const tl_effect *find(const sheet *s, const char *metric, const char *factor,
                             const char *level)
{
    for (int i = 0; i < s->effects->count; i++) {
        const tl_effect *e = &s->effects->effect[i];
        if (strcmp(e->metric, metric) == 0 && strcmp(e->factor, factor) == 0 &&
            strcmp(e->level, level) == 0) {
            return e;
        }
    }
    return NULL;
}

#define NONE ((double)NAN)
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* Two replicates; the second lacks badnets at 100 queries, where the first has a wild one.
 */
static const row excluded[] = {
    {0, "none", NONE, 100, 1.0, 9, 0},   {0, "none", NONE, 200, 2.0, 9, 0},
    {0, "badnets", 0.1, 100, 9.0, 9, 0}, {0, "badnets", 0.1, 200, 5.0, 9, 0},
    {1, "none", NONE, 100, 50.0, 9, 0},  {1, "none", NONE, 200, 2.0, 9, 0},
    {1, "badnets", 0.1, 200, 4.0, 9, 0},
};

static void only_cells_present_at_both_levels_count(void **state)
{
    (void)state;
    sheet *s = estimate(excluded, COUNT(excluded), false, NULL);
    const tl_effect *e = find(s, "score", "poison", "badnets");
    assert_non_null(e);
    assert_int_equal(e->replicates, 2);
    /* ((9-1)+(5-2))/2 = 5.5 and 4-2 = 2 */
    assert_near(e->mean, 3.75, 1e-12);
    assert_near(e->reference_mean, (1.5 + 2.0) / 2.0, 1e-12);
    /* sd = 3.5/sqrt 2, t(0.975; 1) = 12.7062 */
    assert_near(e->high - e->mean, 12.7062 * 1.75, 1e-3);
    assert_near(e->p, 0.5, 0.0);
    assert_near(e->least_p, 0.5, 0.0);
    done(s);
}

static void an_axis_within_a_choice_is_compared_inside_it(void **state)
{
    (void)state;
    const row rows[] = {
        {0, "none", NONE, 1, 1.0, 9, 0},   {0, "badnets", 0.1, 1, 3.0, 9, 0},
        {0, "badnets", 0.2, 1, 7.0, 9, 0}, {1, "none", NONE, 1, 2.0, 9, 0},
        {1, "badnets", 0.1, 1, 3.0, 9, 0}, {1, "badnets", 0.2, 1, 8.0, 9, 0},
    };
    sheet *s = estimate(rows, COUNT(rows), false, NULL);
    /* Inside: (7-3) and (8-3). Against none, both rates meet the same reference. */
    const tl_effect *inner = find(s, "score", "poison_rate", "0.2");
    const tl_effect *outer = find(s, "score", "poison", "badnets");
    assert_non_null(inner);
    assert_near(inner->mean, 4.5, 1e-12);
    assert_non_null(outer);
    assert_near(outer->mean, (4.0 + 3.5) / 2.0, 1e-12);
    assert_null(find(s, "score", "poison:poison_rate", "badnets:0.2"));
    done(s);
}

static void metrics_upstream_of_a_factor_have_no_contrast(void **state)
{
    (void)state;
    sheet *s = estimate(excluded, COUNT(excluded), false, NULL);
    assert_non_null(find(s, "score", "queries", "200"));
    assert_null(find(s, "upstream", "queries", "200"));
    assert_null(find(s, "upstream", "poison:queries", "badnets:200"));
    done(s);
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
    sheet *s = estimate(rows, 8, false, NULL);
    const tl_effect *e = find(s, "score", "poison:queries", "badnets:2");
    assert_non_null(e);
    assert_true(e->is_interaction);
    assert_near(e->mean, 3.5, 1e-12); /* (8-4)-(2-1) = 3, (9-4)-(2-1) = 4 */
    assert_string_equal(e->reference, "none:1");
    done(s);
}

/* Rates 0 and 1 in every replicate have no spread, but only 9 cases each. */
static void a_rate_is_never_surer_than_its_cases(void **state)
{
    (void)state;
    row rows[8];
    for (int r = 0; r < 4; r++) {
        rows[2 * r] = (row){r, "none", NONE, 1, 0.0, 9, 0};
        rows[2 * r + 1] = (row){r, "badnets", 0.1, 1, 1.0, 9, 0};
    }
    sheet *s = estimate(rows, 8, true, NULL);
    const tl_effect *e = find(s, "score", "poison", "badnets");
    /* p~ = 1/11 and 10/11: variance 2 (10/121)/9; t(0.975; 3) = 3.18245 */
    const double sd = sqrt(2.0 * 10.0 / 121.0 / 9.0);
    assert_non_null(e);
    assert_near(e->floor_sd, sd, 1e-12);
    assert_near(e->high - e->mean, 3.18245 * sd / 2.0, 1e-5);
    done(s);
}

/* Two rates share one reference: its variance counts whole, the others' a quarter each. */
static void a_shared_reference_is_counted_as_one_measurement(void **state)
{
    (void)state;
    row rows[6];
    for (int r = 0; r < 2; r++) {
        rows[3 * r] = (row){r, "none", NONE, 1, 0.5, 98, 0};
        rows[3 * r + 1] = (row){r, "badnets", 0.1, 1, 0.5, 98, 0};
        rows[3 * r + 2] = (row){r, "badnets", 0.2, 1, 0.5, 98, 0};
    }
    sheet *s = estimate(rows, 6, true, NULL);
    const tl_effect *e = find(s, "score", "poison", "badnets");
    assert_non_null(e);
    assert_near(e->floor_sd, sqrt((1.0 + 0.25 + 0.25) * 0.25 / 98.0), 1e-12);
    done(s);
}

static void missing_numbers_have_a_reason(void **state)
{
    (void)state;
    const row rows[] = {
        {0, "none", NONE, 1, 1.0, 9, 0},
        {0, "badnets", 0.1, 1, 2.0, 9, 0},
        {0, "label_flip", 0.1, 1, NONE, 9, 1},
    };
    sheet *s = estimate(rows, COUNT(rows), false, NULL);
    const tl_effect *one = find(s, "score", "poison", "badnets");
    assert_non_null(one);
    assert_near(one->mean, 1.0, 0.0);
    assert_true(isnan(one->low) && isnan(one->p));
    assert_string_equal(one->missing, "an interval needs 2 replicates");
    const tl_effect *none = find(s, "score", "poison", "label_flip");
    assert_non_null(none);
    assert_true(isnan(none->mean));
    assert_string_equal(none->missing, "metric unresolvable in every trial");
    done(s);
}

static void every_hypothesis_has_an_effect_and_stands_first(void **state)
{
    (void)state;
    const char *claims =
        "[{\"effect\":\"queries\",\"on\":\"score\",\"direction\":\"lowers\"},"
        "{\"effect\":\"poison\",\"on\":\"nowhere\",\"direction\":\"raises\"},"
        "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\"},"
        "{\"effect\":\"poison\",\"on\":\"score\",\"direction\":\"raises\"}]";
    sheet *s = estimate(excluded, COUNT(excluded), false, claims);
    const int direction[] = {-1, 1, 0, 1};
    assert_true(s->effects->count > 4);
    for (int i = 0; i < 4; i++) {
        const tl_effect *e = &s->effects->effect[i];
        assert_int_equal(e->hypothesis, i);
        assert_int_equal(e->direction, direction[i]);
        assert_int_equal(isnan(e->q) ? 1 : 0, i == 1);
        assert_int_equal(e->missing ? 1 : 0, i == 1);
    }
    for (int i = 4; i < s->effects->count; i++) {
        assert_int_equal(s->effects->effect[i].hypothesis, -1);
        assert_true(isnan(s->effects->effect[i].q));
    }
    done(s);
}

/* --- statistics ---------------------------------------------------------------------- */

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
    assert_near(tl_sign_flip_p(equal, 20), tl_least_p(20), 0.0);
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

/* 4000 experiments each: the share that holds the truth is within 3 of its own errors. */
static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    (void)state;
    const int sizes[] = {4, 8, 16};
    for (int k = 0; k < 3; k++) {
        const int n = sizes[k], experiments = 4000;
        tl_rng rng = tl_rng_stream(2, 0, "test", (uint32_t)n, "coverage");
        const double t = tl_t_quantile(0.975, n - 1);
        int held = 0, false_positive = 0;
        for (int i = 0; i < experiments; i++) {
            double x[16], mean, sd;
            for (int j = 0; j < n; j++) x[j] = tl_rng_normal(&rng);
            tl_mean_sd(x, n, &mean, &sd);
            held += fabs(mean) <= t * sd / sqrt(n);
            false_positive += tl_sign_flip_p(x, n) <= 0.05;
        }
        assert_in_range(held, 0.94 * experiments, 0.96 * experiments);
        if (n == 4) assert_int_equal(false_positive, 0); /* least reachable: 0.125 */
        assert_true(false_positive <= 0.06 * experiments);
        if (n == 16) assert_true(false_positive >= 0.04 * experiments);
    }
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
        sheet *s = estimate(rows, 32, false, NULL);
        const tl_effect *e = find(s, "score", "poison", "badnets");
        assert_non_null(e);
        held += e->low <= 1.0 && 1.0 <= e->high;
        assert_true(e->high - e->low < 5.0); /* what is shared has cancelled */
        done(s);
    }
    assert_in_range(held, 0.92 * 400, 0.98 * 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_cells_present_at_both_levels_count),
        cmocka_unit_test(an_axis_within_a_choice_is_compared_inside_it),
        cmocka_unit_test(metrics_upstream_of_a_factor_have_no_contrast),
        cmocka_unit_test(an_interaction_is_a_difference_of_differences),
        cmocka_unit_test(a_rate_is_never_surer_than_its_cases),
        cmocka_unit_test(a_shared_reference_is_counted_as_one_measurement),
        cmocka_unit_test(missing_numbers_have_a_reason),
        cmocka_unit_test(every_hypothesis_has_an_effect_and_stands_first),
        cmocka_unit_test(t_quantiles_agree_with_the_table),
        cmocka_unit_test(sign_flip_p_is_right_by_hand),
        cmocka_unit_test(sign_flip_p_equals_brute_force),
        cmocka_unit_test(sign_flip_p_of_many_is_near_the_binomial),
        cmocka_unit_test(false_discovery_is_right_by_hand),
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
        cmocka_unit_test(effects_from_tables_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
