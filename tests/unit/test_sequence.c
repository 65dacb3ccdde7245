/*
 * compute/nn: layers on sequences. Each is compared with a plain one in double precision,
 * written from the definitions; gradients with central differences of it (step 1e-5, so
 * that their own error is about 1e-9), taken at places spread over the inputs. What remains
 * is the rounding of the float kernels: 1e-5 of the largest value for forward passes, 1e-4
 * for gradients.
 */
#include "compute/core/rng.h"
#include "tests/support/plain_sequence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 2, PLACES = 80 };

static void fill(float *x, size_t n, uint64_t seed)
{
    tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "fill");
    for (size_t i = 0; i < n; i++) x[i] = (float)tl_rng_normal(&rng);
}

static float *some(size_t n, uint64_t seed)
{
    float *x = calloc(n + 1, sizeof *x);
    assert_non_null(x);
    fill(x, n, seed);
    return x;
}

static float *copy_of(const float *x, size_t n)
{
    float *y = calloc(n + 1, sizeof *y);
    assert_non_null(y);
    memcpy(y, x, n * sizeof *y);
    return y;
}

/* --- a layer under test --------------------------------------------------------------- */

typedef struct bench {
    tl_layer layer;
    const tl_layer_ops *ops;
    size_t in, out, params; /**< numbers of one row, of all parameters */
    float *param, *grad;
    double *wide_param, *wide_in, *wide_out; /**< of one row, for the plain one */
    tl_layer_run run;
} bench;

/* Everything random; parameters from place 5 on; scratch holds NaN, as nothing may rely on
 * it. */
static void set_up(bench *b, tl_layer layer)
{
    *b = (bench){.ops = tl_layer_ops_of(layer.kind)};
    layer.weight = 5;
    layer.bias = layer.weight + layer.weights;
    b->layer = layer;
    b->in = (size_t)(layer.in.channels * layer.in.width);
    b->out = (size_t)(layer.out.channels * layer.out.width);
    b->params = layer.bias + layer.biases;
    b->param = some(b->params, 1);
    b->grad = some(b->params, 2);
    float *in = some(ROWS * b->in, 3);
    for (size_t i = 0; layer.kind == TL_LAYER_EMBED && i < ROWS * b->in; i++) {
        const size_t vocabulary = layer.weights / (size_t)layer.out.channels;
        in[i] = (float)(i * i % 11 % vocabulary);
    }
    const tl_layer_ops *o = b->ops;
    b->run = (tl_layer_run){.layer = &b->layer,
                            .param = b->param,
                            .rows = ROWS,
                            .in = in,
                            .out = some(ROWS * b->out, 4),
                            .d_out = some(ROWS * b->out, 5),
                            .d_in = some(ROWS * b->in, 6),
                            .saved = some(o->saved ? o->saved(&layer, ROWS) : 0, 7),
                            .packed = some(o->packed ? o->packed(&layer) : 0, 8)};
    const size_t scratch = o->scratch ? o->scratch(&layer, ROWS) : 0;
    b->run.scratch = some(scratch, 9);
    for (size_t i = 0; i < scratch; i++) b->run.scratch[i] = NAN;
    b->wide_param = calloc(b->params, sizeof(double));
    b->wide_in = calloc(b->in, sizeof(double));
    b->wide_out = calloc(b->out, sizeof(double));
    assert_true(b->wide_param && b->wide_in && b->wide_out);
    for (size_t i = 0; i < b->params; i++) b->wide_param[i] = (double)b->param[i];
    if (o->pack) o->pack(&b->run);
    o->forward(&b->run);
}

static void tear_down(bench *b)
{
    free((void *)(uintptr_t)b->run.in), free(b->run.out), free(b->run.d_out);
    free(b->run.d_in), free(b->run.saved), free(b->run.packed), free(b->run.scratch);
    free(b->param), free(b->grad), free(b->wide_param), free(b->wide_in), free(b->wide_out);
}

/* What the plain one makes of row `row`, in b->wide_out. */
static void run_plain(bench *b, int row)
{
    for (size_t i = 0; i < b->in; i++) {
        b->wide_in[i] = (double)b->run.in[(size_t)row * b->in + i];
    }
    tl_plain_sequence(&b->layer, b->wide_param, b->wide_in, b->wide_out);
}

