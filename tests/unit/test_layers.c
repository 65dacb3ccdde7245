/*
 * compute/nn: products, layers and whole models. Forward passes are compared with a plain
 * one in double precision, written from the definitions; gradients with central
 * differences of it (step 1e-6, so that their own error is about 1e-9). What remains is the
 * rounding of the float kernels: 1e-5 of the largest value for forward passes, 1e-4 for
 * gradients.
 */
#include "compute/nn/blas.h"
#include "compute/nn/loss.h"
#include "compute/nn/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 3, MOST_SIZE = 4096 };

static void fill(float *x, size_t n, uint64_t seed)
{
    tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "fill");
    for (size_t i = 0; i < n; i++) x[i] = (float)tl_rng_normal(&rng);
}

/* --- products ------------------------------------------------------------------------- */

/* y = op(a) x in double precision */
static void product(tl_cmat a, bool transpose, const double *x, double *y)
{
    const int m = transpose ? a.columns : a.rows, k = transpose ? a.rows : a.columns;
    for (int i = 0; i < m; i++) {
        y[i] = 0.0;
        for (int j = 0; j < k; j++) {
            y[i] += (double)a.at[transpose ? j * a.stride + i : i * a.stride + j] * x[j];
        }
    }
}

/* (op(a) op(b) + c) v = op(a) (op(b) v) + c v, for views with gaps between their lines */
static void check_product(int m, int n, int k, unsigned flags)
{
    const bool on_a = flags & 1u, on_b = flags & 2u, adds = flags & 4u;
    float a[900], b[900], c[900];
    double v[30], left[30], right[30], before[30], inner[30];
    fill(a, 900, flags + 1), fill(b, 900, flags + 2), fill(c, 900, flags + 3);
    for (int i = 0; i < 30; i++) v[i] = sin(1.0 + i);
    const tl_cmat va = {a, on_a ? k : m, on_a ? m : k, 30};
    const tl_cmat vb = {b, on_b ? n : k, on_b ? k : n, 30};
    const float guard = c[n];
    product((tl_cmat){c, m, n, 30}, false, v, before);
    tl_gemm(va, on_a, vb, on_b, adds, (tl_mat){c, m, n, 30});
    product((tl_cmat){c, m, n, 30}, false, v, left);
    product(vb, on_b, v, inner);
    product(va, on_a, inner, right);
    for (int i = 0; i < m; i++) {
        assert_true(fabs(left[i] - right[i] - (adds ? before[i] : 0.0)) < 2e-4);
    }
    assert_true(guard == c[n]); /* the gap is not written */
}

static void product_keeps_its_identity(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        check_product(5, 7, 3, flags);
        check_product(1, 29, 17, flags);
        check_product(29, 1, 29, flags);
        check_product(16, 16, 16, flags);
    }
}

/* --- patches -------------------------------------------------------------------------- */

static void patches_and_unpatch_are_transposes(void **state)
{
    (void)state;
    static const tl_shape shapes[] = {{1, 4, 4}, {3, 5, 7}, {2, 1, 3}, {2, 3, 1}};
    for (int s = 0; s < 4; s++) {
        const size_t n = (size_t)ROWS * (size_t)tl_shape_size(shapes[s]);
        float x[MOST_SIZE], column[MOST_SIZE], y[MOST_SIZE], back[MOST_SIZE];
        fill(x, n, 1), fill(y, 9 * n, 2);
        tl_conv_patches(shapes[s], ROWS, x, column);
        tl_conv_unpatch(shapes[s], ROWS, y, back);
        double left = 0.0, right = 0.0;
        for (size_t i = 0; i < 9 * n; i++) left += (double)column[i] * (double)y[i];
        for (size_t i = 0; i < n; i++) right += (double)x[i] * (double)back[i];
        assert_true(fabs(left - right) < 1e-4);
    }
}

/* --- a plain model in double precision ------------------------------------------------ */

static double clip(const tl_layer *layer, double x)
{
    return layer->has_relu && x < 0.0 ? 0.0 : x;
}

static void plain_conv(const tl_layer *layer, const double *param, const double *in,
                       double *out)
{
    const int h = layer->in.height, w = layer->in.width, channels = layer->in.channels;
    for (int o = 0; o < layer->out.channels; o++) {
        const double *weight = param + layer->weight + (size_t)o * (size_t)channels * 9;
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                double sum = param[layer->bias + (size_t)o];
                for (int t = 0; t < channels * 9; t++) {
                    const int at_y = y + t % 9 / 3 - 1, at_x = x + t % 3 - 1;
                    if (at_y < 0 || at_y >= h || at_x < 0 || at_x >= w) continue;
                    sum += weight[t] * in[(t / 9 * h + at_y) * w + at_x];
                }
                out[(o * h + y) * w + x] = clip(layer, sum);
            }
        }
    }
}

