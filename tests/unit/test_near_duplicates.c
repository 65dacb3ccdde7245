/* compute/data/twins: near-duplicates on images made for it, and on real ones. */
#include "compute/data/near_duplicates.h"

#include "compute/core/rng.h"
#include "compute/data/source.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = 10, SIZE = SIDE * SIDE, MOST = 240 };

/* Images on the grid of bytes, as files bring them. */
typedef struct album {
    float input[MOST * SIZE];
    int32_t group[MOST], duplicate_of[MOST];
    int rows;
} album;

static void put_pixel(album *a, int row, int p, double value)
{
    value = value < 0.0 ? 0.0 : value > 255.0 ? 255.0 : value;
    a->input[row * SIZE + p] = (float)floor(value + 0.5) / 255.0f;
}

static double pixel_of(const album *a, int row, int p)
{
    return 255.0 * (double)a->input[row * SIZE + p];
}

/* An image unlike all others, of the stream's next numbers. */
static int add_stranger(album *a, tl_rng *rng)
{
    const double level = 100.0 + 50.0 * tl_rng_uniform(rng);
    for (int p = 0; p < SIZE; p++) {
        put_pixel(a, a->rows, p, level + 120.0 * (tl_rng_uniform(rng) - 0.5));
    }
    a->group[a->rows] = a->rows;
    return a->rows++;
}

/* `row` with every pixel moved by up to `noise`, and `shift` on top. */
static int add_variant(album *a, tl_rng *rng, int row, double noise, double shift)
{
    for (int p = 0; p < SIZE; p++) {
        const double off = noise * (2.0 * tl_rng_uniform(rng) - 1.0);
        put_pixel(a, a->rows, p, pixel_of(a, row, p) + off + shift);
    }
    a->group[a->rows] = a->rows;
    return a->rows++;
}

/* The same pixels as an image, a colour image of odd sides, and a volume: what is near does
 * not depend on it, whatever the grid of the search. */
static void find(album *a)
{
    static const tl_shape shape[] = {{1, SIDE, SIDE}, {4, 5, 5}, {10, 2, 5}};
    int32_t first[MOST];
    for (size_t k = 0; k < sizeof shape / sizeof *shape; k++) {
        const tl_dataset all = {.shape = shape[k], .rows = a->rows, .input = a->input};
        tl_err err = {0};
        if (tl_near_duplicates_find(&all, a->group, a->duplicate_of, 0, &err) != TL_OK)
            fail_msg("%s", err.text);
        if (k == 0) memcpy(first, a->duplicate_of, sizeof first);
        assert_memory_equal(first, a->duplicate_of, (size_t)a->rows * sizeof *first);
    }
}

static album *new_album(tl_rng *rng, uint64_t seed, int strangers)
{
    album *a = calloc(1, sizeof *a);
    assert_non_null(a);
    *rng = tl_rng_stream(seed, 0, "test", 0, "album");
    for (int i = 0; i < strangers; i++) (void)add_stranger(a, rng);
    return a;
}

static void noisy_copies_are_near_and_strangers_are_not(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 1, 20);
    const int copy = add_variant(a, &rng, 7, 6.0, 0.0);
    find(a);
    for (int i = 0; i < a->rows; i++)
        assert_int_equal(a->duplicate_of[i], i == copy ? 7 : i);
    free(a);
}

/* Correlation is 1 for a brighter copy; a difference of 20/255 everywhere is not small. */
static void a_brighter_copy_is_not_near(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 2, 20);
    const int far = add_variant(a, &rng, 3, 0.0, 20.0);
    const int close = add_variant(a, &rng, 4, 0.0, 5.0);
    find(a);
    assert_int_equal(a->duplicate_of[far], far);
    assert_int_equal(a->duplicate_of[close], 4);
    free(a);
}

/* One template and a little of its own on each: strangers that correlate above 0.98. Fails
 * when the correlation without the mean of the others is not asked for. */
static void shared_anatomy_makes_no_near_duplicates(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 3, 0);
    for (int i = 0; i < 40; i++) {
        for (int p = 0; p < SIZE; p++) {
            const int y = p / SIDE - SIDE / 2, x = p % SIDE - SIDE / 2;
            const double disc = x * x + y * y < 20 ? 200.0 : 20.0;
            put_pixel(a, i, p, disc + 14.0 * (tl_rng_uniform(&rng) - 0.5));
        }
        a->group[i] = i;
        a->rows++;
    }
    const int copy = add_variant(a, &rng, 11, 1.0, 0.0);
    find(a);
    for (int i = 0; i < a->rows; i++)
        assert_int_equal(a->duplicate_of[i], i == copy ? 11 : i);
    free(a);
}

static void chains_and_exact_copies_are_one_group(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 4, 15);
    int last = 5, row[4];
    for (int k = 0; k < 3; k++) row[k] = last = add_variant(a, &rng, last, 11.0, 0.0);
    row[3] = add_variant(a, &rng, last, 0.0, 0.0);
    a->group[row[3]] = last;
    find(a);
    for (int k = 0; k < 4; k++) assert_int_equal(a->duplicate_of[row[k]], 5);
    free(a);
}

