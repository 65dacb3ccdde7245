/* runner/plan: ranges, names made of file names, what --set may say, and how plans differ.
 */
#include "runner/plan/plan.h"
#include "runner/plan/plan_difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DATA                                                                          \
    "data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, validation: 20, " \
    "attacker: 40, test: 40}}\n"

enum { MOST_SETS = 4 };

static tl_status parse(const char *file, const char *text, const char *const *set,
                       tl_plan **plan, tl_err *err)
{
    tl_plan_options options = {.set = set, .is_shared = true};
    while (set && options.sets < MOST_SETS && set[options.sets]) options.sets++;
    return tl_plan_parse(file, text, &options, plan, err);
}

/* ---- ranges -------------------------------------------------------------------------- */

static void a_range_is_the_list_of_its_levels(void **state)
{
    (void)state;
    static const struct {
        const char *range, *list;
    } cases[] = {
        {"{from: 0, to: 0.5, steps: 6}", "[0, 0.1, 0.2, 0.3, 0.4, 0.5]"},
        {"{from: 0.1, to: 0.7, steps: 3}", "[0.1, 0.4, 0.7]"},
        {"{from: 0.5, to: 0, steps: 2}", "[0.5, 0]"},
        {"{to: 0.9, steps: 9, from: 0.1}", "[.1, .2, .3, .4, .5, .6, .7, .8, .9]"},
        {"{from: 1.0e-4, to: 0.1, steps: 4, log: true}", "[0.0001, 0.001, 0.01, 0.1]"},
        {"{from: 0.1, to: 0.4, steps: 4, log: false}", "[0.1, 0.2, 0.3, 0.4]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan[2];
        for (int k = 0; k < 2; k++) {
            char text[512];
            tl_err err = {0};
            (void)snprintf(text, sizeof text,
                           DATA "chain: [d2m.label_flip: {rate: %s}, train]\n",
                           k ? cases[i].list : cases[i].range);
            if (parse("p.yaml", text, NULL, &plan[k], &err) != TL_OK)
                fail_msg("%s", err.text);
        }
        assert_int_equal(plan[0]->axis[0].levels, plan[1]->axis[0].levels);
        for (int l = 0; l < plan[0]->axis[0].levels; l++) {
            const double a = plan[0]->axis[0].value[l].number;
            assert_true(a == plan[1]->axis[0].value[l].number);
        }
        for (int k = 0; k < 2; k++) tl_plan_close(plan[k]);
    }
}

static void ranges_stand_wherever_lists_do(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t cells;
    } cases[] = {
        {DATA "recipe: {lr: {from: 0.001, to: 0.1, steps: 5, log: true}}\nchain: [train]\n",
         5},
        {DATA "recipe: {epochs: {from: 1, to: 100, steps: 5, log: true}}\nchain: [train]\n",
         5},
        {"data: {source: synthetic/lesions, split: {pool: {from: 60, to: 80, steps: 3}, "
         "test: 40}}\nchain: [train]\n",
         3},
        {DATA "chain:\n  - one_of: {as: p, options: [none, d2m.badnets: {rate: {from: 0.1, "
              "to: 0.5, steps: 5}, size: [2, 3]}]}\n  - train\n",
         11},
        {DATA "chain: [train: {recipe: {shift: {from: 0, to: 2, steps: 3}}}]\n", 3},
        {DATA "chain: [d2m.label_flip: {rate: {from: 0, to: 0.5, steps: 6}}, train]\n"
              "exclude: [{label_flip.rate: 0.3}]\n",
         5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan;
        tl_err err = {0};
        if (parse("p.yaml", cases[i].text, NULL, &plan, &err) != TL_OK)
            fail_msg("%s", err.text);
        assert_int_equal(plan->cells, cases[i].cells);
        tl_plan_close(plan);
    }
}

static void wrong_ranges_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *range, *wanted;
    } cases[] = {
        {"{from: 0, to: 1}", "p.yaml:2:32: d2m.label_flip.rate is a range without `steps`"},
        {"{from: 0, steps: 3}", "p.yaml:2:32: d2m.label_flip.rate is a range without `to`"},
        {"{from: 0, to: 1, stesp: 3}",
         "p.yaml:2:49: unknown key of a range: 'stesp': did you mean 'steps'?"},
        {"{from: 0, to: 1, steps: 1}", "p.yaml:2:56: steps is 1, allowed is from 2"},
        {"{from: 0, to: 0, steps: 3}", "p.yaml:2:46: d2m.label_flip.rate is a range whose"},
        {"{from: 0, to: 1, steps: 3, log: true}",
         "p.yaml:2:39: d2m.label_flip.rate is a range with log: true"},
        {"{from: 0, to: 2, steps: 3}", "p.yaml:2:32: d2m.label_flip.rate is 2, allowed is"},
        {"{from: a, to: 2, steps: 3}", "p.yaml:2:39: from must be a number, found 'a'"},
        {"{from: , to: 2, steps: 3}", "p.yaml:2:33: from must be one value, found nothing"},
        {"{rate: 3}", "p.yaml:2:32: d2m.label_flip.rate must be one value, found a map"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        tl_plan *plan;
        tl_err err = {0};
        (void)snprintf(text, sizeof text,
                       DATA "chain: [d2m.label_flip: {rate: %s}, train]\n", cases[i].range);
        assert_int_equal(parse("p.yaml", text, NULL, &plan, &err), TL_E_ARG);
        if (strncmp(err.text, cases[i].wanted, strlen(cases[i].wanted)) != 0)
            fail_msg("case %zu: wanted '%s', got '%s'", i, cases[i].wanted, err.text);
    }
}

