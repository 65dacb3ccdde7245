/*
 * Everything that BLACS sends and receives is copied through transfers of this file, as
 * packed bytes. After a peer died MPI may still access a transfer, so it is retained;
 * BLACS's own buffers, which are reused for other grids, are never given to MPI. For BLACS
 * a non-blocking send is complete when its bytes are packed; all are sent by the end of the
 * work.
 *
 * Reductions are made of messages, combined in rank order: operators of BLACS read its
 * global variables, so MPI must not call one after the work was abandoned.
 */
#include "cluster/scalapack/blacs_guard.h"

#include "cluster/comm/channel.h"
#include "cluster/comm/heartbeat.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* A message that MPI is sending or receiving. */
typedef struct transfer {
    struct transfer *next;
    MPI_Request request;
    MPI_Request *slot; /* where BLACS holds the request of a receive; may be NULL */
    void *to;          /* of a receive: where it is unpacked, as `count` of `type` */
    int count;
    MPI_Datatype type;
    MPI_Comm comm;
    int size;
    unsigned char bytes[];
} transfer;

typedef struct guard {
    const tl_blacs_watch *watch;
    transfer *first;
    void *spare; /* a reduction's */
    jmp_buf out;
} guard;

/* The guard of this thread; NULL: not in ScaLAPACK, every call is MPI's own. */
static _Thread_local guard *inside;

static _Noreturn void leave(void)
{
    longjmp(inside->out, 1); /* NOLINT(cert-err52-c): the only way out of ScaLAPACK */
}

/* Leaves unless an MPI call succeeded. */
static void must(int code)
{
    if (code != MPI_SUCCESS) leave();
}

static void drop(transfer *t)
{
    transfer **link = &inside->first;
    while (*link != t) link = &(*link)->next;
    *link = t->next;
    free(t);
}

/* Waits for `request`, or leaves. */
static void finish(MPI_Request *request, MPI_Status *status)
{
    const tl_blacs_watch *watch = inside->watch;
    const double deadline = tl_seconds() + watch->timeout;
    tl_heartbeat_set_waiting(watch->cluster, true);
    for (unsigned polls = 0;; polls++) {
        int is_done = 0;
        must(PMPI_Test(request, &is_done, status));
        if (is_done) break;
        if (polls % 64 == 63 && (tl_heartbeat_is_cancelled(watch->cluster, watch->epoch) ||
                                 tl_seconds() > deadline))
            leave();
        tl_back_off(polls);
    }
    tl_heartbeat_set_waiting(watch->cluster, false);
}

/* Drops completed sends. */
static void reap(void)
{
    transfer *next;
    for (transfer *t = inside->first; t; t = next) {
        int is_done = 0;
        next = t->next;
        if (t->to) continue;
        must(PMPI_Test(&t->request, &is_done, MPI_STATUS_IGNORE));
        if (is_done) drop(t);
    }
}

bool tl_blacs_guarded(const tl_blacs_watch *watch, void (*work)(void *self), void *self)
{
    guard mine = {.watch = watch};
    TL_INVARIANT(!inside);
    inside = &mine;
    if (setjmp(mine.out) == 0) { /* NOLINT(cert-err52-c) */
        work(self);
        while (mine.first) {
            finish(&mine.first->request, MPI_STATUS_IGNORE);
            drop(mine.first);
        }
        inside = NULL;
        return true;
    }
    guard *left = inside;
    inside = NULL;
    tl_heartbeat_set_waiting(watch->cluster, false);
    for (transfer *t = left->first; t; t = t->next) {
        if (t->slot) *t->slot = MPI_REQUEST_NULL;
        tl_cluster_retain(watch->cluster, t);
    }
    free(left->spare);
    return false;
}

/* --- transfers ------------------------------------------------------------------------ */

/* An empty transfer for `count` of `type`. */
static transfer *take(int count, MPI_Datatype type, MPI_Comm comm)
{
    tl_failpoint_pass(TL_FAILPOINT_LINALG);
    int size = 0;
    must(PMPI_Pack_size(count, type, comm, &size));
    transfer *t = malloc(sizeof *t + (size_t)size);
    if (!t) leave();
    *t = (transfer){.next = inside->first,
                    .request = MPI_REQUEST_NULL,
                    .count = count,
                    .type = type,
                    .comm = comm,
                    .size = size};
    inside->first = t;
    return t;
}

static transfer *pack(const void *from, int count, MPI_Datatype type, MPI_Comm comm)
{
    transfer *t = take(count, type, comm);
    int at = 0;
    must(PMPI_Pack(from, count, type, t->bytes, t->size, &at, comm));
    t->size = at;
    return t;
}

