/*
 * What BLACS sends and receives in its blocking calls goes through staging buffers of this
 * file, as packed bytes: after a loss MPI may still read or write them, so they are kept,
 * and never is a buffer of BLACS, which it will use again for another grid, in MPI's hands.
 * Its own non-blocking sends are left alone: BLACS asks MPI before it uses such a buffer
 * again. The default broadcast and reductions become their non-blocking kin.
 */
#include "cluster/blacs_guard.h"

#include "cluster/inside.h"
#include "cluster/pulse.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct guard {
    const tl_blacs_watch *watch;
    jmp_buf out;
} guard;

/* What this thread works under; NULL: not in ScaLAPACK, every call is MPI's own. */
static _Thread_local guard *inside;

bool tl_blacs_guarded(const tl_blacs_watch *watch, void (*work)(void *self), void *self)
{
    guard mine = {.watch = watch};
    TL_INVARIANT(!inside);
    if (setjmp(mine.out) != 0) {
        inside = NULL;
        return false;
    }
    inside = &mine;
    work(self);
    inside = NULL;
    return true;
}

static _Noreturn void leave(void)
{
    longjmp(inside->out, 1);
}

/* A message in the hands of MPI. Two of them are on their way in MPI_Sendrecv. */
typedef struct stage {
    void *bytes; /* NULL: none */
    int size;
    MPI_Request request;
} stage;

static void keep(stage *s)
{
    if (s->request != MPI_REQUEST_NULL) (void)PMPI_Cancel(&s->request);
    tl_cluster_keep(inside->watch->cluster, s->bytes);
}

/* Waits for `request`; false: there is no use in waiting. */
static bool finish(MPI_Request *request, MPI_Status *status)
{
    const tl_blacs_watch *watch = inside->watch;
    const double deadline = tl_cluster_seconds() + watch->patience;
    for (unsigned turn = 0;; turn++) {
        int is_done = 0;
        if (PMPI_Test(request, &is_done, status) != MPI_SUCCESS) return false;
        if (is_done) return true;
        if (turn % 64 == 63 && (tl_pulse_is_called_off(watch->cluster, watch->epoch) ||
                                tl_cluster_seconds() > deadline))
            return false;
        tl_cluster_rest(turn);
    }
}

/* An empty message for `count` of `type`. */
static stage take(int count, MPI_Datatype type, MPI_Comm comm)
{
    stage s = {.request = MPI_REQUEST_NULL};
    if (PMPI_Pack_size(count, type, comm, &s.size) != MPI_SUCCESS) leave();
    s.bytes = malloc(s.size > 0 ? (size_t)s.size : 1);
    if (!s.bytes) leave();
    return s;
}

static stage pack(const void *from, int count, MPI_Datatype type, MPI_Comm comm)
{
    stage s = take(count, type, comm);
    int at = 0;
    if (PMPI_Pack(from, count, type, s.bytes, s.size, &at, comm) == MPI_SUCCESS) {
        s.size = at;
        return s;
    }
    free(s.bytes);
    leave();
}

/* Unpacks `size` bytes into at most `count` of `type`: a message may be shorter. */
static bool unpack(const stage *s, int size, void *to, int count, MPI_Datatype type,
                   MPI_Comm comm)
{
    int each = 0, at = 0;
    if (PMPI_Type_size(type, &each) != MPI_SUCCESS) return false;
    const int came = each > 0 ? size / each : 0;
    return came <= count && came * each == size &&
           PMPI_Unpack(s->bytes, size, &at, to, came, type, comm) == MPI_SUCCESS;
}

static void send_all(const void *buf, int count, MPI_Datatype type, int to, int tag,
                     MPI_Comm comm)
{
    stage s = pack(buf, count, type, comm);
    if (PMPI_Isend(s.bytes, s.size, MPI_PACKED, to, tag, comm, &s.request) != MPI_SUCCESS ||
        !finish(&s.request, MPI_STATUS_IGNORE)) {
        keep(&s);
        leave();
    }
    free(s.bytes);
}

int MPI_Send(const void *buf, int count, MPI_Datatype type, int dest, int tag,
             MPI_Comm comm)
{
    if (!inside) return PMPI_Send(buf, count, type, dest, tag, comm);
    send_all(buf, count, type, dest, tag, comm);
    return MPI_SUCCESS;
}

