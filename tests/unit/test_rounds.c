/*
 * Rounds as effects see them: what a metric of a later round is above the same in the
 * first.
 */
#include "analysis/effect/effects.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { TRIALS = 6, COLUMNS = 6 };

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))

typedef struct sheet {
    tl_column column[COLUMNS];
    tl_table table;
    tl_attribute global;
    tl_arena arena;
    tl_effects *effects;
} sheet;

static void describe(tl_column *column, const char *name, const char *text)
{
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

/* Three replicates with and without poison; the last trial has no second round. */
static sheet estimate(void)
{
    static const int32_t replicate[TRIALS] = {0, 0, 1, 1, 2, 2};
    static const char *const poison[TRIALS] = {"none", "flip", "none",
                                               "flip", "none", "flip"};
    static const double first[TRIALS] = {0.50, 0.60, 0.50, 0.70, 0.40, 0.60};
    static const double second[TRIALS] = {0.60, 0.90, 0.50, 0.80, 0.45, (double)NAN};
    static const double n[TRIALS] = {100, 100, 100, 100, 100, 100};
    sheet s = {.arena = tl_arena_open(0)};
    tl_column *c = s.column;
    c[0] = (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = replicate};
    c[1] = (tl_column){.name = "poison", .type = TL_COLUMN_TEXT, .text = poison};
    describe(&c[1], "factor", "choice");
    describe(&c[1], "reference", "none");
    c[2] = (tl_column){.name = "copy", .type = TL_COLUMN_REAL, .real = first};
    c[3] = (tl_column){.name = "copy_round2", .type = TL_COLUMN_REAL, .real = second};
    describe(&c[3], "round", "2");
    describe(&c[3], "first_round", "copy");
    for (int i = 2; i < 4; i++) {
        describe(&c[i], "better", "lower");
        describe(&c[i], "downstream_of", "poison");
    }
    c[4] = (tl_column){.name = "copy_n", .type = TL_COLUMN_REAL, .real = n};
    c[5] = c[3]; /* the same step in both rounds: nothing to compare */
    c[5].name = "other_round2";
    c[5].real = first;
    s.global = (tl_attribute){"hypotheses",
                              "[{\"effect\":\"round\",\"on\":\"copy\",\"level\":\"2\","
                              "\"direction\":\"raises\"}]"};
    return s;
}

static void a_round_is_compared_with_the_first_in_each_trial(void **state)
{
    (void)state;
    tl_err err;
    sheet s = estimate();
    s.table = (tl_table){.trials = TRIALS,
                         .columns = COLUMNS,
                         .column = s.column,
                         .attributes = 1,
                         .attribute = &s.global};
    assert_int_equal(tl_effects_estimate(&s.table, &s.arena, &s.effects, &err), TL_OK);
    const tl_effect *e = s.effects->effect;
    assert_string_equal(e->factor, "round");
    assert_string_equal(e->level, "2");
    assert_string_equal(e->metric, "copy");
    assert_int_equal(e->hypothesis, 0);
    assert_int_equal(e->replicates, 2);
    assert_int_equal(e->left_out, 1); /* the last trial of the third has no second round */
    /* (0.1 + 0.3) / 2 and (0 + 0.1) / 2. */
    assert_near(e->mean, (0.2 + 0.05) / 2.0, 1e-12);
    assert_near(e->reference_mean, (0.55 + 0.6) / 2.0, 1e-12);
    assert_near(e->least_p, 0.5, 0.0);
    int rounds = 0;
    for (int i = 0; i < s.effects->count; i++) {
        rounds += strcmp(s.effects->effect[i].factor, "round") == 0;
    }
    assert_int_equal(rounds, 1);
    tl_arena_close(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_is_compared_with_the_first_in_each_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
