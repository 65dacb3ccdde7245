/* runner/scheduler: driven by imaginary ranks under an imaginary clock. */
#include "compute/core/rng.h"
#include "runner/schedule/scheduler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static const double RATE = 1e10;     /* FLOP/s of an imaginary rank */
static const double DOUBLING = 0.95; /* efficiency of its teams */

/* --- graphs ------------------------------------------------------------------------------
 */

static tl_graph *graph_open(void)
{
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    return graph;
}

/* A step that takes one rank `seconds`. */
static uint32_t add(tl_graph *graph, double seconds, int max_ranks, const uint32_t *parent,
                    int parents)
{
    tl_graph_step step = {.max_ranks = (uint16_t)max_ranks,
                          .cost = (float)(seconds * RATE)};
    const uint32_t number = tl_graph_steps(graph);
    memcpy(step.key.byte, &number, sizeof number);
    uint32_t id;
    assert_int_equal(tl_graph_add(graph, &step, parent, parents, &id, NULL, NULL), TL_OK);
    return id;
}

/* Chains of trials that branch: each step hangs on one or two of the last `reach` ones. */
static tl_graph *random_graph(uint64_t seed, int steps, uint32_t reach, double seconds,
                              int max_ranks)
{
    tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "graph");
    tl_graph *graph = graph_open();
    for (int i = 0; i < steps; i++) {
        const double spread = pow(10, tl_rng_uniform(&rng) * 2 - 1);
        const int wanted = i == 0 ? 0 : (int)tl_rng_below(&rng, 3);
        uint32_t parent[2];
        for (int p = 0; p < wanted; p++) {
            const uint32_t span = (uint32_t)i < reach ? (uint32_t)i : reach;
            parent[p] = (uint32_t)i - 1 - tl_rng_below(&rng, span);
        }
        add(graph, seconds * spread, max_ranks, parent, wanted);
    }
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    return graph;
}

static double all_work(const tl_graph *graph)
{
    double work = 0;
    for (uint32_t id = 0; id < tl_graph_steps(graph); id++)
        work += (double)tl_graph_step_at(graph, id)->cost / RATE;
    return work;
}

static double critical_path(const tl_graph *graph)
{
    double longest = 0;
    for (uint32_t id = 0; id < tl_graph_steps(graph); id++) {
        const double path = tl_graph_path(graph, id) / RATE;
        if (path > longest) longest = path;
    }
    return longest;
}

/* --- imaginary ranks ---------------------------------------------------------------------
 */

enum { MOST_QUEUED = 3 };

/* One order as the ranks that have it see it. */
typedef struct job {
    uint32_t epoch;
    int first, width, steps, done;
    double ends;    /* the running step; INFINITY until all members are at it */
    uint32_t *step; /* [steps] owned */
} job;

typedef struct world {
    const tl_graph *graph;
    tl_scheduler *scheduler;
    int ranks;
    double now;
    job **queue;   /* [ranks x MOST_QUEUED] borrowed; a wide job is its first rank's */
    int *queued;   /* [ranks] */
    bool *is_dead; /* [ranks] */
    int *heap;     /* ranks with a running job, the soonest first */
    int heaped, deepest, max_ranks;
    int *runs;          /* [steps] how often each was run to its end */
    double fail_share;  /* of steps that fail */
    double death_every; /* s; 0: never */
    double dies_at;
    tl_rng rng;
    uint64_t orders;
} world;

static double end_of(const world *w, int rank)
{
    return w->queue[(size_t)rank * MOST_QUEUED]->ends;
}

static void sift(world *w, int at)
{
    while (at > 0 && end_of(w, w->heap[at]) < end_of(w, w->heap[(at - 1) / 2])) {
        const int held = w->heap[at];
        w->heap[at] = w->heap[(at - 1) / 2];
        w->heap[(at - 1) / 2] = held;
        at = (at - 1) / 2;
    }
    for (;;) {
        int least = at;
        for (int child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < w->heaped && end_of(w, w->heap[child]) < end_of(w, w->heap[least]))
                least = child;
        if (least == at) return;
        const int held = w->heap[at];
        w->heap[at] = w->heap[least];
        w->heap[least] = held;
        at = least;
    }
}

