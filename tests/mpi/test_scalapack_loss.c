/*
 * A member is killed inside ScaLAPACK, at a message of a solver: the others get TL_E_PEER
 * soon after the team is cancelled, half of them form a new team, and so on until one is
 * left, who solves alone and says so. Every solution on the way has passed its check.
 *
 * Eight ranks, of which the last one of a team of 8, of 4 and of 2 dies in turn. The
 * argument is OPERATION.N: when the victim has sent or received N messages inside. Has its
 * own main: asserting by MPI_Allreduce would hang. Fails when waiting does not look whether
 * the team is cancelled (blacs_guard.c, finish).
 */
#include "cluster/comm/heartbeat.h"
#include "cluster/comm/liveness.h"
#include "cluster/session/session.h"
#include "cluster/team/team_mpi.h"
#include "cluster/comm/cluster.h"
#include "compute/core/failpoint.h"
#include "compute/linalg/linalg.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RANKS = 8, ROWS = 150, COLUMNS = 80 };
static const double A_DAY = 86400.0; /* s: nobody leaves a team by its timeout */

static double room_a[ROWS * ROWS], room_b[ROWS], room_x[ROWS * ROWS], room_u[ROWS * ROWS],
    room_s[ROWS];

static void need(bool condition, const char *what)
{
    if (condition) return;
    (void)fprintf(stderr, "test_scalapack_loss: not so: %s\n", what);
    _exit(1);
}

/* The problem that `name` says, of a matrix that is well conditioned. */
static tl_linalg_problem problem_of(const char *name)
{
    tl_linalg_problem p = {.operation = TL_LINALG_OPERATIONS};
    for (int i = 0; i < TL_LINALG_OPERATIONS; i++) {
        const char *known = tl_linalg_name((tl_linalg_operation)i);
        const size_t length = strlen(known);
        if (strncmp(known, name, length) == 0 && name[length] == '.')
            p.operation = (tl_linalg_operation)i;
    }
    need(p.operation != TL_LINALG_OPERATIONS, "the argument names an operation");
    const bool is_square =
        p.operation == TL_LINALG_EIGEN || p.operation == TL_LINALG_SOLVE_SPD;
    const int n = is_square ? ROWS : COLUMNS;
    for (int i = 0; i < ROWS; i++) {
        room_b[i] = 1.0 + i % 7;
        for (int j = 0; j < n; j++)
            room_a[i * n + j] = i == j ? 3.0 * ROWS : (double)((i + j) * (i * j + 1) % 13);
    }
    p.a = tl_matrix_of(room_a, ROWS, n);
    if (p.operation == TL_LINALG_SVD || p.operation == TL_LINALG_EIGEN) {
        p.value = room_s;
        p.vt = room_x;
        if (p.operation == TL_LINALG_SVD) p.u = room_u;
        return p;
    }
    p.x = room_x;
    if (p.operation != TL_LINALG_GRAM) p.b = tl_matrix_of(room_b, ROWS, 1);
    return p;
}

static tl_status solve(const tl_team *team, const tl_linalg_problem *p)
{
    tl_arena scratch = tl_arena_open(0);
    const tl_status status =
        tl_linalg_solve(team, *p, TL_LINALG_BY_SCALAPACK, &scratch, NULL, NULL);
    tl_arena_close(&scratch);
    return status;
}

typedef struct watch {
    tl_cluster *cluster;
    int width;
    uint32_t epoch;
} watch;

/* What a coordinator does, in a thread of its own: finds the dead and cancels its team.
 */
static void *coordinate(void *argument)
{
    watch *w = argument;
    const struct timespec span = {.tv_nsec = 2000000};
    while (!tl_liveness_is_dead(w->cluster, w->width - 1)) nanosleep(&span, NULL);
    tl_liveness_mark_failed(w->cluster, w->width - 1);
    tl_heartbeat_cancel(w->cluster, 0, w->width, w->epoch);
    return NULL;
}

static void lose_together(watch *w, const tl_team *team, const tl_linalg_problem *p,
                          const char *fault)
{
    pthread_t thread;
    need(solve(team, p) == TL_OK, "it works before");
    if (team->rank == team->size - 1)
        need(tl_failpoint_arm(fault, team->rank, NULL) == TL_OK, "the fault");
    if (team->rank == 0)
        need(pthread_create(&thread, NULL, coordinate, w) == 0, "a thread");
    tl_status status = TL_OK;
    while (status == TL_OK) status = solve(team, p);
    need(status == TL_E_PEER, "the peers get TL_E_LOST");
    need(solve(team, p) == TL_E_PEER, "and once more");
    if (team->rank != 0) return;
    need(pthread_join(thread, NULL) == 0, "the coordinator ends");
}

int main(int argc, char **argv)
{
    tl_cluster *cluster = NULL;
    tl_err err = {0};
    tl_team team = {0};
    char fault[64];
    need(argc == 2 && strrchr(argv[1], '.'), "one argument, OPERATION.MESSAGES");
    const tl_linalg_problem p = problem_of(argv[1]);
    (void)snprintf(fault, sizeof fault, "kill,after=linalg:%s", strrchr(argv[1], '.') + 1);
    need(tl_session_start(&cluster, &argc, &argv, &err) == TL_OK, "the start");
    need(tl_cluster_size(cluster) == RANKS, "eight ranks");
    need(tl_heartbeat_start(cluster, &err) == TL_OK, "the heartbeat");
    watch w = {.cluster = cluster, .width = RANKS, .epoch = 1};
    for (; w.width > 1 && tl_cluster_rank(cluster) < w.width; w.width /= 2, w.epoch++) {
        need(tl_team_mpi_open(cluster, 0, w.width, w.epoch, A_DAY, &team, NULL) == TL_OK,
             "a team");
        lose_together(&w, &team, &p, fault);
        tl_team_mpi_close(&team);
    }
    if (tl_cluster_rank(cluster) == 0) {
        need(tl_team_mpi_open(cluster, 0, 1, w.epoch, A_DAY, &team, NULL) == TL_OK, "one");
        need(solve(&team, &p) == TL_OK, "who is left solves");
        tl_team_mpi_close(&team);
        (void)puts("survived");
    }
    return tl_session_stop(cluster, false, 0);
}