static void plain_pool(const tl_layer *layer, const double *in, double *out)
{
    const int h = layer->out.height, w = layer->out.width, stride = layer->in.width;
    for (int i = 0; i < tl_shape_size(layer->out); i++) {
        const int c = i / (h * w), y = i / w % h, x = i % w;
        const double *at = in + (c * layer->in.height + 2 * y) * stride + 2 * x;
        out[i] = fmax(fmax(at[0], at[1]), fmax(at[stride], at[stride + 1]));
    }
}

static void plain_dense(const tl_layer *layer, const double *param, const double *in,
                        double *out)
{
    const int inputs = layer->in.channels;
    for (int o = 0; o < layer->out.channels; o++) {
        double sum = param[layer->bias + (size_t)o];
        for (int i = 0; i < inputs; i++) {
            sum += param[layer->weight + (size_t)(o * inputs + i)] * in[i];
        }
        out[o] = clip(layer, sum);
    }
}

static void plain_logits(const tl_model *model, const double *param, const float *pixel,
                         double *logits)
{
    double in[MOST_SIZE] = {0}, out[MOST_SIZE] = {0};
    for (int i = 0; i < tl_shape_size(model->spec.in); i++) in[i] = (double)pixel[i];
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        const size_t bytes = (size_t)tl_shape_size(layer->out) * sizeof *in;
        assert_in_range(tl_shape_size(layer->out), 1, MOST_SIZE);
        if (layer->kind == TL_LAYER_CONV) plain_conv(layer, param, in, out);
        if (layer->kind == TL_LAYER_POOL) plain_pool(layer, in, out);
        if (layer->kind == TL_LAYER_DENSE) plain_dense(layer, param, in, out);
        if (layer->kind != TL_LAYER_FLATTEN) memcpy(in, out, bytes); /* one row is flat */
    }
    memcpy(logits, in, (size_t)model->spec.classes * sizeof *logits);
}

/* What is differentiated: the logits of all rows, weighed by `weight` [rows x classes]. */
static double plain_value(const tl_model *model, const double *param, const float *pixel,
                          const float *weight)
{
    const int classes = model->spec.classes, size = tl_shape_size(model->spec.in);
    double value = 0.0, logits[16] = {0};
    for (int r = 0; r < ROWS; r++) {
        plain_logits(model, param, pixel + (ptrdiff_t)r * size, logits);
        for (int c = 0; c < classes; c++) {
            value += (double)weight[r * classes + c] * logits[c];
        }
    }
    return value;
}

static double largest(const double *x, size_t n)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

static void check_forward(const tl_model *model, const double *param, const float *pixel,
                          const float *logits)
{
    const int classes = model->spec.classes, size = tl_shape_size(model->spec.in);
    for (int r = 0; r < ROWS; r++) {
        double wanted[16] = {0};
        plain_logits(model, param, pixel + (ptrdiff_t)r * size, wanted);
        for (int c = 0; c < classes; c++) {
            assert_true(fabs((double)logits[r * classes + c] - wanted[c]) <
                        1e-5 * (1.0 + largest(wanted, (size_t)classes)));
        }
    }
}

static void check_gradient(const tl_model *model, double *param, const float *pixel,
                           const float *weight, const float *grad)
{
    double *wanted = calloc(model->params + 1, sizeof *wanted);
    assert_non_null(wanted);
    const double step = 1e-6;
    for (size_t i = 0; i < model->params; i++) {
        const double kept = param[i];
        param[i] = kept + step;
        wanted[i] = plain_value(model, param, pixel, weight);
        param[i] = kept - step;
        wanted[i] = (wanted[i] - plain_value(model, param, pixel, weight)) / (2.0 * step);
        param[i] = kept;
    }
    const double tolerance = 1e-4 * largest(wanted, model->params);
    assert_true(tolerance > 0.0);
    for (size_t i = 0; i < model->params; i++) {
        /* `grad` started at 1: gradients are added. */
        assert_true(fabs((double)grad[i] - 1.0 - wanted[i]) < tolerance);
    }
    free(wanted);
}