/* d_out . out of row `row` as the plain one has it. */
static double loss_of(bench *b, int row)
{
    double sum = 0.0;
    tl_plain_sequence(&b->layer, b->wide_param, b->wide_in, b->wide_out);
    for (size_t i = 0; i < b->out; i++) {
        sum += (double)b->run.d_out[(size_t)row * b->out + i] * b->wide_out[i];
    }
    return sum;
}

/* The slope of that loss along *at, which is one of b's wide numbers. */
static double slope_of(bench *b, int row, double *at)
{
    const double here = *at;
    *at = here + 1e-5;
    const double above = loss_of(b, row);
    *at = here - 1e-5;
    const double below = loss_of(b, row);
    *at = here;
    return (above - below) / 2e-5;
}

static void check_forward(bench *b)
{
    for (int row = 0; row < ROWS; row++) {
        double largest = 0.0;
        run_plain(b, row);
        for (size_t i = 0; i < b->out; i++) largest = fmax(largest, fabs(b->wide_out[i]));
        for (size_t i = 0; i < b->out; i++) {
            const double got = (double)b->run.out[(size_t)row * b->out + i];
            assert_true(fabs(got - b->wide_out[i]) <= 1e-5 * largest);
        }
    }
}

static double largest_of(const float *x, size_t n)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

/* d_in, set by backward, against the slopes of the plain one. */
static void check_inputs(bench *b)
{
    const double bound = 1e-4 * largest_of(b->run.d_in, ROWS * b->in);
    const size_t step = b->in / PLACES + 1;
    for (int row = 0; row < ROWS; row++) {
        run_plain(b, row);
        for (size_t i = (size_t)row; i < b->in; i += step) {
            const double got = (double)b->run.d_in[(size_t)row * b->in + i];
            const double want =
                b->layer.kind == TL_LAYER_EMBED ? 0.0 : slope_of(b, row, &b->wide_in[i]);
            assert_true(fabs(got - want) <= bound + 1e-8);
        }
    }
}

/* What backward added to `before`. */
static void check_parameters(bench *b, const float *before)
{
    double *want = calloc(b->params + 1, sizeof *want);
    double largest = 0.0;
    assert_non_null(want);
    for (int row = 0; row < ROWS; row++) {
        run_plain(b, row);
        for (size_t i = 0; i < b->params; i++)
            want[i] += slope_of(b, row, &b->wide_param[i]);
    }
    for (size_t i = 0; i < b->params; i++) largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < b->params; i++) {
        const double got = (double)b->grad[i] - (double)before[i];
        assert_true(fabs(got - want[i]) <= 1e-4 * largest);
    }
    free(want);
}

/* Backward with d_in added to, then with neither d_in nor parameters wanted. */
static void check_flags(bench *b)
{
    const size_t n = ROWS * b->in;
    float *set = copy_of(b->run.d_in, n), *grad = copy_of(b->grad, b->params);
    float *before = some(n, 10), *d_in = b->run.d_in;
    memcpy(d_in, before, n * sizeof *d_in);
    b->run.adds = true;
    b->ops->backward(&b->run, NULL);
    assert_memory_equal(b->grad, grad, b->params * sizeof *grad);
    const double bound = 2e-7 * (largest_of(set, n) + largest_of(before, n));
    for (size_t i = 0; i < n; i++) {
        const double want = (double)before[i] + (double)set[i];
        assert_true(fabs((double)d_in[i] - want) <= bound);
    }
    memcpy(before, d_in, n * sizeof *d_in);
    b->run.d_in = NULL;
    float *again = some(b->params, 2);
    b->ops->backward(&b->run, again);
    assert_memory_equal(again, grad, b->params * sizeof *grad);
    assert_memory_equal(before, d_in, n * sizeof *d_in);
    b->run.d_in = d_in;
    free(set), free(grad), free(before), free(again);
}

static void check(tl_layer layer)
{
    bench b;
    set_up(&b, layer);
    check_forward(&b);
    float *before = copy_of(b.grad, b.params);
    b.ops->backward(&b.run, b.grad);
    check_inputs(&b);
    check_parameters(&b, before);
    check_flags(&b);
    free(before);
    tear_down(&b);
}