/* Unpacks `size` bytes, perhaps fewer than requested, and drops the transfer. */
static void unpack(transfer *t, int size, void *to)
{
    int each = 0, at = 0;
    must(PMPI_Type_size(t->type, &each));
    const int came = each > 0 ? size / each : 0;
    if (came > t->count || came * each != size) leave();
    must(PMPI_Unpack(t->bytes, size, &at, to, came, t->type, t->comm));
    drop(t);
}

static transfer *start_send(const void *buf, int count, MPI_Datatype type, int dest,
                            int tag, MPI_Comm comm)
{
    reap();
    transfer *t = pack(buf, count, type, comm);
    must(PMPI_Isend(t->bytes, t->size, MPI_PACKED, dest, tag, comm, &t->request));
    return t;
}

static transfer *start_receive(void *buf, int count, MPI_Datatype type, int source, int tag,
                               MPI_Comm comm)
{
    transfer *t = take(count, type, comm);
    t->to = buf;
    must(PMPI_Irecv(t->bytes, t->size, MPI_PACKED, source, tag, comm, &t->request));
    return t;
}

static void end_receive(transfer *t, const MPI_Status *status)
{
    int size = 0;
    must(PMPI_Get_count(status, MPI_PACKED, &size));
    unpack(t, size, t->to);
}

static void wait_receive(transfer *t, MPI_Status *status)
{
    MPI_Status own;
    finish(&t->request, &own);
    end_receive(t, &own);
    if (status != MPI_STATUS_IGNORE) *status = own;
}

/* The receive of BLACS's `request`; NULL for a send's, which is MPI_REQUEST_NULL. */
static transfer *transfer_of(MPI_Request request)
{
    transfer *t = request == MPI_REQUEST_NULL ? NULL : inside->first;
    while (t && (!t->to || t->request != request)) t = t->next;
    return t;
}

/* --- MPI's calls: messages ------------------------------------------------------------ */

int MPI_Send(const void *buf, int count, MPI_Datatype type, int dest, int tag,
             MPI_Comm comm)
{
    if (!inside) return PMPI_Send(buf, count, type, dest, tag, comm);
    transfer *t = start_send(buf, count, type, dest, tag, comm);
    finish(&t->request, MPI_STATUS_IGNORE);
    drop(t);
    return MPI_SUCCESS;
}

/* A standard send may always replace a ready one. */
int MPI_Rsend(const void *buf, int count, MPI_Datatype type, int dest, int tag,
              MPI_Comm comm)
{
    if (!inside) return PMPI_Rsend(buf, count, type, dest, tag, comm);
    return MPI_Send(buf, count, type, dest, tag, comm);
}

int MPI_Isend(const void *buf, int count, MPI_Datatype type, int dest, int tag,
              MPI_Comm comm, MPI_Request *request)
{
    if (!inside) return PMPI_Isend(buf, count, type, dest, tag, comm, request);
    (void)start_send(buf, count, type, dest, tag, comm);
    *request = MPI_REQUEST_NULL;
    return MPI_SUCCESS;
}

int MPI_Recv(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm,
             MPI_Status *status)
{
    if (!inside) return PMPI_Recv(buf, count, type, source, tag, comm, status);
    wait_receive(start_receive(buf, count, type, source, tag, comm), status);
    return MPI_SUCCESS;
}

int MPI_Irecv(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm,
              MPI_Request *request)
{
    if (!inside) return PMPI_Irecv(buf, count, type, source, tag, comm, request);
    transfer *t = start_receive(buf, count, type, source, tag, comm);
    *request = t->request;
    t->slot = request;
    return MPI_SUCCESS;
}

/* NOLINTNEXTLINE(readability-function-size): MPI has chosen the parameters */
int MPI_Sendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest,
                 int sendtag, void *recvbuf, int recvcount, MPI_Datatype recvtype,
                 int source, int recvtag, MPI_Comm comm, MPI_Status *status)
{
    if (!inside)
        return PMPI_Sendrecv(sendbuf, sendcount, sendtype, dest, sendtag, recvbuf,
                             recvcount, recvtype, source, recvtag, comm, status);
    transfer *t = start_receive(recvbuf, recvcount, recvtype, source, recvtag, comm);
    (void)start_send(sendbuf, sendcount, sendtype, dest, sendtag, comm);
    wait_receive(t, status);
    return MPI_SUCCESS;
}

int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[])
{
    if (!inside) return PMPI_Waitall(count, requests, statuses);
    for (int i = 0; i < count; i++) {
        MPI_Status *status =
            statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
        transfer *t = transfer_of(requests[i]);
        if (t)
            wait_receive(t, status);
        else
            finish(&requests[i], status);
        requests[i] = MPI_REQUEST_NULL;
    }
    return MPI_SUCCESS;
}

