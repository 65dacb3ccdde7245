/*
 * A member is killed inside ScaLAPACK: the others get TL_E_LOST at once when the team is
 * called off, survivors form a new team whose eigenvalues are right, and rank 0 says so.
 * Has its own main: asserting by MPI_Allreduce would hang.
 *
 * Four ranks solve again and again; a thread of rank 3 ends its process so many
 * milliseconds after the third solution began as the argument says. Fails when waiting does
 * not look whether the team is called off (blacs_guard.c, finish).
 */
#include "cluster/pulse.h"
#include "cluster/team_mpi.h"
#include "cluster/world.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { VICTIM = 3, RANKS = 4, N = 600, SOON = 5 /* s */ };

static void nap(long milliseconds)
{
    const struct timespec span = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&span, NULL);
}

static void need(bool condition, const char *what)
{
    if (condition) return;
    (void)fprintf(stderr, "test_scalapack_loss: not so: %s\n", what);
    _exit(1);
}

/* Solves I + u u^T, u of ones: the values are 1 and, once, n + 1. */
static tl_status solve(const tl_team *team)
{
    static double a[N * N], value[N];
    for (int i = 0; i < N * N; i++) a[i] = i / N == i % N ? 2.0 : 1.0;
    const tl_status status = tl_team_eigenvalues(team, a, N, value, NULL);
    if (status == TL_OK)
        need(fabs(value[0] - 1.0) < 1e-9 && fabs(value[N - 1] - N - 1.0) < 1e-9,
             "the values are right");
    return status;
}

static void *kill_later(void *argument)
{
    nap(*(const long *)argument);
    (void)kill(getpid(), SIGKILL);
    return NULL;
}

/* What a coordinator does, in a thread of its own: finds the dead and calls its team off.
 */
static void *coordinate(void *argument)
{
    tl_cluster *cluster = argument;
    const double start = tl_cluster_seconds();
    while (!tl_pulse_is_dead(cluster, VICTIM)) {
        need(tl_cluster_seconds() - start < 60.0, "the dead rank is found");
        nap(2);
    }
    tl_cluster_bury(cluster, VICTIM);
    tl_pulse_call_off(cluster, 0, RANKS, 1);
    static double found;
    found = tl_cluster_seconds();
    return &found;
}

static void lose_together(tl_cluster *cluster, const tl_team *team, long delay)
{
    pthread_t thread;
    const int rank = tl_cluster_rank(cluster);
    for (int i = 0; i < 2; i++) need(solve(team) == TL_OK, "it works before");
    if (rank == VICTIM)
        need(pthread_create(&thread, NULL, kill_later, &delay) == 0, "a thread");
    if (rank == 0)
        need(pthread_create(&thread, NULL, coordinate, cluster) == 0, "a thread");
    tl_status status = TL_OK;
    while (status == TL_OK) status = solve(team);
    const double left = tl_cluster_seconds();
    need(status == TL_E_LOST, "the mates get TL_E_LOST");
    need(solve(team) == TL_E_LOST, "and once more");
    if (rank != 0) return;
    void *found = NULL;
    need(pthread_join(thread, &found) == 0, "the coordinator ends");
    need(left - *(const double *)found < SOON, "the mates leave soon");
}

int main(int argc, char **argv)
{
    tl_cluster *cluster = NULL;
    tl_err err = {0};
    tl_team team = {0};
    need(argc == 2, "one argument, milliseconds");
    const long delay = strtol(argv[1], NULL, 10);
    need(tl_cluster_start(&cluster, &argc, &argv, &err) == TL_OK, "the start");
    need(tl_cluster_size(cluster) == RANKS, "four ranks");
    need(tl_pulse_start(cluster, &err) == TL_OK, "the pulse");
    need(tl_team_mpi_open(cluster, 0, RANKS, 1, 60.0, &team, NULL) == TL_OK, "a team of 4");
    lose_together(cluster, &team, delay);
    tl_team_mpi_close(&team);
    if (tl_cluster_rank(cluster) < 2) {
        need(tl_team_mpi_open(cluster, 0, 2, 2, 60.0, &team, NULL) == TL_OK, "a team of 2");
        for (int i = 0; i < 3; i++) need(solve(&team) == TL_OK, "the survivors' values");
        tl_team_mpi_close(&team);
    }
    if (tl_cluster_rank(cluster) == 0) (void)puts("survived");
    return tl_cluster_stop(cluster, false, 0);
}
