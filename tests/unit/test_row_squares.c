/*
 * Squared norms of single rows' gradients, against the gradients of batches of one row.
 */
#include "compute/nn/row_squares.h"

#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 13, CLASSES = 11, WORDS = 23 };

static const tl_model_spec specs[] = {
    {.kind = TL_MODEL_MLP, .width = 20, .depth = 2, .in = {1, 8, 8}, .classes = CLASSES},
    {.kind = TL_MODEL_LINEAR, .width = 1, .depth = 1, .in = {1, 8, 8}, .classes = CLASSES},
    {.kind = TL_MODEL_CNN, .width = 6, .depth = 2, .in = {3, 9, 8}, .classes = CLASSES},
    {.kind = TL_MODEL_RESNET, .width = 8, .depth = 3, .in = {3, 8, 8}, .classes = CLASSES},
    {.kind = TL_MODEL_AUTOENCODER, .width = 4, .depth = 2, .in = {1, 8, 8}, .classes = 64},
    {.kind = TL_MODEL_GPT,
     .width = 32,
     .depth = 2,
     .in = {1, 1, 12},
     .classes = WORDS,
     .heads = 4},
    {.kind = TL_MODEL_GPT, /* long rows: gradients are cheaper than products of positions */
     .width = 8,
     .depth = 1,
     .in = {1, 1, 40},
     .classes = WORDS,
     .heads = 2},
    {.kind = TL_MODEL_LLAMA,
     .width = 32,
     .depth = 2,
     .in = {1, 1, 12},
     .classes = WORDS,
     .heads = 4,
     .kv_heads = 2}};
enum { SPECS = sizeof specs / sizeof *specs };

/* A model, rows and gradients of their outputs, all random. */
typedef struct sample {
    tl_model *model;
    tl_pass pass;
    tl_row_squares squares;
    float *input, *d, *grad;
    size_t outputs; /* of a row */
} sample;

static float *draw(tl_arena *arena, size_t n, int words, tl_rng *rng)
{
    float *x = tl_arena_take(arena, n, sizeof *x, NULL);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        x[i] =
            words ? (float)tl_rng_below(rng, (uint32_t)words) : (float)tl_rng_normal(rng);
    }
    return x;
}

static sample open_sample(const tl_model_spec *spec, int most, tl_pass_use use,
                          tl_arena *arena)
{
    sample it = {0};
    tl_rng rng = tl_rng_stream(5, 0, "test", 0, "squares");
    assert_int_equal(tl_model_new(spec, arena, &it.model, NULL), TL_OK);
    tl_model_init(it.model, &rng);
    for (size_t i = 0; i < it.model->params; i++) /* biases and shifts too */
        it.model->param[i] += (float)(0.05 * tl_rng_normal(&rng));
    assert_int_equal(tl_pass_new(it.model, most, use, arena, &it.pass, NULL), TL_OK);
    assert_int_equal(tl_row_squares_new(&it.pass, arena, &it.squares, NULL), TL_OK);
    it.pass.dropout.rate = 0.2;
    it.pass.dropout.batch = rng;
    it.outputs = (size_t)it.model->positions * (size_t)spec->classes;
    const int words = tl_model_reads_tokens(spec->kind) ? WORDS : 0;
    it.input = draw(arena, ROWS * (size_t)tl_shape_size(spec->in), words, &rng);
    it.d = draw(arena, ROWS * it.outputs, 0, &rng);
    it.grad = tl_arena_take(arena, it.model->params, sizeof *it.grad, NULL);
    assert_non_null(it.grad);
    tl_pass_refresh(&it.pass);
    return it;
}

/* Runs rows first .. first + rows - 1 forward, and puts the gradient of their outputs. */
static void go_forward(sample *it, int first, int rows)
{
    const size_t size = (size_t)tl_shape_size(it->model->spec.in);
    it->pass.dropout.first_row = first;
    (void)tl_pass_forward(&it->pass, it->input + (size_t)first * size, NULL, rows);
    memcpy(tl_pass_d_logits(&it->pass), it->d + (size_t)first * it->outputs,
           (size_t)rows * it->outputs * sizeof *it->d);
}

static void check(const tl_model_spec *spec, int most, int rows, tl_pass_use use)
{
    tl_arena arena = tl_arena_open(0);
    sample it = open_sample(spec, most, use, &arena);
    double square[ROWS];
    go_forward(&it, 0, rows);
    tl_row_squares_run(&it.squares, &it.pass, rows, square);
    for (int r = 0; r < rows; r++) {
        double wanted = 0.0;
        go_forward(&it, r, 1);
        tl_pass_backward(&it.pass, 1, it.grad, false);
        for (size_t i = 0; i < it.model->params; i++)
            wanted += (double)it.grad[i] * (double)it.grad[i];
        assert_true(wanted > 0.0);
        const double off = fabs(sqrt(square[r]) - sqrt(wanted)) / sqrt(wanted);
        if (!(off < 1e-5))
            print_error("%s, row %d: off by %g\n", tl_model_kind_name(spec->kind), r, off);
        assert_true(off < 1e-5);
    }
    tl_arena_close(&arena);
}

static void norms_are_those_of_batches_of_one_row(void **state)
{
    (void)state; /* lanes of one and of several vectors, whole and not */
    for (int s = 0; s < SPECS; s++) {
        check(&specs[s], ROWS, ROWS, TL_PASS_BACKWARD);
        check(&specs[s], ROWS, 5, TL_PASS_BACKWARD);
        check(&specs[s], 8, 8, TL_PASS_BACKWARD);
        check(&specs[s], 4, 3, TL_PASS_BACKWARD);
    }
}

static void norms_are_the_same_when_activations_are_recomputed(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) check(&specs[s], ROWS, ROWS, TL_PASS_RECOMPUTE);
}

static void every_instruction_set_finds_the_same_norms(void **state)
{
    (void)state; /* of one convolution by its kernels: with a stride, and many lanes */
    enum { LANES = 16, SIDE = 6, IN = 3, OUT = 5, TAPS = 4, ROOM = 64 };
    const ptrdiff_t line = SIDE * LANES, plane = SIDE * line;
    tl_arena arena = tl_arena_open(0);
    tl_rng rng = tl_rng_stream(6, 0, "test", 0, "kernels");
    const float *in = draw(&arena, (size_t)(IN * plane) + ROOM, 0, &rng);
    const float *d = draw(&arena, (size_t)(OUT * plane) + ROOM, 0, &rng);
    const ptrdiff_t offset[TAPS] = {0, LANES, line, line + LANES};
    const tl_conv_run run = {.in = in,
                             .in_plane = plane,
                             .out_plane = plane,
                             .in_line = 2 * line,
                             .out_line = line,
                             .in_step = 2 * LANES,
                             .out_step = LANES,
                             .lanes = LANES,
                             .height = SIDE / 2,
                             .width = SIDE / 2,
                             .in_channels = IN,
                             .out_channels = OUT,
                             .taps = TAPS,
                             .offset = offset};
    double wanted[LANES] = {0};
    tl_kernels_at(0)->conv->squares(&run, d, true, wanted);
    for (int k = 1; tl_kernels_at(k); k++) {
        double square[LANES] = {0};
        tl_kernels_at(k)->conv->squares(&run, d, true, square);
        for (int i = 0; i < LANES; i++)
            assert_true(fabs(square[i] - wanted[i]) < 1e-5 * wanted[i]);
    }
    tl_arena_close(&arena);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_are_those_of_batches_of_one_row),
        cmocka_unit_test(norms_are_the_same_when_activations_are_recomputed),
        cmocka_unit_test(every_instruction_set_finds_the_same_norms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
