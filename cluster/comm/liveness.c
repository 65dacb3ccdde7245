#include "cluster/comm/liveness.h"

#include "cluster/comm/cluster_private.h"
#include "compute/core/clock.h"

#include <errno.h>
#include <signal.h>

static const double SILENCE = 10.0; /* s until a rank counts as dead */

void tl_liveness_mark_failed(tl_cluster *cluster, int rank)
{
    atomic_store(&cluster->liveness[rank].has_failed, true);
    atomic_store(&cluster->has_failed, true);
}

bool tl_liveness_has_failed(const tl_cluster *cluster, int rank)
{
    return atomic_load(&cluster->liveness[rank].has_failed);
}

bool tl_liveness_any_failed(const tl_cluster *cluster)
{
    return atomic_load(&cluster->has_failed);
}

bool tl_liveness_process_is_gone(const tl_cluster *cluster, int rank)
{
    return tl_cluster_is_local(cluster, rank) &&
           kill(tl_cluster_pid(cluster, rank), 0) != 0 && errno == ESRCH;
}

bool tl_liveness_is_dead(const tl_cluster *cluster, int rank)
{
    const double heard = atomic_load(&cluster->liveness[rank].heard);
    if (cluster->rank != 0 || rank == 0 || !cluster->heartbeat.is_running) return false;
    return tl_liveness_has_failed(cluster, rank) ||
           tl_liveness_process_is_gone(cluster, rank) || tl_seconds() - heard > SILENCE;
}

void tl_liveness_heard(tl_cluster *cluster, int rank, double now)
{
    atomic_store(&cluster->liveness[rank].heard, now);
}

double tl_liveness_silence(const tl_cluster *cluster, int rank)
{
    return tl_seconds() - atomic_load(&cluster->liveness[rank].heard);
}

void tl_liveness_forgive(tl_cluster *cluster, double seconds)
{
    for (int rank = 0; rank < cluster->size; rank++) {
        _Atomic double *heard = &cluster->liveness[rank].heard;
        atomic_store(heard, atomic_load(heard) + seconds);
    }
}
