/*
 * compute/nn: layers on sequences. Each is compared with a plain one in double precision,
 * written from the definitions; gradients with central differences of it (step 1e-5, so
 * that their own error is about 1e-9), taken at places spread over the inputs. What remains
 * is the rounding of the float kernels: 1e-5 of the largest value for forward passes, 1e-4
 * for gradients. Kernels of all instruction sets must give the same bits.
 */
#include "compute/core/rng.h"
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layer.h"

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

/* --- the definitions, one row in double precision ---------------------------------------
 */

static void plain_embed(const tl_layer *l, const double *param, const double *x, double *y)
{
    const int n = l->out.channels;
    for (int i = 0; i < l->out.width * n; i++) {
        y[i] = param[(int)l->weight + (int)x[i / n] * n + i % n];
        if (l->has_positions) y[i] += param[(int)l->bias + i];
    }
}

static void plain_norm(const tl_layer *l, const double *param, const double *x, double *y)
{
    const int n = l->in.channels;
    const bool is_centred = l->kind == TL_LAYER_LAYERNORM;
    for (int p = 0; p < l->in.width; p++, x += n, y += n) {
        double mean = 0.0, square = 0.0;
        for (int i = 0; is_centred && i < n; i++) mean += x[i] / n;
        for (int i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean) / n;
        for (int i = 0; i < n; i++) {
            y[i] = (x[i] - mean) / sqrt(square + 1e-5) * param[(int)l->weight + i];
            if (is_centred) y[i] += param[(int)l->bias + i];
        }
    }
}