/* --- the layers ----------------------------------------------------------------------- */

static void embedding_looks_up_and_scatters(void **state)
{
    (void)state;
    tl_layer layer = {.kind = TL_LAYER_EMBED, .in = {1, 1, 9}, .out = {6, 1, 9}};
    layer.weights = 7 * 6;
    check(layer);
    layer.has_positions = true;
    layer.biases = 9 * 6;
    check(layer);
}

static void norms_are_as_defined(void **state)
{
    (void)state;
    /* From three on: one or two are all but fixed by the norm, their slopes rounding. */
    static const int features[] = {3, 5, 16, 33, 48};
    for (int i = 0; i < 5; i++) {
        const int n = features[i];
        tl_layer layer = {.kind = TL_LAYER_RMSNORM, .in = {n, 1, 3}, .out = {n, 1, 3}};
        layer.weights = (size_t)n;
        check(layer);
        layer.kind = TL_LAYER_LAYERNORM;
        layer.biases = (size_t)n;
        check(layer);
    }
}

static void gelu_is_as_defined(void **state)
{
    (void)state;
    check((tl_layer){.kind = TL_LAYER_GELU, .in = {37, 1, 3}, .out = {37, 1, 3}});
}

static void swiglu_is_as_defined(void **state)
{
    (void)state;
    check((tl_layer){.kind = TL_LAYER_SWIGLU, .in = {38, 1, 3}, .out = {19, 1, 3}});
}

static tl_layer attention(int positions, int size, int heads, int kv_heads, bool has_rotary)
{
    return (tl_layer){.kind = TL_LAYER_ATTENTION,
                      .in = {(heads + 2 * kv_heads) * size, 1, positions},
                      .out = {heads * size, 1, positions},
                      .heads = heads,
                      .kv_heads = kv_heads,
                      .has_rotary = has_rotary};
}

static void attention_is_as_defined(void **state)
{
    (void)state;
    static const int positions[] = {1, 5, 32, 33, 70};
    for (int i = 0; i < 5; i++) {
        for (int has_rotary = 0; has_rotary < 2; has_rotary++) {
            check(attention(positions[i], 4, 2, 2, has_rotary));
            check(attention(positions[i], 6, 4, 2, has_rotary));
            check(attention(positions[i], 2, 3, 1, has_rotary));
        }
    }
}

/* So many keys that products are cut into pieces. */
static void long_attention_is_as_defined(void **state)
{
    (void)state;
    check(attention(150, 128, 1, 1, true));
}

static void later_tokens_change_no_earlier_output(void **state)
{
    (void)state;
    bench b;
    set_up(&b, attention(70, 6, 4, 2, true));
    for (int changed = 1; changed < 70; changed += 4) {
        float *before = copy_of(b.run.out, b.out), *in = copy_of(b.run.in, ROWS * b.in);
        tl_layer_run other = b.run;
        fill(in + changed * b.layer.in.channels, (size_t)b.layer.in.channels, 11);
        other.in = in;
        b.ops->forward(&other);
        const size_t same = (size_t)(changed * b.layer.out.channels);
        assert_memory_equal(before, other.out, same * sizeof *before);
        assert_memory_not_equal(before + same, other.out + same, sizeof *before);
        b.ops->forward(&b.run);
        free(before), free(in);
    }
    tear_down(&b);
}

static void attention_counts_the_lower_triangle(void **state)
{
    (void)state;
    const tl_layer layer = attention(7, 4, 3, 1, false);
    double products = 0.0;
    for (int p = 0; p < 7; p++) products += 2.0 * (p + 1) * 4 * 3;
    assert_true(tl_attention_ops.flop(&layer) == 2.0 * products);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedding_looks_up_and_scatters),
        cmocka_unit_test(norms_are_as_defined),
        cmocka_unit_test(gelu_is_as_defined),
        cmocka_unit_test(swiglu_is_as_defined),
        cmocka_unit_test(attention_is_as_defined),
        cmocka_unit_test(long_attention_is_as_defined),
        cmocka_unit_test(later_tokens_change_no_earlier_output),
        cmocka_unit_test(attention_counts_the_lower_triangle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
