/* Linear algebra by LAPACK: known spectra, known solutions, what is refused. */
#include "compute/core/rng.h"
#include "compute/linalg/linalg.h"
#include "compute/linalg/residual.h"
#include "tests/support/team_threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 48, RIGHT = 3 };

static const int shapes[][2] = {{1, 1},   {1, 5},   {5, 1},  {3, 7},
                                {40, 13}, {13, 40}, {30, 30}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static double room_a[MOST * MOST], room_b[MOST * MOST], room_u[MOST * MOST],
    room_v[MOST * MOST], room_x[MOST * MOST], room_s[MOST], room_w[MOST];

static void fill(double *x, int n, const char *name)
{
    tl_rng rng = tl_rng_stream(7, 0, "test", 0, name);
    for (int i = 0; i < n; i++) x[i] = tl_rng_normal(&rng);
}

/* Multiplies a [m x n] by the reflections along v [m] and w [n]: singular values stay. */
static void reflect(double *a, int m, int n, const double *v, const double *w)
{
    double vv = 0.0, ww = 0.0;
    for (int i = 0; i < m; i++) vv += v[i] * v[i];
    for (int j = 0; j < n; j++) ww += w[j] * w[j];
    for (int j = 0; j < n; j++) {
        double along = 0.0;
        for (int i = 0; i < m; i++) along += v[i] * a[i * n + j];
        for (int i = 0; i < m; i++) a[i * n + j] -= 2.0 * along / vv * v[i];
    }
    for (int i = 0; i < m; i++) {
        double along = 0.0;
        for (int j = 0; j < n; j++) along += w[j] * a[i * n + j];
        for (int j = 0; j < n; j++) a[i * n + j] -= 2.0 * along / ww * w[j];
    }
}

/* The i-th value of the matrices below. */
static double spectrum(int i)
{
    return 8.0 / (1.0 + i);
}

/* A matrix [m x n] with these singular values, or eigenvalues if `is_symmetric`. */
static tl_matrix known(int m, int n, bool is_symmetric)
{
    double v[MOST], w[MOST];
    memset(room_a, 0, sizeof room_a);
    for (int i = 0; i < m && i < n; i++) room_a[i * n + i] = spectrum(i);
    fill(v, m, "left");
    fill(w, n, "right");
    reflect(room_a, m, n, v, is_symmetric ? v : w);
    return tl_matrix_of(room_a, m, n);
}

/* q [r x n]: rows are orthonormal, or columns. */
static void assert_orthonormal(const double *q, int rows, int columns, bool by_rows)
{
    const int count = by_rows ? rows : columns, length = by_rows ? columns : rows;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            double sum = 0.0;
            for (int k = 0; k < length; k++)
                sum += by_rows ? q[i * columns + k] * q[j * columns + k]
                               : q[k * columns + i] * q[k * columns + j];
            assert_true(fabs(sum - (i == j)) < 1e-13);
        }
    }
}

static void singular_values_and_vectors_are_those_the_matrix_was_made_of(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int t = 0; t < SHAPES; t++) {
        const int m = shapes[t][0], n = shapes[t][1], few = m < n ? m : n;
        const tl_matrix a = known(m, n, false);
        const tl_svd all = {room_s, room_u, room_v};
        assert_int_equal(tl_linalg_svd(&team, a, all, &arena, NULL), TL_OK);
        for (int i = 0; i < few; i++) assert_true(fabs(room_s[i] - spectrum(i)) < 1e-13);
        assert_orthonormal(room_u, m, few, false);
        assert_orthonormal(room_v, few, n, true);
        for (int i = 0; i < m * n; i++) {
            double sum = 0.0;
            for (int k = 0; k < few; k++)
                sum += room_u[i / n * few + k] * room_s[k] * room_v[k * n + i % n];
            assert_true(fabs(sum - a.at[i]) < 1e-13);
        }
        for (int wanted = 0; wanted < 3; wanted++) { /* less than all */
            double value[MOST], part[MOST * MOST];
            const tl_svd some = {value, wanted == 1 ? part : NULL,
                                 wanted == 2 ? part : NULL};
            assert_int_equal(tl_linalg_svd(&team, a, some, &arena, NULL), TL_OK);
            for (int i = 0; i < few; i++) assert_true(fabs(value[i] - room_s[i]) < 1e-13);
            if (wanted == 1)
                assert_memory_equal(part, room_u, sizeof *part * (size_t)(m * few));
            if (wanted == 2)
                assert_memory_equal(part, room_v, sizeof *part * (size_t)(few * n));
        }
        assert_int_equal(tl_arena_mark(&arena), 0);
    }
    tl_arena_close(&arena);
}

