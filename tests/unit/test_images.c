/* experiments/ssim, filters and jpeg: images compared and altered. */
#include "experiments/image/filters.h"
#include "experiments/image/jpeg.h"
#include "experiments/image/ssim.h"

#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 3 * 30 * 100 };

static void fill(float *x, int n, const char *purpose)
{
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, purpose);
    for (int i = 0; i < n; i++) x[i] = (float)tl_rng_uniform(&rng);
}

/* --- similarity ----------------------------------------------------------------------- */

/* From the definition: all products of the window at every place, side n of 11 or less. */
static double plain_ssim(const float *a, const float *b, int h, int w, int down, int along)
{
    double total = 0.0;
    for (int top = 0; top + down <= h; top++) {
        for (int left = 0; left + along <= w; left++) {
            double sum = 0.0, ma = 0.0, mb = 0.0, va = 0.0, vb = 0.0, both = 0.0;
            for (int pass = 0; pass < 2; pass++) {
                for (int i = 0; i < down * along; i++) {
                    const double y = i / along - down / 2, x = i % along - along / 2;
                    const double g = exp(-(x * x + y * y) / 4.5);
                    const int at = (top + i / along) * w + left + i % along;
                    const double p = (double)a[at], q = (double)b[at];
                    if (pass == 0) {
                        sum += g, ma += g * p, mb += g * q;
                    } else {
                        va += g / sum * (p - ma) * (p - ma);
                        vb += g / sum * (q - mb) * (q - mb);
                        both += g / sum * (p - ma) * (q - mb);
                    }
                }
                if (pass == 0) ma /= sum, mb /= sum;
            }
            total += (2.0 * ma * mb + 1e-4) * (2.0 * both + 9e-4) /
                     ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
        }
    }
    return total / ((h - down + 1) * (w - along + 1));
}

static void similarity_is_the_plain_one(void **state)
{
    (void)state;
    static const struct {
        int h, w, down, along;
    } cases[] = {{28, 28, 11, 11}, {11, 12, 11, 11}, {30, 100, 11, 11},
                 {8, 5, 7, 5},     {1, 20, 1, 11},   {1, 1, 1, 1}};
    static float a[MOST], b[MOST];
    fill(a, MOST, "a"), fill(b, MOST, "b");
    for (int i = 0; i < MOST; i++) b[i] = 0.5f * (a[i] + b[i]);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const int h = cases[c].h, w = cases[c].w;
        const double wanted = plain_ssim(a, b, h, w, cases[c].down, cases[c].along);
        assert_true(fabs(tl_ssim(a, b, (tl_shape){1, h, w}) - wanted) < 1e-9);
    }
}

static void equal_images_are_similar_and_negatives_are_not(void **state)
{
    (void)state;
    static float a[MOST], b[MOST];
    const tl_shape shape = {3, 28, 28};
    fill(a, MOST, "a");
    for (int i = 0; i < MOST; i++) b[i] = 1.0f - a[i];
    assert_true(fabs(tl_ssim(a, a, shape) - 1.0) < 1e-12);
    assert_true(tl_ssim(a, b, shape) < -0.5);
}

static void psnr_is_of_a_known_step(void **state)
{
    (void)state;
    const float a[4] = {0.0f, 0.5f, 1.0f, 0.25f}, b[4] = {0.1f, 0.6f, 0.9f, 0.25f};
    assert_true(fabs(tl_mean_square(a, b, 4) - 0.0075) < 1e-8);
    assert_true(fabs(tl_psnr(0.01) - 20.0) < 1e-12);
}

/* --- filters -------------------------------------------------------------------------- */

static void median_takes_out_a_point_and_keeps_an_edge(void **state)
{
    (void)state;
    float image[2 * 36], out[2 * 36];
    for (int i = 0; i < 72; i++) image[i] = i % 6 < 3 ? 0.2f : 0.8f;
    float spotted[72];
    memcpy(spotted, image, sizeof image);
    spotted[2 * 6 + 1] = 1.0f;
    spotted[36 + 3 * 6 + 4] = 0.0f;
    spotted[0] = 1.0f; /* repeated thrice beyond the corner: four of nine */
    tl_filter_median((tl_shape){2, 6, 6}, spotted, out);
    assert_memory_equal(out, image, sizeof image);
}

