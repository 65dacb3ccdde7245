/* Every problem of linear algebra by ScaLAPACK on every aligned block of the ranks, against
 * LAPACK's solution. */
#include "tests/support/mpi_main.h"

#include "compute/core/rng.h"
#include "compute/linalg/linalg.h"
#include "compute/linalg/residual.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Below, at and above a block of 32, of which most are no multiple; the small ones leave
 * members of a grid without a row. Tall, wide, and on both sides of the SVD's crossover. */
static const int shapes[][2] = {{1, 1},    {3, 1},    {1, 3},    {3, 3},    {5, 2},
                                {31, 31},  {32, 32},  {33, 20},  {20, 33},  {64, 64},
                                {100, 70}, {70, 100}, {200, 45}, {45, 200}, {150, 150}};
enum { SHAPES = sizeof shapes / sizeof *shapes, MOST = 200, RIGHT = 3 };
enum { TALL = 12, SQUARE = 14 }; /* of the shapes */

/* One problem with room for two solutions of it. */
typedef struct pair {
    double a[MOST * MOST], b[MOST * RIGHT];
    double value[2][MOST], u[2][MOST * MOST], vt[2][MOST * MOST], x[2][MOST * MOST];
} pair;

static double *distinct(pair *p, int m, int n)
{
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "matrix");
    for (int i = 0; i < m * n; i++) p->a[i] = tl_rng_normal(&rng);
    for (int i = 0; i < m * RIGHT; i++) p->b[i] = tl_rng_normal(&rng);
    return p->a;
}

/* Makes the matrix of `operation`. \return whether it has this shape at all */
static bool make(pair *p, tl_linalg_operation operation, int m, int n)
{
    const bool is_square = operation == TL_LINALG_EIGEN || operation == TL_LINALG_SOLVE_SPD;
    if (is_square ? m != n : operation == TL_LINALG_LEAST_SQUARES && m < n) return false;
    const double *a = distinct(p, m, n);
    for (int i = 0; is_square && i < n; i++) {
        for (int j = 0; j < i; j++) p->a[j * n + i] = a[i * n + j];
        if (operation == TL_LINALG_SOLVE_SPD) p->a[i * n + i] += 4.0 * n;
    }
    return true;
}

static tl_linalg_problem problem_of(pair *p, tl_linalg_operation operation, int m, int n,
                                    int which)
{
    tl_linalg_problem out = {.operation = operation, .a = tl_matrix_of(p->a, m, n)};
    const bool has_values = operation == TL_LINALG_SVD || operation == TL_LINALG_EIGEN;
    if (has_values) {
        out.value = p->value[which];
        out.vt = p->vt[which];
        if (operation == TL_LINALG_SVD) out.u = p->u[which];
    } else {
        out.x = p->x[which];
        if (operation != TL_LINALG_GRAM) out.b = tl_matrix_of(p->b, m, RIGHT);
    }
    return out;
}

static tl_team open_block(int width)
{
    const int rank = tl_cluster_rank(cluster_here());
    tl_team team = {0};
    const tl_status status = tl_team_mpi_open(cluster_here(), rank / width * width, width,
                                              next_epoch(), 30.0, &team, NULL);
    assert_all(status == TL_OK);
    return team;
}

/* Of the teams in a test: half of the ranks. Narrower ones have runs of their own. */
static int min_ranks(void)
{
    const int size = tl_cluster_size(cluster_here());
    return size > 1 ? size / 2 : 1;
}

/* To 1e-10 of the largest. */
static bool is_near(const double *x, const double *wanted, int n)
{
    double largest = 0.0;
    for (int i = 0; i < n; i++) largest = fmax(largest, fabs(wanted[i]));
    for (int i = 0; i < n; i++)
        if (!(fabs(x[i] - wanted[i]) <= 1e-10 * largest)) return false;
    return true;
}

static tl_status solve(const tl_team *team, const tl_linalg_problem *p,
                       tl_linalg_route route, tl_residual *found)
{
    tl_arena scratch = tl_arena_open(0);
    const tl_status status = tl_linalg_solve(team, *p, route, &scratch, found, NULL);
    tl_arena_close(&scratch);
    return status;
}

