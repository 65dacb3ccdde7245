/*
 * A message stays in a list until MPI has sent it; each later call frees those that are
 * sent. Messages to a failed rank stay: MPI may still read them.
 */
#include "cluster/comm/mailbox.h"

#include "cluster/comm/cluster_private.h"
#include "cluster/comm/liveness.h"
#include "compute/core/clock.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const size_t LARGEST = (size_t)1 << 30; /* bytes of one message */

static MPI_Comm comm_of(const tl_cluster *cluster, tl_tag tag)
{
    const bool is_control = tag == TL_TAG_HEARTBEAT || tag == TL_TAG_CONTROL;
    return tl_channel_comm(cluster, is_control ? TL_CHANNEL_CONTROL : TL_CHANNEL_MAIL);
}

void tl_message_close(tl_message *message)
{
    free(message->bytes);
    *message = (tl_message){0};
}

int tl_mailbox_pending(tl_cluster *cluster)
{
    int pending = 0;
    pthread_mutex_lock(&cluster->outgoing_lock);
    tl_outgoing **link = &cluster->outgoing;
    while (*link) {
        tl_outgoing *outgoing = *link;
        int has_left = 0;
        if (!tl_liveness_has_failed(cluster, outgoing->to)) {
            const int code = MPI_Test(&outgoing->request, &has_left, MPI_STATUS_IGNORE);
            if (code != MPI_SUCCESS) has_left = 0;
            if (!has_left) pending++;
        }
        if (has_left) {
            *link = outgoing->next;
            free(outgoing);
        } else {
            link = &outgoing->next;
        }
    }
    pthread_mutex_unlock(&cluster->outgoing_lock);
    return pending;
}

tl_status tl_mailbox_send(tl_cluster *cluster, int to, tl_tag tag, const void *bytes,
                          size_t n, tl_err *err)
{
    TL_CHECK(to >= 0 && to < cluster->size, err, TL_E_ARG, "rank %d is not one of %d", to,
             cluster->size);
    TL_CHECK(n <= LARGEST, err, TL_E_ARG, "a message of %zu bytes; at most %zu are allowed",
             n, LARGEST);
    TL_CHECK(!tl_liveness_has_failed(cluster, to), err, TL_E_PEER, "rank %d has failed",
             to);
    tl_outgoing *outgoing = malloc(sizeof *outgoing + n);
    TL_CHECK(outgoing, err, TL_E_NOMEM, "out of memory for a message of %zu bytes", n);
    if (n > 0) memcpy(outgoing->bytes, bytes, n);
    outgoing->to = to;
    (void)tl_mailbox_pending(cluster);
    pthread_mutex_lock(&cluster->outgoing_lock);
    const int code = MPI_Isend(outgoing->bytes, (int)n, MPI_BYTE, to, (int)tag,
                               comm_of(cluster, tag), &outgoing->request);
    if (code == MPI_SUCCESS) {
        outgoing->next = cluster->outgoing;
        cluster->outgoing = outgoing;
    }
    pthread_mutex_unlock(&cluster->outgoing_lock);
    if (code == MPI_SUCCESS) return TL_OK;
    free(outgoing);
    return tl_fail(err, TL_E_PEER, "MPI cannot reach rank %d", to);
}

static bool grow(tl_message *message, size_t n, tl_err *err)
{
    if (n <= message->space) return true;
    unsigned char *bytes = realloc(message->bytes, n);
    if (!bytes) {
        (void)tl_fail(err, TL_E_NOMEM, "out of memory for a message of %zu bytes", n);
        return false;
    }
    message->bytes = bytes;
    message->space = n;
    return true;
}

/* Receives a probed message. Of a dead sender only the envelope may have arrived, so this
 * gives up when the sender is dead and returns false. */
static bool take(tl_cluster *cluster, int from, int tag, void *bytes, int n)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int code =
        MPI_Irecv(bytes, n, MPI_BYTE, from, tag, comm_of(cluster, (tl_tag)tag), &request);
    for (unsigned turn = 1; code == MPI_SUCCESS; turn++) {
        int is_done = 0;
        code = MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
        if (code == MPI_SUCCESS && is_done) return true;
        if (turn % 256 != 0) continue;
        if (tl_liveness_has_failed(cluster, from) || tl_liveness_is_dead(cluster, from))
            break;
        sched_yield();
    }
    return false;
}

bool tl_mailbox_receive(tl_cluster *cluster, unsigned tags, tl_message *message,
                        tl_err *err)
{
    tl_err unused;
    if (!err) err = &unused;
    err->status = TL_OK;
    (void)tl_mailbox_pending(cluster);
    for (int tag = TL_TAG_ORDER; tag <= TL_TAG_CONTROL; tag++) {
        if (!(tags & TL_TAGS(tag))) continue;
        int is_there = 0, n = 0;
        MPI_Status status;
        const int code = MPI_Iprobe(MPI_ANY_SOURCE, tag, comm_of(cluster, (tl_tag)tag),
                                    &is_there, &status);
        if (code != MPI_SUCCESS || !is_there) continue;
        MPI_Get_count(&status, MPI_BYTE, &n);
        if (n < 1) n = 0;
        if (!grow(message, n > 0 ? (size_t)n : 1, err)) return false;
        if (!take(cluster, status.MPI_SOURCE, tag, message->bytes, n)) {
            /* MPI may still write there: the buffer is leaked. */
            message->bytes = NULL;
            message->space = 0;
            continue;
        }
        message->from = status.MPI_SOURCE;
        message->tag = (tl_tag)tag;
        message->n = (size_t)n;
        return true;
    }
    return false;
}

void tl_mailbox_drain(tl_cluster *cluster, double seconds)
{
    const double deadline = tl_seconds() + seconds;
    for (unsigned polls = 0; tl_mailbox_pending(cluster) > 0 && tl_seconds() < deadline;)
        tl_back_off(++polls);
}
