/* Gains: means of metrics that are differences already, with hand-computed intervals. */
#include "analysis/effect/gain.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TRIALS = 8, COLUMNS = 5 };

/* Two levels of a budget x two colours x two replicates. */
static const double budget[TRIALS] = {10, 10, 10, 10, 20, 20, 20, 20};
static const char *const colour[TRIALS] = {"a", "a", "b", "b", "a", "a", "b", "b"};
static const int32_t replicate[TRIALS] = {4, 5, 4, 5, 4, 5, 4, 5};
static const double gain[TRIALS] = {0.1,  0.3,         0.3, 0.5,
                                    -0.2, (double)NAN, 0.0, (double)NAN};
static const double rate[TRIALS] = {1, 1, 1, 1, 1, 1, 1, 1};

static tl_table table_of(tl_column *column)
{
    column[0] = (tl_column){.name = "budget",
                            .type = TL_COLUMN_REAL,
                            .real = budget,
                            .attributes = 1,
                            .attribute = {{"factor", "axis"}}};
    column[1] = (tl_column){.name = "colour",
                            .type = TL_COLUMN_TEXT,
                            .text = colour,
                            .attributes = 1,
                            .attribute = {{"factor", "choice"}}};
    column[2] =
        (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = replicate};
    column[3] =
        (tl_column){.name = "gain",
                    .type = TL_COLUMN_REAL,
                    .real = gain,
                    .low = -1.0,
                    .high = 1.0,
                    .attributes = 2,
                    .attribute = {{"better", "lower"}, {"downstream_of", "colour budget"}}};
    column[4] = (tl_column){.name = "rate",
                            .type = TL_COLUMN_REAL,
                            .real = rate,
                            .low = 0.0,
                            .high = 1.0,
                            .attributes = 1,
                            .attribute = {{"better", "lower"}}};
    return (tl_table){.trials = TRIALS, .columns = COLUMNS, .column = column};
}

/* Replicate means at budget 10: (0.1 + 0.3) / 2 and (0.3 + 0.5) / 2; sd 0.2 / sqrt 2, and
 * t(0.975, 1) = 12.7062. */
static void each_level_has_its_mean_over_replicates(void **state)
{
    (void)state;
    tl_column column[COLUMNS];
    const tl_table table = table_of(column);
    tl_arena arena = tl_arena_open(0);
    tl_gain *list;
    int count;
    tl_err err;
    assert_int_equal(tl_gain_estimate(&table, &arena, &list, &count, &err), TL_OK);
    assert_int_equal(count, 2); /* `rate` cannot be below 0 and is none */
    assert_string_equal(list[0].metric, "gain");
    assert_string_equal(list[0].factor, "budget");
    assert_string_equal(list[0].level, "10");
    assert_string_equal(list[0].pooled, "colour (2 levels)");
    assert_int_equal(list[0].replicates, 2);
    assert_true(fabs(list[0].mean - 0.3) < 1e-12);
    assert_true(fabs(list[0].high - 0.3 - 12.7062 * 0.1) < 1e-4);
    assert_int_equal(list[1].replicates, 1);
    assert_int_equal(list[1].left_out, 1);
    assert_true(fabs(list[1].mean + 0.1) < 1e-12);
    assert_true(isnan(list[1].low) && isnan(list[1].high));
    tl_arena_close(&arena);
}

/* Arms are not mixed: each choice has its own mean, of replicates with both budgets. */
static void without_a_numeric_factor_there_is_one_a_choice(void **state)
{
    (void)state;
    tl_column column[COLUMNS];
    const tl_table table = table_of(column);
    column[3].attribute[1].text = "colour";
    tl_arena arena = tl_arena_open(0);
    tl_gain *list;
    int count;
    assert_int_equal(tl_gain_estimate(&table, &arena, &list, &count, NULL), TL_OK);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].factor, "colour");
    assert_string_equal(list[0].level, "a");
    assert_int_equal(list[0].replicates, 1);
    assert_int_equal(list[0].left_out, 1);
    assert_true(fabs(list[0].mean - 0.5 * (0.1 - 0.2)) < 1e-12);
    assert_true(fabs(list[1].mean - 0.5 * (0.3 + 0.0)) < 1e-12);
    column[3].attribute[1].text = "";
    assert_int_equal(tl_gain_estimate(&table, &arena, &list, &count, NULL), TL_OK);
    assert_int_equal(count, 1);
    assert_null(list[0].factor);
    assert_null(list[0].pooled);
    assert_true(fabs(list[0].mean - 0.25 * (0.1 + 0.3 - 0.2 + 0.0)) < 1e-12);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_has_its_mean_over_replicates),
        cmocka_unit_test(without_a_numeric_factor_there_is_one_a_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