/* The same for the pixels: `grad` [ROWS x input]. */
static void check_pixels(const tl_model *model, const double *param, const float *pixel,
                         const float *weight, const float *grad)
{
    const size_t n = (size_t)ROWS * (size_t)tl_shape_size(model->spec.in);
    float moved[ROWS * MOST_SIZE];
    double *wanted = calloc(n, sizeof *wanted);
    assert_non_null(wanted);
    memcpy(moved, pixel, n * sizeof *moved);
    for (size_t i = 0; i < n; i++) {
        /* Pixels are single precision: what counts is the step that was really made. */
        const float up = pixel[i] + 1e-5f, down = pixel[i] - 1e-5f;
        moved[i] = up;
        wanted[i] = plain_value(model, param, moved, weight);
        moved[i] = down;
        wanted[i] = (wanted[i] - plain_value(model, param, moved, weight)) /
                    ((double)up - (double)down);
        moved[i] = pixel[i];
    }
    const double tolerance = 1e-4 * largest(wanted, n);
    assert_true(tolerance > 0.0);
    for (size_t i = 0; i < n; i++) {
        assert_true(fabs((double)grad[i] - wanted[i]) < tolerance);
    }
    free(wanted);
}

static void check_model(const tl_model_spec *spec)
{
    tl_arena arena = tl_arena_open(0);
    tl_model *model;
    tl_pass pass;
    const int size = tl_shape_size(spec->in), rows = ROWS + 2;
    float pixel[ROWS * MOST_SIZE], weight[ROWS * 16];
    assert_int_equal(tl_model_new(spec, &arena, &model, NULL), TL_OK);
    assert_int_equal(tl_pass_new_pixels(model, rows, &arena, &pass, NULL), TL_OK);
    fill(model->param, model->params, 5); /* biases too */
    for (size_t i = 0; i < model->params; i++) model->param[i] *= 0.3f;
    fill(pixel, (size_t)ROWS * (size_t)size, 6);
    fill(weight, (size_t)ROWS * (size_t)spec->classes, 7);
    double *param = tl_arena_take(&arena, model->params, sizeof *param, NULL);
    float *grad = tl_arena_take(&arena, model->params, sizeof *grad, NULL);
    assert_true(param && grad);
    for (size_t i = 0; i < model->params; i++) {
        param[i] = (double)model->param[i];
        grad[i] = 1.0f;
    }
    check_forward(model, param, pixel, tl_pass_forward(&pass, pixel, NULL, ROWS));
    memcpy(tl_pass_d_logits(&pass), weight,
           (size_t)ROWS * (size_t)spec->classes * sizeof *weight);
    tl_pass_backward(&pass, ROWS, grad);
    check_gradient(model, param, pixel, weight, grad);
    float d_pixel[ROWS * MOST_SIZE];
    (void)tl_pass_forward(&pass, pixel, NULL, ROWS);
    memcpy(tl_pass_d_logits(&pass), weight,
           (size_t)ROWS * (size_t)spec->classes * sizeof *weight);
    tl_pass_backward_pixels(&pass, ROWS, ROWS, d_pixel);
    check_pixels(model, param, pixel, weight, d_pixel);
    tl_arena_close(&arena);
}

static void dense_layer_is_the_plain_one(void **state)
{
    (void)state; /* a last layer without, hidden ones with ReLU */
    check_model(&(tl_model_spec){TL_MODEL_MLP, 1, 1, {1, 1, 3}, 2});
    check_model(&(tl_model_spec){TL_MODEL_MLP, 9, 1, {1, 4, 4}, 3});
}

static void whole_mlp_is_the_plain_one(void **state)
{
    (void)state;
    check_model(&(tl_model_spec){TL_MODEL_MLP, 12, 3, {3, 2, 3}, 5});
}

static void conv_and_pool_are_the_plain_ones(void **state)
{
    (void)state; /* odd sides: the pool leaves out the last line and column */
    check_model(&(tl_model_spec){TL_MODEL_CNN, 2, 1, {1, 4, 4}, 2});
    check_model(&(tl_model_spec){TL_MODEL_CNN, 3, 1, {1, 7, 7}, 2});
    check_model(&(tl_model_spec){TL_MODEL_CNN, 3, 1, {3, 5, 8}, 4});
}

static void whole_cnn_is_the_plain_one(void **state)
{
    (void)state; /* 12 -> 6 -> 3 -> 1, as 28 -> 14 -> 7 -> 3 */
    check_model(&(tl_model_spec){TL_MODEL_CNN, 2, 3, {1, 12, 12}, 3});
    check_model(&(tl_model_spec){TL_MODEL_CNN, 3, 2, {2, 7, 6}, 3});
}

static void whole_autoencoder_is_the_plain_one(void **state)
{
    (void)state;
    check_model(&(tl_model_spec){TL_MODEL_AUTOENCODER, 2, 1, {1, 3, 5}, 15});
    check_model(&(tl_model_spec){TL_MODEL_AUTOENCODER, 3, 2, {2, 2, 4}, 16});
}