/* Completed requests become null even if others are not complete, unlike in MPI: BLACS
 * polls again. */
int MPI_Testall(int count, MPI_Request requests[], int *flag, MPI_Status statuses[])
{
    if (!inside) return PMPI_Testall(count, requests, flag, statuses);
    *flag = 1;
    for (int i = 0; i < count; i++) {
        MPI_Status status;
        int is_done = 0;
        transfer *t = transfer_of(requests[i]);
        must(PMPI_Test(t ? &t->request : &requests[i], &is_done, &status));
        if (is_done && t) {
            end_receive(t, &status);
            requests[i] = MPI_REQUEST_NULL;
        }
        *flag = *flag && is_done;
    }
    return MPI_SUCCESS;
}

/* --- MPI's calls: what ends the work -------------------------------------------------- */

/* No communicator may be made inside: that would wait for a dead peer without end. */
int MPI_Comm_create(MPI_Comm comm, MPI_Group group, MPI_Comm *out)
{
    if (!inside) return PMPI_Comm_create(comm, group, out);
    leave();
}

int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *out)
{
    if (!inside) return PMPI_Comm_dup(comm, out);
    leave();
}

int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *out)
{
    if (!inside) return PMPI_Comm_split(comm, color, key, out);
    leave();
}

/* An error for which BLACS would abort all ranks ends only the work. */
int MPI_Abort(MPI_Comm comm, int code)
{
    if (!inside) return PMPI_Abort(comm, code);
    leave();
}

/* --- MPI's calls: collectives --------------------------------------------------------- */

int MPI_Bcast(void *buffer, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    if (!inside) return PMPI_Bcast(buffer, count, type, root, comm);
    int rank = -1;
    must(PMPI_Comm_rank(comm, &rank));
    transfer *t = rank == root ? pack(buffer, count, type, comm) : take(count, type, comm);
    must(PMPI_Ibcast(t->bytes, t->size, MPI_PACKED, root, comm, &t->request));
    finish(&t->request, MPI_STATUS_IGNORE);
    if (rank == root)
        drop(t);
    else
        unpack(t, t->size, buffer);
    return MPI_SUCCESS;
}

/* Combines on `root`, in the order of the ranks after its own. */
static void combine(const void *sendbuf, void *recvbuf, int count, MPI_Datatype type,
                    MPI_Op op, int root, MPI_Comm comm)
{
    MPI_Aint low = 0, extent = 0;
    int rank = -1, size = 0;
    /* BLACS counts its own tags from 0. */
    const int tag = tl_channel_tag_limit(inside->watch->cluster);
    must(PMPI_Comm_rank(comm, &rank));
    must(PMPI_Comm_size(comm, &size));
    must(PMPI_Type_get_extent(type, &low, &extent));
    if (low != 0) leave();
    if (rank != root) {
        (void)MPI_Send(sendbuf, count, type, root, tag, comm);
        return;
    }
    const size_t bytes = (size_t)count * (size_t)extent;
    memcpy(recvbuf, sendbuf, bytes);
    inside->spare = malloc(bytes > 0 ? bytes : 1);
    if (!inside->spare) leave();
    for (int from = 0; from < size; from++) {
        if (from == root) continue;
        (void)MPI_Recv(inside->spare, count, type, from, tag, comm, MPI_STATUS_IGNORE);
        must(PMPI_Reduce_local(inside->spare, recvbuf, count, type, op));
    }
    free(inside->spare);
    inside->spare = NULL;
}

int MPI_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype type, MPI_Op op,
               int root, MPI_Comm comm)
{
    if (!inside) return PMPI_Reduce(sendbuf, recvbuf, count, type, op, root, comm);
    combine(sendbuf, recvbuf, count, type, op, root, comm);
    return MPI_SUCCESS;
}

int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype type,
                  MPI_Op op, MPI_Comm comm)
{
    if (!inside) return PMPI_Allreduce(sendbuf, recvbuf, count, type, op, comm);
    combine(sendbuf, recvbuf, count, type, op, 0, comm);
    return MPI_Bcast(recvbuf, count, type, 0, comm);
}

int MPI_Barrier(MPI_Comm comm)
{
    if (!inside) return PMPI_Barrier(comm);
    MPI_Request request = MPI_REQUEST_NULL;
    must(PMPI_Ibarrier(comm, &request));
    finish(&request, MPI_STATUS_IGNORE);
    return MPI_SUCCESS;
}
