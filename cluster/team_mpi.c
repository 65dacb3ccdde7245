/*
 * All operations are made of one: exchange a piece of at most PIECE bytes with a mate,
 * through staging buffers taken when the team is opened. So no operation can fail for want
 * of memory on one member alone, and what MPI holds on to after a loss is never the
 * caller's.
 *
 * Sums use the butterfly with mate r XOR 2^j. At step j each member holds the tree's sum of
 * its aligned block of 2^j; lower + upper is then the same addition on both mates, so every
 * member ends with the bits of the fixed tree.
 */
#include "cluster/team_mpi.h"

#include "cluster/inside.h"
#include "cluster/pulse.h"
#include "cluster/scalapack.h"
#include "compute/core/fault.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 20, NOBODY = -1 };
static const double PATIENCE = 600.0; /* s */

/* Before each piece. A piece of another epoch (tags wrap) is dropped; one of another place
 * in this epoch's order would be a bug. */
typedef struct head {
    uint32_t epoch;
    uint32_t place; /* number of the piece between these mates */
    uint64_t n;     /* bytes that follow */
} head;

typedef struct body {
    tl_cluster *cluster;
    int first;
    uint32_t epoch;
    double patience;
    bool is_lost;
    tl_fault_place place;      /* of the operation */
    uint32_t *sent, *received; /* [size] pieces so far, by mate */
    unsigned char *out, *in;   /* [sizeof(head) + PIECE] */
    MPI_Request sending, receiving;
} body;

/* What one member says in agree. */
typedef struct verdict {
    int32_t status;
    int32_t rank;
    char text[TL_ERR_TEXT];
} verdict;

static tl_status lose(body *self, int mate, const char *why, tl_err *err)
{
    self->is_lost = true;
    return tl_fail(err, TL_E_LOST, "team of epoch %u: %s (mate is rank %d)",
                   (unsigned)self->epoch, why, self->first + mate);
}

static int post_receive(body *self, int mate)
{
    return MPI_Irecv(self->in, (int)sizeof(head) + PIECE, MPI_BYTE, self->first + mate,
                     (int)(self->epoch % ((uint32_t)self->cluster->tag_limit + 1u)),
                     self->cluster->team, &self->receiving);
}

static int post_send(body *self, int mate, const void *bytes, size_t n)
{
    const head front = {.epoch = self->epoch, .place = self->sent[mate]++, .n = n};
    memcpy(self->out, &front, sizeof front);
    if (n > 0) memcpy(self->out + sizeof front, bytes, n);
    return MPI_Isend(self->out, (int)(sizeof front + n), MPI_BYTE, self->first + mate,
                     (int)(self->epoch % ((uint32_t)self->cluster->tag_limit + 1u)),
                     self->cluster->team, &self->sending);
}

