/*
 * The frame of a bench over ranks: start, measure, stop.
 */
#include "cluster/comm/heartbeat.h"
#include "cluster/session/session.h"
#include "compute/core/log.h"
#include "runner/bench/bench.h"
#include "runner/cli/commands.h"

int tl_bench_on_ranks(tl_bench_measure *measure, void *self)
{
    tl_cluster *cluster;
    tl_err err = {0};
    tl_status status = tl_session_start(&cluster, NULL, NULL, &err);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    status = tl_cluster_agree(cluster, tl_heartbeat_start(cluster, &err), &err);
    if (status == TL_OK) status = measure(cluster, self, &err);
    if (status != TL_OK && tl_cluster_rank(cluster) == 0)
        tl_log(TL_LOG_ERROR, "%s", err.text);
    const int bad = status == TL_E_ARG ? TL_EXIT_USAGE : TL_EXIT_ERROR;
    return tl_session_stop(cluster, status == TL_E_LOST,
                           status == TL_OK ? TL_EXIT_DONE : bad);
}
