/* What a plan foretells for a number of ranks: memory of teams, and time by trainings that
 * are timed. */
#include "compute/nn/blas.h"
#include "runner/plan_time.h"

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

/* A plan of one chain with this model and recipe. */
static void open_plan(const char *model, const char *recipe, int ranks, opened *o)
{
    char text[1024];
    tl_err err = {0};
    const tl_plan_options options = {.is_shared = true, .ranks = ranks};
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

static void close_plan(opened *o)
{
    tl_sweep_close(&o->sweep);
    tl_plan_close(o->plan);
}

static void wider_teams_hold_fewer_shards_a_member(void **state)
{
    (void)state;
    opened o;
    open_plan("kind: mlp, width: 512", "batch: 64, shards: 8", 8, &o);
    const tl_team_memory *team = o.sweep.team;
    const double params = (double)tl_model_count(&(tl_model_spec){
        .kind = TL_MODEL_MLP, .width = 512, .depth = 2, .in = {1, 28, 28}, .classes = 4});
    assert_true(team[0].first > 0.0 && team[0].others == 0.0 && team[4].first == 0.0);
    for (int k = 1; k < 4; k++) {
        const double fewer = 4.0 * params * (8 >> k);
        assert_true(team[k - 1].first - team[k].first > 0.99 * fewer);
        /* Weights and two moments are what a checkpoint holds. */
        assert_true(team[k].first - team[k].others > 0.99 * 4.0 * 3.0 * params);
    }
    assert_true(o.sweep.memory.first == team[3].first);
    const double plain = team[3].others;
    close_plan(&o);
    open_plan("kind: mlp, width: 512", "batch: 64, shards: 8, zero: true", 8, &o);
    /* An eighth of the moments; slices are not quite equal. */
    assert_true(plain - o.sweep.team[3].others > 0.8 * 4.0 * 2.0 * params * 7.0 / 8.0);
    close_plan(&o);
}

static void one_rank_has_no_teams(void **state)
{
    (void)state;
    opened o;
    open_plan("kind: mlp, width: 16", "batch: 64", 0, &o);
    assert_int_equal(o.plan->ranks, 1);
    assert_true(o.sweep.memory.first > 0.0 && o.sweep.memory.others == 0.0);
    assert_true(o.sweep.team[1].first == 0.0);
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
        cmocka_unit_test(one_rank_has_no_teams),
        cmocka_unit_test(trainings_are_timed_once_each),
        cmocka_unit_test(too_many_trainings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
