/* runner/rerun, and what the scheduler forgets: a model that is gone costs its step and
 * what is remade from it, and nothing else. */
#include "compute/core/log.h"
#include "compute/core/rng.h"
#include "runner/execute/rerun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* --- the scheduler forgets ---------------------------------------------------------------
 */

enum { STEPS = 400, RANKS = 6 };

static tl_graph *random_graph(tl_rng *rng)
{
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    for (uint32_t i = 0; i < STEPS; i++) {
        const tl_graph_step step = {.key = tl_key_of(&i, sizeof i),
                                    .max_ranks = (uint16_t)(1 + i % 4),
                                    .cost = (float)(1e7 * (1 + i % 100))};
        uint32_t parent[2], id;
        const int parents = i == 0 ? 0 : (int)tl_rng_below(rng, 3);
        for (int p = 0; p < parents; p++) parent[p] = tl_rng_below(rng, i);
        assert_int_equal(tl_graph_add(graph, &step, parent, parents, &id, NULL, NULL),
                         TL_OK);
    }
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    return graph;
}

/* The parents of a step that is about to run are done; one in ten turns out to be gone. */
static bool lose_a_parent(tl_scheduler *s, const tl_graph *graph, uint32_t step,
                          tl_rng *rng)
{
    int parents;
    const uint32_t *parent = tl_graph_parents(graph, step, &parents);
    if (parents == 0 || tl_rng_below(rng, 10) > 0) return false;
    tl_scheduler_forget(s, parent[tl_rng_below(rng, (uint32_t)parents)], 0.0);
    return true;
}

static void do_order(tl_scheduler *s, const tl_graph *graph, const tl_order *order,
                     tl_rng *rng, int runs[STEPS])
{
    for (int i = 0; i < order->steps; i++) {
        const uint32_t step = order->step[i];
        if (lose_a_parent(s, graph, step, rng)) {
            tl_scheduler_returned(s, step, 0.0);
            assert_int_equal(tl_scheduler_state(s, step), TL_STEP_WAITING);
        } else {
            tl_scheduler_done(s, step, 0.01, 0.0);
            runs[step]++;
        }
    }
    for (int r = order->first; r < order->first + order->width; r++)
        tl_scheduler_order_ended(s, order->epoch, r, 0.0);
}

/* Orders that are out overlap, so a step may be forgotten while its children run. */
static void every_step_is_done_at_the_end_whatever_was_forgotten(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "forget");
        tl_graph *graph = random_graph(&rng);
        const tl_scheduler_options options = {.ranks = RANKS};
        tl_scheduler *s;
        assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
        tl_order out[2 * RANKS];
        int outs = 0, runs[STEPS] = {0};
        while (!tl_scheduler_is_over(s)) {
            while (outs < 2 * RANKS && tl_scheduler_next(s, 0.0, &out[outs])) {
                for (int i = 0; i < out[outs].steps; i++) {
                    int parents;
                    const uint32_t *parent =
                        tl_graph_parents(graph, out[outs].step[i], &parents);
                    for (int p = 0; p < parents; p++)
                        assert_int_equal(tl_scheduler_state(s, parent[p]), TL_STEP_DONE);
                }
                outs++;
            }
            assert_true(outs > 0);
            const uint32_t which = tl_rng_below(&rng, (uint32_t)outs);
            const tl_order order = out[which];
            out[which] = out[--outs];
            do_order(s, graph, &order, &rng, runs);
        }
        const tl_scheduler_counts stats = tl_scheduler_count(s);
        assert_int_equal(stats.in[TL_STEP_DONE], STEPS);
        assert_int_equal(stats.orders_out, 0);
        assert_true(stats.left.most == 0.0);
        int again = 0;
        for (int i = 0; i < STEPS; i++) again += runs[i] - 1;
        assert_in_range(again, 1, STEPS);
        tl_scheduler_close(s);
        tl_graph_close(graph);
    }
}