static void pool_takes_the_first_of_equals(void **state)
{
    (void)state;
    const tl_layer layer = {.kind = TL_LAYER_POOL, .in = {1, 2, 8}, .out = {1, 1, 4}};
    const float in[16] = {1, 1, 0, 2, 0, 0, 0, 0, 1, 1, 2, 0, 3, 3, 0, 1};
    float out[4], d_out[4] = {1, 2, 3, 4}, d_in[16];
    uint8_t which[4];
    tl_layer_room room = {.out = out, .d_out = d_out, .which = which};
    tl_pool_forward(&layer, 1, in, &room);
    tl_pool_backward(&layer, 1, &room, d_in);
    const float wanted[4] = {1, 2, 3, 1};
    const float back[16] = {1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4};
    assert_memory_equal(out, wanted, sizeof wanted);
    assert_memory_equal(d_in, back, sizeof back);
}

/* --- from logits ---------------------------------------------------------------------- */

static void softmax_and_loss_stand_large_logits(void **state)
{
    (void)state;
    const float logits[6] = {1000.0f, 0.0f, -1000.0f, 0.0f, 0.0f, 0.0f};
    const int32_t label[2] = {2, 1};
    float p[6];
    double loss[2];
    int32_t best[2];
    tl_softmax(logits, 2, 3, p);
    tl_cross_entropy(logits, label, 2, 3, loss);
    tl_argmax(logits, 2, 3, best);
    assert_true(p[0] == 1.0f && p[1] == 0.0f && p[2] == 0.0f);
    for (int c = 3; c < 6; c++) assert_true(fabs((double)p[c] - 1.0 / 3.0) < 1e-7);
    assert_true(fabs(loss[0] - 2000.0) < 1e-9);
    assert_true(fabs(loss[1] - log(3.0)) < 1e-12);
    assert_int_equal(best[0], 0);
    assert_int_equal(best[1], 0); /* the first of equals */
}

static void gradient_of_the_squared_error_is_its_difference(void **state)
{
    (void)state;
    enum { N = 7 };
    float output[N], wanted[N], gradient[N];
    fill(output, N, 8), fill(wanted, N, 9);
    const double value = tl_squared_error(output, wanted, N, gradient);
    double sum = 0.0;
    for (int i = 0; i < N; i++) {
        const float kept = output[i], step = 0x1p-6f;
        sum += pow((double)output[i] - (double)wanted[i], 2.0);
        output[i] = kept + step;
        const double above = tl_squared_error(output, wanted, N, NULL);
        output[i] = kept - step;
        const double below = tl_squared_error(output, wanted, N, NULL);
        output[i] = kept;
        /* Exact for a square; floats of about 1 keep 1e-7, divided by the step. */
        assert_true(fabs((above - below) / (2.0 * (double)step) - (double)gradient[i]) <
                    1e-4);
    }
    assert_true(fabs(value - sum / N) < 1e-6);
}

static void confidence_is_that_of_the_probability_and_stands_large_logits(void **state)
{
    (void)state;
    const float logits[9] = {0.5f, -1.0f, 2.0f, 1000.0f, 0.0f, -1000.0f, 60.0f, 0.0f, 0.0f};
    const int32_t label[3] = {2, 2, 0};
    double confidence[3];
    float p[3], d[3];
    tl_confidence(logits, label, 3, 3, confidence);
    tl_softmax(logits, 1, 3, p);
    const double odds = (double)p[2] / (1.0 - (double)p[2]);
    assert_true(fabs(confidence[0] - log(odds)) < 1e-6);
    assert_true(fabs(confidence[1] + 2000.0) < 1e-9);
    assert_true(fabs(confidence[2] - (60.0 - log(2.0))) < 1e-12); /* p rounds to 1 */
    for (int c = 0; c < 3; c++) { /* against central differences */
        float moved[3] = {logits[0], logits[1], logits[2]};
        double up, down;
        moved[c] = logits[c] + 0x1p-10f;
        tl_confidence(moved, label, 1, 3, &up);
        moved[c] = logits[c] - 0x1p-10f;
        tl_confidence(moved, label, 1, 3, &down);
        tl_confidence_slope(logits, 2, 3, d);
        assert_true(fabs((double)d[c] - (up - down) * 0x1p9) < 1e-6);
    }
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_keeps_its_identity),
        cmocka_unit_test(patches_and_unpatch_are_transposes),
        cmocka_unit_test(dense_layer_is_the_plain_one),
        cmocka_unit_test(whole_mlp_is_the_plain_one),
        cmocka_unit_test(conv_and_pool_are_the_plain_ones),
        cmocka_unit_test(whole_cnn_is_the_plain_one),
        cmocka_unit_test(whole_autoencoder_is_the_plain_one),
        cmocka_unit_test(pool_takes_the_first_of_equals),
        cmocka_unit_test(softmax_and_loss_stand_large_logits),
        cmocka_unit_test(gradient_of_the_squared_error_is_its_difference),
        cmocka_unit_test(confidence_is_that_of_the_probability_and_stands_large_logits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
