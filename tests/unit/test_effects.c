/*
 * Effects on tables made by hand and by simulation, whose truth is known.
 */
#include "analysis/effects.h"
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

/* \param zip the group of poison, its rate and queries, or NULL where they multiply */
static sheet *estimate_zipped(const row *rows, int count, bool is_rate,
                              const char *hypotheses, const char *zip)
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
    for (int i = 1; i <= 3 && zip; i++) describe(&c[i], "zip", zip);
    c[4] = real_column("score", s->score);
    c[4].high = 1.0; /* where it is no score of 1 and more: nothing reads it then */
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

static sheet *estimate(const row *rows, int count, bool is_rate, const char *hypotheses)
{
    return estimate_zipped(rows, count, is_rate, hypotheses, NULL);
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
    assert_int_equal(e->kind, TL_EFFECT_INTERACTION);
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
    sheet *s = estimate(rows, 12, false, NULL);
    const tl_effect *e = find(s, "score", "queries", "trend");
    assert_non_null(e);
    assert_int_equal(e->kind, TL_EFFECT_TREND);
    assert_string_equal(e->reference, "value");
    assert_int_equal(e->replicates, 2);
    assert_near(e->mean, 3.5, 1e-12); /* (2+4)/2 = 3 and (3+5)/2 = 4 */
    assert_null(find(s, "upstream", "queries", "trend"));
    assert_null(find(s, "score", "poison", "trend"));
    done(s);
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
    sheet *s = estimate(rows, 6, false, NULL);
    const tl_effect *e = find(s, "score", "queries", "trend");
    assert_true(e && strcmp(e->reference, "rank") == 0);
    assert_near(e->mean, -2.0, 1e-12);
    done(s);
}

/* The third replicate has two levels: no trend; the second lacks a row of four. */
static void a_trend_needs_three_levels_in_a_replicate(void **state)
{
    (void)state;
    const row rows[] = {
        {0, "none", NONE, 1, 1.0, 9, 0},  {0, "none", NONE, 2, 2.0, 9, 0},
        {0, "none", NONE, 3, 3.0, 9, 0},  {0, "none", NONE, 4, 4.0, 9, 0},
        {1, "none", NONE, 1, 1.0, 9, 0},  {1, "none", NONE, 2, 4.0, 9, 0},
        {1, "none", NONE, 3, 7.0, 9, 0},  {2, "none", NONE, 1, 1.0, 9, 0},
        {2, "none", NONE, 4, 90.0, 9, 0},
    };
    sheet *s = estimate(rows, COUNT(rows), false, NULL);
    const tl_effect *e = find(s, "score", "queries", "trend");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 2.0, 1e-12);
    done(s);
}

static void a_trend_of_a_rate_has_the_floor_of_its_cases(void **state)
{
    (void)state;
    row rows[6];
    for (int i = 0; i < 6; i++) {
        rows[i] = (row){i / 3, "none", NONE, i % 3 + 1, 0.5, 98, 0};
    }
    sheet *s = estimate(rows, 6, true, NULL);
    const tl_effect *e = find(s, "score", "queries", "trend");
    assert_non_null(e);
    /* weights -1/2, 0, 1/2: variance (1/4 + 1/4) 0.25/98 */
    assert_near(e->floor_sd, sqrt(0.5 * 0.25 / 98.0), 1e-12);
    done(s);
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
    sheet *s = estimate(rows, 12, false, NULL);
    const tl_effect *level = find(s, "score", "queries", "2");
    const tl_effect *trend = find(s, "score", "queries", "trend");
    assert_true(level && level->mean == 0.0 && level->p == 1.0);
    assert_true(trend && trend->mean == 0.0 && trend->p == 1.0);
    done(s);
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
    sheet *s = estimate(rows, 16, true, NULL);
    const tl_effect *e = find(s, "score", "poison:queries", "badnets:2");
    assert_non_null(e);
    assert_int_equal(e->scales, TL_SCALES_DISAGREE);
    assert_true(e->high < 0.0 && e->logit_low > 0.0);
    const double odds = log(0.99 / 0.01) - log(0.9 / 0.1) - log(0.8 / 0.2);
    assert_near(e->logit_mean, odds, 0.01);
    done(s);
    for (int i = 0; i < 16; i++) rows[i].score = i % 4 < 2 ? 0.2 : i % 4 == 2 ? 0.3 : 0.5;
    s = estimate(rows, 16, true, NULL);
    e = find(s, "score", "poison:queries", "badnets:2");
    assert_int_equal(e->scales, TL_SCALES_AGREE);
    assert_near(e->mean, 0.2, 1e-12);
    done(s);
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
    sheet *s = estimate(rows, 8, false, NULL);
    const tl_effect *e = find(s, "score", "poison:queries", "badnets:2");
    assert_int_equal(e->scales, TL_SCALES_NOT_COMPARED);
    assert_true(isnan(e->logit_mean) && !isnan(e->mean));
    done(s);
    s = estimate(rows, 8, true, NULL);
    e = find(s, "score", "poison:queries", "badnets:2");
    assert_int_not_equal(e->scales, TL_SCALES_NOT_COMPARED);
    assert_true(isfinite(e->logit_mean));
    done(s);
}