static void only_what_is_done_is_forgotten(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    uint32_t id[3];
    for (uint32_t i = 0; i < 3; i++) { /* a chain */
        const tl_graph_step step = {.key = tl_key_of(&i, sizeof i), .max_ranks = 1};
        assert_int_equal(
            tl_graph_add(graph, &step, id + i - (i > 0), i > 0, &id[i], NULL, NULL), TL_OK);
    }
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    const tl_scheduler_options options = {.ranks = 1};
    tl_scheduler *s;
    assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
    tl_scheduler_restore(s, id[0]);
    tl_scheduler_forget(s, id[1], 0.0);
    assert_int_equal(tl_scheduler_state(s, id[1]), TL_STEP_READY);
    tl_scheduler_forget(s, id[0], 0.0);
    tl_scheduler_forget(s, id[0], 0.0); /* once is enough */
    assert_int_equal(tl_scheduler_state(s, id[0]), TL_STEP_READY);
    assert_int_equal(tl_scheduler_state(s, id[1]), TL_STEP_WAITING);
    tl_order order;
    assert_true(tl_scheduler_next(s, 0.0, &order));
    assert_int_equal(order.step[0], id[0]);
    tl_scheduler_forget(s, id[0], 0.0); /* runs */
    /* This time it comes to nothing, and so does what waits for it. */
    tl_scheduler_failed(s, id[0], TL_STEP_FAILED, 0.0);
    tl_scheduler_order_ended(s, order.epoch, 0, 0.0);
    assert_int_equal(tl_scheduler_state(s, id[1]), TL_STEP_SKIPPED);
    assert_int_equal(tl_scheduler_state(s, id[2]), TL_STEP_SKIPPED);
    assert_true(tl_scheduler_is_over(s));
    tl_scheduler_close(s);
    tl_graph_close(graph);
}

/* A step ran when its parent was forgotten, and comes back after that one has failed. */
static void what_comes_back_to_a_failed_parent_is_skipped(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    uint32_t parent, child;
    tl_graph_step step = {.key = tl_key_of("p", 1), .max_ranks = 1, .cost = 1e12F};
    assert_int_equal(tl_graph_add(graph, &step, NULL, 0, &parent, NULL, NULL), TL_OK);
    step.key = tl_key_of("c", 1);
    assert_int_equal(tl_graph_add(graph, &step, &parent, 1, &child, NULL, NULL), TL_OK);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    const tl_scheduler_options options = {.ranks = 2};
    tl_scheduler *s;
    tl_order order, other;
    assert_int_equal(tl_scheduler_open(graph, &options, &s, NULL), TL_OK);
    tl_scheduler_restore(s, parent);
    assert_true(tl_scheduler_next(s, 0.0, &order));
    tl_scheduler_forget(s, parent, 1.0);
    assert_int_equal(tl_scheduler_state(s, child), TL_STEP_RUNNING);
    assert_true(tl_scheduler_next(s, 1.0, &other));
    assert_int_equal(other.step[0], parent);
    tl_scheduler_failed(s, parent, TL_STEP_DIVERGED, 2.0);
    tl_scheduler_returned(s, child, 3.0);
    assert_int_equal(tl_scheduler_state(s, child), TL_STEP_SKIPPED);
    assert_true(tl_scheduler_is_over(s));
    tl_scheduler_close(s);
    tl_graph_close(graph);
}

/* --- a sweep whose models are gone -------------------------------------------------------
 */

/* Two rounds, so that data are remade from data that are remade from the target. */
static const char text[] =
    "name: t\nreplicates: 2\n"
    "data: {source: synthetic/lesions, examples: 300, split: {pool: 100, keep: 0.5, "
    "validation: 20, attacker: 40, test: 60}}\n"
    "recipe: {epochs: 1}\nchain:\n  - train\n  - measure.utility\n  - m2d.inversion\n"
    "  - m2m.model_extraction\n  - rounds: 2\n";