static void blur_of_a_point_is_the_window(void **state)
{
    (void)state;
    float point[21 * 21] = {0}, out[21 * 21];
    double room[21 * 21], sum = 0.0;
    point[10 * 21 + 10] = 1.0f;
    tl_filter_blur((tl_shape){1, 21, 21}, 1.5, point, out, room);
    for (int i = 0; i < 441; i++) {
        const int y = i / 21 - 10, x = i % 21 - 10;
        const double share = (double)out[i] / (double)out[220];
        if (abs(y) <= 5 && abs(x) <= 5) { /* three sigma are 5 whole pixels */
            assert_true(fabs(share - exp(-(x * x + y * y) / 4.5)) < 1e-6);
        } else {
            assert_true(out[i] == 0.0f);
        }
        sum += (double)out[i];
    }
    assert_true(fabs(sum - 1.0) < 1e-6);
}

/* --- jpeg ----------------------------------------------------------------------------- */

static double jpeg_error(int quality, tl_shape shape, const float *image, float *out)
{
    tl_arena arena = tl_arena_open(0);
    tl_dct dct;
    assert_int_equal(tl_dct_new(8, 8, &arena, &dct, NULL), TL_OK);
    tl_jpeg(&dct, shape, quality, image, out);
    tl_arena_close(&arena);
    return tl_mean_square(image, out, tl_shape_size(shape));
}

static void less_quality_is_more_error(void **state)
{
    (void)state;
    static float image[MOST], out[MOST];
    static const int quality[] = {100, 75, 50, 25, 5};
    const tl_shape shape = {3, 28, 30}; /* no multiples of 8 */
    fill(image, MOST, "a");
    double before = 0.0;
    for (int q = 0; q < 5; q++) {
        const double now = jpeg_error(quality[q], shape, image, out);
        assert_true(now > before);
        before = now;
        for (int i = 0; i < 3 * 28 * 30; i++) {
            const double level = 255.0 * (double)out[i];
            assert_true(out[i] >= 0.0f && out[i] <= 1.0f);
            assert_true(fabs(level - round(level)) < 1e-4);
        }
    }
    /* Steps of 1 leave errors of 1/12 in each coefficient, twice more the rounding. */
    assert_true(jpeg_error(100, shape, image, out) < 3.0 / 12.0 / (255.0 * 255.0));
}

static void coefficients_are_rounded_by_the_table(void **state)
{
    (void)state;
    static const struct {
        int at, step; /* of the table in annex K.1, at quality 50 */
    } cases[] = {{1, 11}, {8, 12}, {9, 12}, {63, 99}, {20, 40}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_arena arena = tl_arena_open(0);
        tl_dct dct;
        double wave[64] = {0}, level[64], seen[64];
        float image[64], out[64];
        assert_int_equal(tl_dct_new(8, 8, &arena, &dct, NULL), TL_OK);
        for (int half = 0; half < 2; half++) {
            /* Just less and just more than half a step beyond the third. */
            wave[cases[c].at] = (3.5 + (half ? 0.2 : -0.2)) * cases[c].step;
            tl_dct_inverse(&dct, wave, level);
            for (int i = 0; i < 64; i++) image[i] = (float)((level[i] + 128.0) / 255.0);
            tl_jpeg(&dct, (tl_shape){1, 8, 8}, 50, image, out);
            for (int i = 0; i < 64; i++) level[i] = 255.0 * (double)out[i] - 128.0;
            tl_dct_forward(&dct, level, seen);
            /* Rounding to whole levels moves it by 0.3 on the average. */
            assert_true(fabs(seen[cases[c].at] - (3 + half) * cases[c].step) < 3.0);
        }
        tl_arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similarity_is_the_plain_one),
        cmocka_unit_test(equal_images_are_similar_and_negatives_are_not),
        cmocka_unit_test(psnr_is_of_a_known_step),
        cmocka_unit_test(median_takes_out_a_point_and_keeps_an_edge),
        cmocka_unit_test(blur_of_a_point_is_the_window),
        cmocka_unit_test(less_quality_is_more_error),
        cmocka_unit_test(coefficients_are_rounded_by_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
