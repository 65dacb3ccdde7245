/* Eigenvalues by ScaLAPACK on every aligned block of the ranks, against LAPACK's. */
#include "tests/support/mpi_main.h"

#include "compute/nn/blas.h"

#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Below, at and above a block of 32, of which most are no multiple; 5 and 33 leave members
 * of a grid without a row. */
static const int sizes[] = {1, 2, 5, 31, 32, 33, 64, 100, 250};
enum { SIZES = 9, LARGEST = 250 };

static double entry(int i, int j)
{
    const uint32_t low = (uint32_t)(i < j ? i : j), high = (uint32_t)(i < j ? j : i);
    const uint32_t mixed = (low * 2654435761u) ^ (high * 2246822519u + (low << 7));
    return (double)(mixed >> 8) / 16777216.0 - 0.3 + (i == j ? 0.1 * i : 0.0);
}

/* The matrix of size n; LAPACK's eigenvalues of it. Freed by the caller. */
static double *matrix(int n, double *wanted)
{
    const size_t size = (size_t)n * (size_t)n;
    double *a = calloc(size, sizeof *a), *copy = calloc(size, sizeof *copy);
    bool is_right = a && copy;
    for (int i = 0; is_right && i < n * n; i++) a[i] = copy[i] = entry(i / n, i % n);
    if (is_right)
        is_right = LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'U', n, copy, n, wanted) == 0;
    free(copy);
    if (is_right) return a;
    free(a);
    return NULL;
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

static bool is_near(const double *value, const double *wanted, int n)
{
    const double low = fabs(wanted[0]), high = fabs(wanted[n - 1]);
    for (int i = 0; i < n; i++)
        if (!(fabs(value[i] - wanted[i]) <= 1e-12 * (low > high ? low : high)))
            return false;
    return true;
}

/* Fails when a local row is taken for the global one (scalapack.c, global_of). */
static void values_are_those_of_lapack(void **state)
{
    (void)state;
    double wanted[LARGEST], value[LARGEST];
    tl_blas_start();
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        assert_all(tl_team_has_eigenvalues(&team));
        for (int k = 0; k < SIZES; k++) {
            const int n = sizes[k];
            double *a = matrix(n, wanted);
            assert_all(a != NULL);
            assert_all(tl_team_eigenvalues(&team, a, n, value, NULL) == TL_OK);
            assert_all(is_near(value, wanted, n));
            free(a);
        }
        tl_team_mpi_close(&team);
    }
}

/* Whatever the order in which messages arrive. */
static void a_repeat_has_the_same_bits_on_every_member(void **state)
{
    (void)state;
    double wanted[LARGEST], first[LARGEST], value[LARGEST];
    double *a = matrix(LARGEST, wanted);
    assert_all(a != NULL);
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        for (int repeat = 0; repeat < 6; repeat++) {
            double *to = repeat == 0 ? first : value;
            assert_all(tl_team_eigenvalues(&team, a, LARGEST, to, NULL) == TL_OK);
            if (repeat > 0) assert_all(memcmp(first, value, sizeof first) == 0);
        }
        memcpy(value, first, sizeof value);
        assert_all(tl_team_broadcast(&team, value, sizeof value, NULL) == TL_OK);
        assert_all(memcmp(first, value, sizeof first) == 0);
        tl_team_mpi_close(&team);
    }
    free(a);
}

static void what_is_not_finite_is_refused_and_the_team_goes_on(void **state)
{
    (void)state;
    double wanted[5], value[5];
    tl_team team = open_block(tl_cluster_size(cluster_here()));
    double *a = matrix(5, wanted);
    assert_all(a != NULL);
    const double kept = a[7];
    a[7] = (double)NAN;
    assert_all(tl_team_eigenvalues(&team, a, 5, value, NULL) == TL_E_NUM);
    a[7] = kept;
    assert_all(tl_team_eigenvalues(&team, a, 5, value, NULL) == TL_OK);
    assert_all(is_near(value, wanted, 5));
    free(a);
    tl_team_mpi_close(&team);
}

static void *call_off_soon(void *of)
{
    const struct timespec span = {.tv_nsec =
                                      3000000L + 7000000L * (long)(*(uint32_t *)of % 5)};
    nanosleep(&span, NULL);
    tl_pulse_call_off(cluster_here(), 0, tl_cluster_size(cluster_here()), *(uint32_t *)of);
    return NULL;
}

/* Solves until the team is called off. */
static tl_status solve_on(const tl_team *team, const double *a, double *value)
{
    tl_status status = TL_OK;
    while (status == TL_OK) status = tl_team_eigenvalues(team, a, LARGEST, value, NULL);
    return status;
}

/* Everybody lives, but the block's grid was left half way: members solve each alone. The
 * last test here, since it burns grids. */
static void a_team_called_off_while_solving_is_lost_and_the_next_one_solves(void **state)
{
    (void)state;
    double wanted[LARGEST], value[LARGEST];
    double *a = matrix(LARGEST, wanted);
    const int size = tl_cluster_size(cluster_here()),
              rank = tl_cluster_rank(cluster_here());
    assert_all(a != NULL);
    for (int repeat = 0; size > 1 && repeat < 5; repeat++) {
        uint32_t epoch = next_epoch();
        pthread_t thread;
        tl_team team = {0};
        assert_all(tl_team_mpi_open(cluster_here(), 0, size, epoch, 60.0, &team, NULL) ==
                   TL_OK);
        assert_all(rank != 0 || pthread_create(&thread, NULL, call_off_soon, &epoch) == 0);
        assert_all(solve_on(&team, a, value) == TL_E_LOST);
        assert_all(rank != 0 || pthread_join(thread, NULL) == 0);
        tl_team_mpi_close(&team);
        team = open_block(size);
        assert_all(tl_team_eigenvalues(&team, a, LARGEST, value, NULL) == TL_OK);
        assert_all(is_near(value, wanted, LARGEST));
        tl_team_mpi_close(&team);
    }
    free(a);
}

const struct CMUnitTest tests_here[] = {
    cmocka_unit_test(values_are_those_of_lapack),
    cmocka_unit_test(a_repeat_has_the_same_bits_on_every_member),
    cmocka_unit_test(what_is_not_finite_is_refused_and_the_team_goes_on),
    cmocka_unit_test(a_team_called_off_while_solving_is_lost_and_the_next_one_solves),
};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
