/* runner/scheduler under a deadline: what is begun, passed over, tried all the same. */
#include "tests/support/scheduler_bench.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const bool pauses[] = {false, false, true};
enum { MEASURED, UNMEASURED, TRAINING };

static uint32_t add(bench *it, int kind, double seconds, int max_ranks)
{
    return bench_add(
        it, (bench_step){.seconds = seconds, .kind = kind, .max_ranks = max_ranks});
}

static void open_until(bench *it, int ranks, double deadline)
{
    bench_open(
        it, (tl_scheduler_options){.ranks = ranks, .deadline = deadline, .pauses = pauses});
}

static void steps_that_do_not_fit_are_passed_over(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t big = add(&it, MEASURED, 100, 1);
    for (int i = 0; i < 3; i++) add(&it, MEASURED, 4, 1);
    open_until(&it, 1, 20);
    tl_scheduler_warm_start(it.scheduler, big, 1, 100);
    tl_order order;
    double now = 0;
    for (int i = 0; i < 3; i++) {
        assert_true(tl_scheduler_next(it.scheduler, now, &order));
        assert_int_not_equal(order.step[0], big);
        assert_false(tl_scheduler_is_over(it.scheduler));
        bench_end(&it, &order, 4, now += 4);
    }
    assert_false(tl_scheduler_next(it.scheduler, now, &order));
    assert_true(tl_scheduler_is_over(it.scheduler));
    assert_int_equal(tl_scheduler_state(it.scheduler, big), TL_STEP_READY);
    assert_int_equal(tl_scheduler_count(it.scheduler).deferred, 1);
    assert_true(fabs(tl_scheduler_least_deferred(it.scheduler) - 150) < 1e-3);
    bench_close(&it);
}

static void the_margin_over_what_was_measured_is_half(void **state)
{
    (void)state;
    for (int begin = 0; begin < 2; begin++) {
        bench it = bench_new();
        const uint32_t step = add(&it, MEASURED, 4, 1);
        open_until(&it, 1, 20);
        tl_scheduler_warm_start(it.scheduler, step, 1, 4);
        tl_order order; /* 6 s are reckoned with */
        const bool does_fit = begin == 0;
        const double now = does_fit ? 13.9 : 14.1;
        assert_int_equal(tl_scheduler_next(it.scheduler, now, &order), does_fit);
        assert_int_equal(tl_scheduler_is_over(it.scheduler), !does_fit);
        bench_close(&it);
    }
}

static void unmeasured_kinds_are_tried_only_where_time_would_be_idle(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t unknown = add(&it, UNMEASURED, 3, 1),
                   hopeless = add(&it, UNMEASURED, 30, 1);
    const uint32_t known = add(&it, MEASURED, 2, 1);
    open_until(&it, 2, 20);
    tl_scheduler_warm_start(it.scheduler, known, 1, 2);
    tl_order order, tried;
    assert_true(tl_scheduler_next(it.scheduler, 0, &order));
    assert_int_equal(order.step[0], known);
    assert_false(tl_scheduler_next(it.scheduler, 0, &tried));
    bench_end(&it, &order, 2, 2);
    assert_true(tl_scheduler_next(it.scheduler, 2, &tried));
    assert_int_equal(tried.step[0], unknown);
    /* Measured, it says that the other one takes too long. */
    bench_end(&it, &tried, 3, 5);
    assert_false(tl_scheduler_next(it.scheduler, 5, &order));
    assert_int_equal(tl_scheduler_state(it.scheduler, hopeless), TL_STEP_READY);
    assert_true(tl_scheduler_is_over(it.scheduler));
    bench_close(&it);
}

static void late_steps_come_back_when_their_kind_is_measured(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t large = add(&it, UNMEASURED, 5, 1), small = add(&it, UNMEASURED, 0.1, 1);
    open_until(&it, 1, 20);
    tl_order order;
    assert_true(tl_scheduler_next(it.scheduler, 0, &order));
    assert_int_equal(order.step[0], small);
    assert_int_equal(tl_scheduler_count(it.scheduler).deferred, 1);
    bench_end(&it, &order, 0.1, 1);
    assert_int_equal(tl_scheduler_count(it.scheduler).deferred, 0);
    assert_true(tl_scheduler_next(it.scheduler, 1, &order));
    assert_int_equal(order.step[0], large);
    bench_close(&it);
}

static void trainings_begin_while_five_seconds_are_left(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t first = add(&it, TRAINING, 1000, 1), second = add(&it, TRAINING, 900, 1);
    open_until(&it, 2, 20);
    tl_order order;
    assert_true(tl_scheduler_next(it.scheduler, 14.9, &order));
    assert_int_equal(order.step[0], first);
    tl_order none;
    assert_false(tl_scheduler_next(it.scheduler, 15.1, &none));
    /* Stopped half way, it is ready again, and late. */
    tl_scheduler_returned(it.scheduler, first, 20);
    tl_scheduler_order_ended(it.scheduler, order.epoch, order.first, 20);
    assert_false(tl_scheduler_next(it.scheduler, 20, &none));
    assert_true(tl_scheduler_is_over(it.scheduler));
    assert_int_equal(tl_scheduler_count(it.scheduler).deferred, 2);
    assert_int_equal(tl_scheduler_state(it.scheduler, second), TL_STEP_READY);
    bench_close(&it);
}

static void a_team_is_as_wide_as_it_takes_to_be_in_time(void **state)
{
    (void)state;
    for (int deadline = 0; deadline <= 10; deadline += 10) {
        bench it = bench_new();
        uint32_t step = 0;
        for (int i = 0; i < 8; i++) step = add(&it, MEASURED, 12, 4);
        open_until(&it, 4, deadline);
        tl_scheduler_warm_start(it.scheduler, step, 1, 12);
        tl_order order; /* 18 s are reckoned with for one rank, 9.5 s for two */
        assert_true(tl_scheduler_next(it.scheduler, 0, &order));
        assert_int_equal(order.width, deadline ? 2 : 1);
        bench_close(&it);
    }
}

static void late_steps_do_not_stand_in_the_way(void **state)
{
    (void)state;
    enum { LATE = 300000, ON_TIME = 20000 };
    bench it = bench_new();
    uint32_t step = 0;
    for (int i = 0; i < LATE; i++) step = add(&it, MEASURED, 100, 1);
    for (int i = 0; i < ON_TIME; i++) add(&it, MEASURED, 1e-4, 1);
    open_until(&it, 1, 20);
    tl_scheduler_warm_start(it.scheduler, step, 1, 100);
    tl_order order;
    double now = 0;
    while (tl_scheduler_next(it.scheduler, now, &order))
        bench_end(&it, &order, 1e-4, now += 1e-4 * order.steps);
    assert_int_equal(tl_scheduler_count(it.scheduler).in[TL_STEP_DONE], ON_TIME);
    assert_int_equal(tl_scheduler_count(it.scheduler).deferred, LATE);
    assert_true(tl_scheduler_is_over(it.scheduler));
    bench_close(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_that_do_not_fit_are_passed_over),
        cmocka_unit_test(the_margin_over_what_was_measured_is_half),
        cmocka_unit_test(unmeasured_kinds_are_tried_only_where_time_would_be_idle),
        cmocka_unit_test(late_steps_come_back_when_their_kind_is_measured),
        cmocka_unit_test(trainings_begin_while_five_seconds_are_left),
        cmocka_unit_test(a_team_is_as_wide_as_it_takes_to_be_in_time),
        cmocka_unit_test(late_steps_do_not_stand_in_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