static void eigenvalues_rise_and_vectors_are_rows(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int n = 1; n <= MOST; n += 11) {
        double value[MOST];
        const tl_matrix a = known(n, n, true);
        for (int i = 0; i < n; i++) /* the upper triangle is not read */
            for (int j = i + 1; j < n; j++) room_a[i * n + j] = 1e9;
        assert_int_equal(tl_linalg_eigen(&team, a, room_s, room_v, &arena, NULL), TL_OK);
        assert_int_equal(tl_linalg_eigen(&team, a, value, NULL, &arena, NULL), TL_OK);
        assert_orthonormal(room_v, n, n, true);
        for (int i = 0; i < n; i++) {
            assert_true(fabs(room_s[i] - spectrum(n - 1 - i)) < 1e-13);
            assert_true(fabs(room_s[i] - value[i]) < 1e-13);
            for (int j = 0; j < n; j++) { /* a v = value v */
                double sum = 0.0;
                for (int k = 0; k < n; k++)
                    sum += room_a[j > k ? j * n + k : k * n + j] * room_v[i * n + k];
                assert_true(fabs(sum - room_s[i] * room_v[i * n + j]) < 1e-13);
            }
        }
    }
    tl_arena_close(&arena);
}

/* b = a x for an x that is known, of a [m x n]. */
static tl_matrix right_hand_sides(tl_matrix a, double *wanted)
{
    fill(wanted, a.columns * RIGHT, "x");
    for (int i = 0; i < a.rows * RIGHT; i++) {
        room_b[i] = 0.0;
        for (int k = 0; k < a.columns; k++)
            room_b[i] += a.at[i / RIGHT * a.columns + k] * wanted[k * RIGHT + i % RIGHT];
    }
    return tl_matrix_of(room_b, a.rows, RIGHT);
}

static void positive_definite_systems_are_solved(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int n = 1; n <= MOST; n += 11) {
        double wanted[MOST * RIGHT];
        const tl_matrix a = known(n, n, true), b = right_hand_sides(a, wanted);
        assert_int_equal(tl_linalg_solve_spd(&team, a, b, room_x, &arena, NULL), TL_OK);
        for (int i = 0; i < n * RIGHT; i++)
            assert_true(fabs(room_x[i] - wanted[i]) < 1e-11);
    }
    /* What is badly scaled is not singular. */
    const double steep[] = {1.0, 0.0, 0.0, 1e-40}, b[] = {1.0, 1e-40};
    assert_int_equal(tl_linalg_solve_spd(&team, tl_matrix_of(steep, 2, 2),
                                         tl_matrix_of(b, 2, 1), room_x, &arena, NULL),
                     TL_OK);
    assert_true(fabs(room_x[0] - 1.0) < 1e-15 && fabs(room_x[1] - 1.0) < 1e-15);
    tl_arena_close(&arena);
}

static void least_squares_leave_a_rest_that_is_square_to_the_columns(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int t = 0; t < SHAPES; t++) {
        const int m = shapes[t][0], n = shapes[t][1];
        double wanted[MOST * RIGHT];
        if (m < n) continue;
        const tl_matrix a = known(m, n, false), b = right_hand_sides(a, wanted);
        assert_int_equal(tl_linalg_least_squares(&team, a, b, room_x, &arena, NULL), TL_OK);
        for (int i = 0; i < n * RIGHT; i++)
            assert_true(fabs(room_x[i] - wanted[i]) < 1e-12);
        fill(room_b, m * RIGHT, "noise");
        assert_int_equal(tl_linalg_least_squares(&team, a, b, room_x, &arena, NULL), TL_OK);
        for (int c = 0; c < RIGHT; c++) {
            for (int i = 0; i < m; i++) {
                room_w[i] = -b.at[i * RIGHT + c];
                for (int j = 0; j < n; j++)
                    room_w[i] += a.at[i * n + j] * room_x[j * RIGHT + c];
            }
            for (int j = 0; j < n; j++) {
                double along = 0.0;
                for (int i = 0; i < m; i++) along += a.at[i * n + j] * room_w[i];
                assert_true(fabs(along) < 1e-12);
            }
        }
    }
    tl_arena_close(&arena);
}

