/*
 * Collectives before the first step. A rank may die here too, so all time out; the buffers
 * of an abandoned one are leaked, since MPI may still use them and the caller exits.
 */
#include "cluster/comm/cluster_private.h"
#include "cluster/comm/liveness.h"
#include "compute/core/clock.h"

#include <stdlib.h>

double tl_cluster_start_timeout(void)
{
    const char *text = getenv("THREATLOOP_START_TIMEOUT");
    const double seconds = text ? strtod(text, NULL) : 0.0;
    return seconds > 0.0 && seconds < 1e6 ? seconds : 120.0;
}

static tl_status finish(tl_cluster *cluster, MPI_Request *request, tl_err *err)
{
    const double timeout = tl_cluster_start_timeout(), deadline = tl_seconds() + timeout;
    for (unsigned polls = 1;; polls++) {
        int is_done = 0;
        const int code = MPI_Test(request, &is_done, MPI_STATUS_IGNORE);
        TL_CHECK(code == MPI_SUCCESS, err, TL_E_PEER, "a rank was lost during start-up");
        if (is_done) return TL_OK;
        TL_CHECK(tl_seconds() < deadline, err, TL_E_PEER,
                 "a rank was silent for %.0f s during start-up", timeout);
        for (int rank = 1; polls % 1000 == 0 && rank < cluster->size; rank++)
            TL_CHECK(!tl_liveness_is_dead(cluster, rank), err, TL_E_PEER,
                     "rank %d was lost during start-up; nothing has run yet, start again",
                     rank);
        tl_back_off(polls);
    }
}

static tl_status broadcast(tl_cluster *cluster, void *bytes, int n, int from, tl_err *err)
{
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Ibcast(bytes, n, MPI_BYTE, from,
                                tl_channel_comm(cluster, TL_CHANNEL_START), &request);
    if (code != MPI_SUCCESS) return tl_cluster_fail_mpi(err, "MPI_Ibcast", code);
    return finish(cluster, &request, err);
}

tl_status tl_cluster_agree(tl_cluster *cluster, tl_status mine, tl_err *err)
{
    const int own[2] = {(int)mine, cluster->rank};
    int worst[2] = {0, 0};
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Iallreduce(own, worst, 1, MPI_2INT, MPI_MAXLOC,
                                    tl_channel_comm(cluster, TL_CHANNEL_START), &request);
    if (code != MPI_SUCCESS) return tl_cluster_fail_mpi(err, "MPI_Iallreduce", code);
    TL_TRY(finish(cluster, &request, err));
    if (worst[0] == TL_OK) return TL_OK;
    tl_err reported = {0};
    if (worst[1] == cluster->rank && err) reported = *err;
    TL_TRY(broadcast(cluster, &reported, (int)sizeof reported, worst[1], err));
    reported.text[TL_ERR_TEXT - 1] = '\0';
    return tl_fail(err, (tl_status)worst[0], "%s", reported.text);
}

tl_status tl_cluster_broadcast(tl_cluster *cluster, char **bytes, size_t *n, tl_err *err)
{
    const size_t chunk = 1u << 28;
    const bool is_source = cluster->rank == 0;
    uint64_t length = is_source ? *n : 0;
    char *all = is_source ? *bytes : NULL;
    if (!is_source) *bytes = NULL;
    TL_TRY(broadcast(cluster, &length, (int)sizeof length, 0, err));
    if (!is_source) all = malloc((size_t)length + 1);
    tl_status status = all || is_source
                           ? TL_OK
                           : tl_fail(err, TL_E_NOMEM, "out of memory for %llu bytes",
                                     (unsigned long long)length);
    status = tl_cluster_agree(cluster, status, err);
    for (size_t at = 0; status == TL_OK && at < length; at += chunk) {
        const size_t left = (size_t)length - at;
        status = broadcast(cluster, all + at, (int)(left < chunk ? left : chunk), 0, err);
    }
    if (is_source || status == TL_E_PEER) return status;
    if (status != TL_OK) {
        free(all);
        return status;
    }
    all[length] = '\0';
    *bytes = all;
    *n = (size_t)length;
    return TL_OK;
}
