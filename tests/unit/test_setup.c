/* experiments: tables of parameters and what is made of their values. */
#include "experiments/stage/setup.h"
#include "experiments/stage/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static tl_setup_values defaults(void)
{
    tl_setup_values values;
    tl_params_defaults(tl_data_params, values.data);
    tl_params_defaults(tl_model_params, values.model);
    tl_params_defaults(tl_recipe_params, values.recipe);
    return values;
}

/* The largest number that a plan can give it. */
static double highest(const tl_param *p)
{
    int words = p->type == TL_PARAM_BOOL ? 2 : 0;
    while (p->type == TL_PARAM_CHOICE && p->choices[words]) words++;
    return words > 0 ? words - 1 : p->high;
}

static void check_table(const tl_param *table, int wanted)
{
    assert_int_equal(tl_params_count(table), wanted);
    for (int i = 0; i < wanted; i++) {
        const tl_param *p = &table[i];
        assert_non_null(p->about);
        assert_int_equal(tl_params_find(table, p->name), i);
        if (p->type == TL_PARAM_TEXT) continue;
        assert_true(p->low <= p->fallback && p->fallback <= highest(p));
        assert_false(p->low_is_open && p->fallback == p->low);
    }
}

static void choices_are_those_of_the_enums(void **state)
{
    (void)state;
    assert_true(highest(&tl_model_params[TL_MODEL_KIND]) == TL_MODEL_LINEAR);
    assert_true(highest(&tl_recipe_params[TL_RECIPE_OPTIMIZER]) == TL_ADAMW);
    assert_true(highest(&tl_recipe_params[TL_RECIPE_SCHEDULE]) == TL_SCHEDULES - 1);
    assert_true(highest(&tl_recipe_params[TL_RECIPE_DECAY]) == TL_DECAYS - 1);
    assert_true(highest(&tl_recipe_params[TL_RECIPE_REDUCTION]) == TL_REDUCTIONS - 1);
}

static void tables_are_whole(void **state)
{
    (void)state;
    check_table(tl_data_params, TL_DATA_PARAMS);
    check_table(tl_model_params, TL_MODEL_PARAMS);
    check_table(tl_recipe_params, TL_RECIPE_PARAMS);
    assert_int_equal(tl_params_find(tl_data_params, "attacker_from_pool"),
                     TL_DATA_ATTACKER_FROM_POOL);
    assert_int_equal(tl_params_find(tl_model_params, "widht"), -1);
    assert_int_equal(tl_params_count(NULL), 0);
}

static void depth_zero_is_the_kinds_own(void **state)
{
    (void)state;
    tl_setup_values values = defaults();
    const tl_shape shape = {1, 28, 28};
    values.model[TL_MODEL_DEPTH].number = 0;
    values.model[TL_MODEL_KIND].number = TL_MODEL_CNN;
    assert_int_equal(tl_setup_of(&values, shape, 10).model.depth, 3);
    values.model[TL_MODEL_KIND].number = TL_MODEL_MLP;
    assert_int_equal(tl_setup_of(&values, shape, 10).model.depth, 2);
    values.model[TL_MODEL_DEPTH].number = 5;
    const tl_setup setup = tl_setup_of(&values, shape, 10);
    assert_int_equal(setup.model.depth, 5);
    assert_int_equal(setup.model.width, 16);
    assert_int_equal(setup.model.classes, 10);
    assert_int_equal(setup.recipe.shards, 8);
}

static void defaults_are_the_plain_recipe(void **state)
{
    (void)state;
    const tl_setup_values values = defaults();
    const tl_recipe plain = {.epochs = 20,
                             .batch = 64,
                             .shards = 8,
                             .optimizer = TL_ADAMW,
                             .lr = 1e-3,
                             .momentum = 0.9,
                             .accumulate = 1};
    const tl_setup setup = tl_setup_of(&values, (tl_shape){1, 28, 28}, 10);
    tl_hash wanted = {0}, found = {0};
    tl_recipe_hash(&plain, &wanted);
    tl_recipe_hash(&setup.recipe, &found);
    const tl_key a = tl_hash_end(&wanted), b = tl_hash_end(&found);
    assert_true(tl_key_equal(&a, &b));
}

static tl_key key_of_changed(int which)
{
    tl_setup_values values = defaults();
    if (which < TL_RECIPE_PARAMS) {
        const tl_param *param = &tl_recipe_params[which];
        const double high = highest(param);
        values.recipe[which].number = param->fallback == high ? 0.0 : high;
    }
    const tl_setup setup = tl_setup_of(&values, (tl_shape){1, 28, 28}, 10);
    tl_hash hash = {0};
    tl_recipe_hash(&setup.recipe, &hash);
    return tl_hash_end(&hash);
}

