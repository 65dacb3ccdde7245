/* What a plan foretells for a number of ranks: memory of teams, and time by trainings that
 * are timed. */
#include "compute/core/blas.h"
#include "runner/sweep/sweep_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

typedef struct opened {
    tl_plan *plan;
    tl_sweep sweep;
} opened;

/* A plan of one chain with this model and recipe, on ranks that have `each` bytes. */
static void open_plan_within(const char *model, const char *recipe, int ranks, double each,
                             opened *o)
{
    char text[1024];
    tl_err err = {0};
    const tl_plan_options options = {
        .is_shared = true, .ranks = ranks, .rank_memory = each};
    (void)snprintf(text, sizeof text,
                   "name: t\nreplicates: 2\n"
                   "data: {source: synthetic/lesions, split: {pool: 128, validation: 20, "
                   "attacker: 20, test: 60}}\nmodel: {%s}\nrecipe: {%s}\n"
                   "chain:\n  - train\n  - measure.utility\n",
                   model, recipe);
    if (tl_plan_parse("t", text, &options, &o->plan, &err) != TL_OK ||
        tl_sweep_open(o->plan, &o->sweep, &err) != TL_OK) {
        fail_msg("%s", err.text);
    }
}

static void open_plan(const char *model, const char *recipe, int ranks, opened *o)
{
    open_plan_within(model, recipe, ranks, 0.0, o);
}

static void close_plan(opened *o)
{
    tl_sweep_close(&o->sweep);
    tl_plan_close(o->plan);
}

static tl_team_memory memory_on(const char *recipe, int ranks)
{
    opened o;
    open_plan("kind: mlp, width: 512", recipe, ranks, &o);
    const tl_team_memory memory = o.sweep.memory;
    close_plan(&o);
    return memory;
}

static double params_of_it(void)
{
    return (double)tl_model_count(&(tl_model_spec){
        .kind = TL_MODEL_MLP, .width = 512, .depth = 2, .in = {1, 28, 28}, .classes = 4});
}

static void wider_teams_hold_fewer_shards_a_member(void **state)
{
    (void)state;
    const char *recipe = "batch: 64, shards: 8";
    const double params = params_of_it();
    tl_team_memory before = memory_on(recipe, 1);
    assert_true(before.first > 0.0 && before.others == 0.0);
    for (int ranks = 2; ranks <= 8; ranks *= 2) {
        const tl_team_memory now = memory_on(recipe, ranks);
        assert_true(before.first - now.first > 0.99 * 4.0 * params * (8.0 / ranks));
        /* Weights and two moments are what a checkpoint holds. */
        assert_true(now.first - now.others > 0.99 * 4.0 * 3.0 * params);
        before = now;
    }
    const tl_team_memory most = memory_on(recipe, 64);
    assert_true(most.first == before.first && most.others == before.others);
    /* An eighth of the two moments, but a bucket, here all parameters, in which they travel
     * to the first member's checkpoint; slices are not quite equal. */
    const tl_team_memory sliced = memory_on("batch: 64, shards: 8, zero: true", 8);
    assert_true(before.others - sliced.others >
                0.8 * 4.0 * params * (2.0 * 7.0 / 8.0 - 1.0));
}

/* The width of the smallest team for the training, and what ranks lack. */
static int min_ranks_within(double each, tl_lacking *lacking)
{
    opened o;
    open_plan_within("kind: mlp, width: 512", "batch: 64, shards: 8", 4, each, &o);
    int min_ranks = 0;
    for (uint32_t id = 0; id < tl_graph_steps(o.sweep.graph); id++) {
        const tl_graph_step *step = tl_graph_step_at(o.sweep.graph, id);
        if (step->min_ranks > min_ranks) min_ranks = step->min_ranks;
    }
    *lacking = o.sweep.lacking;
    close_plan(&o);
    return min_ranks;
}

static void what_a_rank_cannot_hold_is_left_to_a_team(void **state)
{
    (void)state;
    tl_lacking lacking;
    double need[3];
    for (int k = 0; k < 3; k++) {
        const tl_team_memory of = memory_on("batch: 64, shards: 8", 1 << k);
        need[k] = (of.first + ((1 << k) - 1) * of.others) / (1 << k);
    }
    assert_int_equal(min_ranks_within(0.0, &lacking), 1);
    assert_int_equal(min_ranks_within(need[0], &lacking), 1);
    assert_int_equal(min_ranks_within(need[0] - 1.0, &lacking), 2);
    assert_int_equal(min_ranks_within(need[2], &lacking), 4);
    assert_int_equal(lacking.width, 0);
    assert_int_equal(min_ranks_within(need[2] - 1.0, &lacking), 4);
    assert_int_equal(lacking.width, 4);
    assert_true(lacking.each == need[2]);
}

static void one_rank_has_no_teams(void **state)
{
    (void)state;
    opened o;
    open_plan("kind: mlp, width: 16", "batch: 64", 0, &o);
    assert_int_equal(o.plan->ranks, 1);
    assert_true(o.sweep.memory.first > 0.0 && o.sweep.memory.others == 0.0);
    close_plan(&o);
}

static void trainings_are_timed_once_each(void **state)
{
    (void)state;
    opened o;
    tl_plan_time one, two;
    open_plan("kind: mlp, width: [16, 32]", "batch: 64, epochs: 3, lr: [0.001, 0.01]", 1,
              &o);
    assert_int_equal(tl_plan_time_measure(&o.sweep, &one, NULL), TL_OK);
    close_plan(&o);
    assert_int_equal(one.trainings, 2); /* the step size bears on no time */
    assert_true(one.core_seconds > 0.0);
    assert_true(one.seconds > 0.999 * one.core_seconds);
    open_plan("kind: mlp, width: 32", "batch: 64, epochs: 3", 2, &o);
    assert_int_equal(tl_plan_time_measure(&o.sweep, &two, NULL), TL_OK);
    close_plan(&o);
    assert_int_equal(two.trainings, 1);
    assert_true(two.seconds >= 0.499 * two.core_seconds && two.seconds <= two.core_seconds);
}

static void too_many_trainings_are_refused(void **state)
{
    (void)state;
    opened o;
    tl_plan_time time;
    tl_err err = {0};
    open_plan(
        "kind: mlp, width: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]",
        "batch: 16, shards: 1", 1, &o);
    assert_int_equal(tl_plan_time_measure(&o.sweep, &time, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "more than 16 trainings"));
    close_plan(&o);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wider_teams_hold_fewer_shards_a_member),
        cmocka_unit_test(what_a_rank_cannot_hold_is_left_to_a_team),
        cmocka_unit_test(one_rank_has_no_teams),
        cmocka_unit_test(trainings_are_timed_once_each),
        cmocka_unit_test(too_many_trainings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
