/*
 * Convolutions of every window, stride, padding and number of groups, against the plain one
 * in double precision; their gradients by identities: a convolution is linear in its input
 * and in its weights, so <d, conv(x)> = <gradient of x, x> = <gradient of w, w>. And every
 * instruction set against the next. Tolerances are those of sums of some hundred products
 * in single precision.
 */
#include "compute/core/rng.h"
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"
#include "tests/support/plain_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static float *made(size_t n, uint64_t seed)
{
    float *x = calloc(n + 1, sizeof *x);
    assert_non_null(x);
    tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "fill");
    for (size_t i = 0; seed && i < n; i++) x[i] = (float)tl_rng_normal(&rng);
    return x;
}

/* Where a pixel of a row lies on a grid. */
static size_t place(const tl_grid *grid, tl_shape shape, int row, int pixel)
{
    const int area = shape.height * shape.width;
    return (size_t)(grid->origin + pixel / area * grid->plane +
                    pixel % area / shape.width * grid->line +
                    pixel % shape.width * grid->lanes + row);
}

static float *on_grid(const tl_grid *grid, tl_shape shape, int rows, const float *x)
{
    float *to = made(grid->size, 0);
    for (int i = 0; x && i < rows * tl_shape_size(shape); i++) {
        to[place(grid, shape, i / tl_shape_size(shape), i % tl_shape_size(shape))] = x[i];
    }
    return to;
}

static void check_rows(const tl_layer_run *run, const float *param, const float *x)
{
    const tl_shape in = run->layer->in, out = run->layer->out;
    const size_t params = run->layer->weights + run->layer->biases;
    double *wide = calloc(params + (size_t)tl_shape_size(in), sizeof *wide);
    double *wanted = calloc((size_t)tl_shape_size(out), sizeof *wanted);
    assert_non_null(wide);
    assert_non_null(wanted);
    for (size_t i = 0; i < params; i++) wide[i] = (double)param[i];
    for (int r = 0; r < run->rows; r++) {
        for (int i = 0; i < tl_shape_size(in); i++)
            wide[params + (size_t)i] = (double)x[r * tl_shape_size(in) + i];
        tl_plain_layer(run->layer, wide, wide + params, NULL, wanted);
        for (int i = 0; i < tl_shape_size(out); i++) {
            const double found = (double)run->out[place(&run->out_grid, out, r, i)];
            assert_true(fabs(found - wanted[i]) < 1e-5 * (10.0 + fabs(wanted[i])));
        }
    }
    free(wide), free(wanted);
}