static void world_open(world *w, const tl_graph *graph, int ranks, int max_ranks)
{
    *w = (world){.graph = graph, .ranks = ranks};
    const tl_scheduler_options options = {
        .ranks = ranks, .max_ranks = max_ranks, .rate = RATE};
    assert_int_equal(tl_scheduler_open(graph, &options, &w->scheduler, NULL), TL_OK);
    w->queue = calloc((size_t)ranks * MOST_QUEUED, sizeof(job *));
    w->queued = calloc((size_t)ranks, sizeof *w->queued);
    w->is_dead = calloc((size_t)ranks, sizeof *w->is_dead);
    w->heap = calloc((size_t)ranks, sizeof *w->heap);
    w->runs = calloc((size_t)tl_graph_steps(graph) + 1, sizeof *w->runs);
    w->rng = tl_rng_stream(7, 0, "test", 0, "world");
}

static void job_close(job *order)
{
    free(order->step);
    free(order);
}

static void world_close(world *w)
{
    tl_scheduler_close(w->scheduler);
    for (int r = 0; r < w->ranks; r++)
        for (int i = 0; i < w->queued[r]; i++)
            job_close(w->queue[(size_t)r * MOST_QUEUED + (size_t)i]);
    free(w->queue);
    free(w->queued);
    free(w->is_dead);
    free(w->heap);
    free(w->runs);
}

static void start_step(world *w, job *order)
{
    const tl_graph_step *step = tl_graph_step_at(w->graph, order->step[order->done]);
    double speed = 1;
    for (int width = 1; width < order->width; width *= 2) speed *= 2 * DOUBLING;
    order->ends = w->now + (double)step->cost / RATE / speed;
}

/* Every order keeps the promises of the header. */
static void check_order(world *w, const tl_order *order)
{
    assert_true(order->steps >= 1 && order->steps <= TL_ORDER_STEPS);
    assert_true(order->width >= 1 && (order->width & (order->width - 1)) == 0);
    assert_int_equal(order->first % order->width, 0);
    assert_true(order->first + order->width <= w->ranks);
    if (order->width > 1) assert_int_equal(order->steps, 1);
    for (int r = order->first; r < order->first + order->width; r++) {
        assert_false(w->is_dead[r]);
        if (order->width > 1) assert_int_equal(w->queued[r], 0);
    }
    for (int i = 0; i < order->steps; i++) {
        const uint32_t step = order->step[i];
        assert_true(order->width <= tl_graph_step_at(w->graph, step)->max_ranks);
        assert_int_equal(tl_scheduler_state(w->scheduler, step), TL_STEP_RUNNING);
        int parents;
        const uint32_t *parent = tl_graph_parents(w->graph, step, &parents);
        for (int p = 0; p < parents; p++)
            assert_int_equal(tl_scheduler_state(w->scheduler, parent[p]), TL_STEP_DONE);
    }
}

static void accept_order(world *w, const tl_order *order)
{
    check_order(w, order);
    job *copy = calloc(1, sizeof *copy);
    *copy = (job){.epoch = order->epoch,
                  .first = order->first,
                  .width = order->width,
                  .steps = order->steps,
                  .step = calloc((size_t)order->steps, sizeof(uint32_t))};
    memcpy(copy->step, order->step, (size_t)order->steps * sizeof(uint32_t));
    const size_t at = (size_t)order->first * MOST_QUEUED;
    assert_true(w->queued[order->first] < 2);
    w->queue[at + (size_t)w->queued[order->first]++] = copy;
    for (int r = order->first + 1; r < order->first + order->width; r++)
        w->queued[r] = 1, w->queue[(size_t)r * MOST_QUEUED] = NULL;
    if (w->queued[order->first] > w->deepest) w->deepest = w->queued[order->first];
    if (order->width > w->max_ranks) w->max_ranks = order->width;
    w->orders++;
    if (w->queued[order->first] > 1) return;
    start_step(w, copy);
    w->heap[w->heaped] = order->first;
    sift(w, w->heaped++);
}

static void issue_all(world *w)
{
    tl_order order;
    while (tl_scheduler_next(w->scheduler, w->now, &order)) accept_order(w, &order);
}

static void unheap(world *w, int rank)
{
    for (int i = 0; i < w->heaped; i++) {
        if (w->heap[i] != rank) continue;
        w->heap[i] = w->heap[--w->heaped];
        if (i < w->heaped) sift(w, i);
        return;
    }
    fail();
}

