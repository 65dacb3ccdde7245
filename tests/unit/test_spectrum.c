/* Gram matrices summed by a team, the largest eigenvector, and the stage that stands on
 * both. */
#include "compute/core/blas.h"
#include "compute/linalg/gram.h"
#include "compute/linalg/lapack.h"
#include "compute/nn/probe.h"
#include "tests/support/team_threads.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 101, WIDTH = 13 };

typedef struct summing {
    float x[ROWS * WIDTH];
    int rows;
    tl_status status[TL_GRAM_CHUNKS];
    float gram[TL_GRAM_CHUNKS][WIDTH * WIDTH];
} summing;

static void sum_member(const tl_team *team, void *self)
{
    summing *s = self;
    tl_arena scratch = tl_arena_open(0);
    s->status[team->rank] =
        tl_gram(s->x, s->rows, WIDTH, team, &scratch, s->gram[team->rank], NULL);
    tl_arena_close(&scratch);
}

static void gram_is_the_product_whoever_sums(void **state)
{
    (void)state;
    static summing s;
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "rows");
    for (int i = 0; i < ROWS * WIDTH; i++) s.x[i] = (float)tl_rng_normal(&rng);
    for (s.rows = 1; s.rows <= ROWS; s.rows += 20) {
        const tl_team one = tl_team_alone();
        float alone[WIDTH * WIDTH];
        sum_member(&one, &s);
        memcpy(alone, s.gram[0], sizeof alone);
        for (int i = 0; i < WIDTH * WIDTH; i++) {
            double wanted = 0.0;
            for (int r = 0; r < s.rows; r++) {
                wanted +=
                    (double)s.x[r * WIDTH + i / WIDTH] * (double)s.x[r * WIDTH + i % WIDTH];
            }
            assert_true(fabs((double)alone[i] - wanted) < 1e-4);
        }
        for (int size = 2; size <= TL_GRAM_CHUNKS; size *= 2) {
            team_threads_run(size, sum_member, &s);
            for (int r = 0; r < size; r++) {
                assert_int_equal(s.status[r], TL_OK);
                assert_memory_equal(s.gram[r], alone, sizeof alone);
            }
        }
    }
}

/* A matrix made of a known largest eigenvalue along a known vector. */
static void largest_eigenvector_is_found(void **state)
{
    (void)state;
    for (int n = 1; n <= 40; n += 13) {
        tl_arena arena = tl_arena_open(0);
        double a[40 * 40], u[40], v[40], value, length = 0.0, along = 0.0;
        for (int i = 0; i < n; i++) {
            u[i] = sin(1.0 + i);
            length += u[i] * u[i];
        }
        for (int i = 0; i < n * n; i++) {
            const int r = i / n, c = i % n;
            a[i] = 3.0 * u[r] * u[c] / length + (r == c ? 0.5 : 0.0);
        }
        assert_int_equal(tl_symmetric_top(a, n, &arena, &value, v, NULL), TL_OK);
        assert_true(fabs(value - 3.5) < 1e-12);
        for (int i = 0; i < n; i++) along += u[i] * v[i] / sqrt(length);
        assert_true(fabs(fabs(along) - 1.0) < 1e-12);
        assert_int_equal(tl_arena_mark(&arena), 0);
        a[0] = (double)NAN;
        tl_err err = {0};
        assert_int_equal(tl_symmetric_top(a, n, &arena, &value, v, &err), TL_E_NUMERIC);
        tl_arena_close(&arena);
    }
}

/* --- the stage ------------------------------------------------------------------------ */

static const char name[] = "defense.spectral_signatures";

static const tl_dataset *cleaned(toy_world *toy, double eps, tl_measure *measure)
{
    tl_value arg[TL_MAX_PARAMS];
    const tl_dataset *before = toy->world.data[TL_PART_POOL];
    toy_defaults(tl_stage_find(name), arg);
    toy_set(name, arg, "eps", eps);
    toy_do(toy, name, arg, measure);
    const tl_dataset *after = toy->world.data[TL_PART_POOL];
    toy->world.data[TL_PART_POOL] = before;
    return after;
}

static int count(const tl_dataset *data, int class, bool member)
{
    int rows = 0;
    for (int i = 0; i < data->rows; i++) {
        rows +=
            data->label[i] == class && ((data->flags[i] & TL_ROW_MEMBER) != 0) == member;
    }
    return rows;
}