static void gram_is_the_product_of_the_columns(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int t = 0; t < SHAPES; t++) {
        const int m = shapes[t][0], n = shapes[t][1];
        const tl_matrix a = known(m, n, false);
        assert_int_equal(tl_linalg_gram(&team, a, room_x, &arena, NULL), TL_OK);
        for (int i = 0; i < n * n; i++) {
            double sum = 0.0;
            for (int k = 0; k < m; k++) sum += a.at[k * n + i / n] * a.at[k * n + i % n];
            assert_true(fabs(room_x[i] - sum) < 1e-12);
        }
    }
    tl_arena_close(&arena);
}

static void tiny_and_huge_entries_pass(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int exponent = -500; exponent <= 500; exponent += 250) {
        const tl_matrix a = known(20, 20, true);
        const tl_svd values = {room_s, NULL, NULL}, all = {room_s, room_u, room_v};
        for (int i = 0; i < 400; i++) room_a[i] = ldexp(room_a[i], exponent);
        assert_int_equal(tl_linalg_svd(&team, a, values, &arena, NULL), TL_OK);
        assert_int_equal(tl_linalg_svd(&team, a, all, &arena, NULL), TL_OK);
        assert_int_equal(tl_linalg_eigen(&team, a, room_s, NULL, &arena, NULL), TL_OK);
        assert_int_equal(tl_linalg_eigen(&team, a, room_s, room_v, &arena, NULL), TL_OK);
        assert_true(fabs(ldexp(room_s[19], -exponent) - spectrum(0)) < 1e-13);
    }
    memset(room_a, 0, sizeof room_a); /* and none at all */
    const tl_svd all = {room_s, room_u, room_v};
    assert_int_equal(tl_linalg_svd(&team, tl_matrix_of(room_a, 4, 9), all, &arena, NULL),
                     TL_OK);
    assert_true(room_s[0] == 0.0);
    tl_arena_close(&arena);
}

/* --- what is refused ------------------------------------------------------------------ */

static tl_status do_one(const tl_team *team, tl_linalg_operation operation, tl_matrix a,
                        tl_matrix b, tl_arena *scratch, tl_err *err)
{
    const tl_svd all = {room_s, room_u, room_v};
    switch (operation) {
    case TL_LINALG_SVD:
        return tl_linalg_svd(team, a, all, scratch, err);
    case TL_LINALG_EIGEN:
        return tl_linalg_eigen(team, a, room_s, room_v, scratch, err);
    case TL_LINALG_SOLVE_SPD:
        return tl_linalg_solve_spd(team, a, b, room_x, scratch, err);
    case TL_LINALG_LEAST_SQUARES:
        return tl_linalg_least_squares(team, a, b, room_x, scratch, err);
    default:
        return tl_linalg_gram(team, a, room_x, scratch, err);
    }
}

typedef struct refusal {
    tl_linalg_operation operation;
    int m, n, right_rows, right;
    double entry[9];
    tl_status status;
    const char *text;
} refusal;

static void what_has_no_solution_is_refused_by_name(void **state)
{
    (void)state;
    static const refusal table[] = {
        {TL_LINALG_SVD, 0, 3, 0, 0, {0}, TL_E_ARG, "svd: the matrix is 0x3"},
        {TL_LINALG_EIGEN, 2, 3, 0, 0, {0}, TL_E_ARG, "eigen: the matrix is 2x3, and must"},
        {TL_LINALG_SOLVE_SPD,
         2,
         2,
         2,
         1,
         {1, 0, 2, 1},
         TL_E_NUMERIC,
         "not positive definite: its leading minor of order 2 is not"},
        {TL_LINALG_SOLVE_SPD,
         2,
         2,
         2,
         1,
         {-1, 0, 0, 1},
         TL_E_NUMERIC,
         "minor of order 1 is"},
        {TL_LINALG_SOLVE_SPD,
         2,
         2,
         2,
         1,
         {1, 1, 1, 1 + 2.3e-16},
         TL_E_NUMERIC,
         "singular to working precision: column 1"},
        {TL_LINALG_SOLVE_SPD,
         2,
         2,
         3,
         1,
         {1, 0, 0, 1},
         TL_E_ARG,
         "sides are 3x1, but need"},
        {TL_LINALG_SOLVE_SPD,
         2,
         2,
         2,
         0,
         {1, 0, 0, 1},
         TL_E_ARG,
         "sides are 2x0, but need"},
        {TL_LINALG_LEAST_SQUARES, 2, 3, 2, 1, {0}, TL_E_ARG, "as many rows as columns"},
        {TL_LINALG_LEAST_SQUARES, 3, 2, 3, 1, {1, 0, 2, 0, 3, 0}, TL_E_NUMERIC, "singular"},
        {TL_LINALG_LEAST_SQUARES,
         3,
         2,
         3,
         1,
         {0.1, 0.3, 0.2, 0.6, 0.7, 2.1},
         TL_E_NUMERIC,
         "singular to working precision: column 1"},
    };
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const refusal *r = &table[i];
        tl_err err = {0};
        fill(room_b, MOST, "b");
        const tl_matrix a = tl_matrix_of(r->entry, r->m, r->n);
        const tl_matrix b = tl_matrix_of(room_b, r->right_rows, r->right);
        assert_int_equal(do_one(&team, r->operation, a, b, &arena, &err), r->status);
        if (!strstr(err.text, r->text)) fail_msg("%zu: %s", i, err.text);
        assert_int_equal(tl_arena_mark(&arena), 0);
    }
    tl_arena_close(&arena);
}