/* Floats of the grid that hold no pixel of a row: they must stay 0. */
static void check_halo(const tl_grid *grid, tl_shape shape, int rows, const float *x)
{
    double all = 0.0, inside = 0.0;
    for (size_t i = 0; i < grid->size; i++) all += fabs((double)x[i]);
    for (int r = 0; r < (rows + 3) / 4 * 4; r++) {
        for (int i = 0; i < tl_shape_size(shape); i++)
            inside += fabs((double)x[place(grid, shape, r, i)]);
    }
    assert_true(fabs(all - inside) <= 1e-9 * all);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void check_layer(tl_layer layer, int rows)
{
    const int s = layer.stride, halo = layer.padding > layer.window - 1 - layer.padding
                                           ? layer.padding
                                           : layer.window - 1 - layer.padding;
    layer.out.height = (layer.in.height + 2 * layer.padding - layer.window) / s + 1;
    layer.out.width = (layer.in.width + 2 * layer.padding - layer.window) / s + 1;
    layer.weights = (size_t)(layer.out.channels * (layer.in.channels / layer.groups) *
                             layer.window * layer.window);
    layer.biases = layer.has_bias ? (size_t)layer.out.channels : 0;
    layer.bias = layer.weights;
    const size_t params = layer.weights + layer.biases;
    const size_t in_size = (size_t)(rows * tl_shape_size(layer.in));
    const size_t out_size = (size_t)(rows * tl_shape_size(layer.out));
    float *param = made(params, 1), *grad = made(params, 0), *x = made(in_size, 2);
    float *d = made(out_size, 3);
    tl_layer_run run = {.layer = &layer,
                        .param = param,
                        .rows = rows,
                        .in_grid = tl_grid_of(layer.in, rows, halo),
                        .out_grid = tl_grid_of(layer.out, rows, halo)};
    float *in = on_grid(&run.in_grid, layer.in, rows, x);
    run.in = in;
    run.out = on_grid(&run.out_grid, layer.out, rows, NULL);
    run.d_out = on_grid(&run.out_grid, layer.out, rows, d);
    run.d_in = on_grid(&run.in_grid, layer.in, rows, NULL);
    run.packed = made(tl_conv_ops.packed(&layer), 0);
    tl_conv_ops.pack(&run);
    tl_conv_ops.forward(&run);
    check_rows(&run, param, x);
    check_halo(&run.out_grid, layer.out, rows, run.out);
    tl_conv_ops.backward(&run, grad);
    check_halo(&run.in_grid, layer.in, rows, run.d_in);
    if (!layer.has_relu) {
        const double bias = dot(param + layer.bias, grad + layer.bias, layer.biases);
        const double value = dot(run.d_out, run.out, run.out_grid.size) - bias;
        const double size = sqrt((double)out_size * (double)params);
        assert_true(fabs(dot(grad, param, layer.weights) - value) < 1e-5 * size);
        assert_true(fabs(dot(run.d_in, run.in, run.in_grid.size) - value) < 1e-5 * size);
        float *once = made(run.in_grid.size, 0);
        memcpy(once, run.d_in, run.in_grid.size * sizeof *once);
        run.adds = true;
        tl_conv_ops.backward(&run, NULL);
        for (size_t i = 0; i < run.in_grid.size; i++) {
            assert_true(fabsf(run.d_in[i] - 2.0f * once[i]) < 1e-4f);
        }
        free(once);
    }
    free(param), free(grad), free(x), free(d), free(in), free(run.out), free(run.d_out);
    free(run.d_in), free(run.packed);
}

static void convolutions_are_the_plain_ones(void **state)
{
    (void)state;
    static const int rows[] = {1, 5, 8, 16};
    for (int r = 0; r < 4; r++) {
        for (int window = 1; window <= 5; window += 1) {
            for (int stride = 1; stride <= 3; stride++) {
                for (int padding = 0; padding < window; padding++) {
                    check_layer((tl_layer){.kind = TL_LAYER_CONV,
                                           .in = {4, 9, 7},
                                           .out = {10, 0, 0},
                                           .window = window,
                                           .stride = stride,
                                           .padding = padding,
                                           .groups = 1 + (window + stride) % 2,
                                           .has_bias = padding % 2 == 0,
                                           .has_relu = stride == 2 && padding == 1},
                                rows[r]);
                }
            }
        }
    }
}

static void one_group_a_channel_is_a_convolution_too(void **state)
{
    (void)state;
    check_layer((tl_layer){.kind = TL_LAYER_CONV,
                           .in = {6, 5, 5},
                           .out = {12, 0, 0},
                           .window = 3,
                           .stride = 1,
                           .padding = 1,
                           .groups = 6,
                           .has_bias = true},
                4);
}

/* One convolution, and a pool and a normalisation after it, by one instruction set. */
static void run_set(const tl_kernels *set, int lanes, float *out, float *pooled,
                    float *norm)
{
    enum { IN = 3, OUT = 11, SIDE = 9 };
    const tl_grid in = tl_grid_of((tl_shape){IN, SIDE, SIDE}, lanes, 1);
    const tl_grid to = tl_grid_of((tl_shape){OUT, SIDE, SIDE}, lanes, 1);
    float *x = made((size_t)(IN * SIDE * SIDE * lanes), 4), *w = made(16 * IN * 9, 5);
    float *at = on_grid(&in, (tl_shape){IN, SIDE, SIDE}, lanes, x), gain[OUT], stat[2 * 16];
    ptrdiff_t offset[9];
    for (int t = 0; t < 9; t++) offset[t] = (t / 3 - 1) * in.line + (t % 3 - 1) * in.lanes;
    const tl_conv_run run = {at + in.origin,
                             out + to.origin,
                             in.plane,
                             to.plane,
                             in.line,
                             to.line,
                             in.lanes,
                             to.lanes,
                             lanes,
                             SIDE,
                             SIDE,
                             IN,
                             OUT,
                             9,
                             offset,
                             w,
                             NULL,
                             false,
                             false};
    set->conv->run(&run);
    const tl_pool_run pool = {.in = out + to.origin,
                              .out = pooled,
                              .in_plane = to.plane,
                              .in_line = to.line,
                              .out_plane = 16 * lanes,
                              .out_line = 4 * lanes,
                              .lanes = lanes,
                              .channels = OUT,
                              .height = 4,
                              .width = 4,
                              .relu = true};
    set->grid->pool(&pool);
    for (int c = 0; c < OUT; c++) gain[c] = 0.5f + (float)c;
    const tl_norm_run normal = {.in = pooled,
                                .out = norm,
                                .gain = gain,
                                .shift = gain,
                                .mean = stat,
                                .scale = stat + 16,
                                .in_plane = 16 * lanes,
                                .in_line = 4 * lanes,
                                .out_plane = 16 * lanes,
                                .out_line = 4 * lanes,
                                .lanes = lanes,
                                .channels = OUT,
                                .groups = 1,
                                .height = 4,
                                .width = 4};
    set->grid->norm(&normal);
    free(x), free(w), free(at);
}

static void instruction_sets_agree(void **state)
{
    (void)state;
    const int lanes[] = {4, 8, 12, 16};
    for (int l = 0; l < 4; l++) {
        enum { SIZE = 11 * 11 * 11 * 16 + 2 * 16 };
        float *one = made(3 * SIZE, 0), *two = made(3 * SIZE, 0);
        const tl_kernels *set;
        run_set(tl_kernels_at(0), lanes[l], one, one + SIZE, one + 2 * SIZE);
        for (int i = 1; (set = tl_kernels_at(i)) != NULL; i++) {
            run_set(set, lanes[l], two, two + SIZE, two + 2 * SIZE);
            for (int k = 0; k < 3 * SIZE; k++) assert_true(fabsf(one[k] - two[k]) < 1e-4f);
        }
        free(one), free(two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_are_the_plain_ones),
        cmocka_unit_test(one_group_a_channel_is_a_convolution_too),
        cmocka_unit_test(instruction_sets_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