typedef struct room {
    char folder[64];
    tl_plan *plan;
    tl_sweep sweep;
    tl_store store;
    tl_arena arena;
    tl_trial *trial;
} room;

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    tl_log_set(TL_LOG_ERROR, -1);
    const tl_plan_options options = {.is_shared = true};
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_redo.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    assert_int_equal(tl_plan_parse("t", text, &options, &it->plan, NULL), TL_OK);
    assert_int_equal(tl_sweep_open(it->plan, &it->sweep, NULL), TL_OK);
    assert_int_equal(tl_store_join(it->folder, false, &it->store, NULL), TL_OK);
    assert_int_equal(tl_trial_new(&it->arena, &it->trial, NULL), TL_OK);
    tl_trial_decode(it->plan, 0, it->trial);
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", it->folder);
    assert_int_equal(system(command), 0);
    tl_store_close(&it->store, false);
    tl_sweep_close(&it->sweep);
    tl_plan_close(it->plan);
    tl_arena_close(&it->arena);
    free(it);
    return 0;
}

static int position_of(const room *it, const char *stage, int round)
{
    for (int i = 0; i < it->trial->steps; i++) {
        const tl_trial_step *step = &it->trial->step[i];
        if (step->kind == TL_STEP_RUN && step->round == round &&
            strcmp(step->stage->name, stage) == 0)
            return i;
    }
    fail_msg("no step of %s in round %d", stage, round);
    return -1;
}

static uint32_t id_at(const room *it, int position)
{
    return tl_graph_find(it->sweep.graph, &it->trial->step[position].key);
}

static uint32_t id_of(const room *it, const char *stage, int round)
{
    return id_at(it, position_of(it, stage, round));
}

static void path_of(const room *it, uint32_t id, tl_part part, char path[256])
{
    const tl_key *key = &tl_graph_step_at(it->sweep.graph, id)->key;
    assert_int_equal(tl_store_part_path(&it->store, key, part, path, 256, NULL), TL_OK);
}

