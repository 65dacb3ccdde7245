/* Combinations that `exclude` drops: quickly found, and the same as one rule after another.
 */
#include "compute/core/rng.h"
#include "runner/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { AXES = 4, LEVELS = 5, RULES = 6, ROUNDS = 60 };

#define DATA                                                                     \
    "data: {source: synthetic/lesions, classes: 2, split: {pool: 8, keep: 0.5, " \
    "validation: 4, test: 4}}\nmodel: {kind: linear}\nchain: [train]\n"

static const char *const names[AXES] = {"recipe.epochs", "recipe.batch", "recipe.lr",
                                        "recipe.weight_decay"};

/* A rule: for each axis a set of levels, a bit each; 0: the axis is not in it. */
typedef struct rule {
    unsigned levels[AXES];
} rule;

static rule draw_rule(tl_rng *rng)
{
    rule r = {{0}};
    do
        for (int a = 0; a < AXES; a++)
            r.levels[a] = tl_rng_below(rng, 2) ? tl_rng_below(rng, 1U << LEVELS) : 0;
    while (!(r.levels[0] | r.levels[1] | r.levels[2] | r.levels[3]));
    return r;
}

/* Levels are 1, 2, ... for every axis. */
static void write_rule(const rule *r, tl_text *text)
{
    const char *before = "  - {";
    for (int a = 0; a < AXES; a++) {
        if (r->levels[a] == 0) continue;
        tl_text_print(text, "%s%s: [", before, names[a]);
        before = ", ";
        const char *comma = "";
        for (int l = 0; l < LEVELS; l++) {
            if (!(r->levels[a] >> l & 1U)) continue;
            tl_text_print(text, "%s%s%d", comma, a < 2 ? "" : "0.", l + 1);
            comma = ", ";
        }
        tl_text_add(text, "]");
    }
    tl_text_add(text, "}\n");
}

static bool is_dropped(const rule *all, int rules, const int *level)
{
    for (int i = 0; i < rules; i++) {
        bool holds = true;
        for (int a = 0; a < AXES; a++)
            holds = holds && (all[i].levels[a] == 0 || all[i].levels[a] >> level[a] & 1U);
        if (holds) return true;
    }
    return false;
}

static tl_plan *read_plan(const char *text, tl_err *err)
{
    tl_plan *plan;
    const tl_plan_options options = {.is_shared = true};
    return tl_plan_parse("p", text, &options, &plan, err) == TL_OK ? plan : NULL;
}

/* Writes axes of LEVELS levels; the first two move together if `zips`. */
static void write_plan(bool zips, const rule *all, int rules, tl_text *text)
{
    tl_text_add(text, "name: p\nreplicates: 1\n" DATA);
    tl_text_add(text, "recipe: {epochs: [1, 2, 3, 4, 5], batch: [1, 2, 3, 4, 5], "
                      "lr: [0.1, 0.2, 0.3, 0.4, 0.5], weight_decay: [0.1, 0.2, 0.3, 0.4, "
                      "0.5]}\n");
    if (zips) tl_text_add(text, "sweep: {zip: [[recipe.epochs, recipe.batch]]}\n");
    tl_text_add(text, "exclude:\n");
    for (int i = 0; i < rules; i++) write_rule(&all[i], text);
}

static void what_is_left_is_what_no_rule_drops(void **state)
{
    (void)state;
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "rules");
    for (int round = 0; round < ROUNDS; round++) {
        const bool zips = round % 2 == 1;
        rule all[RULES];
        for (int i = 0; i < RULES; i++) all[i] = draw_rule(&rng);
        tl_text text = {0};
        tl_err err = {0};
        write_plan(zips, all, RULES, &text);
        tl_plan *plan = read_plan(text.at, &err);
        uint32_t left = 0;
        for (int c = 0; c < LEVELS * LEVELS * LEVELS * LEVELS; c++) {
            const int level[AXES] = {c % LEVELS, c / LEVELS % LEVELS,
                                     c / LEVELS / LEVELS % LEVELS,
                                     c / LEVELS / LEVELS / LEVELS};
            if (zips && level[0] != level[1]) continue;
            const bool is_out = is_dropped(all, RULES, level);
            left += !is_out;
            if (plan) assert_int_equal(tl_plan_cell(plan, level) < 0, is_out);
        }
        if (plan) assert_int_equal(plan->cells, left);
        if (!plan) assert_int_equal(left, 0);
        tl_plan_close(plan);
        tl_text_close(&text);
    }
}

static void equal_rules_count_once(void **state)
{
    (void)state;
    tl_text text = {0};
    tl_err err = {0};
    const rule one = {{3, 0, 5, 0}};
    write_plan(false, &one, 1, &text);
    for (int i = 0; i < 500; i++) {
        tl_text_add(&text, "  - {recipe.lr: [0.3, 0.1], recipe.epochs: [2, 1]}\n");
        write_rule(&one, &text);
    }
    tl_plan *plan = read_plan(text.at, &err);
    if (!plan) fail_msg("%s", err.text);
    assert_int_equal(plan->cells, (25 - 4) * 25);
    tl_plan_close(plan);
    tl_text_close(&text);
}

static void too_many_rules_are_refused(void **state)
{
    (void)state;
    tl_text text = {0};
    tl_err err = {0};
    write_plan(false, NULL, 0, &text);
    for (unsigned i = 0; i < 257; i++) {
        const rule r = {{1 + i % 31, 1 + i / 31 % 31, 0, 0}};
        write_rule(&r, &text);
    }
    assert_null(read_plan(text.at, &err));
    assert_non_null(strstr(err.text, "exclude has more than 256 different maps"));
    tl_text_close(&text);
}

static void a_sample_has_combinations_of_its_plan(void **state)
{
    (void)state;
    tl_text text = {0};
    tl_err err = {0};
    const rule one = {{3, 0, 5, 0}};
    write_plan(false, &one, 1, &text);
    tl_plan *plan = read_plan(text.at, &err), some;
    if (!plan) fail_msg("%s", err.text);
    tl_arena arena = tl_arena_open(0);
    for (uint32_t cells = 1; cells <= plan->cells; cells += cells < 20 ? 1 : 101) {
        assert_int_equal(tl_plan_sample(plan, cells, &arena, &some, &err), TL_OK);
        assert_int_equal(some.cells, cells);
        int64_t last = -1;
        for (uint32_t c = 0; c < cells; c++) {
            int level[AXES];
            for (int a = 0; a < AXES; a++) level[a] = tl_plan_level(&some, c, a);
            const int64_t cell = tl_plan_cell(plan, level);
            assert_true(cell > last); /* and none occurs twice */
            last = cell;
        }
    }
    tl_arena_close(&arena);
    tl_plan_close(plan);
    tl_text_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_is_what_no_rule_drops),
        cmocka_unit_test(equal_rules_count_once),
        cmocka_unit_test(too_many_rules_are_refused),
        cmocka_unit_test(a_sample_has_combinations_of_its_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