/* Looks once whether `request`, to or from `mate`, is done; a done one stays done. */
static tl_status look(body *self, MPI_Request *request, int mate, bool *is_done,
                      tl_err *err)
{
    if (*is_done) return TL_OK;
    int flag = 0;
    if (MPI_Test(request, &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS)
        return lose(self, mate, "a mate is gone", err);
    *is_done = flag != 0;
    return TL_OK;
}

/* Whether what came is the piece awaited; one of an older epoch is dropped, and the next is
 * waited for. */
static tl_status accept_piece(body *self, int from, size_t n, bool *is_it, tl_err *err)
{
    head front;
    memcpy(&front, self->in, sizeof front);
    *is_it = front.epoch == self->epoch;
    if (*is_it) {
        TL_INVARIANT(front.place == self->received[from] && front.n == n);
        self->received[from]++;
        return TL_OK;
    }
    if (post_receive(self, from) != MPI_SUCCESS)
        return lose(self, from, "a mate is gone", err);
    return TL_OK;
}

/* Waits until the piece to `to` has left and the one from `from`, of `n` bytes, is there.
 */
static tl_status wait_for_mates(body *self, int to, int from, size_t n, tl_err *err)
{
    const double deadline = tl_cluster_seconds() + self->patience;
    bool has_sent = to == NOBODY, has_received = from == NOBODY;
    for (unsigned turn = 0;; turn++) {
        TL_TRY(look(self, &self->sending, to, &has_sent, err));
        if (!has_received) {
            TL_TRY(look(self, &self->receiving, from, &has_received, err));
            if (has_received) TL_TRY(accept_piece(self, from, n, &has_received, err));
        }
        if (has_sent && has_received) return TL_OK;
        if (turn % 64 == 63) {
            const int mate = has_received ? to : from;
            if (tl_pulse_is_called_off(self->cluster, self->epoch))
                return lose(self, mate, "called off", err);
            if (tl_cluster_seconds() > deadline)
                return lose(self, mate, "a mate is silent", err);
        }
        tl_cluster_rest(turn);
    }
}

static tl_status settle(body *self, int to, int from, size_t n, tl_err *err)
{
    atomic_store_explicit(&self->cluster->is_waiting, true, memory_order_relaxed);
    const tl_status status = wait_for_mates(self, to, from, n, err);
    atomic_store_explicit(&self->cluster->is_waiting, false, memory_order_relaxed);
    return status;
}

/* Sends `n` bytes to team rank `to`, receives `m` from `from` (NOBODY: not), m <= PIECE.
 * What came lies in self->in behind its head. */
static tl_status exchange(body *self, int to, const void *bytes, size_t n, int from,
                          size_t m, tl_err *err)
{
    if (self->is_lost) return lose(self, to == NOBODY ? from : to, "already lost", err);
    if (tl_pulse_is_called_off(self->cluster, self->epoch))
        return lose(self, to == NOBODY ? from : to, "called off", err);
    if (from != NOBODY && post_receive(self, from) != MPI_SUCCESS)
        return lose(self, from, "a mate is gone", err);
    if (to != NOBODY && post_send(self, to, bytes, n) != MPI_SUCCESS)
        return lose(self, to, "a mate is gone", err);
    tl_fault_pass(self->place);
    return settle(self, to, from, m, err);
}

static size_t piece_of(size_t n, size_t at)
{
    return n - at < PIECE ? n - at : PIECE;
}

static tl_status sum_float(const tl_team *team, float *x, size_t n, float *scratch,
                           tl_err *err)
{
    body *self = team->self;
    self->place = TL_FAULT_SUM;
    (void)scratch;
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int mate = team->rank ^ bit;
        for (size_t at = 0; at < n * sizeof *x; at += PIECE) {
            const size_t bytes = piece_of(n * sizeof *x, at);
            float *mine = x + at / sizeof *x;
            TL_TRY(exchange(self, mate, mine, bytes, mate, bytes, err));
            const float *theirs = (const void *)(self->in + sizeof(head));
            for (size_t i = 0; i < bytes / sizeof *x; i++)
                mine[i] = mate > team->rank ? mine[i] + theirs[i] : theirs[i] + mine[i];
        }
    }
    return TL_OK;
}

static tl_status sum_double(const tl_team *team, double *x, size_t n, double *scratch,
                            tl_err *err)
{
    body *self = team->self;
    self->place = TL_FAULT_SUM;
    (void)scratch;
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int mate = team->rank ^ bit;
        for (size_t at = 0; at < n * sizeof *x; at += PIECE) {
            const size_t bytes = piece_of(n * sizeof *x, at);
            double *mine = x + at / sizeof *x;
            TL_TRY(exchange(self, mate, mine, bytes, mate, bytes, err));
            const double *theirs = (const void *)(self->in + sizeof(head));
            for (size_t i = 0; i < bytes / sizeof *x; i++)
                mine[i] = mate > team->rank ? mine[i] + theirs[i] : theirs[i] + mine[i];
        }
    }
    return TL_OK;
}

/* Binomial: at step `bit`, the members below `bit` have the piece and send it on. */
static tl_status broadcast(const tl_team *team, void *bytes, size_t n, tl_err *err)
{
    body *self = team->self;
    self->place = TL_FAULT_BROADCAST;
    unsigned char *whole = bytes;
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t piece = piece_of(n, at);
        for (int bit = 1; bit < team->size; bit *= 2) {
            if (team->rank < bit) {
                TL_TRY(exchange(self, team->rank + bit, whole + at, piece, NOBODY, 0, err));
            } else if (team->rank < 2 * bit) {
                TL_TRY(exchange(self, NOBODY, NULL, 0, team->rank - bit, piece, err));
                memcpy(whole + at, self->in + sizeof(head), piece);
            }
        }
    }
    return TL_OK;
}

