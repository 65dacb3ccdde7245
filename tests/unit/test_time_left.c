/*
 * The time left, as a range, on simulated sweeps: chains of steps whose kinds are faster or
 * slower than their costs suggest, by factors that nobody knows beforehand, and whose steps
 * differ.
 */
#include "compute/core/rng.h"
#include "tests/support/scheduler_bench.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CHAINS = 60, KINDS = 5, STEPS = CHAINS * KINDS, MOST_RANKS = 4, QUEUED = 2 };
enum { MOST_READINGS = 4 * STEPS };

/* A simulated sweep. */
typedef struct sweep {
    bench bench;
    double seconds[STEPS]; /* that the step truly takes */
    tl_order queue[MOST_RANKS][QUEUED];
    int queued[MOST_RANKS], done[MOST_RANKS]; /* orders; steps of the first one */
    double ends[MOST_RANKS];                  /* when the step under way ends */
    int ranks, readings;
    struct {
        double now, least, most;
    } reading[MOST_READINGS];
} sweep;

/* Between 1/most and most, the logarithm uniform. */
static double factor(tl_rng *rng, double most)
{
    return exp((2 * tl_rng_uniform(rng) - 1) * log(most));
}

static void build(sweep *it, uint64_t seed, int ranks, double unknown)
{
    memset(it, 0, sizeof *it);
    it->ranks = ranks;
    it->bench = bench_new();
    tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "time left");
    double pace[KINDS];
    const double all = factor(&rng, 3); /* the machine against the assumed rate */
    for (int k = 0; k < KINDS; k++) pace[k] = all * factor(&rng, unknown);
    for (int c = 0; c < CHAINS; c++) {
        uint32_t last = TL_NO_STEP;
        for (int k = 0; k < KINDS; k++) {
            const double cost = (1 + k % 3) * factor(&rng, 1.2);
            const uint32_t number = (uint32_t)(c * KINDS + k);
            tl_graph_step step = {
                .max_ranks = 1, .cost = (float)(cost * BENCH_RATE), .kind = (uint16_t)k};
            uint32_t id;
            memcpy(step.key.byte, &number, sizeof number);
            assert_int_equal(
                tl_graph_add(it->bench.graph, &step, &last, k > 0, &id, NULL, NULL), TL_OK);
            it->seconds[id] = cost * pace[k] * factor(&rng, 1.3);
            last = id;
        }
    }
    bench_open(&it->bench, (tl_scheduler_options){.ranks = ranks});
}

static void begin(sweep *it, int rank, double now)
{
    if (it->queued[rank] == 0) {
        it->ends[rank] = (double)INFINITY;
        return;
    }
    it->ends[rank] = now + it->seconds[it->queue[rank][0].step[it->done[rank]]];
}

static void issue(sweep *it, double now)
{
    tl_order order;
    while (tl_scheduler_next(it->bench.scheduler, now, &order)) {
        assert_int_equal(order.width, 1);
        assert_true(it->queued[order.first] < QUEUED);
        it->queue[order.first][it->queued[order.first]++] = order;
        if (it->queued[order.first] == 1) begin(it, order.first, now);
    }
}

/* The step under way on the rank ends. */
static void end_step(sweep *it, int rank, double now)
{
    tl_order *order = &it->queue[rank][0];
    const uint32_t step = order->step[it->done[rank]++];
    tl_scheduler_done(it->bench.scheduler, step, it->seconds[step], now);
    if (it->done[rank] == order->steps) {
        tl_scheduler_order_ended(it->bench.scheduler, order->epoch, rank, now);
        it->done[rank] = 0;
        it->queued[rank]--;
        it->queue[rank][0] = it->queue[rank][1];
    }
    begin(it, rank, now);
}

/* Runs it to its end, with a reading after each step. \return how long it took */
static double run(sweep *it)
{
    double now = 0;
    for (int r = 0; r < MOST_RANKS; r++) it->ends[r] = (double)INFINITY;
    issue(it, now);
    for (;;) {
        int first = 0;
        for (int r = 1; r < it->ranks; r++)
            if (it->ends[r] < it->ends[first]) first = r;
        if (isinf(it->ends[first])) return now;
        now = it->ends[first];
        end_step(it, first, now);
        issue(it, now);
        const tl_seconds_left left = tl_scheduler_count(it->bench.scheduler).left;
        assert_true(left.least <= left.expected && left.expected <= left.most);
        assert_true(left.most <= 2.25 * left.least * (1 + 1e-12));
        it->reading[it->readings].now = now;
        it->reading[it->readings].least = left.least;
        it->reading[it->readings++].most = left.most;
    }
}

/* Of the readings between a tenth of the run and its last hundredth, the share in which the
 * true end lies inside of what was said. */
static double share_inside(int ranks, double unknown)
{
    int inside = 0, all = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static sweep it;
        build(&it, seed, ranks, unknown);
        const double total = run(&it);
        assert_int_equal(it.readings, STEPS);
        for (int i = 0; i < it.readings; i++) {
            const double now = it.reading[i].now, left = total - now;
            if (now < 0.1 * total || now > 0.99 * total) continue;
            all++;
            inside += it.reading[i].least <= left && left <= it.reading[i].most;
        }
        bench_close(&it.bench);
    }
    return (double)inside / all;
}

static void the_true_end_lies_inside_nine_times_in_ten(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= MOST_RANKS; ranks++) {
        for (int k = 0; k < 3; k++) {
            const double unknown = 1.0 + 2.0 * k;
            const double share = share_inside(ranks, unknown);
            print_message("%d %g %.3f\n", ranks, unknown, share);
            if (share < 0.9) fail_msg("%d ranks, factor %g: %.3f", ranks, unknown, share);
        }
    }
}

/* Before anything is measured the range is as wide as it may be, after it narrower. */
static void measuring_narrows_the_range(void **state)
{
    (void)state;
    static sweep it;
    build(&it, 7, 1, 1.0);
    const tl_seconds_left before = tl_scheduler_count(it.bench.scheduler).left;
    assert_true(before.most / before.least > 2.24);
    (void)run(&it);
    const double middle = it.reading[STEPS / 2].most / it.reading[STEPS / 2].least;
    assert_true(middle < 1.7);
    bench_close(&it.bench);
}

/* What seemed short when it became ready, and after the first of another kind does not. */
static void a_short_step_that_became_long_is_issued(void **state)
{
    (void)state;
    bench it = bench_new();
    (void)bench_add(&it, (bench_step){.seconds = 0.015, .kind = 0, .max_ranks = 1});
    const uint32_t second =
        bench_add(&it, (bench_step){.seconds = 0.014, .kind = 1, .max_ranks = 1});
    bench_open(&it, (tl_scheduler_options){.ranks = 1});
    tl_order order;
    assert_true(tl_scheduler_next(it.scheduler, 0, &order));
    assert_int_equal(order.steps, 1);
    assert_int_not_equal(order.step[0], second);
    bench_end(&it, &order, 100, 100);
    assert_true(tl_scheduler_next(it.scheduler, 100, &order));
    assert_int_equal(order.steps, 1);
    assert_int_equal(order.step[0], second);
    bench_close(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_true_end_lies_inside_nine_times_in_ten),
        cmocka_unit_test(measuring_narrows_the_range),
        cmocka_unit_test(a_short_step_that_became_long_is_issued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