/* Ready to be received or not, a standard send is as right. */
int MPI_Rsend(const void *buf, int count, MPI_Datatype type, int dest, int tag,
              MPI_Comm comm)
{
    if (!inside) return PMPI_Rsend(buf, count, type, dest, tag, comm);
    send_all(buf, count, type, dest, tag, comm);
    return MPI_SUCCESS;
}

/* Ends the receive that is on its way in `s`. */
static void end_receive(stage *s, void *buf, int count, MPI_Datatype type, MPI_Comm comm,
                        MPI_Status *status)
{
    MPI_Status own;
    int size = 0;
    if (!finish(&s->request, &own)) {
        keep(s);
        leave();
    }
    const bool is_whole = PMPI_Get_count(&own, MPI_PACKED, &size) == MPI_SUCCESS &&
                          unpack(s, size, buf, count, type, comm);
    free(s->bytes);
    if (!is_whole) leave();
    if (status != MPI_STATUS_IGNORE) *status = own;
}

int MPI_Recv(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm,
             MPI_Status *status)
{
    if (!inside) return PMPI_Recv(buf, count, type, source, tag, comm, status);
    stage s = take(count, type, comm);
    if (PMPI_Irecv(s.bytes, s.size, MPI_PACKED, source, tag, comm, &s.request) !=
        MPI_SUCCESS) {
        keep(&s);
        leave();
    }
    end_receive(&s, buf, count, type, comm, status);
    return MPI_SUCCESS;
}

int MPI_Sendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest,
                 int sendtag, void *recvbuf, int recvcount, MPI_Datatype recvtype,
                 int source, int recvtag, MPI_Comm comm, MPI_Status *status)
{
    if (!inside)
        return PMPI_Sendrecv(sendbuf, sendcount, sendtype, dest, sendtag, recvbuf,
                             recvcount, recvtype, source, recvtag, comm, status);
    stage out = pack(sendbuf, sendcount, sendtype, comm);
    stage in = take(recvcount, recvtype, comm);
    if (PMPI_Irecv(in.bytes, in.size, MPI_PACKED, source, recvtag, comm, &in.request) !=
            MPI_SUCCESS ||
        PMPI_Isend(out.bytes, out.size, MPI_PACKED, dest, sendtag, comm, &out.request) !=
            MPI_SUCCESS ||
        !finish(&out.request, MPI_STATUS_IGNORE)) {
        keep(&out);
        keep(&in);
        leave();
    }
    free(out.bytes);
    end_receive(&in, recvbuf, recvcount, recvtype, comm, status);
    return MPI_SUCCESS;
}

int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[])
{
    if (!inside) return PMPI_Waitall(count, requests, statuses);
    for (int i = 0; i < count; i++) {
        MPI_Status *status =
            statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
        if (!finish(&requests[i], status)) leave();
    }
    return MPI_SUCCESS;
}

int MPI_Bcast(void *buffer, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    if (!inside) return PMPI_Bcast(buffer, count, type, root, comm);
    int rank = -1;
    if (PMPI_Comm_rank(comm, &rank) != MPI_SUCCESS) leave();
    stage s = rank == root ? pack(buffer, count, type, comm) : take(count, type, comm);
    if (PMPI_Ibcast(s.bytes, s.size, MPI_PACKED, root, comm, &s.request) != MPI_SUCCESS ||
        !finish(&s.request, MPI_STATUS_IGNORE)) {
        tl_cluster_keep(inside->watch->cluster, s.bytes); /* cannot be cancelled */
        leave();
    }
    const bool is_whole = rank == root || unpack(&s, s.size, buffer, count, type, comm);
    free(s.bytes);
    if (!is_whole) leave();
    return MPI_SUCCESS;
}

int MPI_Barrier(MPI_Comm comm)
{
    if (!inside) return PMPI_Barrier(comm);
    MPI_Request request = MPI_REQUEST_NULL;
    if (PMPI_Ibarrier(comm, &request) != MPI_SUCCESS ||
        !finish(&request, MPI_STATUS_IGNORE))
        leave();
    return MPI_SUCCESS;
}
