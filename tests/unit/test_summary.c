/*
 * What people and other programs read: verdicts, sentences, the table, CSV and JSON.
 */
#include "analysis/effect/effect_text.h"
#include "analysis/report/summary.h"
#include "analysis/table/table_print.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 65536, TRIALS = 12, FACTORS = 8, METRICS = 12, COLUMNS = FACTORS + METRICS };

/* What `print` writes, in `text`. */
typedef void printer(FILE *file, const void *what);

static void written(printer *print, const void *what, char text[MOST])
{
    FILE *file = tmpfile();
    assert_non_null(file);
    print(file, what);
    rewind(file);
    text[fread(text, 1, MOST - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void print_effect(FILE *file, const void *effect)
{
    tl_effect_print(file, effect);
}

static void print_csv(FILE *file, const void *table)
{
    tl_table_csv(file, table);
}

static void print_json(FILE *file, const void *table)
{
    tl_table_json(file, table);
}

static void print_summary(FILE *file, const void *table)
{
    const tl_effects none = {.left_out = 7};
    tl_summary_print(file, table, &none);
}

static tl_effect effect_of(double mean, double half, double q, int direction)
{
    return (tl_effect){.factor = "poison",
                       .level = "badnets",
                       .reference = "none",
                       .metric = "auc",
                       .replicates = 16,
                       .mean = mean,
                       .low = mean - half,
                       .high = mean + half,
                       .p = q,
                       .q = q,
                       .sides = 2,
                       .margin = (double)NAN,
                       .equivalence_p = (double)NAN,
                       .least_p = ldexp(1.0, -15),
                       .direction = direction};
}

static void verdicts_need_q_and_an_interval_without_zero(void **state)
{
    (void)state;
    static const struct {
        double mean, half, q;
        int direction;
        const char *verdict;
    } known[] = {{0.3, 0.1, 0.01, 1, "supported"},
                 {-0.3, 0.1, 0.01, 1, "refuted"},
                 {0.3, 0.1, 0.01, -1, "refuted"},
                 {-0.3, 0.1, 0.01, -1, "supported"},
                 {-0.3, 0.1, 0.01, 0, "supported"},
                 {0.3, 0.1, 0.06, 1, "unclear"},
                 {0.3, 0.4, 0.01, 1, "unclear"},
                 {0.3, 0.4, 0.06, 1, "not resolved"},
                 {0.3, 0.1, (double)NAN, 1, "not resolved"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tl_effect e =
            effect_of(known[i].mean, known[i].half, known[i].q, known[i].direction);
        assert_string_equal(tl_effect_verdict(&e), known[i].verdict);
        e.hypothesis = -1;
        assert_string_equal(tl_effect_verdict(&e), "exploratory");
    }
}

static void what_is_not_resolved_has_a_bound(void **state)
{
    (void)state;
    char text[MOST];
    tl_effect e = effect_of(0.125, 0.25, 0.5, 1);
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "not resolved; one larger than 0.375 is excluded"));
    e = effect_of(0.125, 0.25, 0.0234, 1);
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "unclear, q <= 0.05 but the interval holds 0"));
    e.q = (double)NAN;
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "unclear, p <= 0.05 but the interval holds 0"));
    e = effect_of(0.5, 0.25, 0.06, 1);
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "unclear, the interval excludes 0 but q > 0.05"));
    e = effect_of(0.5, 0.25, 0.01, 1);
    e.left_out = 2;
    written(print_effect, &e, text);
    assert_null(strstr(text, "resolved"));
    assert_null(strstr(text, "unclear"));
    assert_non_null(strstr(text, "+0.5 [+0.25, +0.75], n=16 (2 left out), p="));
    e = effect_of(0.0, 0.0, 1.0, 1);
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "the same in every replicate"));
    assert_null(strstr(text, "excluded"));
}

static void too_few_replicates_are_said(void **state)
{
    (void)state;
    char text[MOST];
    tl_effect e = effect_of(0.5, 0.25, 0.25, 1);
    e.replicates = 3;
    e.least_p = 0.25;
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "3 replicates cannot reach p = 0.05"));
    e = effect_of(0.5, (double)NAN, (double)NAN, 1);
    e.missing = "an interval needs 2 replicates";
    written(print_effect, &e, text);
    assert_non_null(strstr(text, "an interval needs 2 replicates (difference +0.5)"));
}

static void print_claims(FILE *file, const void *effects)
{
    assert_int_equal(tl_summary_claims(file, effects), 3);
}

