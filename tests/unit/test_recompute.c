/* Activations computed again on the way back: the bits of a pass that keeps all of them, in
 * less memory. */
#include "compute/core/blas.h"
#include "compute/nn/pass.h"
#include "compute/nn/tensor_parallel.h"
#include "tests/support/training.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 5, GROUPS = 3 };

static const tl_model_spec gpt = {TL_MODEL_GPT, 24, 3, {1, 1, 40}, 17, 3, 0, 1};
static const tl_model_spec llama = {TL_MODEL_LLAMA, 32, 2, {1, 1, 33}, 17, 4, 2, 1};
/* Sides of 13, 7, 4, 2; the second stage's blocks are of other shapes than the first's. */
static const tl_model_spec resnet = {TL_MODEL_RESNET, 4, 4, {2, 13, 13}, 5, 0, 0, 1};

/* One way of doing it, on rows of its own. */
typedef struct way {
    tl_arena arena;
    tl_pass pass;
    float *grad;
} way;

/* Bytes of a pass, counted. */
static double room_of(const tl_model *model, tl_pass_use use)
{
    tl_arena counter = tl_arena_counter();
    tl_pass pass;
    assert_int_equal(tl_pass_new(model, ROWS, use, &counter, &pass, NULL), TL_OK);
    tl_arena_close(&counter);
    return (double)counter.peak;
}

static void open_way(const tl_model *model, tl_pass_use use, way *out)
{
    out->arena = tl_arena_open(0);
    assert_int_equal(tl_pass_new(model, ROWS, use, &out->arena, &out->pass, NULL), TL_OK);
    assert_true((double)out->arena.peak == room_of(model, use));
    out->grad = tl_arena_take(&out->arena, model->params, sizeof *out->grad, NULL);
    assert_non_null(out->grad);
    tl_pass_refresh(&out->pass);
}

static void draw(tl_rng *rng, const tl_model_spec *spec, float *input)
{
    for (int i = 0; i < ROWS * tl_shape_size(spec->in); i++) {
        input[i] = tl_model_reads_tokens(spec->kind)
                       ? (float)tl_rng_below(rng, (uint32_t)spec->classes)
                       : (float)tl_rng_uniform(rng);
    }
}

/* Forward and backward of `rows` rows; the logits' gradient is drawn. */
static void run(way *it, const float *input, int group, int rows)
{
    const tl_model *model = it->pass.model;
    const size_t outputs = (size_t)model->positions * (size_t)model->spec.classes;
    it->pass.dropout = (tl_dropout){
        0.2, tl_rng_stream(1, 0, "test", (uint32_t)group, "dropout"), group * ROWS};
    (void)tl_pass_forward(&it->pass, input, NULL, rows);
    tl_rng rng = tl_rng_stream(1, 0, "test", (uint32_t)group, "slope");
    float *d = tl_pass_d_logits(&it->pass);
    for (size_t i = 0; i < (size_t)rows * outputs; i++) {
        d[i] = (float)(tl_rng_uniform(&rng) - 0.5);
    }
    tl_pass_backward(&it->pass, rows, it->grad, group == 1);
}

/* Groups of 5, 3 and 5 rows one after the other: what a group leaves behind counts for
 * nothing in the next. */
static void check(const tl_model_spec *spec, double most)
{
    tl_arena arena = tl_arena_open(0);
    const tl_team alone = tl_team_alone();
    tl_model *model;
    assert_int_equal(tl_model_new(spec, &arena, &model, NULL), TL_OK);
    const tl_rng init = tl_rng_stream(1, 0, "test", 0, "init");
    tl_model_init(model, &init);
    tl_tensor_parallel share;
    if (spec->splits > 1) {
        assert_int_equal(tl_tensor_parallel_new(model, &alone, &arena, &share, NULL),
                         TL_OK);
        model = &share.model;
    }
    float *input = tl_arena_take(&arena, (size_t)(ROWS * tl_shape_size(spec->in)),
                                 sizeof *input, NULL);
    assert_non_null(input);
    way all, again;
    open_way(model, TL_PASS_BACKWARD, &all);
    open_way(model, TL_PASS_RECOMPUTE, &again);
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "pixels");
    for (int g = 0; g < GROUPS; g++) {
        draw(&rng, spec, input);
        run(&all, input, g, g == 1 ? 3 : ROWS);
        run(&again, input, g, g == 1 ? 3 : ROWS);
        assert_memory_equal(all.grad, again.grad, model->params * sizeof *all.grad);
    }
    assert_true(room_of(model, TL_PASS_RECOMPUTE) <
                most * room_of(model, TL_PASS_BACKWARD));
    tl_arena_close(&again.arena);
    tl_arena_close(&all.arena);
    tl_arena_close(&arena);
}

