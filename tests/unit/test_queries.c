/* experiments/queries: what an attacker asks about, and control models without access.
 */
#include "experiments/method/queries.h"

#include "tests/support/toy_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { OWN = 500, RECOVERED = 200, MOST = OWN + RECOVERED };

/* No pixel of a real image is that bright: rows that hold it are told apart in any copy. */
static const float MADE = 2.0f;

/* The attacker's rows, and behind them rows that were made out of a model. */
static tl_dataset *with_recovered(toy_world *toy)
{
    const tl_dataset *own = toy->world.data[TL_PART_ATTACKER];
    const size_t size = (size_t)tl_shape_size(own->shape);
    int row[MOST];
    tl_dataset *all;
    for (int i = 0; i < MOST; i++) row[i] = i % OWN;
    assert_int_equal(own->rows, OWN);
    assert_int_equal(tl_dataset_pick(own, row, MOST, &toy->arena, &all, NULL), TL_OK);
    for (size_t i = OWN * size; i < MOST * size; i++) all->input[i] = MADE;
    for (int i = OWN; i < MOST; i++) all->flags[i] = TL_ROW_RECOVERED;
    return all;
}

static tl_scene scene_of(toy_world *toy, const char *stage)
{
    return (tl_scene){.world = &toy->world,
                      .seed = toy->seed,
                      .stage = stage,
                      .keep = &toy->arena,
                      .scratch = &toy->arena};
}

static tl_queries make(toy_world *toy, int count, bool without_access)
{
    tl_scene scene = scene_of(toy, "m2m.model_extraction");
    const tl_query_request request = {count, TL_QUERY_AUGMENTED, without_access};
    tl_queries q;
    assert_int_equal(tl_queries_make(&scene, &request, &q, NULL), TL_OK);
    assert_int_equal(q.count, count);
    return q;
}

static int count_made(const tl_queries *q, size_t size)
{
    int made = 0;
    for (int i = 0; i < q->count; i++) made += q->input[(size_t)i * size] == MADE;
    return made;
}

/* Two rounds over the own rows and some: copies are made of own rows too. Fails when
 * draw_order keeps every row. */
static void who_has_no_access_has_no_recovered_rows(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy.world.data[TL_PART_ATTACKER] = with_recovered(&toy);
    const size_t size = (size_t)tl_shape_size(toy.size.shape);
    const tl_queries with = make(&toy, 1200, false), without = make(&toy, 1200, true);
    assert_in_range(count_made(&with, size), RECOVERED, 1200);
    assert_int_equal(count_made(&without, size), 0);
    toy_world_close(&toy);
}

/* Own rows stand in the same order for both. */
static void the_order_of_own_rows_is_the_same(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy.world.data[TL_PART_ATTACKER] = with_recovered(&toy);
    const size_t size = (size_t)tl_shape_size(toy.size.shape);
    const tl_queries with = make(&toy, MOST, false), without = make(&toy, OWN, true);
    int at = 0;
    for (int i = 0; i < MOST; i++) {
        const float *input = with.input + (size_t)i * size;
        if (input[0] == MADE) continue;
        assert_int_equal(with.label[i], without.label[at]);
        assert_memory_equal(input, without.input + (size_t)at++ * size,
                            size * sizeof *input);
    }
    assert_int_equal(at, OWN);
    toy_world_close(&toy);
}

static void without_recovered_rows_access_makes_no_difference(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const size_t size = (size_t)tl_shape_size(toy.size.shape);
    const tl_queries with = make(&toy, 700, false), without = make(&toy, 700, true);
    assert_memory_equal(with.input, without.input, 700 * size * sizeof *with.input);
    assert_memory_equal(with.label, without.label, 700 * sizeof *with.label);
    toy_world_close(&toy);
}

/* The bank model of a stage with 300 queries. */
static const tl_model *duplicate_group_of(toy_world *toy, const char *name)
{
    const tl_stage *stage = tl_stage_find(name);
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(stage, arg);
    toy_set(name, arg, "queries", 300);
    const tl_team alone = tl_team_alone();
    tl_world given = {0};
    tl_value own[TL_MAX_PARAMS];
    tl_stage_bank_values(stage, arg, own);
    tl_scene scene = scene_of(toy, stage->name);
    scene.given = &given;
    scene.value = own;
    scene.team = &alone;
    tl_arena scratch = tl_arena_open(0); /* rewound by the step: not where the model is */
    scene.scratch = &scratch;
    assert_int_equal(
        tl_step_run(&(tl_step){stage, TL_STEP_BANK, 0, stage->bank}, &scene, NULL), TL_OK);
    tl_arena_close(&scratch);
    return given.model[TL_PART_SURROGATE];
}

/* What is compared with a surrogate is its own control model. */
static void an_extraction_and_what_uses_its_copy_share_a_control(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_model *a = duplicate_group_of(&toy, "m2m.model_extraction");
    const tl_model *b = duplicate_group_of(&toy, "d2d.transfer_pgd");
    assert_int_equal(a->params, b->params);
    assert_memory_equal(a->param, b->param, a->params * sizeof *a->param);
    toy_world_close(&toy);
}

static void change_to_tokens(tl_setup_values *values)
{
    values->data[TL_DATA_SOURCE].text = "synthetic/markov";
    values->data[TL_DATA_CLASSES].number = 7;
    values->data[TL_DATA_CONTEXT].number = 40;
}

/* Beyond the own rows, one token in ten is drawn anew: of 7, six are others. */
static void queries_of_tokens_are_tokens(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, change_to_tokens);
    tl_scene scene = scene_of(&toy, "m2m.model_extraction");
    for (int kind = TL_QUERY_AUGMENTED; kind <= TL_QUERY_NOISE; kind++) {
        const tl_query_request request = {2 * OWN, (tl_query_kind)kind, false};
        tl_queries q;
        assert_int_equal(tl_queries_make(&scene, &request, &q, NULL), TL_OK);
        int other = 0;
        for (int i = 0; i < 2 * OWN * 40; i++) {
            const float token = q.input[i];
            assert_true(token >= 0.0f && token <= 6.0f && token == (float)(int)token);
            if (i < OWN * 40) other += token != q.input[OWN * 40 + i];
        }
        const double share = other / (OWN * 40.0);
        const double wanted = kind == TL_QUERY_NOISE ? 6.0 / 7.0 : 0.1 * 6.0 / 7.0;
        assert_true(share > wanted - 0.02 && share < wanted + 0.02);
    }
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_of_tokens_are_tokens),
        cmocka_unit_test(who_has_no_access_has_no_recovered_rows),
        cmocka_unit_test(the_order_of_own_rows_is_the_same),
        cmocka_unit_test(without_recovered_rows_access_makes_no_difference),
        cmocka_unit_test(an_extraction_and_what_uses_its_copy_share_a_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