/* Recursive doubling: at step `bit`, mates swap the aligned blocks of `bit` members. */
static tl_status gather(const tl_team *team, void *all, size_t each, tl_err *err)
{
    body *self = team->self;
    self->place = TL_FAULT_GATHER;
    unsigned char *whole = all;
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int mate = team->rank ^ bit;
        const size_t mine = (size_t)(team->rank & ~(bit - 1)) * each;
        const size_t theirs = (size_t)(mate & ~(bit - 1)) * each;
        const size_t n = (size_t)bit * each;
        for (size_t at = 0; at < n; at += PIECE) {
            const size_t piece = piece_of(n, at);
            TL_TRY(exchange(self, mate, whole + mine + at, piece, mate, piece, err));
            memcpy(whole + theirs + at, self->in + sizeof(head), piece);
        }
    }
    return TL_OK;
}

static tl_status agree(const tl_team *team, tl_status mine, tl_err *err)
{
    body *self = team->self;
    self->place = TL_FAULT_AGREE;
    verdict worst = {.status = (int32_t)mine, .rank = team->rank};
    if (err && mine != TL_OK) memcpy(worst.text, err->text, sizeof worst.text);
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int mate = team->rank ^ bit;
        verdict other;
        TL_TRY(exchange(self, mate, &worst, sizeof worst, mate, sizeof other, err));
        memcpy(&other, self->in + sizeof(head), sizeof other);
        const bool is_first = other.status == worst.status && other.rank < worst.rank;
        if (other.status > worst.status || is_first) worst = other;
    }
    if (worst.status == TL_OK) return TL_OK;
    worst.text[TL_ERR_TEXT - 1] = '\0';
    return tl_fail(err, (tl_status)worst.status, "%s", worst.text);
}

static tl_status eigenvalues(const tl_team *team, const double *a, int n, double *value,
                             tl_err *err)
{
    body *self = team->self;
    const tl_blacs_watch watch = {
        .cluster = self->cluster, .epoch = self->epoch, .patience = self->patience};
    const tl_status status = tl_scalapack_eigenvalues(&watch, team, a, n, value, err);
    if (status == TL_E_LOST) self->is_lost = true;
    return status;
}

static bool tick(const tl_team *team)
{
    const body *self = team->self;
    tl_fault_pass(TL_FAULT_TICK);
    tl_pulse_tick(self->cluster);
    return tl_pulse_is_stopping(self->cluster);
}

static void release(body *self)
{
    free(self->sent);
    free(self->received);
    free(self->out);
    free(self->in);
    free(self);
}

static bool take_buffers(body *self, int width)
{
    if (width == 1) return true;
    self->sent = calloc((size_t)width, sizeof *self->sent);
    self->received = calloc((size_t)width, sizeof *self->received);
    self->out = malloc(sizeof(head) + PIECE);
    self->in = malloc(sizeof(head) + PIECE);
    return self->sent && self->received && self->out && self->in;
}

tl_status tl_team_mpi_open(tl_cluster *cluster, int first, int width, uint32_t epoch,
                           double patience, tl_team *team, tl_err *err)
{
    static const tl_team_ops ops = {sum_float, sum_double, broadcast,  gather,
                                    agree,     tick,       eigenvalues};
    const int rank = cluster->rank - first;
    TL_CHECK(width > 0 && (width & (width - 1)) == 0 && first >= 0 && first % width == 0 &&
                 first + width <= cluster->size,
             err, TL_E_ARG, "ranks %d..%d of %d are no aligned block of 2^k", first,
             first + width - 1, cluster->size);
    TL_CHECK(rank >= 0 && rank < width && epoch > 0, err, TL_E_ARG,
             "rank %d is not in the team of ranks %d..%d, epoch %u", cluster->rank, first,
             first + width - 1, (unsigned)epoch);
    body *self = calloc(1, sizeof *self);
    TL_CHECK(self, err, TL_E_SPACE, "no memory left for a team");
    *self = (body){.cluster = cluster,
                   .first = first,
                   .epoch = epoch,
                   .patience = patience > 0.0 ? patience : PATIENCE,
                   .sending = MPI_REQUEST_NULL,
                   .receiving = MPI_REQUEST_NULL};
    if (!take_buffers(self, width)) {
        release(self);
        return tl_fail(err, TL_E_SPACE, "no memory left for a team of %d", width);
    }
    *team = (tl_team){.rank = rank, .size = width, .ops = &ops, .self = self};
    return TL_OK;
}

void tl_team_mpi_close(tl_team *team)
{
    body *self = team->self;
    if (self && self->is_lost) {
        /* MPI may still write into `in` or read `out`. */
        tl_cluster_keep(self->cluster, self->out);
        tl_cluster_keep(self->cluster, self->in);
        self->out = NULL;
        self->in = NULL;
    }
    if (self) release(self);
    *team = (tl_team){0};
}