static void a_hypothesis_may_be_about_the_trend(void **state)
{
    (void)state;
    row rows[6];
    for (int i = 0; i < 6; i++) {
        rows[i] = (row){i / 3, "none", NONE, i % 3 + 1, i % 3 + 0.1 * i, 9, 0};
    }
    sheet *s = estimate(
        rows, 6, false,
        "[{\"effect\":\"queries\",\"on\":\"score\",\"direction\":\"raises\"},"
        "{\"effect\":\"queries\",\"on\":\"score\",\"level\":\"trend\",\"claim\":\"a b\"}]");
    const tl_effect *e = s->effects->effect;
    assert_int_equal(e[0].hypothesis + e[1].hypothesis, 0);
    assert_int_equal(e[0].kind + e[1].kind, 2 * TL_EFFECT_CONTRAST);
    assert_int_equal(e[2].hypothesis, 1);
    assert_int_equal(e[2].kind, TL_EFFECT_TREND);
    assert_true(!e[0].claim && strcmp(e[2].claim, "a b") == 0);
    assert_int_equal(s->effects->count, 3);
    done(s);
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
    sheet *s = estimate_zipped(rows, 6, false,
                               "[{\"effect\":\"poison:queries\",\"on\":\"score\"}]", "0");
    const tl_effect *e = find(s, "score", "queries", "2");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 2.5, 1e-12); /* 3-1 and 4-1 */
    e = find(s, "score", "queries", "trend");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 3.0, 1e-12); /* (7-1)/2 */
    e = find(s, "score", "poison", "badnets");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 4.25, 1e-12); /* (2+6)/2 and (3+6)/2 */
    e = find(s, "score", "poison_rate", "0.2");
    assert_true(e && e->replicates == 2);
    assert_near(e->mean, 3.5, 1e-12); /* 7-3 and 7-4 */
    assert_null(find(s, "score", "poison:queries", "badnets:2"));
    e = s->effects->effect;
    assert_string_equal(e->missing,
                        "its factors move together: neither is ever varied alone");
    done(s);
}

/* Every way in which a hypothesis is left without an effect has a reason of its own. */
static void what_no_effect_answers_says_why(void **state)
{
    (void)state;
    sheet *s = estimate(excluded, COUNT(excluded), false,
                        "[{\"effect\":\"poison\",\"on\":\"nowhere\"},"
                        "{\"effect\":\"queries\",\"on\":\"upstream\"},"
                        "{\"effect\":\"poison:queries\",\"on\":\"upstream\"},"
                        "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"wanet\"}]");
    const tl_effect *e = s->effects->effect;
    assert_string_equal(e[0].missing, "no column of that name: no trial has the metric");
    assert_string_equal(e[1].missing, "the metric lies not downstream of it");
    assert_string_equal(e[2].missing, "the metric lies not downstream of it");
    assert_string_equal(e[3].missing, "no trial of the plan is at this level");
    done(s);
    const row rows[] = {{0, "none", NONE, 1, NONE, 9, 1}, {0, "none", NONE, 2, NONE, 9, 1}};
    s = estimate(rows, 2, false, "[{\"effect\":\"queries\",\"on\":\"upstream\"}]");
    assert_string_equal(s->effects->effect[0].missing,
                        "the metric has no value in any trial");
    done(s);
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
        cmocka_unit_test(a_trend_is_the_slope_within_the_replicate),
        cmocka_unit_test(a_trend_over_decades_goes_by_rank),
        cmocka_unit_test(a_trend_needs_three_levels_in_a_replicate),
        cmocka_unit_test(a_trend_of_a_rate_has_the_floor_of_its_cases),
        cmocka_unit_test(what_rounding_leaves_is_no_effect),
        cmocka_unit_test(scales_that_disagree_are_flagged),
        cmocka_unit_test(an_area_of_one_has_no_log_odds),
        cmocka_unit_test(a_hypothesis_may_be_about_the_trend),
        cmocka_unit_test(zipped_factors_are_compared_though_they_move_together),
        cmocka_unit_test(what_no_effect_answers_says_why),
        cmocka_unit_test(effects_from_tables_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