/* The first order of these ranks is over; each says so, and asks for more between. */
static void end_job(world *w, job *order)
{
    job **queue = &w->queue[(size_t)order->first * MOST_QUEUED];
    const int rank = order->first;
    if (w->heap[0] == rank) {
        w->heap[0] = w->heap[--w->heaped];
        /* the queue changes before the heap is looked at again */
    } else {
        unheap(w, rank);
    }
    memmove(queue, queue + 1, (MOST_QUEUED - 1) * sizeof(job *));
    w->queued[rank]--;
    if (w->heaped > 0) sift(w, 0);
    if (w->queued[rank] > 0) {
        start_step(w, queue[0]);
        w->heap[w->heaped] = rank;
        sift(w, w->heaped++);
    }
    for (int r = rank; r < rank + order->width; r++) {
        if (w->is_dead[r]) continue;
        if (r > rank) w->queued[r] = 0;
        tl_scheduler_order_ended(w->scheduler, order->epoch, r, w->now);
        issue_all(w);
    }
    job_close(order);
}

static void finish_step(world *w, int rank)
{
    job *order = w->queue[(size_t)rank * MOST_QUEUED];
    const uint32_t step = order->step[order->done++];
    w->now = order->ends;
    double speed = 1;
    for (int width = 1; width < order->width; width *= 2) speed *= 2 * DOUBLING;
    const double seconds = (double)tl_graph_step_at(w->graph, step)->cost / RATE / speed;
    w->runs[step]++;
    if (w->fail_share > 0 && tl_rng_uniform(&w->rng) < w->fail_share)
        tl_scheduler_failed(w->scheduler, step, TL_STEP_FAILED, w->now);
    else
        tl_scheduler_done(w->scheduler, step, seconds, w->now);
    if (order->done < order->steps) {
        start_step(w, order);
        sift(w, 0);
    } else {
        end_job(w, order);
    }
    issue_all(w);
}

/* A rank dies: its own orders vanish, wide ones end for the others too. */
static void kill_rank(world *w, int rank)
{
    uint32_t broken[4];
    int count;
    w->is_dead[rank] = true;
    tl_scheduler_rank_lost(w->scheduler, rank, w->now, broken, &count);
    job *wide = NULL;
    for (int i = 0; i < w->heaped && !wide; i++) {
        job *order = w->queue[(size_t)w->heap[i] * MOST_QUEUED];
        if (order->width > 1 && rank >= order->first && rank < order->first + order->width)
            wide = order;
    }
    assert_int_equal(count, wide ? 1 : 0);
    if (wide) {
        assert_int_equal(broken[0], wide->epoch);
        end_job(w, wide);
    } else if (w->queued[rank] > 0) {
        unheap(w, rank);
        for (int i = 0; i < w->queued[rank]; i++)
            job_close(w->queue[(size_t)rank * MOST_QUEUED + (size_t)i]);
    }
    w->queued[rank] = 0;
    issue_all(w);
}

static void run(world *w)
{
    w->dies_at = w->death_every > 0 ? w->death_every : (double)INFINITY;
    int alive = w->ranks;
    issue_all(w);
    while (w->heaped > 0) {
        if (end_of(w, w->heap[0]) > w->dies_at && alive > 1) {
            w->now = w->dies_at;
            int rank = (int)tl_rng_below(&w->rng, (uint32_t)w->ranks);
            while (w->is_dead[rank]) rank = (rank + 1) % w->ranks;
            kill_rank(w, rank);
            alive--;
            w->dies_at += w->death_every;
        } else {
            finish_step(w, w->heap[0]);
        }
    }
    assert_true(tl_scheduler_is_over(w->scheduler));
    assert_int_equal(tl_scheduler_count(w->scheduler).orders_out, 0);
}

static void assert_all_ran_once(const world *w)
{
    for (uint32_t id = 0; id < tl_graph_steps(w->graph); id++) {
        assert_int_equal(w->runs[id], 1);
        assert_int_equal(tl_scheduler_state(w->scheduler, id), TL_STEP_DONE);
    }
}

/* --- facts -------------------------------------------------------------------------------
 */

/* Seconds that `steps` equal steps of one second take. */
static double time_of_equal(int steps, int ranks, int max_ranks)
{
    tl_graph *graph = graph_open();
    for (int i = 0; i < steps; i++) add(graph, 1, max_ranks, NULL, 0);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    world w;
    world_open(&w, graph, ranks, 0);
    run(&w);
    assert_all_ran_once(&w);
    world_close(&w);
    tl_graph_close(graph);
    return w.now;
}

