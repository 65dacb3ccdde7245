/*
 * All that BLACS sends and receives passes through transfers of this file, as packed bytes.
 * After a loss MPI may still read or write a transfer, so it is kept; and never is a buffer
 * of BLACS, which it will use again for another grid, in MPI's hands. A non-blocking send
 * is over for BLACS when its bytes are in the transfer; at the end of the work all have
 * left.
 *
 * Reductions are made of messages, and combined in the order of the ranks: an operation of
 * BLACS reads its global variables, so MPI must not call one after the work was left.
 */
#include "cluster/scalapack/blacs_guard.h"

#include "cluster/comm/cluster_private.h"
#include "cluster/comm/heartbeat.h"
#include "compute/core/failpoint.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* A message in the hands of MPI. */
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

/* What this thread works under; NULL: not in ScaLAPACK, every call is MPI's own. */
static _Thread_local guard *inside;

static _Noreturn void leave(void)
{
    longjmp(inside->out, 1); /* NOLINT(cert-err52-c): the only way out of ScaLAPACK */
}

static void drop(transfer *p)
{
    transfer **link = &inside->first;
    while (*link != p) link = &(*link)->next;
    *link = p->next;
    free(p);
}

/* Waits for `request`, or leaves. */
static void finish(MPI_Request *request, MPI_Status *status)
{
    const tl_blacs_watch *watch = inside->watch;
    atomic_store_explicit(&watch->cluster->is_waiting, true, memory_order_relaxed);
    const double deadline = tl_seconds() + watch->timeout;
    for (unsigned turn = 0;; turn++) {
        int is_done = 0;
        if (PMPI_Test(request, &is_done, status) != MPI_SUCCESS) leave();
        if (is_done) {
            atomic_store_explicit(&watch->cluster->is_waiting, false, memory_order_relaxed);
            return;
        }
        if (turn % 64 == 63 && (tl_heartbeat_is_cancelled(watch->cluster, watch->epoch) ||
                                tl_seconds() > deadline))
            leave();
        tl_back_off(turn);
    }
}

/* Forgets the transfers that have left. BLACS has no part in those of sends. */
static void reap(void)
{
    transfer *next;
    for (transfer *p = inside->first; p; p = next) {
        int is_done = 0;
        next = p->next;
        if (p->to) continue;
        if (PMPI_Test(&p->request, &is_done, MPI_STATUS_IGNORE) != MPI_SUCCESS) leave();
        if (is_done) drop(p);
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
    atomic_store(&watch->cluster->is_waiting, false);
    for (transfer *p = left->first; p; p = p->next) {
        if (p->slot) *p->slot = MPI_REQUEST_NULL;
        tl_cluster_retain(watch->cluster, p);
    }
    free(left->spare);
    return false;
}

/* An empty transfer for `count` of `type`. */
static transfer *take(int count, MPI_Datatype type, MPI_Comm comm)
{
    tl_fault_pass(TL_FAULT_LINALG);
    int size = 0;
    if (PMPI_Pack_size(count, type, comm, &size) != MPI_SUCCESS) leave();
    transfer *p = malloc(sizeof *p + (size_t)size);
    if (!p) leave();
    *p = (transfer){.next = inside->first,
                    .request = MPI_REQUEST_NULL,
                    .count = count,
                    .type = type,
                    .comm = comm,
                    .size = size};
    inside->first = p;
    return p;
}

static transfer *pack(const void *from, int count, MPI_Datatype type, MPI_Comm comm)
{
    transfer *p = take(count, type, comm);
    int at = 0;
    if (PMPI_Pack(from, count, type, p->bytes, p->size, &at, comm) != MPI_SUCCESS) leave();
    p->size = at;
    return p;
}

/* Unpacks `size` bytes, of which there may be fewer than were asked for; ends the transfer.
 */
static void unpack(transfer *p, int size, void *to)
{
    int each = 0, at = 0;
    if (PMPI_Type_size(p->type, &each) != MPI_SUCCESS) leave();
    const int came = each > 0 ? size / each : 0;
    if (came > p->count || came * each != size ||
        PMPI_Unpack(p->bytes, size, &at, to, came, p->type, p->comm) != MPI_SUCCESS)
        leave();
    drop(p);
}

/* --- messages ------------------------------------------------------------------------- */

static transfer *start_send(const void *buf, int count, MPI_Datatype type, int dest,
                            int tag, MPI_Comm comm)
{
    reap();
    transfer *p = pack(buf, count, type, comm);
    if (PMPI_Isend(p->bytes, p->size, MPI_PACKED, dest, tag, comm, &p->request) !=
        MPI_SUCCESS)
        leave();
    return p;
}

static transfer *start_receive(void *buf, int count, MPI_Datatype type, int source, int tag,
                               MPI_Comm comm)
{
    transfer *p = take(count, type, comm);
    p->to = buf;
    if (PMPI_Irecv(p->bytes, p->size, MPI_PACKED, source, tag, comm, &p->request) !=
        MPI_SUCCESS)
        leave();
    return p;
}

static void end_receive(transfer *p, const MPI_Status *status)
{
    int size = 0;
    if (PMPI_Get_count(status, MPI_PACKED, &size) != MPI_SUCCESS) leave();
    unpack(p, size, p->to);
}

static void wait_receive(transfer *p, MPI_Status *status)
{
    MPI_Status own;
    finish(&p->request, &own);
    end_receive(p, &own);
    if (status != MPI_STATUS_IGNORE) *status = own;
}

int MPI_Send(const void *buf, int count, MPI_Datatype type, int dest, int tag,
             MPI_Comm comm)
{
    if (!inside) return PMPI_Send(buf, count, type, dest, tag, comm);
    transfer *p = start_send(buf, count, type, dest, tag, comm);
    finish(&p->request, MPI_STATUS_IGNORE);
    drop(p);
    return MPI_SUCCESS;
}

/* A standard send is always right where a ready one is. */
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
    transfer *p = start_receive(buf, count, type, source, tag, comm);
    *request = p->request;
    p->slot = request;
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
    transfer *p = start_receive(recvbuf, recvcount, recvtype, source, recvtag, comm);
    (void)start_send(sendbuf, sendcount, sendtype, dest, sendtag, comm);
    wait_receive(p, status);
    return MPI_SUCCESS;
}