static void members_and_others_leave_in_the_same_share(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const tl_dataset *pool = toy.world.data[TL_PART_POOL];
    const tl_dataset *rest = cleaned(&toy, 0.2, measure);
    int removed = 0;
    for (int class = 0; class < 3; class ++) {
        for (int member = 0; member <= 1; member++) {
            const int n = count(pool, class, member != 0);
            const int left = count(rest, class, member != 0);
            assert_int_equal(n - left, (int)floor(0.3 * n));
            if (member) removed += n - left;
        }
    }
    assert_true(toy_metric(name, measure, "removed") == removed);
    assert_true(toy_metric(name, measure, "precision") == 0.0); /* none was poisoned */
    assert_true(isnan(toy_metric(name, measure, "recall")) != 0);
    toy_world_close(&toy);
}

static void nothing_feared_nothing_removed_and_more_removes_a_superset(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const tl_dataset *all = cleaned(&toy, 0.0, measure);
    assert_int_equal(all->rows, 200);
    assert_true(isnan(toy_metric(name, measure, "precision")) != 0);
    const tl_dataset *many = cleaned(&toy, 0.1, NULL), *few = cleaned(&toy, 0.3, NULL);
    assert_true(few->rows < many->rows);
    for (int i = 0, at = 0; i < few->rows; i++) { /* in order, and of the other's rows */
        while (at < many->rows && many->origin[at] != few->origin[i]) at++;
        assert_true(at < many->rows);
    }
    toy_world_close(&toy);
}

/* Largest eigenvalue over trace of the covariance of x [rows x width], by multiplying a
 * vector by it again and again. */
static double share_of(double *x, int rows, int width)
{
    double *v = calloc((size_t)width, sizeof *v), *next = calloc((size_t)width, sizeof *v);
    double trace = 0.0, norm = 0.0;
    assert_true(v && next);
    for (int i = 0; i < width; i++) {
        double mean = 0.0;
        v[i] = 1.0 + 0.1 * i;
        for (int r = 0; r < rows; r++) mean += x[r * width + i] / rows;
        for (int r = 0; r < rows; r++) {
            x[r * width + i] -= mean;
            trace += x[r * width + i] * x[r * width + i];
        }
    }
    for (int turn = 0; turn < 500; turn++) {
        memset(next, 0, (size_t)width * sizeof *next);
        for (int r = 0; r < rows; r++) {
            double along = 0.0;
            for (int i = 0; i < width; i++) along += x[r * width + i] * v[i];
            for (int i = 0; i < width; i++) next[i] += along * x[r * width + i];
        }
        norm = 0.0;
        for (int i = 0; i < width; i++) norm += next[i] * next[i];
        norm = sqrt(norm);
        for (int i = 0; i < width; i++) v[i] = next[i] / norm;
    }
    free(v);
    free(next);
    return norm / trace;
}

/* Fails when another eigenvalue or another class is taken (spectral_signatures.c,
 * find_axis and run). The team of one has no distributed solver. */
static void top_eigenvalue_is_the_largest_share_among_the_classes(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    (void)cleaned(&toy, 0.1, measure);
    const tl_dataset *pool = toy.world.data[TL_PART_POOL];
    const tl_model *target = toy.world.model[TL_PART_TARGET];
    const tl_team team = tl_team_alone();
    const int width = tl_model_features_size(&target->spec);
    tl_arena arena = tl_arena_open(0);
    float *feature = calloc((size_t)(pool->rows * width), sizeof *feature);
    double *x = calloc((size_t)(pool->rows * width), sizeof *x), largest = 0.0;
    assert_true(feature && x);
    assert_int_equal(
        tl_model_features(target, pool->input, pool->rows, &team, &arena, feature, NULL),
        TL_OK);
    for (int class = 0; class < pool->classes; class ++) {
        int rows = 0;
        for (int r = 0; r < pool->rows; r++) {
            if (pool->label[r] != class || !(pool->flags[r] & TL_ROW_MEMBER)) continue;
            for (int i = 0; i < width; i++)
                x[rows * width + i] = (double)feature[r * width + i];
            rows++;
        }
        largest = fmax(largest, share_of(x, rows, width));
    }
    assert_true(fabs(toy_metric(name, measure, "top_eigenvalue") - largest) < 1e-4);
    assert_true(isnan(toy_metric(name, measure, "top_eigenvalue_scalapack")) != 0);
    free(feature);
    free(x);
    tl_arena_close(&arena);
    toy_world_close(&toy);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gram_is_the_product_whoever_sums),
        cmocka_unit_test(largest_eigenvector_is_found),
        cmocka_unit_test(members_and_others_leave_in_the_same_share),
        cmocka_unit_test(nothing_feared_nothing_removed_and_more_removes_a_superset),
        cmocka_unit_test(top_eigenvalue_is_the_largest_share_among_the_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