static void the_odd_step_out_runs_on_a_team(void **state)
{
    (void)state;
    assert_true(time_of_equal(13, 2, 8) < 6.53);
    assert_true(fabs(time_of_equal(13, 2, 1) - 7) < 1e-6);
    assert_true(time_of_equal(1, 8, 8) < 0.15);
    assert_true(time_of_equal(6, 5, 8) < 1.28);
    assert_true(time_of_equal(4, 8, 8) < 0.53);
    assert_true(time_of_equal(33, 64, 8) < 0.70);
}

static void random_graphs_end_near_the_lower_bound(void **state)
{
    (void)state;
    const int ranks[] = {1, 2, 3, 5, 8, 13, 32, 64};
    for (int i = 0; i < 8; i++)
        for (int max_ranks = 1; max_ranks <= 8; max_ranks *= 8)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                tl_graph *graph = random_graph(seed, 6000, 3000, 1, max_ranks);
                double bound = all_work(graph) / ranks[i];
                if (max_ranks == 1 && critical_path(graph) > bound)
                    bound = critical_path(graph);
                world w;
                world_open(&w, graph, ranks[i], 0);
                run(&w);
                assert_all_ran_once(&w);
                if (w.now > 1.08 * bound)
                    fail_msg("%d ranks, teams of %d: %g s, bound %g s", ranks[i], max_ranks,
                             w.now, bound);
                world_close(&w);
                tl_graph_close(graph);
            }
}

static void a_long_chain_beside_much_small_work_gets_a_team(void **state)
{
    (void)state;
    tl_graph *graph = graph_open();
    uint32_t last = add(graph, 2, 4, NULL, 0);
    for (int i = 0; i < 9; i++) last = add(graph, 2, 4, &last, 1);
    for (int i = 0; i < 40; i++) add(graph, 0.5, 4, NULL, 0);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    world w; /* 40 s of work for 4 ranks, 20 s of it in one chain */
    world_open(&w, graph, 4, 0);
    run(&w);
    assert_all_ran_once(&w);
    if (w.now > 12.5) fail_msg("%g s", w.now);
    world_close(&w);
    tl_graph_close(graph);
}

static void short_steps_travel_together_and_queue(void **state)
{
    (void)state;
    tl_graph *graph = random_graph(3, 20000, 20000, 2e-4, 1);
    world w;
    world_open(&w, graph, 4, 0);
    run(&w);
    assert_all_ran_once(&w);
    assert_true(w.orders < 4000);
    assert_int_equal(w.deepest, 2);
    assert_true(w.now < 1.1 * all_work(graph) / 4);
    world_close(&w);
    tl_graph_close(graph);
}

static void rates_are_learned(void **state)
{
    (void)state;
    tl_graph *graph = graph_open();
    for (int i = 0; i < 4000; i++) add(graph, 1e-4, 1, NULL, 0); /* as it seems */
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    const tl_scheduler_options options = {.ranks = 1, .rate = RATE};
    tl_scheduler *s;
    assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
    tl_order order;
    double now = 0;
    int steps = 4000;
    for (int round = 0; round < 5; round++) { /* each takes 100 times as long */
        assert_true(tl_scheduler_next(s, now, &order));
        steps = order.steps;
        for (int i = 0; i < order.steps; i++)
            tl_scheduler_done(s, order.step[i], 0.01, now += 0.01);
        tl_scheduler_order_ended(s, order.epoch, 0, now);
    }
    assert_true(steps <= 2);
    const double left = tl_scheduler_count(s).left.expected;
    const double truth = 0.01 * tl_scheduler_count(s).in[TL_STEP_READY];
    assert_true(left > 0.9 * truth && left < 1.1 * truth);
    tl_scheduler_close(s);
    tl_graph_close(graph);
}

static void children_run_where_their_parent_was_made(void **state)
{
    (void)state;
    tl_graph *graph = graph_open();
    for (int chain = 0; chain < 4; chain++) {
        uint32_t last = add(graph, 1 + 0.01 * chain, 1, NULL, 0);
        for (int i = 0; i < 9; i++) last = add(graph, 1, 1, &last, 1);
    }
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    world w;
    world_open(&w, graph, 4, 0);
    int home[4] = {-1, -1, -1, -1};
    w.dies_at = (double)INFINITY;
    issue_all(&w);
    while (w.heaped > 0) {
        for (int r = 0; r < 4; r++) {
            if (w.queued[r] == 0) continue;
            const uint32_t chain = w.queue[r * MOST_QUEUED]->step[0] / 10;
            if (home[chain] < 0) home[chain] = r;
            assert_int_equal(home[chain], r);
        }
        finish_step(&w, w.heap[0]);
    }
    assert_all_ran_once(&w);
    world_close(&w);
    tl_graph_close(graph);
}