/* Solutions agree, and the second one's residual and orthogonality are rounding. */
static void assert_solved(const tl_team *team, pair *both, tl_linalg_operation operation,
                          int m, int n)
{
    const int few = m < n ? m : n;
    const tl_linalg_problem wanted = problem_of(both, operation, m, n, 0);
    tl_linalg_problem here = problem_of(both, operation, m, n, 1);
    tl_residual found;
    assert_all(solve(team, &wanted, TL_LINALG_BY_LAPACK, NULL) == TL_OK);
    assert_all(solve(team, &here, TL_LINALG_BY_SCALAPACK, &found) == TL_OK);
    assert_all(found.residual < 10.0 && found.orthogonality < 10.0);
    if (here.x)
        assert_all(
            is_near(here.x, wanted.x, n * (operation == TL_LINALG_GRAM ? n : RIGHT)));
    if (!here.value) return;
    assert_all(is_near(here.value, wanted.value, few));
    here.u = here.vt = NULL; /* without vectors, another routine */
    assert_all(solve(team, &here, TL_LINALG_BY_SCALAPACK, NULL) == TL_OK);
    assert_all(is_near(here.value, wanted.value, few));
}

/* Fails when a local row is taken for the global one (scalapack_matrix.c,
 * tl_distributed_global). */
static void solutions_are_those_of_lapack(void **state)
{
    (void)state;
    pair *both = calloc(1, sizeof *both);
    assert_all(both != NULL);
    for (int width = min_ranks(); width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        assert_all(tl_linalg_has_scalapack(&team));
        for (int k = 0; k < SHAPES; k++) {
            const int m = shapes[k][0], n = shapes[k][1];
            for (int operation = 0; operation < TL_LINALG_OPERATIONS; operation++)
                if (make(both, (tl_linalg_operation)operation, m, n))
                    assert_solved(&team, both, (tl_linalg_operation)operation, m, n);
        }
        tl_team_mpi_close(&team);
    }
    free(both);
}

/* Whatever the order in which messages arrive. */
static void a_repeat_has_the_same_bits_on_every_member(void **state)
{
    (void)state;
    pair *both = calloc(1, sizeof *both);
    assert_all(both != NULL);
    for (int width = min_ranks(); width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        for (int k = 0; k < 2 * TL_LINALG_OPERATIONS; k++) {
            const tl_linalg_operation operation = (tl_linalg_operation)(k / 2);
            const int *shape = shapes[k % 2 ? TALL : SQUARE];
            if (!make(both, operation, shape[0], shape[1])) continue;
            memset(both->value, 0, sizeof *both - offsetof(pair, value));
            for (int repeat = 0; repeat < 4; repeat++) {
                const tl_linalg_problem p =
                    problem_of(both, operation, shape[0], shape[1], repeat > 0);
                assert_all(solve(&team, &p, TL_LINALG_BY_SCALAPACK, NULL) == TL_OK);
                if (repeat == 0) continue;
                assert_all(memcmp(both->value[0], both->value[1], sizeof both->value[0]) ==
                               0 &&
                           memcmp(both->u[0], both->u[1], sizeof both->u[0]) == 0 &&
                           memcmp(both->vt[0], both->vt[1], sizeof both->vt[0]) == 0 &&
                           memcmp(both->x[0], both->x[1], sizeof both->x[0]) == 0);
            }
            /* ... and those of member 0 */
            assert_all(tl_team_broadcast(&team, both->vt[0], sizeof both->vt[0], NULL) ==
                       TL_OK);
            assert_all(tl_team_broadcast(&team, both->x[0], sizeof both->x[0], NULL) ==
                       TL_OK);
            assert_all(memcmp(both->vt[0], both->vt[1], sizeof both->vt[0]) == 0 &&
                       memcmp(both->x[0], both->x[1], sizeof both->x[0]) == 0);
        }
        tl_team_mpi_close(&team);
    }
    free(both);
}

static void what_has_no_solution_is_refused_and_the_team_goes_on(void **state)
{
    (void)state;
    pair *both = calloc(1, sizeof *both);
    tl_team team = open_block(tl_cluster_size(cluster_here()));
    assert_all(both != NULL);
    for (int operation = 0; operation < TL_LINALG_OPERATIONS; operation++) {
        const tl_linalg_operation o = (tl_linalg_operation)operation;
        const tl_linalg_problem p = problem_of(both, o, 40, 40, 0);
        (void)make(both, o, 40, 40);
        both->a[7] = (double)NAN;
        assert_all(solve(&team, &p, TL_LINALG_BY_SCALAPACK, NULL) == TL_E_NUMERIC);
        (void)make(both, o, 40, 40);
        if (o == TL_LINALG_SOLVE_SPD) both->a[35 * 40 + 35] = -1.0; /* indefinite */
        if (o == TL_LINALG_LEAST_SQUARES)                           /* a column twice */
            for (int i = 0; i < 40; i++) both->a[i * 40 + 36] = both->a[i * 40 + 3];
        if (p.b.at)
            assert_all(solve(&team, &p, TL_LINALG_BY_SCALAPACK, NULL) == TL_E_NUMERIC);
        (void)make(both, o, 40, 40);
        assert_all(solve(&team, &p, TL_LINALG_BY_SCALAPACK, NULL) == TL_OK);
    }
    free(both);
    tl_team_mpi_close(&team);
}

