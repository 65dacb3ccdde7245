/*
 * A member is killed inside an operation: the others get TL_E_PEER, survivors form a new
 * team, and rank 0 says so. Has its own main: asserting by MPI_Allreduce would hang.
 *
 * The last of 2, 4, 8 ranks works in the team of all for two operations and kills itself
 * while its peers enter the third. The operation is the argument: each has an mpirun of its
 * own.
 */
#include "cluster/comm/liveness.h"
#include "cluster/comm/mailbox.h"
#include "cluster/comm/heartbeat.h"
#include "cluster/session/session.h"
#include "cluster/team/team_mpi.h"
#include "cluster/comm/cluster.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N = 400000, FEW = 100, REQUESTS = 3 };

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

static float numbers[REQUESTS][N];
static double doubles[N];

/* Requests of all kinds under way at once. */
static tl_status run_requests(const tl_team *team, tl_err *err)
{
    static tl_team_request request[REQUESTS];
    for (int k = 0; k < REQUESTS; k++) {
        request[k] = (tl_team_request){.work = (tl_team_work)k, .x = numbers[k], .n = N};
        TL_TRY(tl_team_start(team, &request[k], err));
        TL_TRY(tl_team_progress(team, err));
    }
    return tl_team_wait(team, err);
}

static tl_status run_request(const tl_team *team, tl_team_work work, bool is_fast,
                             tl_err *err)
{
    static tl_team_request request;
    request = (tl_team_request){.work = work, .is_fast = is_fast, .x = numbers[0], .n = N};
    TL_TRY(tl_team_start(team, &request, err));
    return tl_team_wait(team, err);
}

static tl_status sum(const tl_team *team, tl_err *err)
{
    return tl_team_sum(team, numbers[0], N, err);
}

static tl_status sum_few(const tl_team *team, tl_err *err)
{
    return tl_team_sum(team, numbers[0], FEW, err);
}

static tl_status sum_double(const tl_team *team, tl_err *err)
{
    return tl_team_sum_double(team, doubles, N, err);
}

static tl_status reduce_scatter(const tl_team *team, tl_err *err)
{
    return run_request(team, TL_TEAM_REDUCE_SCATTER, false, err);
}

static tl_status allgather(const tl_team *team, tl_err *err)
{
    return run_request(team, TL_TEAM_ALLGATHER, false, err);
}

static tl_status fast(const tl_team *team, tl_err *err)
{
    bool is_fast = false;
    TL_TRY(tl_team_is_fast(team, &is_fast, err));
    need(is_fast, "a whole block sums fast");
    return run_request(team, TL_TEAM_SUM, true, err);
}

static tl_status broadcast(const tl_team *team, tl_err *err)
{
    return tl_team_broadcast(team, doubles, sizeof doubles, err);
}

static tl_status gather(const tl_team *team, tl_err *err)
{
    return tl_team_gather(team, doubles, sizeof doubles / (size_t)team->size, err);
}

static tl_status agree(const tl_team *team, tl_err *err)
{
    return tl_team_agree(team, TL_OK, err);
}

typedef struct operation {
    const char *name;
    tl_status (*run)(const tl_team *team, tl_err *err);
} operation;

static const operation operations[] = {{"sum", sum},
                                       {"sum_few", sum_few},
                                       {"sum_double", sum_double},
                                       {"reduce_scatter", reduce_scatter},
                                       {"allgather", allgather},
                                       {"requests", run_requests},
                                       {"fast", fast},
                                       {"broadcast", broadcast},
                                       {"gather", gather},
                                       {"agree", agree}};

static tl_status operate(const char *name, const tl_team *team)
{
    tl_err err = {0};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(name, operations[i].name) == 0) return operations[i].run(team, &err);
    }
    need(false, "a known operation");
    return TL_E_ARG;
}

/* The victim takes part for a while, then dies while its peers wait for it. */
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

/* What a coordinator does: finds the dead, buries it, cancels its team. */
static void coordinate(tl_cluster *cluster, uint32_t epoch)
{
    const int ranks = tl_cluster_size(cluster), victim = ranks - 1;
    while (!tl_liveness_is_dead(cluster, victim)) nap();
    tl_liveness_mark_failed(cluster, victim);
    need(tl_mailbox_send(cluster, victim, TL_TAG_ORDER, &epoch, sizeof epoch, NULL) ==
             TL_E_PEER,
         "nothing is sent to the dead");
    tl_heartbeat_cancel(cluster, 0, ranks, epoch);
}

static void work_on(tl_cluster *cluster, const char *name)
{
    const int rank = tl_cluster_rank(cluster), ranks = tl_cluster_size(cluster);
    tl_team team = {0};
    need(tl_team_mpi_open(cluster, 0, ranks, 1, 86400.0, &team, NULL) == TL_OK,
         "a team of all");
    if (rank == ranks - 1) die_in(name, &team);
    /* Rank 0 works until the peer is silent, then coordinates; the others meanwhile wait.
     */
    if (rank == 0) {
        for (int i = 0; i < 2; i++) need(operate(name, &team) == TL_OK, "works before");
        coordinate(cluster, 1);
    }
    need(go_on(name, &team) == TL_E_PEER, "the peers get TL_E_LOST");
    tl_team_mpi_close(&team);

    tl_team next = {0};
    const int half = ranks / 2;
    if (rank < half) {
        need(tl_team_mpi_open(cluster, 0, half, 2, 86400.0, &next, NULL) == TL_OK,
             "a team of survivors");
        double x[2] = {1.0 + rank, 2.0};
        need(tl_team_sum_double(&next, x, 2, NULL) == TL_OK, "the survivors' sum works");
        need(x[0] == half * (half + 1) / 2 && x[1] == 2.0 * half, "the survivors' sum");
        tl_team_mpi_close(&next);
    }
}

int main(int argc, char **argv)
{
    tl_cluster *cluster = NULL;
    tl_err err = {0};
    need(argc == 2, "one argument, the operation");
    need(tl_session_start(&cluster, &argc, &argv, &err) == TL_OK, "the start");
    need(tl_cluster_size(cluster) > 1, "a peer");
    need(tl_heartbeat_start(cluster, &err) == TL_OK, "the heartbeat");
    work_on(cluster, argv[1]);
    if (tl_cluster_rank(cluster) == 0) (void)puts("survived");
    return tl_session_stop(cluster, false, 0);
}