static void gpt_has_the_same_bits_in_less_memory(void **state)
{
    (void)state;
    check(&gpt, 0.6);
}

static void llama_has_the_same_bits_in_less_memory(void **state)
{
    (void)state;
    check(&llama, 0.7);
}

static void split_models_have_the_same_bits_in_less_memory(void **state)
{
    (void)state;
    tl_model_spec split = llama;
    split.kv_heads = 4;
    split.splits = 4;
    check(&split, 0.7);
    split = gpt;
    split.width = 32;
    split.heads = split.splits = 2;
    check(&split, 0.6);
}

static void resnet_has_the_same_bits_in_less_memory(void **state)
{
    (void)state; /* most of it lies in the first block */
    check(&resnet, 0.9);
}

static void deep_models_need_one_block_and_a_line_a_block(void **state)
{
    (void)state;
    tl_model_spec deep = gpt;
    deep.depth = 4;
    tl_arena arena = tl_arena_counter();
    tl_model *model;
    assert_int_equal(tl_model_new(&deep, &arena, &model, NULL), TL_OK);
    const double some = room_of(model, TL_PASS_RECOMPUTE);
    const int layers = model->layers;
    deep.depth = 8;
    assert_int_equal(tl_model_new(&deep, &arena, &model, NULL), TL_OK);
    const double more = room_of(model, TL_PASS_RECOMPUTE) - some;
    const int added = model->layers - layers;
    tl_arena_close(&arena);
    const double line = 4.0 * ROWS * deep.in.width * deep.width;
    /* What every layer has beside its numbers, and rounding to whole cache lines. */
    const double fixed = added * (sizeof(tl_layer_run) + sizeof(int) + 4 * 64.0);
    assert_true(more > 0.0 && more < 4 * 2 * 1.01 * line + fixed); /* two sums a block */
}

static void blocks_are_counted(void **state)
{
    (void)state;
    assert_int_equal(tl_pass_blocks(&gpt), 2 * gpt.depth);
    assert_int_equal(tl_pass_blocks(&llama), 2 * llama.depth);
    assert_int_equal(tl_pass_blocks(&resnet), 2 * resnet.depth);
    assert_int_equal(
        tl_pass_blocks(&(tl_model_spec){
            .kind = TL_MODEL_MLP, .width = 8, .depth = 3, .in = {1, 4, 4}, .classes = 3}),
        0);
    assert_int_equal(
        tl_pass_blocks(&(tl_model_spec){
            .kind = TL_MODEL_CNN, .width = 8, .depth = 2, .in = {1, 8, 8}, .classes = 3}),
        0);
}

static void a_model_without_blocks_keeps_all(void **state)
{
    (void)state;
    const tl_model_spec cnn = {TL_MODEL_CNN, 3, 2, {1, 9, 9}, 3, 0, 0, 1};
    check(&cnn, 1.0001);
}

static void training_comes_to_the_same_weights(void **state)
{
    (void)state;
    training *plain = training_open(&training_rich), *again = training_open(&training_rich);
    plain->spec = again->spec =
        (tl_model_spec){TL_MODEL_RESNET, 2, 2, {1, 8, 8}, 3, 0, 0, 1};
    again->recipe.recompute = true;
    (void)training_run(plain);
    (void)training_run(again);
    assert_true(plain->params > 0 && plain->params <= TRAINING_PARAMS);
    training_assert_same(again, 1, plain);
    const tl_team alone = tl_team_alone();
    assert_true(tl_train_memory(&again->spec, &again->recipe, 0, &alone) <
                tl_train_memory(&plain->spec, &plain->recipe, 0, &alone));
    free(again);
    free(plain);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt_has_the_same_bits_in_less_memory),
        cmocka_unit_test(llama_has_the_same_bits_in_less_memory),
        cmocka_unit_test(split_models_have_the_same_bits_in_less_memory),
        cmocka_unit_test(resnet_has_the_same_bits_in_less_memory),
        cmocka_unit_test(deep_models_need_one_block_and_a_line_a_block),
        cmocka_unit_test(blocks_are_counted),
        cmocka_unit_test(a_model_without_blocks_keeps_all),
        cmocka_unit_test(training_comes_to_the_same_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
