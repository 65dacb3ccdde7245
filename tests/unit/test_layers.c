/*
 * compute/nn: products, layers and whole models. Forward passes are compared with a plain
 * one in double precision, written from the definitions; gradients with central
 * differences of it (step 1e-6, so that their own error is about 1e-9). What remains is the
 * rounding of the float kernels: 1e-5 of the largest value for forward passes, 1e-4 for
 * gradients.
 */
#include "compute/core/blas.h"
#include "compute/nn/loss.h"
#include "compute/nn/pass.h"
#include "tests/support/plain_model.h"

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

/* --- a plain model in double precision ------------------------------------------------ */

static void plain_logits(const tl_model *model, const double *param, const float *input,
                         double *logits)
{
    double in[MOST_SIZE] = {0};
    for (int i = 0; i < tl_shape_size(model->spec.in); i++) in[i] = (double)input[i];
    tl_plain_run(model, param, in, logits);
}

/* What is differentiated: the logits of all rows, weighed by `weight` [rows x classes]. */
static double plain_value(const tl_model *model, const double *param, const float *input,
                          const float *weight)
{
    const int classes = model->spec.classes, size = tl_shape_size(model->spec.in);
    double value = 0.0, logits[16] = {0};
    for (int r = 0; r < ROWS; r++) {
        plain_logits(model, param, input + (ptrdiff_t)r * size, logits);
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

static void check_forward(const tl_model *model, const double *param, const float *input,
                          const float *logits)
{
    const int classes = model->spec.classes, size = tl_shape_size(model->spec.in);
    for (int r = 0; r < ROWS; r++) {
        double wanted[16] = {0};
        plain_logits(model, param, input + (ptrdiff_t)r * size, wanted);
        for (int c = 0; c < classes; c++) {
            assert_true(fabs((double)logits[r * classes + c] - wanted[c]) <
                        1e-5 * (1.0 + largest(wanted, (size_t)classes)));
        }
    }
}

static void check_gradient(const tl_model *model, double *param, const float *input,
                           const float *weight, const float *grad)
{
    double *wanted = calloc(model->params + 1, sizeof *wanted);
    assert_non_null(wanted);
    const double step = 1e-6;
    for (size_t i = 0; i < model->params; i++) {
        const double kept = param[i];
        param[i] = kept + step;
        wanted[i] = plain_value(model, param, input, weight);
        param[i] = kept - step;
        wanted[i] = (wanted[i] - plain_value(model, param, input, weight)) / (2.0 * step);
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
static void check_pixels(const tl_model *model, const double *param, const float *input,
                         const float *weight, const float *grad)
{
    const size_t n = (size_t)ROWS * (size_t)tl_shape_size(model->spec.in);
    float moved[ROWS * MOST_SIZE];
    double *wanted = calloc(n, sizeof *wanted);
    assert_non_null(wanted);
    memcpy(moved, input, n * sizeof *moved);
    for (size_t i = 0; i < n; i++) {
        /* Pixels are single precision: what counts is the step that was really made. */
        const float up = input[i] + 1e-5f, down = input[i] - 1e-5f;
        moved[i] = up;
        wanted[i] = plain_value(model, param, moved, weight);
        moved[i] = down;
        wanted[i] = (wanted[i] - plain_value(model, param, moved, weight)) /
                    ((double)up - (double)down);
        moved[i] = input[i];
    }
    const double tolerance = 1e-4 * largest(wanted, n);
    assert_true(tolerance > 0.0);
    for (size_t i = 0; i < n; i++) {
        assert_true(fabs((double)grad[i] - wanted[i]) < tolerance);
    }
    free(wanted);
}

/* Set instead of added to: the same but for the 1 that `grad` started at. */
static void check_set(tl_pass *pass, const float *added, size_t params)
{
    float *grad = calloc(params + 1, sizeof *grad);
    assert_non_null(grad);
    for (size_t i = 0; i < params; i++) grad[i] = NAN;
    (void)tl_pass_logits(pass);
    tl_pass_backward(pass, ROWS, grad, false);
    for (size_t i = 0; i < params; i++) {
        assert_true(fabsf(grad[i] + 1.0f - added[i]) < 1e-4f * (1.0f + fabsf(added[i])));
    }
    free(grad);
}

static void check_model(const tl_model_spec *spec)
{
    tl_arena arena = tl_arena_open(0);
    tl_model *model;
    tl_pass pass;
    const int size = tl_shape_size(spec->in), rows = ROWS + 2;
    float input[ROWS * MOST_SIZE], weight[ROWS * 16];
    assert_int_equal(tl_model_new(spec, &arena, &model, NULL), TL_OK);
    assert_int_equal(tl_pass_new(model, rows, TL_PASS_INPUTS, &arena, &pass, NULL), TL_OK);
    fill(model->param, model->params, 5); /* biases too */
    for (size_t i = 0; i < model->params; i++) model->param[i] *= 0.3f;
    fill(input, (size_t)ROWS * (size_t)size, 6);
    fill(weight, (size_t)ROWS * (size_t)spec->classes, 7);
    double *param = tl_arena_take(&arena, model->params, sizeof *param, NULL);
    float *grad = tl_arena_take(&arena, model->params, sizeof *grad, NULL);
    assert_true(param && grad);
    for (size_t i = 0; i < model->params; i++) {
        param[i] = (double)model->param[i];
        grad[i] = 1.0f;
    }
    tl_pass_refresh(&pass);
    check_forward(model, param, input, tl_pass_forward(&pass, input, NULL, ROWS));
    memcpy(tl_pass_d_logits(&pass), weight,
           (size_t)ROWS * (size_t)spec->classes * sizeof *weight);
    tl_pass_backward(&pass, ROWS, grad, true);
    check_set(&pass, grad, model->params);
    check_gradient(model, param, input, weight, grad);
    float d_input[ROWS * MOST_SIZE];
    (void)tl_pass_forward(&pass, input, NULL, ROWS);
    memcpy(tl_pass_d_logits(&pass), weight,
           (size_t)ROWS * (size_t)spec->classes * sizeof *weight);
    tl_pass_backward_inputs(&pass, ROWS, ROWS, d_input);
    check_pixels(model, param, input, weight, d_input);
    tl_arena_close(&arena);
}

static void dense_layer_is_the_plain_one(void **state)
{
    (void)state; /* a last layer without, hidden ones with ReLU */
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_MLP, .width = 1, .depth = 1, .in = {1, 1, 3}, .classes = 2});
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_MLP, .width = 9, .depth = 1, .in = {1, 4, 4}, .classes = 3});
}

