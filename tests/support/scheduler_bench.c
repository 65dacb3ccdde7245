#include "tests/support/scheduler_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

bench bench_new(void)
{
    bench it = {0};
    assert_int_equal(tl_graph_open(&it.graph, NULL), TL_OK);
    return it;
}

uint32_t bench_add(bench *it, bench_step step)
{
    tl_graph_step added = {.max_ranks = (uint16_t)step.max_ranks,
                           .min_ranks = (uint16_t)step.min_ranks,
                           .cost = (float)(step.seconds * BENCH_RATE),
                           .kind = (uint16_t)step.kind};
    const uint32_t number = tl_graph_steps(it->graph);
    memcpy(added.key.byte, &number, sizeof number);
    uint32_t id;
    assert_int_equal(tl_graph_add(it->graph, &added, NULL, 0, &id, NULL, NULL), TL_OK);
    return id;
}

void bench_open(bench *it, tl_scheduler_options options)
{
    assert_int_equal(tl_graph_finish(it->graph, NULL), TL_OK);
    options.rate = BENCH_RATE;
    assert_int_equal(tl_scheduler_open(it->graph, &options, &it->scheduler, NULL), TL_OK);
}

void bench_close(bench *it)
{
    tl_scheduler_close(it->scheduler);
    tl_graph_close(it->graph);
}

void bench_end(const bench *it, const tl_order *order, double each, double now)
{
    for (int i = 0; i < order->steps; i++)
        tl_scheduler_done(it->scheduler, order->step[i], each, now);
    for (int r = order->first; r < order->first + order->width; r++)
        tl_scheduler_order_ended(it->scheduler, order->epoch, r, now);
}
