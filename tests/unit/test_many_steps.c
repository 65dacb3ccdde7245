/* What rank 0 keeps of a sweep of many steps, and sweeps that it cannot keep. */
#include "runner/schedule/scheduler.h"
#include "runner/sweep/sweep.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { COORDINATOR = 16 /* bytes a step of its own lists */ };

#define DATA                                                                     \
    "data: {source: synthetic/lesions, classes: 2, split: {pool: 2, keep: 0.5, " \
    "validation: 2, test: 2}}\n"
#define IDLE "name: t\nreplicates: 40000\n" DATA "chain:\n  - measure.idle: {seconds: 0}\n"
/* Two steps a trial, the second with a parent and eight metrics. */
#define TRAINED \
    "name: t\nreplicates: 20000\n" DATA "chain:\n  - train\n  - measure.utility\n"
/* As many trials, which are the same step. */
#define SHARED                                                                   \
    "name: t\nreplicates: 1\n" DATA "model: {width: [1, 2, 3, 4, 5, 6, 7, 8]}\n" \
    "recipe: {epochs: [1, 2, 3, 4, 5, 6, 7, 8]}\nchain:\n  - measure.idle\n"

static size_t bytes_in_use(void)
{
    const struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

static tl_plan *plan_of(const char *text, bool is_shared)
{
    tl_plan *plan;
    tl_err err = {0};
    const tl_plan_options options = {.is_shared = is_shared};
    if (tl_plan_parse("t", text, &options, &plan, &err) != TL_OK) fail_msg("%s", err.text);
    return plan;
}

/* Puts results on record as a run would; utility's have a value, and cases, each. */
static void restore_all(tl_sweep *sweep)
{
    tl_measure measure[TL_MAX_METRICS];
    tl_err err;
    for (int m = 0; m < TL_MAX_METRICS; m++) {
        measure[m] = (tl_measure){0.04 * m, m % 2 ? 60.0 : 0.0, TL_WHY_HAS_VALUE};
    }
    for (uint32_t id = 0; id < tl_graph_steps(sweep->graph); id++) {
        const tl_graph_step *step = tl_graph_step_at(sweep->graph, id);
        const tl_record record = {.kind = TL_RECORD_DONE,
                                  .key = step->key,
                                  .measures = tl_metrics_count(sweep->metrics[step->kind]),
                                  .measure = measure};
        assert_int_equal(tl_sweep_restore(sweep, &record, &err), TL_OK);
    }
}

static double bytes_a_step(const char *text, uint32_t wanted)
{
    tl_plan *plan = plan_of(text, true);
    tl_sweep sweep;
    tl_scheduler *scheduler;
    tl_err err = {0};
    const tl_scheduler_options options = {.ranks = 2};
    const size_t before = bytes_in_use();
    assert_int_equal(tl_sweep_open_within(plan, 1e9, &sweep, &err), TL_OK);
    assert_int_equal(tl_graph_steps(sweep.graph), wanted);
    assert_int_equal(tl_scheduler_open(sweep.graph, &options, &scheduler, &err), TL_OK);
    restore_all(&sweep);
    const size_t after = bytes_in_use();
    tl_sweep_brief(&sweep, scheduler);
    assert_true(tl_scheduler_is_over(scheduler));
    tl_scheduler_close(scheduler);
    tl_sweep_close(&sweep);
    tl_plan_close(plan);
    if (after == 0) skip(); /* memory is not counted here: an address sanitizer's malloc */
    return (double)(after - before) / wanted;
}

static void a_step_takes_no_more_than_is_said(void **state)
{
    (void)state;
    const double idle = bytes_a_step(IDLE, 40000), trained = bytes_a_step(TRAINED, 40000);
    printf("%.0f bytes a step of one metric, %.0f of training and utility\n", idle,
           trained);
    assert_true(idle <= TL_STEP_BYTES - COORDINATOR);
    assert_true(trained <= TL_STEP_BYTES - COORDINATOR);
}

static void assert_refused(const tl_plan *plan, double memory, const char *said)
{
    tl_sweep sweep;
    tl_err err = {0};
    assert_int_equal(tl_sweep_open_within(plan, memory, &sweep, &err), TL_E_ARG);
    if (!strstr(err.text, said)) fail_msg("%s", err.text);
}

/* Unshared, all is known beforehand; shared, the tables are, and steps as they are met. */
static void what_memory_cannot_hold_is_refused(void **state)
{
    (void)state;
    tl_sweep sweep;
    tl_err err = {0};
    tl_plan *plan = plan_of(IDLE, true);
    const double tables = tl_sweep_table_bytes(plan);
    assert_int_equal(plan->steps, 40000);
    assert_true(tables > 100.0 * 40000 && tables < 400.0 * 40000);
    assert_refused(plan, tables, "40000 trials of 40000 steps");
    assert_refused(plan, tables + 200.0 * 40000, "rank 0 needs at least");
    assert_int_equal(tl_sweep_open_within(plan, tables + 256.0 * 40000, &sweep, &err),
                     TL_OK);
    tl_sweep_close(&sweep);
    tl_plan_close(plan);
    plan = plan_of(IDLE, false);
    assert_refused(plan, tl_sweep_table_bytes(plan) + 200.0 * 40000,
                   "rank 0 needs at least");
    tl_plan_close(plan);
}

static void trials_that_share_their_steps_fit(void **state)
{
    (void)state;
    tl_sweep sweep;
    tl_err err = {0};
    tl_plan *plan = plan_of(SHARED, true);
    assert_int_equal(plan->steps, 64);
    const double tables = tl_sweep_table_bytes(plan);
    assert_int_equal(tl_sweep_open_within(plan, tables + 256.0, &sweep, &err), TL_OK);
    assert_int_equal(tl_graph_steps(sweep.graph), 1);
    tl_sweep_close(&sweep);
    tl_plan_close(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_takes_no_more_than_is_said),
        cmocka_unit_test(what_memory_cannot_hold_is_refused),
        cmocka_unit_test(trials_that_share_their_steps_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