static void every_deciding_parameter_reaches_the_recipe(void **state)
{
    (void)state;
    const tl_key plain = key_of_changed(TL_RECIPE_PARAMS);
    for (int i = 0; i < TL_RECIPE_PARAMS; i++) {
        const tl_key key = key_of_changed(i);
        const bool decides = (TL_RECIPE_DECIDING >> i & 1) != 0;
        assert_true(tl_key_equal(&key, &plain) != decides);
        for (int j = 0; decides && j < i; j++) {
            const tl_key other = key_of_changed(j);
            assert_false(tl_key_equal(&key, &other));
        }
    }
}

static void ways_to_train_reach_the_recipe(void **state)
{
    (void)state;
    tl_setup_values values = defaults();
    tl_setup setup = tl_setup_of(&values, (tl_shape){1, 28, 28}, 10);
    assert_true(setup.recipe.overlap && !setup.recipe.zero && !setup.recipe.recompute);
    values.recipe[TL_RECIPE_OVERLAP].number = 0.0;
    values.recipe[TL_RECIPE_ZERO].number = values.recipe[TL_RECIPE_RECOMPUTE].number = 1.0;
    setup = tl_setup_of(&values, (tl_shape){1, 28, 28}, 10);
    assert_true(!setup.recipe.overlap && setup.recipe.zero && setup.recipe.recompute);
}

static void examples_zero_is_as_many_as_the_roles_ask_for(void **state)
{
    (void)state;
    tl_setup_values values = defaults();
    values.data[TL_DATA_POOL].number = 70;
    values.data[TL_DATA_VALIDATION].number = 5;
    values.data[TL_DATA_ATTACKER].number = 11;
    values.data[TL_DATA_TEST].number = 13;
    assert_int_equal(tl_setup_source_want(values.data).examples, 99);
    values.data[TL_DATA_EXAMPLES].number = 500;
    assert_int_equal(tl_setup_source_want(values.data).examples, 500);
}

static void sizes_are_those_of_the_roles_drawn(void **state)
{
    (void)state;
    tl_setup_values values = defaults();
    values.data[TL_DATA_POOL].number = 100;
    values.data[TL_DATA_VALIDATION].number = 20;
    values.data[TL_DATA_ATTACKER].number = 40;
    values.data[TL_DATA_TEST].number = 60;
    static const double keeps[] = {0.0, 0.5, 0.3};
    for (int k = 0; k < 3; k++) {
        tl_arena arena = tl_arena_open(0);
        values.data[TL_DATA_KEEP].number = keeps[k];
        const tl_source_want want = tl_setup_source_want(values.data);
        tl_source *source;
        tl_roles roles;
        assert_int_equal(
            tl_source_open("synthetic/lesions", NULL, &want, &arena, &source, NULL), TL_OK);
        const tl_split split = tl_setup_split(values.data);
        assert_int_equal(tl_roles_draw(source, &split, 1, 0, &arena, &roles, NULL), TL_OK);
        const tl_size size = tl_setup_size(&values, source);
        int members = 0;
        for (int i = 0; i < roles.pool->rows; i++) {
            members += (roles.pool->flags[i] & TL_ROW_MEMBER) != 0;
        }
        assert_int_equal(size.pool, roles.pool->rows);
        assert_int_equal(size.members, members);
        assert_int_equal(size.validation, roles.validation->rows);
        assert_int_equal(size.attacker, roles.attacker->rows);
        assert_int_equal(size.test, roles.test->rows);
        tl_arena_close(&arena);
    }
}

static void sizes_of_tokens_are_those_of_their_rows(void **state)
{
    (void)state;
    tl_setup_values values = defaults();
    values.data[TL_DATA_CONTEXT].number = 12;
    values.data[TL_DATA_CLASSES].number = 200;
    values.data[TL_DATA_POOL].number = 50;
    values.data[TL_DATA_TEST].number = 30;
    const tl_source_want want = tl_setup_source_want(values.data);
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    assert_int_equal(tl_source_open("synthetic/markov", NULL, &want, &arena, &source, NULL),
                     TL_OK);
    const tl_size size = tl_setup_size(&values, source);
    assert_int_equal(size.vocabulary, 200);
    assert_int_equal(size.classes, 200);
    assert_int_equal(size.shape.width, 12);
    tl_arena_close(&arena);
}