static void whole_mlp_is_the_plain_one(void **state)
{
    (void)state;
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_MLP, .width = 12, .depth = 3, .in = {3, 2, 3}, .classes = 5});
}

static void whole_linear_is_the_plain_one(void **state)
{
    (void)state;
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_LINEAR, .width = 7, .depth = 1, .in = {2, 3, 4}, .classes = 5});
}

static void conv_and_pool_are_the_plain_ones(void **state)
{
    (void)state; /* odd sides: the pool leaves out the last line and column */
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_CNN, .width = 2, .depth = 1, .in = {1, 4, 4}, .classes = 2});
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_CNN, .width = 3, .depth = 1, .in = {1, 7, 7}, .classes = 2});
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_CNN, .width = 3, .depth = 1, .in = {3, 5, 8}, .classes = 4});
}

static void whole_cnn_is_the_plain_one(void **state)
{
    (void)state; /* 12 -> 6 -> 3 -> 1, as 28 -> 14 -> 7 -> 3 */
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_CNN, .width = 2, .depth = 3, .in = {1, 12, 12}, .classes = 3});
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_CNN, .width = 3, .depth = 2, .in = {2, 7, 6}, .classes = 3});
}

static void whole_autoencoder_is_the_plain_one(void **state)
{
    (void)state;
    check_model(&(tl_model_spec){.kind = TL_MODEL_AUTOENCODER,
                                 .width = 2,
                                 .depth = 1,
                                 .in = {1, 3, 5},
                                 .classes = 15});
    check_model(&(tl_model_spec){.kind = TL_MODEL_AUTOENCODER,
                                 .width = 3,
                                 .depth = 2,
                                 .in = {2, 2, 4},
                                 .classes = 16});
}

static void whole_resnet_is_the_plain_one(void **state)
{
    (void)
        state; /* a way around as it is, and by a convolution of 1x1; sides even and odd */
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_RESNET, .width = 4, .depth = 1, .in = {2, 4, 3}, .classes = 3});
    check_model(&(tl_model_spec){
        .kind = TL_MODEL_RESNET, .width = 2, .depth = 2, .in = {1, 5, 6}, .classes = 2});
}

static void pool_takes_the_first_of_equals(void **state)
{
    (void)state;
    const tl_layer layer = {.kind = TL_LAYER_POOL, .in = {1, 2, 8}, .out = {1, 1, 4}};
    const float in[16] = {1, 1, 0, 2, 0, 0, 0, 0, 1, 1, 2, 0, 3, 3, 0, 1};
    const float wanted[4] = {1, 2, 3, 1}, d_out[4] = {1, 2, 3, 4};
    const float back[16] = {1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4};
    float in_lanes[64 + 16] = {0}, out[16 + 16], d_out_lanes[16 + 16] = {0}, d_in[64 + 16];
    for (int i = 0; i < 16; i++) in_lanes[4 * i] = in[i];
    for (int i = 0; i < 4; i++) d_out_lanes[4 * i] = d_out[i];
    const tl_layer_run run = {.layer = &layer,
                              .rows = 1,
                              .in_grid = tl_grid_of(layer.in, 1, 0),
                              .out_grid = tl_grid_of(layer.out, 1, 0),
                              .in = in_lanes,
                              .out = out,
                              .d_out = d_out_lanes,
                              .d_in = d_in};
    tl_pool_ops.forward(&run);
    tl_pool_ops.backward(&run, NULL);
    for (int i = 0; i < 4; i++) assert_true(out[4 * i] == wanted[i]);
    for (int i = 0; i < 16; i++) assert_true(d_in[4 * i] == back[i]);
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
        tl_confidence_gradient(logits, 2, 3, d);
        assert_true(fabs((double)d[c] - (up - down) * 0x1p9) < 1e-6);
    }
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_keeps_its_identity),
        cmocka_unit_test(dense_layer_is_the_plain_one),
        cmocka_unit_test(whole_mlp_is_the_plain_one),
        cmocka_unit_test(whole_linear_is_the_plain_one),
        cmocka_unit_test(conv_and_pool_are_the_plain_ones),
        cmocka_unit_test(whole_cnn_is_the_plain_one),
        cmocka_unit_test(whole_autoencoder_is_the_plain_one),
        cmocka_unit_test(whole_resnet_is_the_plain_one),
        cmocka_unit_test(pool_takes_the_first_of_equals),
        cmocka_unit_test(softmax_and_loss_stand_large_logits),
        cmocka_unit_test(gradient_of_the_squared_error_is_its_difference),
        cmocka_unit_test(confidence_is_that_of_the_probability_and_stands_large_logits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
