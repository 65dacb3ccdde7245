/* The parts of shadow_lira and truth_serum: whose halves, which rows, which labels. */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char lira[] = "m2d.shadow_lira", serum[] = "d2m.truth_serum";

static void arguments(const char *stage, const char *param, double number, tl_value *arg)
{
    toy_defaults(tl_stage_find(stage), arg);
    toy_set(stage, arg, param, number);
}

/* Trains bank model `item` of the stage alone; it lives in the world's arena. */
static const tl_model *shadow(toy_world *toy, const tl_value *arg, int item)
{
    const tl_team alone = tl_team_alone();
    tl_world given = {0};
    tl_measure measure[TL_MAX_METRICS];
    tl_arena scratch = tl_arena_open(0);
    tl_scene scene = {.world = &toy->world,
                      .given = &given,
                      .value = arg,
                      .seed = toy->seed,
                      .stage = lira,
                      .bank_item = item,
                      .team = &alone,
                      .keep = &toy->arena,
                      .scratch = &scratch,
                      .measure = measure};
    assert_int_equal(tl_stage_find(lira)->bank->run(&scene, NULL), TL_OK);
    tl_arena_close(&scratch);
    return given.model[TL_PART_SURROGATE];
}

static bool are_equal(const tl_model *a, const tl_model *b)
{
    return memcmp(a->param, b->param, a->params * sizeof *a->param) == 0;
}

static void a_larger_bank_holds_the_smaller_one(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    tl_value few[TL_MAX_PARAMS], many[TL_MAX_PARAMS];
    arguments(lira, "models", 4, few);
    arguments(lira, "models", 8, many);
    const tl_stage *stage = tl_stage_find(lira);
    assert_int_equal(tl_stage_banked(stage, few), 4);
    assert_int_equal(tl_stage_banked(stage, many), 8);
    /* No argument is in the key of a bank model, so variants and sizes share it. */
    assert_null(stage->bank->params);
    assert_true(are_equal(shadow(&toy, few, 3), shadow(&toy, many, 3)));
    assert_false(are_equal(shadow(&toy, few, 2), shadow(&toy, few, 3)));
    toy_world_close(&toy);
}

/* Poisoned rows that the target trains on are in every shadow model, those that it does not
 * train on are in none. */
static void shadow_models_train_on_poisoned_members(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(tl_stage_find(lira), arg);
    tl_dataset *pool;
    assert_int_equal(tl_dataset_copy(toy.world.data[TL_PART_POOL],
                                     TL_COPY_FLAGS | TL_COPY_INPUTS, &toy.arena, &pool,
                                     NULL),
                     TL_OK);
    toy.world.data[TL_PART_POOL] = pool;
    int member = 0, other = 0;
    while (!(pool->flags[member] & TL_ROW_MEMBER)) member++;
    while (pool->flags[other] & TL_ROW_MEMBER) other++;
    pool->flags[member] |= TL_ROW_POISONED;
    pool->flags[other] |= TL_ROW_POISONED;
    const size_t size = (size_t)tl_shape_size(pool->shape);
    for (int item = 0; item < 4; item++) {
        const tl_model *before = shadow(&toy, arg, item);
        pool->input[(size_t)other * size] += 0.5f;
        assert_true(are_equal(before, shadow(&toy, arg, item)));
        pool->input[(size_t)member * size] += 0.5f;
        assert_false(are_equal(before, shadow(&toy, arg, item)));
    }
    toy_world_close(&toy);
}

static void impatient(tl_setup_values *values)
{
    values->recipe[TL_RECIPE_EPOCHS].number = 8;
    values->recipe[TL_RECIPE_PATIENCE].number = 1;
}

static void shadow_models_stop_early_as_the_target_does(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, impatient);
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(tl_stage_find(lira), arg);
    tl_dataset wrong = *toy.world.data[TL_PART_VALIDATION];
    int32_t label[20];
    assert_int_equal(wrong.rows, 20);
    for (int i = 0; i < wrong.rows; i++) label[i] = (wrong.label[i] + 1) % wrong.classes;
    wrong.label = label; /* gets worse from the first epoch on */
    toy.world.data[TL_PART_VALIDATION] = &wrong;
    const tl_model *stopped = shadow(&toy, arg, 0);
    toy.size.setup.recipe.patience = 0;
    assert_false(are_equal(stopped, shadow(&toy, arg, 0)));
    toy_world_close(&toy);
}

static void offline_has_no_threshold_and_nobody_was_targeted(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    tl_value arg[TL_MAX_PARAMS];
    tl_measure measure[TL_MAX_METRICS];
    arguments(lira, "variant", 1, arg);
    toy_do(&toy, lira, arg, measure);
    assert_true(isnan(toy_metric(lira, measure, "advantage")) != 0);
    assert_true(isnan(toy_metric(lira, measure, "targeted_auc")) != 0);
    assert_true(isnan(toy_metric(lira, measure, "tpr_at_1pct")) != 0); /* 100 non-members */
    assert_true(toy_metric(lira, measure, "auc") >= 0.0);
    toy_world_close(&toy);
}

/* Two models: for about half of the rows one side was never seen. */
static void rows_that_no_model_has_seen_still_have_a_score(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    for (int variance = 0; variance <= 1; variance++) {
        tl_value arg[TL_MAX_PARAMS];
        tl_measure measure[TL_MAX_METRICS];
        arguments(lira, "models", 2, arg);
        toy_set(lira, arg, "variance", variance);
        toy_do(&toy, lira, arg, measure);
        assert_true(toy_metric(lira, measure, "auc") >= 0.0); /* not NaN */
    }
    toy_world_close(&toy);
}

