/*
 * A scheduler on steps that need one another not, for tests of what is begun, and where.
 */
#ifndef TL_TESTS_SUPPORT_SCHEDULER_BENCH_H
#define TL_TESTS_SUPPORT_SCHEDULER_BENCH_H

#include "runner/schedule/scheduler.h"

#define BENCH_RATE 1e10 /**< FLOP/s that are assumed of a rank */

typedef struct bench {
    tl_graph *graph;
    tl_scheduler *scheduler;
} bench;

/** What a step is. */
typedef struct bench_step {
    double seconds; /**< that it seems to take one rank */
    int kind, min_ranks, max_ranks;
} bench_step;

bench bench_new(void);

/** Adds a step; its number. */
uint32_t bench_add(bench *it, bench_step step);

/** Opens the scheduler on the steps added; options.rate is the bench's. */
void bench_open(bench *it, tl_scheduler_options options);

void bench_close(bench *it);

/** All steps of an order end well at `now`, and its ranks say so. */
void bench_end(const bench *it, const tl_order *order, double each, double now);

#endif
