/* measure.traffic on a log made by hand: what it counts, and that it shows progress. */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char traffic[] = "measure.traffic";

/* Two clients: the first repeats its first query in the end. */
static const float busy[] = {0.0F, 0.0F, 3.0F, 4.0F, 0.0F, 0.0F}, quiet[] = {1.0F, 1.0F};
static const tl_client_log clients[] = {
    {.stage = "a", .size = 2, .rows = 3, .input = busy},
    {.stage = "b", .size = 2, .rows = 1, .input = quiet}};

static void queries_repeats_and_distances_are_within_a_client(void **state)
{
    (void)state;
    static const tl_query_log two = {.clients = 2, .client = clients},
                              one = {.clients = 1, .client = &clients[1]};
    tl_measure measure[TL_MAX_METRICS];
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy.world.query_log = &two;
    toy_do(&toy, traffic, NULL, measure);
    assert_true(toy_metric(traffic, measure, "clients") == 2.0);
    assert_true(toy_metric(traffic, measure, "queries") == 4.0);
    assert_true(toy_metric(traffic, measure, "repeats") == 0.25);
    assert_true(fabs(toy_metric(traffic, measure, "nearest") - sqrt(12.5) / 2.0) < 1e-12);
    toy.world.query_log = &one;
    toy_do(&toy, traffic, NULL, measure);
    assert_true(isnan(toy_metric(traffic, measure, "nearest")));
    toy_world_close(&toy);
}

static bool count(const tl_team *team)
{
    int *ticks = team->self;
    ++*ticks;
    return false;
}

/* Else a long log would be taken for a hung rank: pairs of queries are many. */
static void every_query_is_a_sign_of_progress(void **state)
{
    (void)state;
    enum { QUERIES = 300 };
    static float input[QUERIES];
    static const tl_client_log client = {
        .stage = "a", .size = 1, .rows = QUERIES, .input = input};
    static const tl_query_log log = {.clients = 1, .client = &client};
    int ticks = 0;
    tl_team team = tl_team_alone();
    tl_team_ops ops = *team.ops;
    ops.tick = count;
    team.ops = &ops;
    team.self = &ticks;
    toy_world toy;
    tl_value arg[TL_MAX_PARAMS];
    toy_world_open(&toy, NULL);
    toy.world.query_log = &log;
    toy_run run = {.stage = tl_stage_find(traffic), .arg = arg};
    toy_defaults(run.stage, arg);
    toy_run_stage(&toy, &run, &team);
    assert_int_equal(run.status, TL_OK);
    assert_in_range(ticks, QUERIES - 1, QUERIES);
    assert_true(tl_stage_cost(run.stage, &toy.size, arg) > 0.0);
    toy_run_close(&run);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_repeats_and_distances_are_within_a_client),
        cmocka_unit_test(every_query_is_a_sign_of_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