/* --- truth serum ---------------------------------------------------------------------- */

static void copies_share_one_wrong_label_and_their_row(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_dataset *clean = toy.world.data[TL_PART_POOL];
    tl_value arg[TL_MAX_PARAMS];
    arguments(serum, "copies", 3, arg);
    toy_set(serum, arg, "targets", 40);
    toy_do(&toy, serum, arg, NULL);
    const tl_dataset *pool = toy.world.data[TL_PART_POOL];
    const size_t bytes = (size_t)tl_shape_size(pool->shape) * sizeof(float);
    assert_int_equal(pool->rows, clean->rows + 120);
    int targets = 0, members = 0;
    for (int i = 0; i < clean->rows; i++) {
        const bool is_target = pool->flags[i] & TL_ROW_TARGETED;
        assert_int_equal(pool->flags[i] & ~TL_ROW_TARGETED, clean->flags[i]);
        assert_int_equal(pool->label[i], clean->label[i]);
        targets += is_target;
        members += is_target && (pool->flags[i] & TL_ROW_MEMBER);
        int copies = 0;
        for (int k = clean->rows; k < pool->rows; k++) {
            if (pool->origin[k] != clean->origin[i]) continue;
            copies++;
            assert_true(is_target);
            assert_memory_equal((const char *)pool->input + (size_t)k * bytes,
                                (const char *)clean->input + (size_t)i * bytes, bytes);
            assert_int_equal(pool->flags[k], TL_ROW_POISONED | TL_ROW_MEMBER);
            assert_int_not_equal(pool->label[k], clean->label[i]);
            assert_int_equal(pool->label[k],
                             pool->label[k - (k - clean->rows) % 3]); /* of the first */
        }
        assert_int_equal(copies, is_target ? 3 : 0);
    }
    assert_int_equal(targets, 40);
    assert_in_range(members, 8, 32); /* of 40 at one half, 4 standard deviations */
    toy_world_close(&toy);
}

static void no_copies_only_mark_and_fewer_targets_are_among_more(void **state)
{
    (void)state;
    const tl_dataset *pool[2];
    toy_world toy[2];
    for (int i = 0; i < 2; i++) {
        tl_value arg[TL_MAX_PARAMS];
        toy_world_open(&toy[i], NULL);
        arguments(serum, "copies", 0, arg);
        toy_set(serum, arg, "targets", i ? 32 : 16);
        toy_do(&toy[i], serum, arg, NULL);
        pool[i] = toy[i].world.data[TL_PART_POOL];
        assert_int_equal(pool[i]->rows, 200);
    }
    for (int r = 0; r < 200; r++) {
        const bool in_few = pool[0]->flags[r] & TL_ROW_TARGETED;
        assert_true(!in_few || (pool[1]->flags[r] & TL_ROW_TARGETED));
    }
    toy_world_close(&toy[0]);
    toy_world_close(&toy[1]);
}

static void copies_do_not_move_the_halves_and_are_not_judged(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    tl_value arg[TL_MAX_PARAMS];
    tl_measure measure[TL_MAX_METRICS];
    arguments(serum, "copies", 2, arg);
    toy_do(&toy, serum, arg, NULL);
    toy_do(&toy, "train", NULL, measure);
    assert_true(toy_metric("train", measure, "rows") == 100.0 + 32.0);
    toy_do(&toy, "m2d.global_threshold", NULL, measure);
    const tl_metric *metrics = tl_stage_find("m2d.global_threshold")->metrics;
    for (int m = 0; metrics[m].name; m++) { /* the original rows alone */
        if (strcmp(metrics[m].name, "accuracy") == 0) assert_true(measure[m].n == 200.0);
    }
    toy_world_close(&toy);
}

/* An official split may leave the attacker fewer rows than the plan counts on, and a later
 * round adds some that were recovered: rmia asks about its own rows, all of them. */
static void the_population_of_rmia_is_what_the_attacker_has_of_its_own(void **state)
{
    (void)state;
    enum { OWN = 40, RECOVERED = 7 };
    for (int recovered = 0; recovered <= RECOVERED; recovered += RECOVERED) {
        toy_world toy;
        toy_world_open(&toy, NULL);
        tl_value arg[TL_MAX_PARAMS];
        tl_dataset few = *toy.world.data[TL_PART_ATTACKER];
        few.rows = OWN + recovered;
        for (int i = OWN; i < few.rows; i++) few.flags[i] |= TL_ROW_RECOVERED;
        assert_true(few.rows < toy.size.attacker);
        toy.world.data[TL_PART_ATTACKER] = &few;
        toy_do(&toy, "train", NULL, NULL);
        arguments("m2d.rmia", "models", 2, arg);
        toy_do(&toy, "m2d.rmia", arg, NULL);
        const tl_client_log *client = &toy.world.query_log->client[0];
        assert_int_equal(client->rows, toy.world.data[TL_PART_POOL]->rows + OWN);
        toy_world_close(&toy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_larger_bank_holds_the_smaller_one),
        cmocka_unit_test(shadow_models_train_on_poisoned_members),
        cmocka_unit_test(shadow_models_stop_early_as_the_target_does),
        cmocka_unit_test(offline_has_no_threshold_and_nobody_was_targeted),
        cmocka_unit_test(rows_that_no_model_has_seen_still_have_a_score),
        cmocka_unit_test(copies_share_one_wrong_label_and_their_row),
        cmocka_unit_test(no_copies_only_mark_and_fewer_targets_are_among_more),
        cmocka_unit_test(copies_do_not_move_the_halves_and_are_not_judged),
        cmocka_unit_test(the_population_of_rmia_is_what_the_attacker_has_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
