/*
 * Which effects answer a plan's hypotheses, and what is said where none does.
 */
#include "analysis/effect/effect_text.h"
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
    assert_string_equal(e[3].missing, "no trial of the plan is at this level");
    sheet_close(s);
    const row rows[] = {{0, "none", NONE, 1, NONE, 9, 1}, {0, "none", NONE, 2, NONE, 9, 1}};
    s = sheet_estimate(rows, 2, false, "[{\"effect\":\"queries\",\"on\":\"upstream\"}]");
    assert_string_equal(s->effects->effect[0].missing,
                        "the metric has no value in any trial");
    sheet_close(s);
}

/* Eight replicates of three poisons at 100 and 200 queries: badnets adds 1 and 3, a flip 2
 * and 2, and a replicate adds to badnets at 200 what its place is over ten. */
enum { REPLICATES = 8 };

static int poisons(row rows[6 * REPLICATES])
{
    static const char *const name[] = {"none", "badnets", "flip"};
    static const double adds[3][2] = {{0, 0}, {1, 3}, {2, 2}};
    int count = 0;
    for (int r = 0; r < REPLICATES; r++) {
        for (int c = 0; c < 6; c++) {
            const int poison = c / 2, late = c % 2;
            const double own = poison == 1 && late ? 0.1 * r : 0.01 * (r % 3) * poison;
            rows[count++] = (row){r,
                                  name[poison],
                                  NONE,
                                  late ? 200 : 100,
                                  5.0 * r + adds[poison][late] + own,
                                  9,
                                  0};
        }
    }
    return count;
}

static sheet *ask(const char *hypotheses)
{
    row rows[6 * REPLICATES];
    const int count = poisons(rows);
    return sheet_estimate(rows, count, false, hypotheses);
}

static void an_interaction_has_no_order(void **state)
{
    (void)state;
    sheet *s =
        ask("[{\"effect\":\"poison:queries\",\"on\":\"score\",\"level\":\"flip:200\"},"
            "{\"effect\":\"queries:poison\",\"on\":\"score\",\"level\":\"200:flip\"},"
            "{\"effect\":\"queries:poison\",\"on\":\"score\","
            "\"level\":\"200:badnets\",\"against\":\"100:flip\"}]");
    const tl_effect *e = s->effects->effect;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(e[i].hypothesis, i);
        assert_string_equal(e[i].factor, "poison:queries");
        assert_string_equal(e[i].level, "flip:200");
        assert_true(!isnan(e[i].q) && fabs(e[i].mean) < 1e-12);
    }
    assert_string_equal(e[2].level, "badnets:200");
    assert_string_equal(e[2].reference, "flip:100");
    /* (3 + 0.35 - 1 - its 0.00875) - (2 - 2): what badnets gains less what a flip does */
    assert_true(fabs(e[2].mean - 2.0 - 0.35 + 0.00875) < 1e-12);
    sheet_close(s);
}

static void an_effect_may_be_conditional(void **state)
{
    (void)state;
    sheet *s = ask("[{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\"},"
                   "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\","
                   "\"at\":{\"queries\":\"200\"}},"
                   "{\"effect\":\"queries\",\"on\":\"score\",\"level\":\"200\","
                   "\"at\":{\"poison\":\"flip\"}},"
                   "{\"effect\":\"poison\",\"on\":\"score\",\"at\":{\"queries\":\"7\"}}]");
    const tl_effect *e = s->effects->effect;
    assert_null(e[0].at);
    assert_string_equal(e[0].pooled, "queries (2 levels)");
    assert_true(fabs(e[0].mean - (1.00875 + 3.35) / 2.0) < 1e-12);
    assert_string_equal(e[1].at, "queries=200");
    assert_null(e[1].pooled);
    assert_true(fabs(e[1].mean - 3.35) < 1e-12);
    assert_string_equal(e[2].at, "poison=flip");
    assert_true(fabs(e[2].mean) < 1e-12);
    assert_string_equal(e[3].missing, "no trial of the plan meets its conditions");
    /* The unconditional one is not repeated among exploratory ones, the others are. */
    int same = 0;
    for (int i = 0; i < s->effects->count; i++) {
        same += strcmp(e[i].factor, "poison") == 0 && strcmp(e[i].level, "badnets") == 0 &&
                strcmp(e[i].metric, "score") == 0 && !e[i].at;
    }
    assert_int_equal(same, 1);
    sheet_close(s);
}

/* The line of an effect, in `text`. */
static void written(const tl_effect *effect, char *text, size_t room)
{
    FILE *file = fmemopen(text, room, "w");
    assert_non_null(file);
    tl_effect_print(file, effect);
    assert_int_equal(fclose(file), 0);
}

