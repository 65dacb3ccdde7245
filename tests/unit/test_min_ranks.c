/* runner/scheduler with steps that only a team has the memory for. */
#include "tests/support/scheduler_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static uint32_t add(bench *it, double seconds, int min_ranks, int max_ranks)
{
    return bench_add(
        it,
        (bench_step){.seconds = seconds, .min_ranks = min_ranks, .max_ranks = max_ranks});
}

static void open_on(bench *it, int ranks)
{
    bench_open(it, (tl_scheduler_options){.ranks = ranks});
}

static void a_graph_keeps_max_ranks_above_min_ranks(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t id = add(&it, 1, 4, 1), plain = add(&it, 1, 0, 3);
    assert_int_equal(tl_graph_step_at(it.graph, id)->max_ranks, 4);
    assert_int_equal(tl_graph_step_at(it.graph, plain)->min_ranks, 1);
    assert_int_equal(tl_graph_step_at(it.graph, plain)->max_ranks, 2);
    bench_close(&it);
}

/* A short one too: it never travels with others on one rank. */
static void no_team_is_narrower_than_a_step_needs(void **state)
{
    (void)state;
    bench it = bench_new();
    for (int i = 0; i < 6; i++) add(&it, 0.0001, 2, 2);
    const uint32_t wide = add(&it, 1, 4, 8);
    open_on(&it, 4);
    tl_order order;
    double now = 0;
    uint32_t runs = 0;
    while (!tl_scheduler_is_over(it.scheduler)) {
        assert_true(tl_scheduler_next(it.scheduler, now, &order));
        for (int i = 0; i < order.steps; i++)
            assert_true(order.width >= (order.step[i] == wide ? 4 : 2));
        runs += (uint32_t)order.steps;
        bench_end(&it, &order, 0.01, ++now);
    }
    assert_int_equal(runs, 7);
    bench_close(&it);
}

static void it_waits_for_a_block_while_others_run_beside(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t first = add(&it, 100, 1, 1), wide = add(&it, 50, 2, 2);
    const uint32_t small = add(&it, 2, 1, 1);
    open_on(&it, 2);
    tl_order a, b, c;
    assert_true(tl_scheduler_next(it.scheduler, 0, &a));
    assert_int_equal(a.step[0], first);
    assert_true(tl_scheduler_next(it.scheduler, 0, &b)); /* what ends before runs there */
    assert_int_equal(b.step[0], small);
    bench_end(&it, &b, 1, 1);
    assert_false(tl_scheduler_next(it.scheduler, 1, &c)); /* and then it is kept idle */
    bench_end(&it, &a, 100, 100);
    assert_true(tl_scheduler_next(it.scheduler, 100, &c));
    assert_int_equal(c.step[0], wide);
    assert_int_equal(c.width, 2);
    bench_close(&it);
}

static void without_a_block_it_is_unplaceable_and_the_rest_runs(void **state)
{
    (void)state;
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        bench it = bench_new();
        const uint32_t wide = add(&it, 100, 4, 4), small = add(&it, 1, 1, 1);
        bench_open(&it,
                   (tl_scheduler_options){.ranks = 4, .deadline = has_deadline ? 1e6 : 0});
        tl_order order;
        uint32_t broken[4];
        int count;
        tl_scheduler_rank_lost(it.scheduler, 3, 0, broken, &count);
        assert_true(tl_scheduler_next(it.scheduler, 0, &order));
        assert_int_equal(order.step[0], small);
        assert_false(tl_scheduler_is_over(it.scheduler));
        bench_end(&it, &order, 1, 1);
        assert_false(tl_scheduler_next(it.scheduler, 1, &order));
        assert_true(tl_scheduler_is_over(it.scheduler));
        assert_int_equal(tl_scheduler_state(it.scheduler, wide), TL_STEP_READY);
        assert_int_equal(tl_scheduler_count(it.scheduler).unplaceable, 1);
        bench_close(&it);
    }
}