static void plain_images_are_near_to_nothing(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 5, 12);
    for (int i = 3; i < 6; i++) {
        for (int p = 0; p < SIZE; p++) put_pixel(a, i, p, 100.0 + i);
    }
    find(a);
    for (int i = 0; i < a->rows; i++) assert_int_equal(a->duplicate_of[i], i);
    free(a);
}

static void two_images_alone_can_be_near(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 6, 1);
    (void)add_variant(a, &rng, 0, 4.0, 0.0);
    find(a);
    assert_int_equal(a->duplicate_of[1], 0);
    free(a);
}

/* The three conditions as the header states them, without bounds. */
static double correlation(const double *x, const double *y)
{
    double mx = 0.0, my = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;
    for (int p = 0; p < SIZE; p++) {
        mx += x[p] / SIZE;
        my += y[p] / SIZE;
    }
    for (int p = 0; p < SIZE; p++) {
        xx += (x[p] - mx) * (x[p] - mx);
        yy += (y[p] - my) * (y[p] - my);
        xy += (x[p] - mx) * (y[p] - my);
    }
    return xy / sqrt(xx * yy);
}

static bool is_near(const album *a, int i, int j)
{
    double x[SIZE], y[SIZE], u[SIZE], v[SIZE], apart = 0.0;
    for (int p = 0; p < SIZE; p++) {
        double mean_image = 0.0;
        for (int k = 0; k < a->rows; k++)
            mean_image += k == i || k == j ? 0.0 : pixel_of(a, k, p);
        x[p] = pixel_of(a, i, p);
        y[p] = pixel_of(a, j, p);
        u[p] = x[p] - mean_image / (a->rows - 2);
        v[p] = y[p] - mean_image / (a->rows - 2);
        apart += fabs(x[p] - y[p]) / SIZE;
    }
    return correlation(x, y) > 0.98 && apart <= 8.0 && correlation(u, v) > 0.93;
}

/* Noise of all sizes around the thresholds: the search must find what trying every pair
 * finds, whatever the bounds leave out. */
static void the_search_equals_trying_every_pair(void **state)
{
    (void)state;
    tl_rng rng;
    album *a = new_album(&rng, 7, 12);
    while (a->rows < 96) {
        const int of = (int)tl_rng_below(&rng, (uint32_t)a->rows);
        (void)add_variant(a, &rng, of, 24.0 * tl_rng_uniform(&rng),
                          12.0 * tl_rng_uniform(&rng) - 6.0);
    }
    int32_t wanted[MOST];
    int pairs = 0;
    for (int i = 0; i < a->rows; i++) wanted[i] = i;
    for (int i = 0; i < a->rows; i++) {
        for (int j = i + 1; j < a->rows; j++) {
            if (!is_near(a, i, j)) continue;
            pairs++;
            const int32_t low = wanted[i] < wanted[j] ? wanted[i] : wanted[j];
            const int32_t high = wanted[i] + wanted[j] - low;
            for (int k = 0; k < a->rows; k++)
                wanted[k] = wanted[k] == high ? low : wanted[k];
        }
    }
    find(a);
    assert_memory_equal(a->duplicate_of, wanted, (size_t)a->rows * sizeof *wanted);
    assert_in_range(pairs, 20, 1500);
    free(a);
}

/*
 * Counted apart by a program in numpy: pairs above 0.98, at most 8/255 apart, above 0.93
 * without the mean; joined to groups. BreastMNIST has many true ones; in RetinaMNIST the
 * first two conditions alone flag 80 of 400.
 */
static void real_sets_have_their_near_duplicates(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int validation, test;
    } cases[] = {{"medmnist/breastmnist", 30, 49}, {"medmnist/retinamnist", 1, 20}};
    const char *folder = getenv("THREATLOOP_TEST_DATA");
    if (!folder || !*folder) skip();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_arena arena = tl_arena_open(0);
        tl_source *source;
        tl_err err = {0};
        if (tl_source_open(cases[c].name, folder, NULL, &arena, &source, &err) != TL_OK) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(source->near_duplicates.validation, cases[c].validation);
        assert_int_equal(source->near_duplicates.test, cases[c].test);
        assert_non_null(strstr(source->note, "near-duplicate in train"));
        tl_arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noisy_copies_are_near_and_strangers_are_not),
        cmocka_unit_test(a_brighter_copy_is_not_near),
        cmocka_unit_test(shared_anatomy_makes_no_near_duplicates),
        cmocka_unit_test(chains_and_exact_copies_are_one_group),
        cmocka_unit_test(plain_images_are_near_to_nothing),
        cmocka_unit_test(two_images_alone_can_be_near),
        cmocka_unit_test(the_search_equals_trying_every_pair),
        cmocka_unit_test(real_sets_have_their_near_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