/* ---- names --------------------------------------------------------------------------- */

static void a_plan_file_may_have_any_name(void **state)
{
    (void)state;
    static const struct {
        const char *file, *name; /* NULL: `name:` is asked for */
    } cases[] = {
        {"sweep.yaml", "sweep"},
        {"a/b.c/my plan.yaml", "my_plan"},
        {"my  plan (2).yml", "my_plan_2"},
        {"a__b.yaml", "a__b"},
        {"v1.2.yaml", "v1.2"},
        {".hidden", "hidden"},
        {"-x.yaml", "x"},
        {"noending", "noending"},
        {"\xc3\xa9t\xc3\xa9 \xc3\xa0 Z\xc3\xbcrich.yaml", "ete_a_Zurich"},
        {"e\xcc\x81te\xcc\x81.yaml", "ete"},
        {"\xc5\x81\xc3\xb3"
         "d\xc5\xba.yaml",
         "Lodz"},
        {"plan \xe6\x97\xa5.yaml", "plan"},
        {"\xe6\x97\xa5\xe6\x9c\xac.yaml", NULL},
        {"   .yaml", NULL},
        {"a\xff"
         "b.yaml",
         "a_b"},
        {"0123456789012345678901234567890123456789012345678901234567890123.yaml", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan;
        tl_err err = {0};
        const tl_status status =
            parse(cases[i].file, DATA "chain: [train]\n", NULL, &plan, &err);
        if (!cases[i].name) {
            assert_int_equal(status, TL_E_ARG);
            assert_non_null(strstr(err.text, "give the plan one, like name: my_plan"));
            continue;
        }
        if (status != TL_OK) fail_msg("%s", err.text);
        assert_string_equal(plan->name, cases[i].name);
        tl_plan_close(plan);
    }
}

/* ---- --set --------------------------------------------------------------------------- */

#define CHAIN                                           \
    "recipe: {epochs: 7, lr: 0.01}\n"                   \
    "chain:\n"                                          \
    "  - d2m.label_flip: {rate: [0, 0.1], as: first}\n" \
    "  - train: {recipe: {shift: 2}}\n"                 \
    "  - measure.utility\n"

static void a_map_changes_the_keys_that_it_has(void **state)
{
    (void)state;
    static const struct {
        const char *set[MOST_SETS], *wanted;
    } cases[] = {
        {{"recipe={epochs: 3}"}, "recipe:\n  epochs: 3\n  lr: 0.01\n"},
        {{"recipe={batch: 8}"}, "recipe:\n  epochs: 7\n  lr: 0.01\n  batch: 8\n"},
        {{"data={split: {pool: 50}}"},
         "  split: {pool: 50, keep: 0.5, validation: 20, attacker: 40, test: 40}\n"},
        {{"first={rate: 0.2}"}, "  - {d2m.label_flip: {rate: 0.2, as: first}}\n"},
        {{"train={recipe: {shift: 1}}"}, "  - {train: {recipe: {shift: 1}}}\n"},
        {{"recipe.lr={from: 0.1, to: 0.2, steps: 2, log: true}",
          "recipe.lr={from: 0.1, to: 0.3, steps: 3}"},
         "  lr: {from: 0.1, to: 0.3, steps: 3}\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan;
        tl_err err = {0};
        if (parse("p.yaml", DATA CHAIN, cases[i].set, &plan, &err) != TL_OK)
            fail_msg("%s", err.text);
        if (!strstr(plan->text, cases[i].wanted))
            fail_msg("case %zu: no '%s' in\n%s", i, cases[i].wanted, plan->text);
        tl_plan_close(plan);
    }
}

static void a_wrong_path_leads_to_the_right_one(void **state)
{
    (void)state;
    static const struct {
        const char *set[MOST_SETS], *wanted;
    } cases[] = {
        {{"epochs=5"}, "'epochs': did you mean recipe.epochs?"},
        {{"width=5"}, "'width': did you mean model.width?"},
        {{"pool=5"}, "'pool': did you mean data.split.pool?"},
        {{"rate=5"}, "'rate': did you mean first.rate?"},
        {{"train=3"},
         "train is a stage, which has settings: set one of them, as in "
         "train.recipe.epochs=VALUE"},
        {{"first=0.1"}, "as in first.rate=VALUE"},
        {{"seed=x"}, "seed must be a whole number from 0 to 999999999999999999, found x"},
        {{"recipe.epochs="}, "recipe.epochs must be one value, found nothing"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan;
        tl_err err = {0};
        assert_int_equal(parse("p.yaml", DATA CHAIN, cases[i].set, &plan, &err), TL_E_ARG);
        if (!strstr(err.text, cases[i].wanted))
            fail_msg("case %zu: wanted '%s', got '%s'", i, cases[i].wanted, err.text);
    }
}

static void an_empty_value_is_placed_where_it_should_be(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {DATA "recipe:\n  epochs: 3\n  lr:\nchain: [train]\n", "p.yaml:4:3: "},
        {DATA "recipe: {epochs: 3, lr: }\nchain: [train]\n", "p.yaml:2:21: "},
        {DATA "recipe:\n  lr:\n    - 0.1\n    -\nchain: [train]\n", "p.yaml:4:7: "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan;
        tl_err err = {0};
        assert_int_equal(parse("p.yaml", cases[i].text, NULL, &plan, &err), TL_E_ARG);
        if (strncmp(err.text, cases[i].wanted, strlen(cases[i].wanted)) != 0)
            fail_msg("case %zu: wanted '%s', got '%s'", i, cases[i].wanted, err.text);
        assert_non_null(strstr(err.text, "recipe.lr must be one value, found nothing"));
    }
}

static void levels_longer_than_a_name_are_compared_whole(void **state)
{
    (void)state;
    char long_one[80], text[2048];
    memset(long_one, 'x', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    (void)snprintf(text, sizeof text,
                   DATA "chain:\n  - one_of: {as: a, options: [none, d2m.label_flip]}\n"
                        "  - one_of: {as: b, options: [none, d2m.badnets]}\n  - train\n"
                        "  - measure.utility\n"
                        "hypotheses: [{effect: 'a:b', level: 'd2m.label_flip:%s', on: "
                        "measure_utility_accuracy, direction: lowers}]\n",
                   long_one);
    tl_plan *plan;
    tl_err err = {0};
    assert_int_equal(parse("p.yaml", text, NULL, &plan, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "xxx...xxx"));
}

/* ---- differences --------------------------------------------------------------------- */

static void differences_are_lines_under_their_section(void **state)
{
    (void)state;
    static const char old[] = "name: a\nseed: 1\nrecipe:\n  epochs: 3\n  lr: 0.1\nchain:\n"
                              "  - train\n  - measure.utility\n";
    static const struct {
        const char *now, *wanted;
    } cases[] = {
        {"name: a\nseed: 1\nrecipe:\n  epochs: 3\n  lr: 0.1\nchain:\n  - train\n  - "
         "measure.utility\n",
         ""},
        {"name: a\nseed: 10\nrecipe:\n  epochs: 3\n  lr: 0.1\nchain:\n  - train\n  - "
         "measure.utility\n",
         "  - seed: 1\n  + seed: 10\n"},
        {"name: a\nseed: 1\nrecipe:\n  epochs: 5\n  lr: 0.1\nchain:\n  - measure.utility\n  "
         "- train\n",
         "    recipe:\n  -   epochs: 3\n  +   epochs: 5\n"
         "    chain:\n  -   - train\n  +   - train\n"},
        {"name: a\nseed: 1\nchain:\n  - train\n  - measure.utility\n",
         "  - recipe:\n  -   epochs: 3\n  -   lr: 0.1\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_text out = {0};
        tl_plan_difference(old, cases[i].now, 40, &out);
        assert_string_equal(out.at ? out.at : "", cases[i].wanted);
        tl_text_close(&out);
    }
}

static void long_differences_are_shown_where_they_are(void **state)
{
    (void)state;
    tl_text old = {0}, now = {0}, out = {0};
    tl_text_add(&old, "recipe:\n  lr: [");
    tl_text_add(&now, "recipe:\n  lr: [");
    for (int i = 0; i < 500; i++) {
        tl_text_print(&old, "%d, ", 1000 + i);
        tl_text_print(&now, "%d, ", i == 400 ? 7777 : 1000 + i);
    }
    tl_text_add(&old, "0]\n");
    tl_text_add(&now, "0]\n");
    tl_plan_difference(old.at, now.at, 40, &out);
    assert_non_null(strstr(out.at, "  - ...")); /* a sign at both ends */
    assert_non_null(strstr(out.at, "1399, 1400, 1401"));
    assert_non_null(strstr(out.at, "1399, 7777, 1401"));
    assert_non_null(strstr(out.at, "...\n"));
    assert_true(out.length < 1000);
    tl_text_clear(&out);
    tl_plan_difference("a: 1\nb: 2\nc: 3\n", "d: 1\n", 2, &out);
    assert_string_equal(out.at, "  - a: 1\n  + d: 1\n    and 2 more lines\n");
    tl_text_close(&old);
    tl_text_close(&now);
    tl_text_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_the_list_of_its_levels),
        cmocka_unit_test(ranges_stand_wherever_lists_do),
        cmocka_unit_test(wrong_ranges_are_refused_at_their_place),
        cmocka_unit_test(a_plan_file_may_have_any_name),
        cmocka_unit_test(a_map_changes_the_keys_that_it_has),
        cmocka_unit_test(a_wrong_path_leads_to_the_right_one),
        cmocka_unit_test(an_empty_value_is_placed_where_it_should_be),
        cmocka_unit_test(levels_longer_than_a_name_are_compared_whole),
        cmocka_unit_test(differences_are_lines_under_their_section),
        cmocka_unit_test(long_differences_are_shown_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