/* A file for whichever of these parts the step keeps. */
static void put_parts(const room *it, uint32_t id, const char *bytes)
{
    static const tl_part parts[] = {TL_PART_TARGET, TL_PART_SURROGATE, TL_PART_RECOVERED};
    const tl_key *key = &tl_graph_step_at(it->sweep.graph, id)->key;
    assert_int_equal(tl_store_make_folder(&it->store, key, NULL), TL_OK);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char path[256];
        path_of(it, id, parts[i], path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(bytes, file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
}

/* All is done but the last extraction of trial 0, and every model is there. */
static uint32_t all_but_one(room *it)
{
    const uint32_t last = id_of(it, "m2m.model_extraction", 2);
    for (uint32_t id = 0; id < tl_graph_steps(it->sweep.graph); id++) {
        it->sweep.outcome[id].state = TL_STEP_DONE;
        put_parts(it, id, "weights");
    }
    it->sweep.outcome[last].state = TL_STEP_WAITING;
    return last;
}

static void what_an_open_step_rests_on_must_be_there(void **state)
{
    room *it = *state;
    (void)all_but_one(it);
    uint32_t count;
    assert_int_equal(tl_rerun_missing(&it->sweep, &it->store, &count, NULL), TL_OK);
    assert_int_equal(count, 0);
    put_parts(it, id_of(it, "train", 1), ""); /* nothing in it */
    assert_int_equal(tl_rerun_missing(&it->sweep, &it->store, &count, NULL), TL_OK);
    assert_int_equal(it->sweep.outcome[id_of(it, "train", 1)].state, TL_STEP_WAITING);
    assert_int_equal(count, 1); /* what was recovered from it is there */
    (void)all_but_one(it);
    put_parts(it, id_of(it, "m2d.inversion", 1), "");
    assert_int_equal(tl_rerun_missing(&it->sweep, &it->store, &count, NULL), TL_OK);
    assert_int_equal(it->sweep.outcome[id_of(it, "m2d.inversion", 1)].state,
                     TL_STEP_WAITING);
    assert_int_equal(it->sweep.outcome[id_of(it, "d2d.use_recovered", 2)].state,
                     TL_STEP_WAITING);
    assert_int_equal(count, 2);
    assert_int_equal(it->sweep.outcome[id_of(it, "measure.utility", 1)].state,
                     TL_STEP_DONE);
}

static void a_model_that_nobody_needs_is_not_missed(void **state)
{
    room *it = *state;
    const uint32_t last = all_but_one(it);
    char path[256];
    path_of(it, id_of(it, "m2m.model_extraction", 1), TL_PART_SURROGATE, path);
    assert_int_equal(unlink(path), 0);
    it->sweep.outcome[last].state = TL_STEP_DONE; /* now nothing is open */
    path_of(it, id_of(it, "train", 1), TL_PART_TARGET, path);
    assert_int_equal(unlink(path), 0);
    uint32_t count;
    assert_int_equal(tl_rerun_missing(&it->sweep, &it->store, &count, NULL), TL_OK);
    assert_int_equal(count, 0);
}

static void a_report_calls_back_the_step_and_what_is_remade_from_it(void **state)
{
    room *it = *state;
    const uint32_t last = all_but_one(it);
    const tl_scheduler_options options = {.ranks = 1};
    tl_scheduler *s;
    tl_order order;
    tl_rerun rerun = {0};
    tl_err err;
    assert_int_equal(tl_scheduler_open(it->sweep.graph, &options, &s, NULL), TL_OK);
    tl_sweep_brief(&it->sweep, s);
    tl_report report = {.step = last,
                        .status = TL_E_MISSING,
                        .missing = position_of(it, "m2d.inversion", 1),
                        .text = "x: is missing"};
    for (int round = 0; round < 4; round++) {
        assert_true(tl_scheduler_next(s, 0.0, &order));
        assert_int_equal(order.step[0], last);
        const tl_status status = tl_rerun_cancel(&rerun, &it->sweep, s, &report, 0.0, &err);
        assert_int_equal(status, round < 3 ? TL_OK : TL_E_IO);
        if (round == 3) break;
        tl_scheduler_returned(s, last, 0.0);
        tl_scheduler_order_ended(s, order.epoch, 0, 0.0);
        assert_int_equal(tl_scheduler_state(s, id_of(it, "m2d.inversion", 1)),
                         TL_STEP_READY);
        assert_int_equal(tl_scheduler_state(s, last), TL_STEP_WAITING);
        /* what it comes to now counts */
        assert_int_equal(it->sweep.outcome[id_of(it, "m2d.inversion", 1)].state,
                         TL_STEP_WAITING);
        assert_int_equal(tl_scheduler_state(s, id_of(it, "measure.utility", 1)),
                         TL_STEP_DONE);
        int again = 0;
        while (tl_scheduler_state(s, last) == TL_STEP_WAITING) {
            assert_true(tl_scheduler_next(s, 0.0, &order));
            for (int i = 0; i < order.steps; i++)
                tl_scheduler_done(s, order.step[i], 1.0, 0.0);
            again += order.steps;
            tl_scheduler_order_ended(s, order.epoch, 0, 0.0);
        }
        assert_int_equal(again, 2); /* recovered, rows with recovered */
    }
    assert_non_null(strstr(err.text, "x: is missing"));
    assert_non_null(strstr(err.text, "rerun 3 times"));
    tl_rerun_close(&rerun);
    tl_scheduler_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_done_at_the_end_whatever_was_forgotten),
        cmocka_unit_test(only_what_is_done_is_forgotten),
        cmocka_unit_test(what_comes_back_to_a_failed_parent_is_skipped),
        cmocka_unit_test_setup_teardown(what_an_open_step_rests_on_must_be_there, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_model_that_nobody_needs_is_not_missed, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(
            a_report_calls_back_the_step_and_what_is_remade_from_it, open_room, close_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