static void claims_are_a_table_of_verdicts(void **state)
{
    (void)state;
    char text[MOST];
    tl_effect e[] = {effect_of(0.3, 0.1, 0.01, 1), effect_of(0.3, 0.1, 0.01, 1),
                     effect_of(0.3, 0.1, 0.01, -1),
                     effect_of(0.5, (double)NAN, (double)NAN, 1)};
    e[0].claim = "poison amplifies leakage";
    e[2].claim = "poison hides members";
    e[3].claim = "nobody knows";
    const tl_effects effects = {.count = 4, .effect = e};
    written(print_claims, &effects, text);
    static const char *const wanted[] = {
        "supported     +0.3 [+0.2, +0.4] ",
        "poison amplifies leakage (poison=badnets against none, on auc)\n",
        "refuted       +0.3", "not resolved  no interval "};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_non_null(strstr(text, wanted[i]));
    }
}

/* What is gained: a table with one choice, one axis and three metrics. */
typedef struct gains {
    tl_table table;
    tl_column column[5];
    tl_effect effect[6];
    tl_effects effects;
    int most;
} gains;

static void print_gains(FILE *file, const void *what)
{
    const gains *g = what;
    tl_summary_gains(file, &g->table, &g->effects, g->most);
}

static gains *gains_of(void)
{
    static const char *const name[] = {"poison", "rate", "mia_auc_round2",
                                       "copy_agreement_gain", "utility_auc"};
    gains *g = calloc(1, sizeof *g);
    assert_non_null(g);
    for (int i = 0; i < 5; i++) {
        tl_column *c = &g->column[i];
        *c = (tl_column){.name = name[i], .type = TL_COLUMN_REAL};
        c->is_success = i == 2 || i == 3;
        if (i < 2)
            c->attribute[c->attributes++] =
                (tl_attribute){"factor", i == 0 ? "choice" : "axis"};
        else
            c->attribute[c->attributes++] = (tl_attribute){"better", "lower"};
    }
    /* Poison on auc, rate on auc, poison on gain, auc once more, utility, and one missing.
     */
    static const int factor[] = {0, 1, 0, 0, 0, 0}, metric[] = {2, 2, 3, 2, 4, 3};
    for (int k = 0; k < 6; k++) {
        g->effect[k] = effect_of(0.3, 0.1, 0.01, 1);
        g->effect[k].factor = name[factor[k]];
        g->effect[k].metric = name[metric[k]];
        g->effect[k].hypothesis = k == 0 ? 0 : -1;
    }
    g->effect[5].level = "other";
    g->effect[5].mean = (double)NAN;
    g->table = (tl_table){.columns = 5, .column = g->column};
    g->effects = (tl_effects){.count = 6, .effect = g->effect};
    g->most = -1;
    return g;
}

static void gains_stand_in_the_order_of_the_chain(void **state)
{
    (void)state;
    char text[MOST];
    gains *g = gains_of();
    written(print_gains, g, text);
    const char *auc = strstr(text, "on mia_auc_round2"), *gain = strstr(text, "on copy_");
    assert_true(auc && gain && auc < gain);
    assert_null(strstr(auc + 4, "mia_auc_round2"));
    assert_null(strstr(text, "rate="));
    assert_null(strstr(text, "utility"));
    assert_null(strstr(text, "other"));
    g->most = 1;
    written(print_gains, g, text);
    assert_non_null(strstr(text, "  1 more; threatloop effects"));
    free(g);
}

/* More factors and metrics than fit, with long names. */
typedef struct wide {
    tl_table table;
    tl_column column[COLUMNS + 2];
    char name[COLUMNS][64];
    double real[TRIALS];
    int32_t status[TRIALS], why[TRIALS];
    const char *text[TRIALS];
} wide;

static wide *wide_table(void)
{
    wide *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (int t = 0; t < TRIALS; t++) {
        w->real[t] = t % 2 ? 123456.0 : 0.25;
        w->status[t] = t == 0 ? 3 : 2;
        w->why[t] = t < 5;
        w->text[t] = t % 2 ? "defense.a_very_long_name_of_one" : "none";
    }
    for (int i = 0; i < COLUMNS; i++) {
        const bool is_factor = i < FACTORS;
        (void)snprintf(w->name[i], sizeof w->name[i], "m2d_some_stage_of_long_name_%d%s", i,
                       is_factor ? "" : "_auc");
        w->column[i] =
            (tl_column){.name = w->name[i],
                        .type = i % 2 && is_factor ? TL_COLUMN_TEXT : TL_COLUMN_REAL,
                        .real = w->real,
                        .text = w->text,
                        .attributes = 1};
        w->column[i].attribute[0] = is_factor ? (tl_attribute){"factor", "axis"}
                                              : (tl_attribute){"better", "lower"};
    }
    w->column[COLUMNS] = (tl_column){.name = "status",
                                     .type = TL_COLUMN_FLAG,
                                     .integer = w->status,
                                     .flag_meanings = "planned running done failed"};
    w->column[COLUMNS + 1] = (tl_column){.name = "tpr_reason",
                                         .type = TL_COLUMN_FLAG,
                                         .integer = w->why,
                                         .flag_meanings = "value unresolvable"};
    w->table = (tl_table){.trials = TRIALS, .columns = COLUMNS + 2, .column = w->column};
    return w;
}