static void what_is_not_finite_is_refused(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (int operation = 0; operation < TL_LINALG_OPERATIONS; operation++) {
        for (int k = 0; k < 6; k++) {
            double wanted[MOST * RIGHT];
            const tl_matrix a = known(6, 6, true), b = right_hand_sides(a, wanted);
            const bool has_b =
                operation == TL_LINALG_SOLVE_SPD || operation == TL_LINALG_LEAST_SQUARES;
            (k < 3 || !has_b ? room_a : room_b)[7] = bad[k % 3];
            tl_err err = {0};
            assert_int_equal(
                do_one(&team, (tl_linalg_operation)operation, a, b, &arena, &err),
                TL_E_NUMERIC);
            assert_non_null(strstr(err.text, "is not finite"));
        }
    }
    tl_arena_close(&arena);
}

/* Every result of every operation, one number off by 1e-6. */
static void a_wrong_result_fails_its_check(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    for (int operation = 0; operation < TL_LINALG_OPERATIONS; operation++) {
        double wanted[MOST * RIGHT];
        const tl_matrix a = known(12, 12, true), b = right_hand_sides(a, wanted);
        const bool has_b =
            operation == TL_LINALG_SOLVE_SPD || operation == TL_LINALG_LEAST_SQUARES;
        const bool has_values = operation <= TL_LINALG_EIGEN;
        tl_linalg_problem p = {.operation = (tl_linalg_operation)operation,
                               .a = a,
                               .value = has_values ? room_s : NULL,
                               .u = operation == TL_LINALG_SVD ? room_u : NULL,
                               .vt = has_values ? room_v : NULL,
                               .x = has_values ? NULL : room_x};
        if (has_b) p.b = b;
        assert_int_equal(do_one(&team, p.operation, a, b, &arena, NULL), TL_OK);
        tl_residual found;
        assert_int_equal(tl_residual_check(&p, &arena, &found, NULL), TL_OK);
        assert_true(found.residual < 5.0 && found.orthogonality < 5.0);
        assert_true((found.orthogonality > 0.0) == has_values);
        double *results[] = {p.value, p.u, p.vt, p.x};
        for (int k = 0; k < 4; k++) {
            if (!results[k]) continue;
            results[k][5] += 1e-6;
            assert_int_equal(tl_residual_check(&p, &arena, NULL, NULL), TL_E_NUMERIC);
            results[k][5] = (double)NAN;
            assert_int_equal(tl_residual_check(&p, &arena, NULL, NULL), TL_E_NUMERIC);
            assert_int_equal(do_one(&team, p.operation, a, b, &arena, NULL), TL_OK);
        }
        if (!has_values) continue;
        p.u = p.vt = NULL; /* by the values alone */
        assert_int_equal(tl_residual_check(&p, &arena, NULL, NULL), TL_OK);
        p.value[0] *= 1.0 + 1e-6;
        assert_int_equal(tl_residual_check(&p, &arena, NULL, NULL), TL_E_NUMERIC);
    }
    tl_arena_close(&arena);
}

/* --- memory, path, teams -------------------------------------------------------------- */

