/*
 * A member is killed inside an operation: the others get TL_E_LOST, survivors form a new
 * team, and rank 0 says so. Has its own main: asserting by MPI_Allreduce would hang.
 *
 * Four ranks; rank 3 works in the team {0..3} for two operations and kills itself while its
 * mates enter the third. The operation is the argument: each has an mpirun of its own.
 */
#include "cluster/post.h"
#include "cluster/pulse.h"
#include "cluster/team_mpi.h"
#include "cluster/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VICTIM = 3, RANKS = 4, N = 400000 };

static void nap(void)
{
    const struct timespec span = {.tv_nsec = 2000000};
    nanosleep(&span, NULL);
}

static void need(bool condition, const char *what)
{
    if (condition) return;
    (void)fprintf(stderr, "test_loss: not so: %s\n", what);
    _exit(1);
}

static tl_status operate(const char *name, const tl_team *team)
{
    static double x[N];
    static float small[N];
    tl_err err = {0};
    if (strcmp(name, "sum_float") == 0) return tl_team_sum(team, small, N, &err);
    if (strcmp(name, "sum_double") == 0) return tl_team_sum_double(team, x, N, &err);
    if (strcmp(name, "broadcast") == 0) return tl_team_broadcast(team, x, sizeof x, &err);
    if (strcmp(name, "gather") == 0) return tl_team_gather(team, x, sizeof x / RANKS, &err);
    need(strcmp(name, "agree") == 0, "a known operation");
    return tl_team_agree(team, TL_OK, &err);
}

/* The victim takes part for a while, then dies while its mates wait for it. */
static void die_in(const char *name, const tl_team *team)
{
    for (int i = 0; i < 2; i++) need(operate(name, team) == TL_OK, "it works before");
    (void)raise(SIGKILL);
}

static tl_status go_on(const char *name, const tl_team *team)
{
    tl_status status = TL_OK;
    for (int i = 0; status == TL_OK && i < 1000; i++) status = operate(name, team);
    return status;
}

/* What a coordinator does: finds the dead, buries it, calls its team off. */
static void coordinate(tl_cluster *cluster, uint32_t epoch)
{
    const double start = tl_cluster_seconds();
    while (!tl_pulse_is_dead(cluster, VICTIM)) {
        need(tl_cluster_seconds() - start < 20.0, "the dead rank is found");
        nap();
    }
    tl_cluster_bury(cluster, VICTIM);
    need(tl_post_send(cluster, VICTIM, TL_TAG_ORDER, &epoch, sizeof epoch, NULL) ==
             TL_E_LOST,
         "nothing is sent to the dead");
    tl_pulse_call_off(cluster, 0, RANKS, epoch);
}

static void work_on(tl_cluster *cluster, const char *name)
{
    const int rank = tl_cluster_rank(cluster);
    tl_team team = {0};
    need(tl_team_mpi_open(cluster, 0, RANKS, 1, 60.0, &team, NULL) == TL_OK, "a team of 4");
    if (rank == VICTIM) die_in(name, &team);
    /* Rank 0 works until the mate is silent, then coordinates; the others meanwhile wait.
     */
    if (rank == 0) {
        for (int i = 0; i < 2; i++) need(operate(name, &team) == TL_OK, "works before");
        coordinate(cluster, 1);
    }
    need(go_on(name, &team) == TL_E_LOST, "the mates get TL_E_LOST");
    tl_team_mpi_close(&team);

    tl_team next = {0};
    if (rank < 2) {
        need(tl_team_mpi_open(cluster, 0, 2, 2, 60.0, &next, NULL) == TL_OK, "a team of 2");
        double x[2] = {1.0 + rank, 2.0};
        need(tl_team_sum_double(&next, x, 2, NULL) == TL_OK && x[0] == 3.0 && x[1] == 4.0,
             "the survivors' sum");
        tl_team_mpi_close(&next);
    }
}

int main(int argc, char **argv)
{
    tl_cluster *cluster = NULL;
    tl_err err = {0};
    need(argc == 2, "one argument, the operation");
    need(tl_cluster_start(&cluster, &argc, &argv, &err) == TL_OK, "the start");
    need(tl_cluster_size(cluster) == RANKS, "four ranks");
    need(tl_pulse_start(cluster, &err) == TL_OK, "the pulse");
    work_on(cluster, argv[1]);
    if (tl_cluster_rank(cluster) == 0) (void)puts("survived");
    return tl_cluster_stop(cluster, false, 0);
}
