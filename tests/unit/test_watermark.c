/*
 * experiments/watermark and dct: what is embedded can be read by who has the key, as strong
 * as was asked for, and is found in nothing else.
 */
#include "experiments/image/dct.h"
#include "experiments/image/ssim.h"
#include "experiments/image/watermark.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 3 * 32 * 32 };

/* --- transform ------------------------------------------------------------------------ */

static void transform_has_its_inverse_and_keeps_squares(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_dct dct;
    assert_int_equal(tl_dct_new(5, 8, &arena, &dct, NULL), TL_OK);
    double x[40], y[40], back[40], before = 0.0, after = 0.0;
    for (int i = 0; i < 40; i++) x[i] = sin(1.0 + 3.0 * i);
    tl_dct_forward(&dct, x, y);
    tl_dct_inverse(&dct, y, back);
    for (int i = 0; i < 40; i++) {
        assert_true(fabs(back[i] - x[i]) < 1e-12);
        before += x[i] * x[i];
        after += y[i] * y[i];
    }
    assert_true(fabs(before - after) < 1e-12);
    tl_arena_close(&arena);
}

static void a_cosine_is_one_coefficient(void **state)
{
    (void)state;
    const double pi = 3.14159265358979323846;
    tl_arena arena = tl_arena_open(0);
    tl_dct dct;
    assert_int_equal(tl_dct_new(4, 8, &arena, &dct, NULL), TL_OK);
    double x[32], y[32];
    for (int i = 0; i < 32; i++) { /* frequency 1 down, 3 along */
        const double row = i / 8, column = i % 8;
        x[i] =
            cos(pi * (2.0 * row + 1.0) / 8.0) * cos(pi * (2.0 * column + 1.0) * 3.0 / 16.0);
    }
    tl_dct_forward(&dct, x, y);
    for (int i = 0; i < 32; i++) {
        /* Squares of the cosines sum to 4/2 and 8/2. */
        assert_true(fabs(y[i] - (i == 8 + 3 ? sqrt(2.0 * 4.0) : 0.0)) < 1e-12);
    }
    tl_arena_close(&arena);
}

/* --- watermark ------------------------------------------------------------------------ */

typedef struct desk {
    tl_arena arena;
    tl_watermark mark;
    tl_carriers carriers;
} desk;

static void open_desk(desk *d, tl_shape shape, uint32_t replicate, int bits)
{
    const tl_rng key = tl_rng_stream(1, replicate, "test", 0, "key");
    d->arena = tl_arena_open(0);
    d->mark = tl_watermark_draw(&key, bits, 0.4, 1.4);
    assert_int_equal(tl_carriers_new(&d->mark, shape, &d->arena, &d->carriers, NULL),
                     TL_OK);
}

/* A smooth image between `low` and `high`, with a texture over it. */
static void paint(tl_shape shape, uint64_t item, double low, double high, float *pixel)
{
    const tl_rng all = tl_rng_stream(2, 0, "test", 0, "images");
    tl_rng rng = tl_rng_sub(&all, item);
    const double a = tl_rng_uniform(&rng), b = tl_rng_uniform(&rng);
    for (int i = 0; i < tl_shape_size(shape); i++) {
        const int y = i / shape.width % shape.height, x = i % shape.width;
        const double wave = sin(0.3 * y * a + 6.0 * b) * cos(0.4 * x * b + 6.0 * a);
        const double share = 0.5 + 0.3 * wave + 0.2 * (tl_rng_uniform(&rng) - 0.5);
        pixel[i] = (float)(low + (high - low) * share);
    }
}

static void carriers_are_orthonormal(void **state)
{
    (void)state;
    desk d;
    const tl_shape shape = {1, 28, 20};
    open_desk(&d, shape, 0, 9);
    const int area = 28 * 20;
    for (int a = 0; a < 9; a++) {
        for (int b = 0; b <= a; b++) {
            double product = 0.0;
            for (int i = 0; i < area; i++) {
                product +=
                    d.carriers.carrier[a * area + i] * d.carriers.carrier[b * area + i];
            }
            assert_true(fabs(product - (a == b ? 1.0 : 0.0)) < 1e-12);
        }
    }
    tl_arena_close(&d.arena);
}

static void message_is_read_and_strength_is_exact(void **state)
{
    (void)state;
    static const tl_shape shapes[] = {{1, 28, 28}, {3, 28, 28}, {1, 32, 20}, {2, 17, 31}};
    static float plain[MOST], marked[MOST];
    for (int s = 0; s < 4; s++) {
        for (int bits = 8; bits <= 32; bits += 24) {
            desk d;
            open_desk(&d, shapes[s], (uint32_t)s, bits);
            for (int i = 0; i < 20; i++) {
                paint(shapes[s], (uint64_t)i, 0.1, 0.9, plain);
                tl_watermark_embed(&d.carriers, 34.0, plain, marked);
                const tl_detection seen = tl_watermark_detect(&d.carriers, marked);
                const int size = tl_shape_size(shapes[s]);
                const double psnr = tl_psnr(tl_mean_square(plain, marked, size));
                assert_int_equal(seen.right, bits);
                assert_true(fabs(psnr - 34.0) < 1e-3); /* floats of 1/2 keep 3e-8 */
            }
            tl_arena_close(&d.arena);
        }
    }
}

