/*
 * Which effects answer a plan's hypotheses, and what is said where none does.
 */
#include "tests/support/effects_sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const row table[] = {
    {0, "none", NONE, 100, 1.0, 9, 0},   {0, "none", NONE, 200, 2.0, 9, 0},
    {0, "badnets", 0.1, 100, 9.0, 9, 0}, {0, "badnets", 0.1, 200, 5.0, 9, 0},
    {1, "none", NONE, 100, 50.0, 9, 0},  {1, "none", NONE, 200, 2.0, 9, 0},
    {1, "badnets", 0.1, 100, 6.0, 9, 0}, {1, "badnets", 0.1, 200, 4.0, 9, 0},
};

static void every_hypothesis_has_an_effect_and_stands_first(void **state)
{
    (void)state;
    const char *claims =
        "[{\"effect\":\"queries\",\"on\":\"score\",\"direction\":\"lowers\"},"
        "{\"effect\":\"poison\",\"on\":\"nowhere\",\"direction\":\"raises\"},"
        "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\"},"
        "{\"effect\":\"poison\",\"on\":\"score\",\"direction\":\"raises\"}]";
    sheet *s = sheet_estimate(table, COUNT(table), false, claims);
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
    sheet_close(s);
}

static void a_hypothesis_may_be_about_the_trend(void **state)
{
    (void)state;
    row rows[6];
    for (int i = 0; i < 6; i++) {
        rows[i] = (row){i / 3, "none", NONE, i % 3 + 1, i % 3 + 0.1 * i, 9, 0};
    }
    sheet *s = sheet_estimate(
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
    sheet_close(s);
}

/* Every way in which a hypothesis is left without an effect has a reason of its own. */
static void what_no_effect_answers_says_why(void **state)
{
    (void)state;
    sheet *s =
        sheet_estimate(table, COUNT(table), false,
                       "[{\"effect\":\"poison\",\"on\":\"nowhere\"},"
                       "{\"effect\":\"queries\",\"on\":\"upstream\"},"
                       "{\"effect\":\"poison:queries\",\"on\":\"upstream\"},"
                       "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"wanet\"}]");
    const tl_effect *e = s->effects->effect;
    assert_string_equal(e[0].missing, "no column of that name: no trial has the metric");
    assert_string_equal(e[1].missing, "the metric is not downstream of it");
    assert_string_equal(e[2].missing, "the metric is not downstream of it");
    assert_string_equal(
        e[3].missing, "no trial of the plan is at this level, or its levels are too many");
    sheet_close(s);
    const row rows[] = {{0, "none", NONE, 1, NONE, 9, 1}, {0, "none", NONE, 2, NONE, 9, 1}};
    s = sheet_estimate(rows, 2, false, "[{\"effect\":\"queries\",\"on\":\"upstream\"}]");
    assert_string_equal(s->effects->effect[0].missing,
                        "the metric has no value in any trial");
    sheet_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hypothesis_has_an_effect_and_stands_first),
        cmocka_unit_test(a_hypothesis_may_be_about_the_trend),
        cmocka_unit_test(what_no_effect_answers_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