/* What a control model shows of the same, though it had no access, stands beside. */
static void a_control_stands_beside(void **state)
{
    (void)state;
    static const double moved[] = {0.4, 0.5, 0.6, 0.7, 0.4};
    for (int moves = 0; moves < 2; moves++) {
        row rows[10];
        for (int t = 0; t < 10; t++) {
            const int r = t / 2, poisoned = t % 2;
            rows[t] =
                (row){r,   poisoned ? "badnets" : "none", NONE,
                      100, poisoned * moved[r] * 2,       3 + poisoned * moves * moved[r],
                      0};
        }
        sheet *s = sheet_estimate(rows, 10, false,
                                  "[{\"effect\":\"poison\",\"on\":\"upstream\"},"
                                  "{\"effect\":\"poison\",\"on\":\"score\"}]");
        const tl_effect *e = s->effects->effect;
        assert_string_equal(e[0].control, "other");
        assert_true(fabs(e[0].control_mean - 3.0) < 1e-12);
        assert_true(fabs(e[0].control_effect - moves * 0.52) < 1e-12);
        assert_true(moves ? e[0].control_low > 0.3 && e[0].control_high < 0.7
                          : e[0].control_low == 0.0 && e[0].control_high == 0.0);
        assert_null(e[1].control);
        char text[600];
        written(&e[0], text, sizeof text);
        assert_non_null(strstr(text, "; without access 3.000, effect"));
        assert_int_equal(strstr(text, "NOT by access alone") != NULL, moves);
        sheet_close(s);
    }
}

static void any_two_levels_can_be_compared(void **state)
{
    (void)state;
    sheet *s = ask("[{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\","
                   "\"against\":\"flip\"},"
                   "{\"effect\":\"poison\",\"on\":\"score\",\"against\":\"flip\"},"
                   "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"flip\","
                   "\"against\":\"flip\"}]");
    const tl_effect *e = s->effects->effect;
    assert_string_equal(e[0].reference, "flip");
    assert_true(fabs(e[0].mean - (1.00875 + 3.35 - 4.035) / 2.0) < 1e-12);
    assert_true(e[1].hypothesis == 1 && e[2].hypothesis == 1);
    assert_string_equal(e[1].level, "none");
    assert_string_equal(e[2].level, "badnets");
    assert_string_equal(e[3].missing, "it compares a level with itself");
    sheet_close(s);
}

/* One line a level, numbered. */
static void levels_that_are_not_named_are_answered_one_by_one(void **state)
{
    (void)state;
    char number[24];
    sheet *s = ask("[{\"effect\":\"poison\",\"on\":\"score\"},"
                   "{\"effect\":\"queries\",\"on\":\"score\"}]");
    const tl_effect *e = s->effects->effect;
    assert_string_equal(tl_effect_number(&e[0], number), "1a");
    assert_string_equal(tl_effect_number(&e[1], number), "1b");
    assert_string_equal(tl_effect_number(&e[2], number), "2");
    sheet_close(s);
}

static void a_one_sided_test_has_half_the_p(void **state)
{
    (void)state;
    sheet *s = ask("[{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\","
                   "\"direction\":\"raises\",\"one_sided\":true},"
                   "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\","
                   "\"direction\":\"lowers\",\"one_sided\":true},"
                   "{\"effect\":\"poison\",\"on\":\"score\",\"level\":\"badnets\","
                   "\"direction\":\"raises\"}]");
    const tl_effect *e = s->effects->effect;
    assert_true(e[0].p == ldexp(1.0, -8) && e[0].least_p == e[0].p);
    assert_true(e[1].p == 1.0 && e[2].p == ldexp(1.0, -7));
    assert_string_equal(tl_effect_verdict(&e[0]), "supported");
    assert_string_equal(tl_effect_verdict(&e[1]), "not resolved"); /* cannot be refuted */
    sheet_close(s);
}

/* Within 0.1 for sure, and not resolved without the margin. */
static void a_small_effect_is_equivalent_within_its_margin(void **state)
{
    (void)state;
    row rows[2 * REPLICATES];
    for (int i = 0; i < 2 * REPLICATES; i++) {
        const double own = i % 2 ? (i % 4 == 1 ? 0.02 : -0.021) : 0.0;
        rows[i] = (row){i / 2, i % 2 ? "badnets" : "none", NONE, 1, i / 2 + own, 9, 0};
    }
    sheet *s = sheet_estimate(rows, 2 * REPLICATES, false,
                              "[{\"effect\":\"poison\",\"on\":\"score\",\"margin\":0.1},"
                              "{\"effect\":\"poison\",\"on\":\"score\",\"margin\":0.005},"
                              "{\"effect\":\"poison\",\"on\":\"score\"}]");
    const tl_effect *e = s->effects->effect;
    assert_string_equal(tl_effect_verdict(&e[0]), "equivalent");
    assert_string_equal(tl_effect_verdict(&e[1]), "not resolved");
    assert_string_equal(tl_effect_verdict(&e[2]), "not resolved");
    assert_true(e[0].upper < 0.1 && e[0].lower > -0.1 && e[0].equivalence_p < 0.05);
    assert_true(e[1].equivalence_p > 0.05 && isnan(e[2].equivalence_p));
    sheet_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hypothesis_has_an_effect_and_stands_first),
        cmocka_unit_test(a_hypothesis_may_be_about_the_trend),
        cmocka_unit_test(what_no_effect_answers_says_why),
        cmocka_unit_test(an_interaction_has_no_order),
        cmocka_unit_test(an_effect_may_be_conditional),
        cmocka_unit_test(a_control_stands_beside),
        cmocka_unit_test(any_two_levels_can_be_compared),
        cmocka_unit_test(levels_that_are_not_named_are_answered_one_by_one),
        cmocka_unit_test(a_one_sided_test_has_half_the_p),
        cmocka_unit_test(a_small_effect_is_equivalent_within_its_margin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