static void deaths_cost_steps_but_never_the_sweep(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const double seconds = seed % 2 ? 1 : 1e-3;
        tl_graph *graph = random_graph(seed, 1500, 200, seconds, 8);
        world w;
        world_open(&w, graph, 24, 0);
        w.rng = tl_rng_stream(seed, 0, "test", 0, "deaths");
        w.death_every = all_work(graph) / 24 / 20;
        run(&w);
        for (uint32_t id = 0; id < tl_graph_steps(graph); id++) {
            const tl_step_state end = tl_scheduler_state(w.scheduler, id);
            assert_true(end == TL_STEP_DONE || end == TL_STEP_LOST ||
                        end == TL_STEP_SKIPPED);
            assert_int_equal(w.runs[id], end == TL_STEP_DONE ? 1 : 0);
        }
        assert_true(tl_scheduler_count(w.scheduler).ranks_up < 24);
        world_close(&w);
        tl_graph_close(graph);
    }
}

static void a_step_whose_ranks_keep_dying_is_set_aside(void **state)
{
    (void)state;
    tl_graph *graph = graph_open();
    const uint32_t killer = add(graph, 5, 4, NULL, 0);
    const uint32_t child = add(graph, 1, 1, &killer, 1);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    const tl_scheduler_options options = {.ranks = 8, .rate = RATE, .max_deaths = 2};
    tl_scheduler *s;
    assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
    tl_order order;
    uint32_t broken[4];
    int count;
    assert_true(tl_scheduler_next(s, 0, &order));
    assert_int_equal(order.width, 4);
    const uint32_t epoch = order.epoch;
    tl_scheduler_rank_lost(s, order.first + 1, 1, broken, &count);
    assert_int_equal(count, 1);
    assert_int_equal(broken[0], epoch);
    assert_int_equal(tl_scheduler_state(s, killer), TL_STEP_READY);
    assert_true(tl_scheduler_next(s, 1, &order));
    assert_int_equal(order.width, 4); /* the other four ranks */
    tl_scheduler_rank_lost(s, order.first, 2, broken, &count);
    assert_int_equal(tl_scheduler_state(s, killer), TL_STEP_LOST);
    assert_int_equal(tl_scheduler_state(s, child), TL_STEP_SKIPPED);
    assert_true(tl_scheduler_is_over(s));
    tl_scheduler_close(s);
    tl_graph_close(graph);
}

static void only_the_step_that_ran_counts_a_death(void **state)
{
    (void)state;
    tl_graph *graph = graph_open();
    for (int i = 0; i < 40; i++) add(graph, 1e-4, 1, NULL, 0);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    const tl_scheduler_options options = {.ranks = 2, .rate = RATE, .max_deaths = 1};
    tl_scheduler *s;
    assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
    tl_order order[2], other; /* the running and the queued one of rank 0 */
    int orders = 0;
    while (tl_scheduler_next(s, 0, &other))
        if (other.first == 0) order[orders++] = other;
    assert_int_equal(orders, 2);
    assert_true(order[0].steps > 2);
    tl_scheduler_done(s, order[0].step[0], 1e-4, 1e-4);
    uint32_t broken[4];
    int count;
    tl_scheduler_rank_lost(s, 0, 1e-4, broken, &count);
    assert_int_equal(count, 0);
    assert_int_equal(tl_scheduler_state(s, order[0].step[0]), TL_STEP_DONE);
    assert_int_equal(tl_scheduler_state(s, order[0].step[1]), TL_STEP_LOST);
    for (int i = 2; i < order[0].steps; i++)
        assert_int_equal(tl_scheduler_state(s, order[0].step[i]), TL_STEP_READY);
    for (int i = 0; i < order[1].steps; i++)
        assert_int_equal(tl_scheduler_state(s, order[1].step[i]), TL_STEP_READY);
    tl_scheduler_close(s);
    tl_graph_close(graph);
}