/* The functions that choose by size choose ScaLAPACK, and all give one answer. */
static void large_ones_go_by_scalapack(void **state)
{
    (void)state;
    enum { N = TL_LINALG_GRAM_FROM, M = N + 40 };
    tl_team team = open_block(tl_cluster_size(cluster_here()));
    tl_arena scratch = tl_arena_open(0);
    double *a = calloc((size_t)M * N, sizeof *a), *x = calloc((size_t)N * N, sizeof *x);
    assert_all(a && x);
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "large");
    for (int i = 0; i < M * N; i++) a[i] = tl_rng_normal(&rng);
    assert_all(tl_linalg_path(TL_LINALG_GRAM, M, N) == TL_LINALG_BY_SCALAPACK);
    assert_all(tl_linalg_gram(&team, tl_matrix_of(a, M, N), x, &scratch, NULL) == TL_OK);
    double along = 0.0;
    for (int i = 0; i < M; i++) along += a[(size_t)i * N + 5] * a[(size_t)i * N + 777];
    assert_all(fabs(x[5 * N + 777] - along) < 1e-9 && x[777 * N + 5] == x[5 * N + 777]);
    free(a);
    free(x);
    tl_arena_close(&scratch);
    tl_team_mpi_close(&team);
}

static void *cancel_soon(void *of)
{
    const struct timespec span = {.tv_nsec =
                                      3000000L + 7000000L * (long)(*(uint32_t *)of % 5)};
    nanosleep(&span, NULL);
    tl_heartbeat_cancel(cluster_here(), 0, tl_cluster_size(cluster_here()),
                        *(uint32_t *)of);
    return NULL;
}

static tl_status solve_on(const tl_team *team, const tl_linalg_problem *p)
{
    tl_status status = TL_OK;
    while (status == TL_OK) status = solve(team, p, TL_LINALG_BY_SCALAPACK, NULL);
    return status;
}

/* Everybody lives, but the block's grid was left half way: members solve each alone. The
 * last test here, since it invalidates grids. */
static void a_team_cancelled_while_solving_is_lost_and_the_next_one_solves(void **state)
{
    (void)state;
    pair *both = calloc(1, sizeof *both);
    const int size = tl_cluster_size(cluster_here()),
              rank = tl_cluster_rank(cluster_here());
    assert_all(both != NULL);
    for (int repeat = 0; size > 1 && repeat < TL_LINALG_OPERATIONS; repeat++) {
        const tl_linalg_operation operation = (tl_linalg_operation)repeat;
        const tl_linalg_problem p = problem_of(both, operation, 150, 150, 0);
        uint32_t epoch = next_epoch();
        pthread_t thread;
        tl_team team = {0};
        (void)make(both, operation, 150, 150);
        assert_all(tl_team_mpi_open(cluster_here(), 0, size, epoch, 86400.0, &team, NULL) ==
                   TL_OK);
        assert_all(rank != 0 || pthread_create(&thread, NULL, cancel_soon, &epoch) == 0);
        assert_all(solve_on(&team, &p) == TL_E_PEER);
        assert_all(rank != 0 || pthread_join(thread, NULL) == 0);
        tl_team_mpi_close(&team);
        team = open_block(size);
        assert_solved(&team, both, operation, 150, 150);
        tl_team_mpi_close(&team);
    }
    free(both);
}

const struct CMUnitTest tests_here[] = {
    cmocka_unit_test(solutions_are_those_of_lapack),
    cmocka_unit_test(a_repeat_has_the_same_bits_on_every_member),
    cmocka_unit_test(what_has_no_solution_is_refused_and_the_team_goes_on),
    cmocka_unit_test(large_ones_go_by_scalapack),
    cmocka_unit_test(a_team_cancelled_while_solving_is_lost_and_the_next_one_solves),
};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
