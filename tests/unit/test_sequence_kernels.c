/*
 * compute/nn/kernels: elementwise functions, norms and softmax of layers on sequences. What
 * they compute is tested through the layers; here, how exact they are, and that all
 * instruction sets give the same bits.
 */
#include "compute/core/rng.h"
#include "compute/nn/kernels/kernels.h"
#include "tests/support/plain_sequence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void fill(float *x, size_t n, uint64_t seed)
{
    tl_rng rng = tl_rng_stream(seed, 0, "test", 0, "fill");
    for (size_t i = 0; i < n; i++) x[i] = (float)tl_rng_normal(&rng);
}

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
        assert_true(fabs((double)gelu - tl_plain_gelu(x)) <= 3e-7 * fabs(x));
        assert_true(fabs((double)silu - tl_plain_silu(x)) <= 4e-7 * fabs(tl_plain_silu(x)));
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
    tl_rotary rotary = {.in = x,
                        .out = y + 13 * MOST,
                        .in_stride = n,
                        .out_stride = n + 1,
                        .lines = 3,
                        .size = n / 2 * 2,
                        .angle = d,
                        .sense = -1.0f};
    k->rotary(&rotary);
    rotary.adds = true;
    k->rotary(&rotary);
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
        cmocka_unit_test(activations_are_exact_to_a_few_units),
        cmocka_unit_test(activations_keep_nan),
        cmocka_unit_test(instruction_sets_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