static void failures_skip_what_needs_them_and_nothing_else(void **state)
{
    (void)state;
    tl_graph *graph = random_graph(5, 3000, 400, 0.1, 4);
    world w;
    world_open(&w, graph, 7, 0);
    w.fail_share = 0.05;
    run(&w);
    for (uint32_t id = 0; id < tl_graph_steps(graph); id++) {
        const tl_step_state end = tl_scheduler_state(w.scheduler, id);
        int parents;
        bool can_run = true;
        const uint32_t *parent = tl_graph_parents(graph, id, &parents);
        for (int p = 0; p < parents; p++)
            can_run &= tl_scheduler_state(w.scheduler, parent[p]) == TL_STEP_DONE;
        if (can_run)
            assert_true(end == TL_STEP_DONE || end == TL_STEP_FAILED);
        else
            assert_int_equal(end, TL_STEP_SKIPPED);
        assert_int_equal(w.runs[id], can_run ? 1 : 0);
    }
    world_close(&w);
    tl_graph_close(graph);
}

static void what_an_earlier_run_did_is_not_run_again(void **state)
{
    (void)state;
    tl_graph *graph = graph_open();
    const uint32_t a = add(graph, 1, 1, NULL, 0);
    const uint32_t b = add(graph, 1, 1, &a, 1);
    const uint32_t c = add(graph, 1, 1, &b, 1);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    world w;
    world_open(&w, graph, 2, 0);
    tl_scheduler_restore(w.scheduler, b); /* in any order */
    tl_scheduler_restore(w.scheduler, a);
    assert_int_equal(tl_scheduler_state(w.scheduler, c), TL_STEP_READY);
    run(&w);
    assert_int_equal(w.runs[a] + w.runs[b], 0);
    assert_int_equal(w.runs[c], 1);
    world_close(&w);
    tl_graph_close(graph);
}

static void after_a_stop_nothing_is_issued(void **state)
{
    (void)state;
    tl_graph *graph = random_graph(9, 100, 10, 1, 1);
    const tl_scheduler_options options = {.ranks = 3, .rate = RATE};
    tl_scheduler *s;
    assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
    tl_order order, none;
    assert_true(tl_scheduler_next(s, 0, &order));
    tl_scheduler_stop(s);
    assert_false(tl_scheduler_next(s, 0, &none));
    assert_false(tl_scheduler_is_over(s));
    tl_scheduler_returned(s, order.step[0], 1);
    for (int r = order.first; r < order.first + order.width; r++)
        tl_scheduler_order_ended(s, order.epoch, r, 1);
    assert_int_equal(tl_scheduler_state(s, order.step[0]), TL_STEP_READY);
    assert_true(tl_scheduler_is_over(s));
    assert_int_equal(tl_scheduler_count(s).orders_out, 0);
    tl_scheduler_close(s);
    tl_graph_close(graph);
}

static double seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void a_million_steps_on_100000_ranks_end(void **state)
{
    (void)state;
    const double start = seconds_now();
    tl_graph *graph = random_graph(1, 1000000, 500000, 1, 8);
    const double built = seconds_now();
    world w;
    world_open(&w, graph, 100000, 0);
    const double opened = seconds_now();
    run(&w);
    assert_all_ran_once(&w);
    print_message("graph %.2f s, open %.2f s, run %.2f s; makespan %.1f s, bounds %.1f and "
                  "%.1f s; widest %d\n",
                  built - start, opened - built, seconds_now() - opened, w.now,
                  all_work(graph) / 100000, critical_path(graph), w.max_ranks);
    world_close(&w);
    tl_graph_close(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_odd_step_out_runs_on_a_team),
        cmocka_unit_test(random_graphs_end_near_the_lower_bound),
        cmocka_unit_test(a_long_chain_beside_much_small_work_gets_a_team),
        cmocka_unit_test(short_steps_travel_together_and_queue),
        cmocka_unit_test(rates_are_learned),
        cmocka_unit_test(children_run_where_their_parent_was_made),
        cmocka_unit_test(deaths_cost_steps_but_never_the_sweep),
        cmocka_unit_test(a_step_whose_ranks_keep_dying_is_set_aside),
        cmocka_unit_test(only_the_step_that_ran_counts_a_death),
        cmocka_unit_test(failures_skip_what_needs_them_and_nothing_else),
        cmocka_unit_test(what_an_earlier_run_did_is_not_run_again),
        cmocka_unit_test(after_a_stop_nothing_is_issued),
        cmocka_unit_test(a_million_steps_on_100000_ranks_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