static double plain_gelu(double x)
{
    return 0.5 * x * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

static double plain_silu(double x)
{
    return x / (1.0 + exp(-x));
}

static void plain_swiglu(const tl_layer *l, const double *x, double *y)
{
    const int n = l->out.channels;
    for (int i = 0; i < l->out.width * n; i++) {
        const double *at = x + i / n * 2 * n + i % n;
        y[i] = plain_silu(at[0]) * at[n];
    }
}

/* Feature i of a head at a position, its pair turned by the position. */
static double turned(const tl_layer *l, const double *head, int position, int i)
{
    const int size = l->out.channels / l->heads;
    const double *at = head + position * l->in.channels;
    if (!l->has_rotary) return at[i];
    const double angle = position * pow(10000.0, -(double)(i / 2 * 2) / size);
    return i % 2 == 0 ? at[i] * cos(angle) - at[i + 1] * sin(angle)
                      : at[i - 1] * sin(angle) + at[i] * cos(angle);
}

static void plain_head(const tl_layer *l, const double *query, const double *key,
                       const double *value, double *y)
{
    const int size = l->out.channels / l->heads, positions = l->in.width;
    double *turned_key = calloc((size_t)(positions * size), sizeof *turned_key);
    double *weight = calloc((size_t)positions, sizeof *weight);
    assert_true(turned_key && weight);
    for (int i = 0; i < positions * size; i++) {
        turned_key[i] = turned(l, key, i / size, i % size);
    }
    for (int p = 0; p < positions; p++) {
        double sum = 0.0;
        for (int j = 0; j <= p; j++) weight[j] = 0.0;
        for (int i = 0; i < size; i++) {
            const double q = turned(l, query, p, i) / sqrt(size);
            for (int j = 0; j <= p; j++) weight[j] += q * turned_key[j * size + i];
        }
        for (int j = 0; j <= p; j++) sum += weight[j] = exp(weight[j]);
        for (int i = 0; i < size; i++) {
            double *out = &y[p * l->out.channels + i];
            *out = 0.0;
            for (int j = 0; j <= p; j++) {
                *out += weight[j] / sum * value[j * l->in.channels + i];
            }
        }
    }
    free(turned_key), free(weight);
}

static void plain_attention(const tl_layer *l, const double *x, double *y)
{
    const int size = l->out.channels / l->heads, group = l->heads / l->kv_heads;
    for (int h = 0; h < l->heads; h++) {
        const double *key = x + (l->heads + h / group) * size;
        plain_head(l, x + h * size, key, key + l->kv_heads * size, y + h * size);
    }
}

static void plain(const tl_layer *l, const double *param, const double *x, double *y)
{
    switch (l->kind) {
    case TL_LAYER_EMBED:
        plain_embed(l, param, x, y);
        break;
    case TL_LAYER_LAYERNORM:
    case TL_LAYER_RMSNORM:
        plain_norm(l, param, x, y);
        break;
    case TL_LAYER_GELU:
        for (int i = 0; i < l->in.channels * l->in.width; i++) y[i] = plain_gelu(x[i]);
        break;
    case TL_LAYER_SWIGLU:
        plain_swiglu(l, x, y);
        break;
    default:
        plain_attention(l, x, y);
        break;
    }
}

/* --- a layer under test -----------------------------------------------------------------
 */

typedef struct bench {
    tl_layer layer;
    const tl_layer_ops *ops;
    size_t in, out, params; /**< numbers of one row, of all parameters */
    float *param, *grad;
    double *wide_param, *wide_in, *wide_out; /**< of one row, for the plain one */
    tl_layer_run run;
} bench;

static const tl_layer_ops *ops_of(tl_layer_kind kind)
{
    switch (kind) {
    case TL_LAYER_EMBED:
        return &tl_embed_ops;
    case TL_LAYER_LAYERNORM:
        return &tl_layernorm_ops;
    case TL_LAYER_RMSNORM:
        return &tl_rmsnorm_ops;
    case TL_LAYER_GELU:
        return &tl_gelu_ops;
    case TL_LAYER_SWIGLU:
        return &tl_swiglu_ops;
    default:
        return &tl_attention_ops;
    }
}

/* Everything random; parameters from place 5 on; scratch holds NaN, as nothing may rely on
 * it. */
static void set_up(bench *b, tl_layer layer)
{
    *b = (bench){.ops = ops_of(layer.kind)};
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
    plain(&b->layer, b->wide_param, b->wide_in, b->wide_out);
}

/* d_out . out of row `row` as the plain one has it. */
static double loss_of(bench *b, int row)
{
    double sum = 0.0;
    plain(&b->layer, b->wide_param, b->wide_in, b->wide_out);
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

/* --- the layers -------------------------------------------------------------------------
 */

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

/* --- kernels ----------------------------------------------------------------------------
 */

/* The error of the exponential shows in these, with that of a few roundings. */
static void activations_are_exact_to_a_few_units(void **state)
{
    (void)state;
    const tl_sequence_kernels *k = tl_kernels_get()->sequence;
    for (int i = -80000; i <= 80000; i++) {
        const float pair[2] = {(float)i / 1000.0f, 1.0f};
        float gelu, silu;
        const double x = (double)pair[0];
        k->gelu(pair, 1, &gelu);
        k->swiglu(pair, 1, 1, &silu);
        assert_true(fabs((double)gelu - plain_gelu(x)) <= 3e-7 * fabs(x));
        assert_true(fabs((double)silu - plain_silu(x)) <= 4e-7 * fabs(plain_silu(x)));
    }
}

static void activations_keep_nan(void **state)
{
    (void)state;
    const tl_sequence_kernels *k = tl_kernels_get()->sequence;
    float x[40], y[40], d[40];
    for (int i = 0; i < 40; i++) x[i] = NAN, d[i] = 1.0f;
    k->gelu(x, 40, y);
    for (int i = 0; i < 40; i++) assert_true(isnan(y[i]));
    k->gelu_back(x, d, 40, false, y);
    for (int i = 0; i < 40; i++) assert_true(isnan(y[i]));
    k->swiglu(x, 1, 20, y);
    for (int i = 0; i < 20; i++) assert_true(isnan(y[i]));
}

enum { MOST = 4 * TL_STRIP * 45 };

/* Runs every kernel on the same numbers; what they leave, one after the other, in `y`. */
static void run_kernels(const tl_sequence_kernels *k, int n, float *y)
{
    float x[MOST], d[MOST], other[MOST];
    fill(x, MOST, 20), fill(d, MOST, 21), fill(other, MOST, 22);
    for (int i = 0; i < MOST; i++) x[i] *= 8.0f;
    const size_t half = (size_t)n / 2;
    fill(y, 14 * MOST, 23);
    k->gelu(x, (size_t)n, y);
    k->gelu_back(x, d, (size_t)n, false, y + MOST);
    k->gelu_back(x, d, (size_t)n, true, y + 2 * MOST);
    k->swiglu(x, 1, (int)half, y + 3 * MOST);
    k->swiglu_back(x, d, 1, (int)half, false, y + 4 * MOST);
    k->swiglu_back(x, d, 1, (int)half, true, y + 5 * MOST);
    tl_line_norm norm = {.positions = 3,
                         .features = n,
                         .epsilon = 1e-5f,
                         .in = x,
                         .gain = other,
                         .shift = other + n,
                         .out = y + 6 * MOST,
                         .moment = y + 7 * MOST - 8,
                         .d_out = d,
                         .d_in = y + 7 * MOST,
                         .d_gain = y + 8 * MOST,
                         .d_shift = y + 9 * MOST};
    for (int i = 0; i < 4; i++) {
        norm.is_centred = i % 2 == 0;
        norm.adds = i >= 2;
        k->norm(&norm);
        k->norm_back(&norm);
    }
    memcpy(y + 10 * MOST, x, sizeof x);
    memcpy(y + 11 * MOST, d, sizeof d);
    tl_strip strip = {.first = n / 2,
                      .keys = n / 2 + TL_STRIP,
                      .scale = 0.3f,
                      .score = y + 10 * MOST,
                      .d_score = y + 11 * MOST,
                      .top = y + 12 * MOST,
                      .share = y + 12 * MOST + TL_STRIP};
    k->softmax(&strip);
    memcpy(y + 10 * MOST, x, sizeof x);
    k->softmax_back(&strip);
    tl_turn turn = {.in = x,
                    .out = y + 13 * MOST,
                    .in_stride = n,
                    .out_stride = n + 1,
                    .lines = 3,
                    .size = n / 2 * 2,
                    .angle = d,
                    .sense = -1.0f};
    k->turn(&turn);
    turn.adds = true;
    k->turn(&turn);
    k->to_lanes(x, n, TL_STRIP - n % 9, n < TL_STRIP ? n : TL_STRIP,
                y + 12 * MOST + 2 * TL_STRIP);
}

static void instruction_sets_give_the_same_bits(void **state)
{
    (void)state;
    const size_t size = 14 * MOST * sizeof(float);
    float *want = malloc(size), *got = malloc(size);
    assert_true(want && got);
    static const int sizes[] = {2, 15, 16, 17, 31, 32, 47, 100, 173};
    for (int i = 0; i < 9; i++) {
        run_kernels(tl_kernels_at(0)->sequence, sizes[i], want);
        for (int number = 1; tl_kernels_at(number); number++) {
            run_kernels(tl_kernels_at(number)->sequence, sizes[i], got);
            assert_memory_equal(want, got, size);
        }
    }
    free(want), free(got);
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
        cmocka_unit_test(activations_are_exact_to_a_few_units),
        cmocka_unit_test(activations_keep_nan),
        cmocka_unit_test(instruction_sets_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
