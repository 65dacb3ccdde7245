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
    tl_table_csv(file, table, (tl_csv_form){',', '.'});
}

static void print_json(FILE *file, const void *table)
{
    tl_table_json(file, table);
}

/* What a summary is printed of. */
typedef struct summary {
    const tl_table *table;
    const tl_effects *effects;
    tl_screen screen;
} summary;

static void print_summary(FILE *file, const void *what)
{
    const summary *s = what;
    tl_arena arena = tl_arena_open(0);
    const tl_findings found = {
        .file = "r.nc", .table = s->table, .effects = s->effects, .arena = &arena};
    tl_summary_print(file, &found, &s->screen);
    tl_arena_close(&arena);
}

static void print_table(FILE *file, const void *table)
{
    tl_summary_table(file, table);
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
    written(print_table, &w->table, text);
    char *table = strstr(text, "n trials have a value:\n");
    assert_non_null(table);
    int lines = 0;
    for (char *line = strtok(strchr(table, '\n'), "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
        lines++;
    }
    /* Head, the two combinations there are, and what is not shown. */
    assert_int_equal(lines, 4 + 2 + 1);
    free(w);
}

static void the_summary_says_what_failed_and_what_is_open(void **state)
{
    (void)state;
    static const char *const wanted[] = {"11 of 12 trials done", "Trials: 1 failed",
                                         "Too few rows for: tpr (5 of 12 trials)",
                                         "No hypotheses", "threatloop effects r.nc"};
    char text[MOST];
    wide *w = wide_table();
    const tl_effects none = {0};
    const summary s = {&w->table, &none, {.columns = 80}};
    written(print_summary, &s, text);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!strstr(text, wanted[i])) fail_msg("no '%s' in %s", wanted[i], text);
    }
    for (int t = 0; t < TRIALS; t++) w->status[t] = 0;
    written(print_summary, &s, text);
    assert_non_null(strstr(text, "0 of 12 trials done"));
    assert_non_null(strstr(text, "No trial is done yet: nothing is judged"));
    assert_null(strstr(text, "No hypotheses"));
    free(w);
}

/* Any number of hypotheses, on any screen: 25 lines and one each, none too wide; numbers
 * whole. */
static void the_summary_fits_on_a_screen(void **state)
{
    (void)state;
    enum { MOST_ANSWERS = 40 };
    char text[MOST];
    wide *w = wide_table();
    for (int answers = 0; answers <= MOST_ANSWERS; answers += 4) {
        tl_effect effect[MOST_ANSWERS + 10];
        for (int k = 0; k < answers + 10; k++) {
            effect[k] = effect_of(0.3, k % 3 ? 0.1 : 0.4, 0.01, 1);
            effect[k].metric = w->name[FACTORS + k % METRICS];
            effect[k].factor = w->name[k % FACTORS];
            effect[k].level = "defense.a_very_long_name_of_one_and_more";
            effect[k].hypothesis = k < answers ? k : -1;
            effect[k].q = k < answers ? 0.01 : (double)NAN;
            effect[k].claim = k % 2 ? "a claim that has many words and none of them short, "
                                      "as claims of papers often have"
                                    : NULL;
        }
        const tl_effects effects = {.count = answers + 10, .effect = effect};
        for (int c = 0; c < 2; c++) {
            const summary s = {&w->table, &effects, {.columns = c ? 132 : 80}};
            written(print_summary, &s, text);
            int lines = 0, whole = 0;
            for (char *line = text; *line; lines++) {
                char *end = strchr(line, '\n');
                assert_non_null(end);
                if (end - line > s.screen.columns)
                    fail_msg("%.*s", (int)(end - line), line);
                *end = '\0';
                whole += strstr(line, "+0.300 [+0.200, +0.400]") ||
                         strstr(line, "+0.300 [-0.100, +0.700]");
                line = end + 1;
            }
            if (lines > 25 + answers) fail_msg("%d lines for %d", lines, answers);
            assert_true(whole >= answers);
        }
    }
    free(w);
}

/* Signs are ASCII where the locale's are; colours are none unless asked for. */
static void the_summary_keeps_to_the_screen(void **state)
{
    (void)state;
    char text[MOST];
    wide *w = wide_table();
    tl_effect effect = effect_of(0.3, 0.1, 0.01, 1);
    effect.metric = w->name[FACTORS];
    const tl_effects effects = {.count = 1, .effect = &effect};
    for (int k = 0; k < 4; k++) {
        const bool has_color = k & 1, has_utf8 = k & 2;
        const summary s = {&w->table, &effects, {80, has_color, has_utf8}};
        written(print_summary, &s, text);
        int beyond = 0, escapes = 0;
        for (const char *c = text; *c; c++) {
            beyond += (unsigned char)*c > 127;
            escapes += *c == '\033';
        }
        assert_int_equal(beyond > 0, has_utf8);
        assert_int_equal(escapes, has_color ? 2 : 0);
        assert_non_null(strstr(text, "SUPPORTED"));
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
    assert_string_equal(table->dimension, "comparison");
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
        cmocka_unit_test(the_summary_says_what_failed_and_what_is_open),
        cmocka_unit_test(the_summary_fits_on_a_screen),
        cmocka_unit_test(the_summary_keeps_to_the_screen),
        cmocka_unit_test(csv_is_quoted_and_missing_is_empty),
        cmocka_unit_test(json_is_escaped_and_missing_is_null),
        cmocka_unit_test(effects_become_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