static void memory_is_what_was_announced(void **state)
{
    (void)state;
    const tl_team team = tl_team_alone();
    for (int operation = 0; operation < TL_LINALG_OPERATIONS; operation++) {
        for (int t = 0; t < SHAPES; t++) {
            const int m = shapes[t][0];
            const int n = operation == TL_LINALG_EIGEN || operation == TL_LINALG_SOLVE_SPD
                              ? m
                              : shapes[t][1];
            double wanted[MOST * RIGHT];
            if (operation == TL_LINALG_LEAST_SQUARES && m < n) continue;
            const tl_matrix a = known(m, n, m == n), b = right_hand_sides(a, wanted);
            tl_arena arena = tl_arena_counter();
            assert_int_equal(
                do_one(&team, (tl_linalg_operation)operation, a, b, &arena, NULL), TL_OK);
            const size_t bytes = arena.peak;
            tl_arena_close(&arena);
            arena = tl_arena_open(0);
            assert_int_equal(
                do_one(&team, (tl_linalg_operation)operation, a, b, &arena, NULL), TL_OK);
            assert_int_equal(arena.peak, bytes);
            tl_arena_close(&arena);
            arena = tl_arena_open(24);
            const tl_status status =
                do_one(&team, (tl_linalg_operation)operation, a, b, &arena, NULL);
            assert_int_equal(status, TL_E_NOMEM);
            assert_int_equal(tl_arena_mark(&arena), 0);
            tl_arena_close(&arena);
        }
    }
}

static void the_smaller_side_alone_says_which_path(void **state)
{
    (void)state;
    assert_int_equal(tl_linalg_path(TL_LINALG_SVD, 100000, TL_LINALG_SVD_FROM - 1),
                     TL_LINALG_BY_LAPACK);
    assert_int_equal(tl_linalg_path(TL_LINALG_SVD, TL_LINALG_SVD_FROM, 100000),
                     TL_LINALG_BY_SCALAPACK);
    assert_int_equal(
        tl_linalg_path(TL_LINALG_EIGEN, TL_LINALG_EIGEN_FROM - 1, TL_LINALG_EIGEN_FROM - 1),
        TL_LINALG_BY_LAPACK);
    assert_true(tl_linalg_six_digits(0.12345678901) == 0.123457);
    assert_true(tl_linalg_six_digits(-98765432.1) == -98765400.0);
}

typedef struct together {
    tl_status status[4];
    double value[4][MOST], vt[4][MOST * MOST];
    int short_of_memory; /* this member */
    tl_err err[4];
} together;

static void decompose_member(const tl_team *team, void *self)
{
    together *t = self;
    const int r = team->rank;
    double *u = calloc((size_t)MOST * MOST, sizeof *u);
    tl_arena scratch = tl_arena_open(r == t->short_of_memory ? 100 : 0);
    const tl_svd out = {t->value[r], u, t->vt[r]};
    t->status[r] =
        tl_linalg_svd(team, tl_matrix_of(room_a, 40, 20), out, &scratch, &t->err[r]);
    tl_arena_close(&scratch);
    free(u);
}

static void members_have_the_bits_of_one_and_fail_together(void **state)
{
    (void)state;
    static together one, many;
    const tl_team alone = tl_team_alone();
    (void)known(40, 20, false);
    one.short_of_memory = many.short_of_memory = -1;
    decompose_member(&alone, &one);
    for (int size = 2; size <= 4; size *= 2) {
        team_threads_run(size, decompose_member, &many);
        for (int r = 0; r < size; r++) {
            assert_int_equal(many.status[r], TL_OK);
            assert_memory_equal(many.value[r], one.value[0], sizeof one.value[0]);
            assert_memory_equal(many.vt[r], one.vt[0], sizeof one.vt[0]);
        }
    }
    many.short_of_memory = 1;
    team_threads_run(4, decompose_member, &many);
    for (int r = 0; r < 4; r++) {
        assert_int_equal(many.status[r], TL_E_NOMEM);
        assert_string_equal(many.err[r].text, many.err[1].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singular_values_and_vectors_are_those_the_matrix_was_made_of),
        cmocka_unit_test(eigenvalues_rise_and_vectors_are_rows),
        cmocka_unit_test(positive_definite_systems_are_solved),
        cmocka_unit_test(least_squares_leave_a_rest_that_is_square_to_the_columns),
        cmocka_unit_test(gram_is_the_product_of_the_columns),
        cmocka_unit_test(tiny_and_huge_entries_pass),
        cmocka_unit_test(what_has_no_solution_is_refused_by_name),
        cmocka_unit_test(what_is_not_finite_is_refused),
        cmocka_unit_test(a_wrong_result_fails_its_check),
        cmocka_unit_test(memory_is_what_was_announced),
        cmocka_unit_test(the_smaller_side_alone_says_which_path),
        cmocka_unit_test(members_have_the_bits_of_one_and_fail_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
