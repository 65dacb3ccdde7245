/* runner/graph: steps by key, children, critical paths. */
#include "runner/schedule/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static tl_graph_step step_of(uint64_t number, float cost)
{
    return (tl_graph_step){
        .key = tl_key_of(&number, sizeof number), .max_ranks = 1, .cost = cost};
}

static uint32_t add(tl_graph *graph, uint64_t number, float cost, const uint32_t *parent,
                    int parents)
{
    const tl_graph_step step = step_of(number, cost);
    uint32_t id;
    assert_int_equal(tl_graph_add(graph, &step, parent, parents, &id, NULL, NULL), TL_OK);
    return id;
}

static void a_key_is_one_step(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    for (uint64_t i = 0; i < 20000; i++)
        assert_int_equal(add(graph, i % 10000, 1, NULL, 0), i % 10000);
    assert_int_equal(tl_graph_steps(graph), 10000);
    for (uint64_t i = 0; i < 10000; i++) {
        const tl_graph_step step = step_of(i, 1);
        assert_int_equal(tl_graph_find(graph, &step.key), i);
    }
    const tl_graph_step stranger = step_of(10000, 1);
    assert_int_equal(tl_graph_find(graph, &stranger.key), TL_NO_STEP);
    tl_graph_close(graph);
}

static void keys_made_by_hand_do_not_crowd(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    for (uint32_t i = 0; i < 60000; i++) {
        tl_graph_step step = {.max_ranks = 1, .cost = 1};
        step.key.byte[13] = (unsigned char)(i >> 8);
        step.key.byte[14] = (unsigned char)i;
        uint32_t id;
        bool is_new;
        assert_int_equal(tl_graph_add(graph, &step, NULL, 0, &id, &is_new, NULL), TL_OK);
        assert_true(is_new);
        assert_int_equal(id, i);
    }
    tl_graph_close(graph);
}

static void children_and_paths_follow_from_parents(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    /* a -> b -> d, a -> c -> d, e alone */
    const uint32_t a = add(graph, 1, 1, NULL, 0);
    const uint32_t b = add(graph, 2, 10, &a, 1);
    const uint32_t c = add(graph, 3, 4, &a, 1);
    const uint32_t d = add(graph, 4, 2, (const uint32_t[]){b, c}, 2);
    const uint32_t e = add(graph, 5, 0, NULL, 0);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    int count;
    const uint32_t *child = tl_graph_children(graph, a, &count);
    assert_int_equal(count, 2);
    assert_int_equal(child[0], b);
    assert_int_equal(child[1], c);
    (void)tl_graph_children(graph, d, &count);
    assert_int_equal(count, 0);
    child = tl_graph_children(graph, c, &count);
    assert_int_equal(count, 1);
    assert_int_equal(child[0], d);
    const uint32_t *parent = tl_graph_parents(graph, d, &count);
    assert_int_equal(count, 2);
    assert_int_equal(parent[1], c);
    const double path[] = {13, 12, 6, 2, 0};
    for (uint32_t id = a; id <= e; id++)
        assert_true(fabs(tl_graph_path(graph, id) - path[id]) < 1e-12);
    tl_graph_close(graph);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    uint32_t id;
    tl_err err;
    const uint32_t unborn = 0;
    tl_graph_step step = step_of(1, 1);
    assert_int_equal(tl_graph_add(graph, &step, &unborn, 1, &id, NULL, &err), TL_E_ARG);
    step.cost = (float)INFINITY;
    assert_int_equal(tl_graph_add(graph, &step, NULL, 0, &id, NULL, &err), TL_E_ARG);
    step.cost = -1;
    assert_int_equal(tl_graph_add(graph, &step, NULL, 0, &id, NULL, &err), TL_E_ARG);
    assert_int_equal(tl_graph_steps(graph), 0);
    assert_int_equal(tl_graph_finish(graph, NULL), TL_OK);
    tl_graph_close(graph);
}

static void largest_teams_are_powers_of_two(void **state)
{
    (void)state;
    tl_graph *graph;
    assert_int_equal(tl_graph_open(&graph, NULL), TL_OK);
    const uint16_t asked[] = {0, 1, 3, 4, 7, 65535}, kept[] = {1, 1, 2, 4, 4, 32768};
    for (uint32_t i = 0; i < 6; i++) {
        tl_graph_step step = step_of(i, 1);
        step.max_ranks = asked[i];
        uint32_t id;
        assert_int_equal(tl_graph_add(graph, &step, NULL, 0, &id, NULL, NULL), TL_OK);
        assert_int_equal(tl_graph_step_at(graph, id)->max_ranks, kept[i]);
    }
    tl_graph_close(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_one_step),
        cmocka_unit_test(keys_made_by_hand_do_not_crowd),
        cmocka_unit_test(children_and_paths_follow_from_parents),
        cmocka_unit_test(largest_teams_are_powers_of_two),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