/* Member 0 speaks for the step, and the others say good-bye after it. */
static void a_late_step_waits_until_all_of_a_team_have_left(void **state)
{
    (void)state;
    static const bool pauses[] = {true};
    bench it = bench_new();
    add(&it, 1000, 2, 2);
    add(&it, 900, 2, 2);
    bench_open(&it, (tl_scheduler_options){.ranks = 2, .deadline = 1040, .pauses = pauses});
    tl_order a, b;
    assert_true(tl_scheduler_next(it.scheduler, 0, &a));
    tl_scheduler_done(it.scheduler, a.step[0], 1000, 1000);
    tl_scheduler_order_ended(it.scheduler, a.epoch, a.first, 1000);
    assert_false(tl_scheduler_next(it.scheduler, 1000, &b));
    assert_false(tl_scheduler_is_over(it.scheduler));
    tl_scheduler_order_ended(it.scheduler, a.epoch, a.first + 1, 1001);
    assert_true(tl_scheduler_next(it.scheduler, 1001, &b));
    assert_int_equal(b.width, 2);
    bench_end(&it, &b, 30, 1031);
    assert_true(tl_scheduler_is_over(it.scheduler));
    bench_close(&it);
}

/* Of many blocks, those that are idle in part cannot hold it; another will. */
static void it_waits_where_idle_ranks_have_no_partner(void **state)
{
    (void)state;
    bench it = bench_new();
    enum { RANKS = 40 };
    for (int i = 0; i < RANKS - 1; i++) add(&it, 100 + i, 1, 1);
    const uint32_t wide = add(&it, 50, 2, 2);
    open_on(&it, RANKS);
    tl_order order[RANKS];
    uint32_t broken[4];
    int count;
    tl_scheduler_rank_lost(it.scheduler, 39, 0, broken, &count);
    for (int i = 0; i < RANKS - 1; i++) { /* the dearest go first: 39 ranks, 39 steps */
        assert_true(tl_scheduler_next(it.scheduler, 0, &order[i]));
        assert_true(order[i].step[0] != wide);
    }
    bench_end(&it, &order[0], 139, 139); /* one rank is idle, and its neighbour is not */
    tl_order next;
    (void)tl_scheduler_next(it.scheduler, 139, &next);
    assert_int_equal(tl_scheduler_count(it.scheduler).deferred, 0);
    bench_close(&it);
}

static void teams_that_are_not_allowed_leave_it_unplaceable(void **state)
{
    (void)state;
    bench it = bench_new();
    add(&it, 100, 4, 4);
    bench_open(&it, (tl_scheduler_options){.ranks = 4, .max_ranks = 2});
    tl_order order;
    assert_false(tl_scheduler_next(it.scheduler, 0, &order));
    assert_true(tl_scheduler_is_over(it.scheduler));
    bench_close(&it);
}

static void a_loss_that_leaves_a_block_is_survived(void **state)
{
    (void)state;
    bench it = bench_new();
    const uint32_t wide = add(&it, 100, 2, 2);
    open_on(&it, 4);
    tl_order order;
    uint32_t broken[4];
    int count;
    assert_true(tl_scheduler_next(it.scheduler, 0, &order));
    const int before = order.first;
    tl_scheduler_rank_lost(it.scheduler, order.first, 1, broken, &count);
    assert_true(tl_scheduler_next(it.scheduler, 1, &order));
    assert_int_equal(order.step[0], wide);
    assert_int_equal(order.first, 2 - before);
    bench_close(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_keeps_max_ranks_above_min_ranks),
        cmocka_unit_test(no_team_is_narrower_than_a_step_needs),
        cmocka_unit_test(it_waits_for_a_block_while_others_run_beside),
        cmocka_unit_test(without_a_block_it_is_unplaceable_and_the_rest_runs),
        cmocka_unit_test(a_late_step_waits_until_all_of_a_team_have_left),
        cmocka_unit_test(it_waits_where_idle_ranks_have_no_partner),
        cmocka_unit_test(teams_that_are_not_allowed_leave_it_unplaceable),
        cmocka_unit_test(a_loss_that_leaves_a_block_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