static void kinds_of_models_refuse_other_data(void **state)
{
    (void)state;
    tl_err err = {0};
    assert_int_equal(tl_setup_check_kind("cnn", "mnist/t10k", 0, &err), TL_OK);
    assert_int_equal(tl_setup_check_kind("mlp", "mnist/t10k", 0, &err), TL_OK);
    assert_int_equal(tl_setup_check_kind("cnn", "text/moby_dick", 256, &err), TL_E_ARG);
    assert_non_null(strstr(
        err.text, "model.kind cnn works on images, but text/moby_dick gives tokens"));
}

static void stages_say_what_they_work_on(void **state)
{
    (void)state;
    static const char *const of_images[] = {"d2d.pgd",
                                            "d2d.transfer_pgd",
                                            "d2d.watermark_removal",
                                            "d2m.badnets",
                                            "d2m.blended",
                                            "defense.data_watermark",
                                            "m2d.inversion",
                                            "m2d.surrogate_inversion",
                                            "defense.provenance_filter"};
    static const char *const of_all[] = {"train", "measure.utility", "d2m.label_flip",
                                         "m2d.shadow_lira", "m2m.model_extraction"};
    tl_err err = {0};
    for (size_t i = 0; i < sizeof of_images / sizeof *of_images; i++) {
        const tl_stage *stage = tl_stage_find(of_images[i]);
        assert_int_equal(tl_stage_check_data(stage, "mnist/t10k", 0, &err), TL_OK);
        assert_int_equal(tl_stage_check_data(stage, "text/a", 256, &err), TL_E_ARG);
    }
    assert_string_equal(
        err.text, "defense.provenance_filter works on images, but text/a gives tokens");
    for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++) {
        const tl_stage *stage = tl_stage_find(of_all[i]);
        assert_int_equal(tl_stage_check_data(stage, "text/a", 256, &err), TL_OK);
    }
}

static tl_key key_of(const tl_param *table, const tl_value *value, uint32_t mask)
{
    tl_hash hash = {0};
    tl_params_hash(table, value, mask, &hash);
    return tl_hash_end(&hash);
}

static void only_masked_parameters_reach_the_key(void **state)
{
    (void)state;
    tl_setup_values a = defaults(), b = defaults();
    b.recipe[TL_RECIPE_LR].number *= 2.0;
    const uint32_t all = ~0U, but_lr = ~(1U << TL_RECIPE_LR);
    const tl_key x = key_of(tl_recipe_params, a.recipe, all);
    const tl_key y = key_of(tl_recipe_params, b.recipe, all);
    assert_false(tl_key_equal(&x, &y));
    const tl_key u = key_of(tl_recipe_params, a.recipe, but_lr);
    const tl_key v = key_of(tl_recipe_params, b.recipe, but_lr);
    assert_true(tl_key_equal(&u, &v));
}

static void words_are_there_for_every_member(void **state)
{
    (void)state;
    char text[64];
    assert_string_equal(tl_access_text(TL_KNOWS_DATA | TL_KNOWS_SCORES, text),
                        "data scores");
    assert_string_equal(tl_access_text(0, text), "none");
    assert_string_equal(tl_access_text(63, text),
                        "data labels scores gradients weights truth");
    for (int part = 0; part < TL_PARTS; part++) {
        assert_true(strlen(tl_part_name((tl_part)part)) > 0);
    }
    assert_string_equal(tl_why_name(TL_WHY_NOT_RUN), "not_run");
    assert_string_equal(tl_flow_name(TL_NO_FLOW), "none");
    assert_string_equal(tl_role_name(TL_ROLE_MEASURE), "measure");
    assert_null(tl_stage_find("d2m.bad_nets"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_whole),
        cmocka_unit_test(choices_are_those_of_the_enums),
        cmocka_unit_test(depth_zero_is_the_kinds_own),
        cmocka_unit_test(defaults_are_the_plain_recipe),
        cmocka_unit_test(every_deciding_parameter_reaches_the_recipe),
        cmocka_unit_test(ways_to_train_reach_the_recipe),
        cmocka_unit_test(examples_zero_is_as_many_as_the_roles_ask_for),
        cmocka_unit_test(sizes_are_those_of_the_roles_drawn),
        cmocka_unit_test(sizes_of_tokens_are_those_of_their_rows),
        cmocka_unit_test(kinds_of_models_refuse_other_data),
        cmocka_unit_test(stages_say_what_they_work_on),
        cmocka_unit_test(only_masked_parameters_reach_the_key),
        cmocka_unit_test(words_are_there_for_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