static void clipped_images_stay_in_range_and_keep_the_strength(void **state)
{
    (void)state;
    static float plain[MOST], marked[MOST];
    const tl_shape shape = {1, 28, 28};
    desk d;
    open_desk(&d, shape, 0, 16);
    for (int i = 0; i < 20; i++) {
        paint(shape, (uint64_t)i, -0.5, 1.5, plain); /* half black, half white */
        for (int j = 0; j < 784; j++) {
            plain[j] = plain[j] < 0.0f ? 0.0f : (plain[j] > 1.0f ? 1.0f : plain[j]);
        }
        tl_watermark_embed(&d.carriers, 34.0, plain, marked);
        for (int j = 0; j < 784; j++) assert_true(marked[j] >= 0.0f && marked[j] <= 1.0f);
        const double psnr = tl_psnr(tl_mean_square(plain, marked, 784));
        assert_true(fabs(psnr - 34.0) < 0.01);
        assert_true(tl_watermark_detect(&d.carriers, marked).p < 1e-3);
    }
    tl_arena_close(&d.arena);
}

static void another_key_reads_chance(void **state)
{
    (void)state;
    static float plain[MOST], marked[MOST];
    const tl_shape shape = {1, 28, 28};
    desk own, other;
    open_desk(&own, shape, 0, 16);
    int right = 0;
    for (uint32_t k = 1; k <= 50; k++) {
        open_desk(&other, shape, k, 16);
        paint(shape, k, 0.1, 0.9, plain);
        tl_watermark_embed(&own.carriers, 34.0, plain, marked);
        right += tl_watermark_detect(&other.carriers, marked).right;
        tl_arena_close(&other.arena);
    }
    assert_in_range(right, 400 - 57, 400 + 57); /* of 800: 4 standard deviations */
    tl_arena_close(&own.arena);
}

/* Fails when the statistic is not divided by the root of the sum of squares. */
static void false_alarms_are_as_rare_as_p_says(void **state)
{
    (void)state;
    static float plain[MOST];
    const tl_shape shape = {1, 28, 28};
    int below[3] = {0}; /* p < 0.5, 0.1, 0.01, of 4000 */
    for (uint32_t k = 0; k < 400; k++) {
        desk d;
        open_desk(&d, shape, k, 16);
        for (uint64_t i = 0; i < 10; i++) {
            paint(shape, 1000 * i + k, 0.1, 0.9, plain);
            const double p = tl_watermark_detect(&d.carriers, plain).p;
            below[0] += p < 0.5;
            below[1] += p < 0.1;
            below[2] += p < 0.01;
        }
        tl_arena_close(&d.arena);
    }
    /* 4 standard deviations of a binomial; the tail of 16 signs is a little lighter. */
    assert_in_range(below[0], 2000 - 127, 2000 + 127);
    assert_in_range(below[1], 400 - 76, 400 + 76);
    assert_in_range(below[2], 40 - 28, 40 + 26);
}

static void blank_images_hold_no_mark(void **state)
{
    (void)state;
    static const float black[784];
    desk d;
    open_desk(&d, (tl_shape){1, 28, 28}, 0, 16);
    assert_true(tl_watermark_detect(&d.carriers, black).p == 1.0);
    tl_arena_close(&d.arena);
}

static void a_band_too_narrow_is_refused(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_carriers carriers;
    tl_err err = {0};
    const tl_rng key = tl_rng_stream(1, 0, "test", 0, "key");
    const tl_watermark mark = tl_watermark_draw(&key, 16, 0.5, 0.5);
    const tl_shape shape = {1, 8, 8};
    assert_int_equal(tl_watermark_band(shape, 0.5, 0.5), 5); /* u + v = 4 */
    assert_int_equal(tl_watermark_band(shape, 0.0, 2.0), 64);
    assert_int_equal(tl_carriers_new(&mark, shape, &arena, &carriers, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "16 bits"));
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transform_has_its_inverse_and_keeps_squares),
        cmocka_unit_test(a_cosine_is_one_coefficient),
        cmocka_unit_test(carriers_are_orthonormal),
        cmocka_unit_test(message_is_read_and_strength_is_exact),
        cmocka_unit_test(clipped_images_stay_in_range_and_keep_the_strength),
        cmocka_unit_test(another_key_reads_chance),
        cmocka_unit_test(false_alarms_are_as_rare_as_p_says),
        cmocka_unit_test(blank_images_hold_no_mark),
        cmocka_unit_test(a_band_too_narrow_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
