#include "cluster/comm/cluster.h"

#include "cluster/comm/cluster_private.h"
#include "cluster/comm/exit_code.h"
#include "cluster/comm/launch_rank.h"
#include "cluster/comm/rank_order.h"
#include "compute/core/clock.h"
#include "compute/core/file.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int tl_cluster_rank(const tl_cluster *cluster)
{
    return cluster->rank;
}

int tl_cluster_size(const tl_cluster *cluster)
{
    return cluster->size;
}

const char *tl_cluster_host(const tl_cluster *cluster, int rank)
{
    return cluster->info[rank].host;
}

pid_t tl_cluster_pid(const tl_cluster *cluster, int rank)
{
    return (pid_t)cluster->info[rank].pid;
}

bool tl_cluster_is_local(const tl_cluster *cluster, int rank)
{
    const tl_rank_info *mine = &cluster->info[cluster->rank], *other = &cluster->info[rank];
    return strcmp(mine->host, other->host) == 0 &&
           strcmp(mine->pid_namespace, other->pid_namespace) == 0;
}

MPI_Comm tl_channel_comm(const tl_cluster *cluster, tl_channel channel)
{
    return cluster->comm[channel];
}

int tl_channel_tag_limit(const tl_cluster *cluster)
{
    return cluster->tag_limit;
}

struct tl_scalapack **tl_cluster_scalapack(tl_cluster *cluster)
{
    return &cluster->scalapack;
}

/* In a list, so that the leak checker reaches them. */
void tl_cluster_retain(tl_cluster *cluster, void *bytes)
{
    tl_retained *retained = bytes ? malloc(sizeof *retained) : NULL;
    if (!retained) return;
    *retained = (tl_retained){.next = cluster->retained, .bytes = bytes};
    cluster->retained = retained;
}

void tl_back_off(unsigned polls)
{
    if (polls < 200) return;
    if (polls < 2000) {
        sched_yield();
        return;
    }
    tl_sleep(polls < 4000 ? 5e-5 : 5e-4);
}

tl_status tl_cluster_fail_mpi(tl_err *err, const char *what, int code)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return tl_fail(err, TL_E_IO, "%s failed: %s", what, text);
}

/* --- opening -------------------------------------------------------------------------- */

/* Process ids are comparable only within one kernel and namespace. */
static tl_rank_info own_info(void)
{
    tl_rank_info info = {.pid = getpid()};
    char boot[40] = "", space[24] = "";
    if (gethostname(info.host, sizeof info.host - 1) != 0) info.host[0] = '\0';
    FILE *file;
    if (tl_file_stream(NULL, "/proc/sys/kernel/random/boot_id", &file, NULL, NULL) != TL_OK)
        file = NULL;
    if (file) {
        if (fscanf(file, "%39s", boot) != 1) boot[0] = '\0';
        (void)fclose(file);
    }
    const ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    space[n > 0 ? n : 0] = '\0';
    (void)snprintf(info.pid_namespace, TL_HOST_TEXT, "%s%s", boot, space);
    return info;
}

/* Fills `all` [size] and `order` [size] by MPI's ranks, then info by the new ones. */
static tl_status number_ranks(tl_cluster *cluster, tl_rank_info *all,
                              tl_ordered_rank *order, tl_err *err)
{
    const tl_rank_info mine = own_info();
    const int n = (int)sizeof mine, own = cluster->rank;
    const int code = MPI_Allgather(&mine, n, MPI_BYTE, all, n, MPI_BYTE, MPI_COMM_WORLD);
    if (code != MPI_SUCCESS) return tl_cluster_fail_mpi(err, "MPI_Allgather", code);
    for (int r = 0; r < cluster->size; r++)
        order[r] = (tl_ordered_rank){all[r].host, all[r].pid_namespace, r, 0};
    tl_rank_order_sort(order, cluster->size);
    for (int k = 0; k < cluster->size; k++) {
        cluster->info[k] = all[order[k].rank];
        if (order[k].rank == own) cluster->rank = k;
    }
    return TL_OK;
}

static tl_status meet(tl_cluster *cluster, tl_err *err)
{
    const size_t size = (size_t)cluster->size;
    tl_rank_info *all = calloc(size, sizeof *all);
    tl_ordered_rank *order = calloc(size, sizeof *order);
    cluster->info = calloc(size, sizeof *cluster->info);
    cluster->liveness = calloc(size, sizeof *cluster->liveness);
    cluster->progress = calloc(size, sizeof *cluster->progress);
    const tl_status status =
        all && order && cluster->info && cluster->liveness && cluster->progress
            ? number_ranks(cluster, all, order, err)
            : tl_fail(err, TL_E_NOMEM, "out of memory for %d ranks", cluster->size);
    free(all);
    free(order);
    return status;
}

static tl_status open_channels(tl_cluster *cluster, tl_err *err)
{
    MPI_Comm *comm = cluster->comm;
    for (int i = 0; i < TL_CHANNELS; i++) {
        const int code = i == 0 ? MPI_Comm_split(MPI_COMM_WORLD, 0, cluster->rank, &comm[0])
                                : MPI_Comm_dup(comm[0], &comm[i]);
        if (code != MPI_SUCCESS)
            return tl_cluster_fail_mpi(err, "making a communicator", code);
        MPI_Comm_set_errhandler(comm[i], MPI_ERRORS_RETURN);
    }
    int *limit = NULL, is_set = 0;
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, (void *)&limit, &is_set);
    cluster->tag_limit = is_set ? *limit : 32767;
    return TL_OK;
}

static tl_status join(tl_cluster *cluster, int *argc, char ***argv, tl_err *err)
{
    int given = MPI_THREAD_SINGLE;
    const int code = MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &given);
    if (code != MPI_SUCCESS) return tl_cluster_fail_mpi(err, "MPI_Init", code);
    TL_CHECK(given >= MPI_THREAD_MULTIPLE, err, TL_E_IO,
             "this MPI offers thread level %d; threatloop needs %d (MPI_THREAD_MULTIPLE)",
             given, MPI_THREAD_MULTIPLE);
    MPI_Comm_rank(MPI_COMM_WORLD, &cluster->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &cluster->size);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (cluster->rank == 0) tl_exit_code_begin();
    TL_TRY(meet(cluster, err));
    return open_channels(cluster, err);
}

static void release(tl_cluster *cluster)
{
    while (cluster->outgoing) {
        tl_outgoing *next = cluster->outgoing->next;
        free(cluster->outgoing);
        cluster->outgoing = next;
    }
    while (cluster->retained) {
        tl_retained *next = cluster->retained->next;
        free(cluster->retained->bytes);
        free(cluster->retained);
        cluster->retained = next;
    }
    free(cluster->info);
    free(cluster->liveness);
    free(cluster->progress);
    free(cluster);
}

tl_status tl_cluster_open(tl_cluster **out, int *argc, char ***argv, tl_err *err)
{
    tl_cluster *cluster = calloc(1, sizeof *cluster);
    TL_CHECK(cluster, err, TL_E_NOMEM, "out of memory");
    cluster->heartbeat.launcher = tl_launch_is_launched() ? getppid() : 0;
    pthread_mutex_init(&cluster->outgoing_lock, NULL);
    const tl_status status = join(cluster, argc, argv, err);
    if (status == TL_OK)
        *out = cluster;
    else
        release(cluster);
    return status;
}

void tl_cluster_close(tl_cluster *cluster)
{
    for (int i = 0; i < TL_CHANNELS; i++) MPI_Comm_free(&cluster->comm[i]);
    MPI_Finalize();
    release(cluster);
}