static void the_table_fits_into_100_columns(void **state)
{
    (void)state;
    char text[MOST];
    wide *w = wide_table();
    written(print_summary, &w->table, text);
    char *table = strstr(text, "n trials have a value:\n");
    assert_non_null(table);
    int lines = 0;
    for (char *line = strtok(strchr(table, '\n'), "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
        lines++;
    }
    assert_int_equal(lines, 4 + 2); /* head, and the two combinations there are */
    free(w);
}

static void the_summary_says_what_failed_and_what_is_left_out(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "11 of 12 trials done, 1 failed",
        "Too few cases to resolve: tpr (in 5 of 12 trials).", "7 interactions left out",
        "and over m2d_some_stage_of_long_name_"};
    char text[MOST];
    wide *w = wide_table();
    written(print_summary, &w->table, text);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_non_null(strstr(text, wanted[i]));
    }
    free(w);
}

static tl_table *awkward_table(void)
{
    static const char *const text[] = {"a,b", "say \"x\"\n", ""};
    static const double real[] = {0.1, (double)NAN, -1e-300};
    static const int32_t integer[] = {-1, 0, 7}, flag[] = {0, 1, 9};
    static tl_column column[] = {{.name = "name", .type = TL_COLUMN_TEXT, .text = text},
                                 {.name = "x", .type = TL_COLUMN_REAL, .real = real},
                                 {.name = "i", .type = TL_COLUMN_INT, .integer = integer},
                                 {.name = "why",
                                  .type = TL_COLUMN_FLAG,
                                  .integer = flag,
                                  .flag_meanings = "no yes"}};
    static tl_table table = {.trials = 3, .columns = 4, .column = column};
    return &table;
}

static void csv_is_quoted_and_missing_is_empty(void **state)
{
    (void)state;
    char text[MOST];
    written(print_csv, awkward_table(), text);
    assert_string_equal(text, "name,x,i,why\r\n"
                              "\"a,b\",0.1,-1,no\r\n"
                              "\"say \"\"x\"\"?\",,0,yes\r\n"
                              ",-1e-300,7,\r\n");
}

static void json_is_escaped_and_missing_is_null(void **state)
{
    (void)state;
    char text[MOST];
    written(print_json, awkward_table(), text);
    assert_string_equal(text,
                        "[\n{\"name\": \"a,b\", \"x\": 0.1, \"i\": -1, \"why\": \"no\"},\n"
                        "{\"name\": \"say \\\"x\\\"\\u000a\", \"x\": null, \"i\": 0, "
                        "\"why\": \"yes\"},\n"
                        "{\"name\": \"\", \"x\": -1e-300, \"i\": 7, \"why\": null}\n]\n");
}

static void effects_become_a_table(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_err err;
    tl_table *table;
    tl_effect e = effect_of(0.5, 0.25, 0.01, 1);
    const tl_effects effects = {.count = 1, .effect = &e};
    assert_int_equal(tl_effects_table(&effects, &arena, &table, &err), TL_OK);
    assert_string_equal(table->dimension, "effect");
    assert_string_equal(table->group, "effects");
    assert_int_equal(table->trials, 1);
    assert_string_equal(tl_table_find(table, "verdict")->text[0], "supported");
    assert_string_equal(tl_table_find(table, "missing")->text[0], "");
    assert_true(tl_table_find(table, "effect")->real[0] == 0.5);
    assert_true(tl_table_find(table, "low")->real[0] == 0.25);
    assert_int_equal(tl_table_find(table, "n")->integer[0], 16);
    assert_int_equal(tl_table_find(table, "hypothesis")->integer[0], 1);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_need_q_and_an_interval_without_zero),
        cmocka_unit_test(what_is_not_resolved_has_a_bound),
        cmocka_unit_test(too_few_replicates_are_said),
        cmocka_unit_test(claims_are_a_table_of_verdicts),
        cmocka_unit_test(gains_stand_in_the_order_of_the_chain),
        cmocka_unit_test(the_table_fits_into_100_columns),
        cmocka_unit_test(the_summary_says_what_failed_and_what_is_left_out),
        cmocka_unit_test(csv_is_quoted_and_missing_is_empty),
        cmocka_unit_test(json_is_escaped_and_missing_is_null),
        cmocka_unit_test(effects_become_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
