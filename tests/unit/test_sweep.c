/* runner/sweep: what a journal says of the steps of a plan. */
#include "runner/sweep/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "name: t\nreplicates: 2\n"
    "data: {source: synthetic/lesions, examples: 300, split: {pool: 100, keep: 0.5, "
    "validation: 20, attacker: 20, test: 60}}\n"
    "recipe: {epochs: 1}\nchain:\n  - train\n  - measure.utility\n";

typedef struct opened {
    tl_plan *plan;
    tl_sweep sweep;
    uint32_t utility; /* a step of measure.utility */
    int metrics;      /* of it */
} opened;

static void open_sweep(opened *o)
{
    tl_err err;
    const tl_plan_options options = {.is_shared = true};
    assert_int_equal(tl_plan_parse("t", text, &options, &o->plan, &err), TL_OK);
    assert_int_equal(tl_sweep_open(o->plan, &o->sweep, &err), TL_OK);
    tl_arena arena = tl_arena_open(0);
    tl_trial *trial;
    assert_int_equal(tl_trial_new(&arena, &trial, &err), TL_OK);
    tl_trial_decode(o->plan, 0, trial);
    o->utility = tl_graph_find(o->sweep.graph, &trial->step[1].key);
    o->metrics = tl_trial_metrics(&trial->step[1]);
    assert_int_not_equal(o->utility, TL_NO_STEP);
    tl_arena_close(&arena);
}

static void close_sweep(opened *o)
{
    tl_sweep_close(&o->sweep);
    tl_plan_close(o->plan);
}

static tl_step_state state_after(opened *o, int measures)
{
    static const tl_measure measure[TL_MAX_METRICS] = {{0.5, 1.0, TL_WHY_HAS_VALUE}};
    const tl_record record = {
        .kind = TL_RECORD_DONE,
        .key = tl_graph_step_at(o->sweep.graph, o->utility)->key,
        .stage = "measure.utility",
        .measures = measures,
        .measure = measure,
    };
    tl_err err;
    assert_int_equal(tl_sweep_restore(&o->sweep, &record, &err), TL_OK);
    return o->sweep.outcome[o->utility].state;
}

/* As a build does that knew fewer metrics: reading the missing ones would be a fault. */
static void a_record_with_another_number_of_metrics_is_not_done(void **state)
{
    (void)state;
    opened o = {0};
    open_sweep(&o);
    assert_int_equal(state_after(&o, 1), TL_STEP_WAITING);
    assert_int_equal(state_after(&o, o.metrics + 1), TL_STEP_WAITING);
    assert_int_equal(state_after(&o, o.metrics), TL_STEP_DONE);
    close_sweep(&o);
}

static void a_record_of_a_step_that_the_plan_lacks_is_passed_over(void **state)
{
    (void)state;
    opened o = {0};
    open_sweep(&o);
    const tl_record record = {.kind = TL_RECORD_DONE, .key = tl_key_of("x", 1)};
    tl_err err;
    assert_int_equal(tl_sweep_restore(&o.sweep, &record, &err), TL_OK);
    for (uint32_t id = 0; id < tl_graph_steps(o.sweep.graph); id++)
        assert_int_equal(o.sweep.outcome[id].state, TL_STEP_WAITING);
    close_sweep(&o);
}

/* 25 backdoors are judged 26 times, with two metrics each: told before anything runs. */
static void more_metrics_than_a_result_file_holds_are_refused(void **state)
{
    (void)state;
    enum { POISONS = 25 };
    tl_text plan = {0};
    tl_text_print(&plan, "name: t\nreplicates: 1\n"
                         "data: {source: synthetic/lesions, examples: 300, split: {pool: "
                         "100, keep: 0.5, validation: 20, attacker: 20, test: 60}}\n"
                         "recipe: {epochs: 1}\nchain:\n");
    for (int i = 0; i < POISONS; i++)
        tl_text_print(&plan, "  - d2m.badnets: {as: p%d}\n", i);
    tl_text_print(&plan, "  - train\n");
    for (int i = 0; i < POISONS; i++) tl_text_print(&plan, "  - judge\n");
    tl_err err = {0};
    tl_plan *large;
    tl_sweep sweep;
    const tl_plan_options options = {.is_shared = true};
    if (tl_plan_parse("t", plan.at, &options, &large, &err) != TL_OK)
        fail_msg("%s", err.text);
    assert_int_equal(tl_sweep_open(large, &sweep, &err), TL_E_ARG);
    if (!strstr(err.text, " columns of metrics, but a result file holds at most 1024"))
        fail_msg("%s", err.text);
    tl_plan_close(large);
    tl_text_close(&plan);
}

/* Bytes kept in files by a plan of which a stage asks about 100 rows of 28x28. */
static double kept_by(const char *reader)
{
    char plan_text[600];
    (void)snprintf(plan_text, sizeof plan_text,
                   "name: t\nreplicates: 2\n"
                   "data: {source: synthetic/lesions, split: {pool: 100, keep: 0.5, "
                   "validation: 20, attacker: 20, test: 60}}\n"
                   "chain: [train, m2d.global_threshold, %s]\n",
                   reader);
    const tl_plan_options options = {.is_shared = true};
    tl_plan *plan;
    tl_sweep sweep;
    tl_err err;
    assert_int_equal(tl_plan_parse("t", plan_text, &options, &plan, &err), TL_OK);
    assert_int_equal(tl_sweep_open(plan, &sweep, &err), TL_OK);
    const double kept = sweep.kept;
    tl_sweep_close(&sweep);
    tl_plan_close(plan);
    return kept;
}

static void logs_of_queries_count_where_they_are_read(void **state)
{
    (void)state;
    const double without = kept_by("measure.utility");
    assert_true(without > 0.0);
    assert_true(kept_by("measure.traffic") - without == 2.0 * 100 * 28 * 28 * 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_with_another_number_of_metrics_is_not_done),
        cmocka_unit_test(a_record_of_a_step_that_the_plan_lacks_is_passed_over),
        cmocka_unit_test(more_metrics_than_a_result_file_holds_are_refused),
        cmocka_unit_test(logs_of_queries_count_where_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