/* --- requests of BLACS: those of sends are null --------------------------------------- */

static transfer *transfer_of(MPI_Request request)
{
    transfer *p = inside->first;
    while (p && (!p->to || p->request != request)) p = p->next;
    return p;
}

int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[])
{
    if (!inside) return PMPI_Waitall(count, requests, statuses);
    for (int i = 0; i < count; i++) {
        MPI_Status *status =
            statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
        transfer *p = requests[i] == MPI_REQUEST_NULL ? NULL : transfer_of(requests[i]);
        if (p)
            wait_receive(p, status);
        else
            finish(&requests[i], status);
        requests[i] = MPI_REQUEST_NULL;
    }
    return MPI_SUCCESS;
}

/* Those that are done become null, which MPI does only when all are: BLACS asks again. */
int MPI_Testall(int count, MPI_Request requests[], int *flag, MPI_Status statuses[])
{
    if (!inside) return PMPI_Testall(count, requests, flag, statuses);
    *flag = 1;
    for (int i = 0; i < count; i++) {
        MPI_Status status;
        int is_done = 0;
        transfer *p = requests[i] == MPI_REQUEST_NULL ? NULL : transfer_of(requests[i]);
        if (PMPI_Test(p ? &p->request : &requests[i], &is_done, &status) != MPI_SUCCESS)
            leave();
        if (is_done && p) {
            end_receive(p, &status);
            requests[i] = MPI_REQUEST_NULL;
        }
        *flag = *flag && is_done;
    }
    return MPI_SUCCESS;
}

/* None is made inside, where a dead mate would be waited for without end. */
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

/* An error that BLACS would end all ranks for ends the call. */
int MPI_Abort(MPI_Comm comm, int code)
{
    if (!inside) return PMPI_Abort(comm, code);
    leave();
}

/* --- collectives ---------------------------------------------------------------------- */

int MPI_Bcast(void *buffer, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    if (!inside) return PMPI_Bcast(buffer, count, type, root, comm);
    int rank = -1;
    if (PMPI_Comm_rank(comm, &rank) != MPI_SUCCESS) leave();
    transfer *p = rank == root ? pack(buffer, count, type, comm) : take(count, type, comm);
    if (PMPI_Ibcast(p->bytes, p->size, MPI_PACKED, root, comm, &p->request) != MPI_SUCCESS)
        leave();
    finish(&p->request, MPI_STATUS_IGNORE);
    if (rank == root)
        drop(p);
    else
        unpack(p, p->size, buffer);
    return MPI_SUCCESS;
}

/* Combines on `root`, in the order of the ranks after its own. */
static void combine(const void *sendbuf, void *recvbuf, int count, MPI_Datatype type,
                    MPI_Op op, int root, MPI_Comm comm)
{
    MPI_Aint low = 0, extent = 0;
    int rank = -1, size = 0;
    const int tag = inside->watch->cluster->tag_limit; /* BLACS counts its own from 0 */
    if (PMPI_Comm_rank(comm, &rank) != MPI_SUCCESS ||
        PMPI_Comm_size(comm, &size) != MPI_SUCCESS ||
        PMPI_Type_get_extent(type, &low, &extent) != MPI_SUCCESS || low != 0)
        leave();
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
        if (PMPI_Reduce_local(inside->spare, recvbuf, count, type, op) != MPI_SUCCESS)
            leave();
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
    if (PMPI_Ibarrier(comm, &request) != MPI_SUCCESS) leave();
    finish(&request, MPI_STATUS_IGNORE);
    return MPI_SUCCESS;
}
