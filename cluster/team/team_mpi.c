#include "cluster/team/team_mpi.h"

#include "cluster/comm/heartbeat.h"
#include "cluster/team/team_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const double TIMEOUT = 600.0; /* s */

/* Exchanged by members in agree. */
typedef struct verdict {
    int32_t status;
    int32_t rank;
    char text[TL_ERR_TEXT];
} verdict;

/* Binomial: at step `bit`, the members below `bit` have the bytes and send them on. */
static tl_status broadcast(const tl_team *team, void *bytes, size_t n, tl_err *err)
{
    tl_team_mpi *self = team->self;
    self->place = TL_FAILPOINT_BROADCAST;
    for (int bit = 1; bit < team->size; bit *= 2) {
        tl_stream stream = {.to = TL_NOBODY, .from = TL_NOBODY};
        if (team->rank < bit) {
            stream.to = team->rank + bit;
            stream.source = bytes;
            stream.source_n = n;
        } else if (team->rank < 2 * bit) {
            stream.from = team->rank - bit;
            stream.sink = bytes;
            stream.sink_n = n;
        } else {
            continue;
        }
        TL_TRY(tl_stream_run(team, stream, err));
    }
    return TL_OK;
}

/* Sends `n` bytes of `out` to `peer` while as many from it arrive in `in`. */
static tl_status swap(const tl_team *team, int peer, const void *out, void *in, size_t n,
                      tl_err *err)
{
    return tl_stream_run(team,
                         (tl_stream){.to = peer,
                                     .from = peer,
                                     .source = out,
                                     .source_n = n,
                                     .sink = in,
                                     .sink_n = n},
                         err);
}

/* Recursive doubling: at step `bit`, peers swap the aligned blocks of `bit` members. */
static tl_status gather(const tl_team *team, void *all, size_t each, tl_err *err)
{
    tl_team_mpi *self = team->self;
    self->place = TL_FAILPOINT_GATHER;
    unsigned char *at = all;
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int peer = team->rank ^ bit;
        const size_t mine = (size_t)(team->rank & ~(bit - 1)) * each;
        const size_t theirs = (size_t)(peer & ~(bit - 1)) * each;
        TL_TRY(swap(team, peer, at + mine, at + theirs, (size_t)bit * each, err));
    }
    return TL_OK;
}

static tl_status agree(const tl_team *team, tl_status mine, tl_err *err)
{
    tl_team_mpi *self = team->self;
    self->place = TL_FAILPOINT_AGREE;
    verdict worst = {.status = (int32_t)mine, .rank = team->rank};
    if (err && mine != TL_OK) memcpy(worst.text, err->text, sizeof worst.text);
    for (int bit = 1; bit < team->size; bit *= 2) {
        verdict other;
        TL_TRY(swap(team, team->rank ^ bit, &worst, &other, sizeof worst, err));
        const bool is_first = other.status == worst.status && other.rank < worst.rank;
        if (other.status > worst.status || is_first) worst = other;
    }
    if (worst.status == TL_OK) return TL_OK;
    worst.text[TL_ERR_TEXT - 1] = '\0';
    return tl_fail(err, (tl_status)worst.status, "%s", worst.text);
}

static tl_status solve(const tl_team *team, const tl_linalg_problem *problem, tl_err *err)
{
    tl_team_mpi *self = team->self;
    const tl_blacs_watch watch = {
        .cluster = self->cluster, .epoch = self->epoch, .timeout = self->timeout};
    const tl_status status = tl_scalapack_solve(&watch, team, problem, err);
    if (status == TL_E_PEER) self->is_lost = true;
    return status;
}

static bool tick(const tl_team *team)
{
    const tl_team_mpi *self = team->self;
    tl_failpoint_pass(TL_FAILPOINT_TICK);
    tl_heartbeat_tick(self->cluster);
    return tl_heartbeat_is_stopping(self->cluster);
}

tl_status tl_team_mpi_allreduce(const tl_team *team, float *x, size_t n, tl_err *err)
{
    tl_team_mpi *self = team->self;
    tl_process_grid *grid = NULL;
    TL_TRY(tl_scalapack_grid(self->cluster, team, &grid, err));
    TL_CHECK(grid && n <= INT_MAX, err, TL_E_ARG,
             "MPI_Allreduce takes at most %d numbers, on a valid block", INT_MAX);
    const int code = MPI_Allreduce(MPI_IN_PLACE, x, (int)n, MPI_FLOAT, MPI_SUM, grid->comm);
    TL_CHECK(code == MPI_SUCCESS, err, TL_E_IO, "MPI_Allreduce failed");
    return TL_OK;
}

static void release(tl_team_mpi *self)
{
    free(self->sent);
    free(self->buffers);
    free(self);
}

/* MPI may still access the buffers of a lost team, so they are one block that can be
 * retained.
 */
static bool alloc_buffers(tl_team_mpi *self, int width)
{
    const size_t piece = sizeof(tl_piece_head) + TL_PIECE;
    if (width == 1) return true;
    self->sent = calloc(2 * (size_t)width, sizeof *self->sent);
    self->buffers = malloc(2 * TL_SLOTS * piece + TL_FAST_PIECE);
    if (!self->sent || !self->buffers) return false;
    self->received = self->sent + width;
    for (size_t k = 0; k < TL_SLOTS; k++) {
        self->out[k].bytes = self->buffers + 2 * k * piece;
        self->in[k].bytes = self->out[k].bytes + piece;
    }
    self->fast_slot.bytes = self->buffers + 2 * TL_SLOTS * piece;
    return true;
}

tl_status tl_team_mpi_open(tl_cluster *cluster, int first, int width, uint32_t epoch,
                           double timeout, tl_team *team, tl_err *err)
{
    static const tl_team_ops ops = {tl_requests_start,
                                    tl_requests_progress,
                                    tl_requests_wait,
                                    tl_requests_are_fast,
                                    broadcast,
                                    gather,
                                    agree,
                                    tick,
                                    solve};
    const int own = tl_cluster_rank(cluster), ranks = tl_cluster_size(cluster);
    const int rank = own - first;
    TL_CHECK(width > 0 && (width & (width - 1)) == 0 && first >= 0 && first % width == 0 &&
                 first + width <= ranks,
             err, TL_E_ARG, "ranks %d..%d of %d are not an aligned block of 2^k ranks",
             first, first + width - 1, ranks);
    TL_CHECK(rank >= 0 && rank < width && epoch > 0, err, TL_E_ARG,
             "rank %d is not in the team of ranks %d..%d, epoch %u", own, first,
             first + width - 1, (unsigned)epoch);
    const uint32_t tags = (uint32_t)tl_channel_tag_limit(cluster) + 1u;
    tl_team_mpi *self = calloc(1, sizeof *self);
    TL_CHECK(self, err, TL_E_NOMEM, "out of memory for a team");
    *self = (tl_team_mpi){.cluster = cluster,
                          .first = first,
                          .rank = rank,
                          .comm = tl_channel_comm(cluster, TL_CHANNEL_TEAM),
                          .epoch = epoch,
                          .tag = (int)(epoch % tags),
                          .timeout = timeout > 0.0 ? timeout : TIMEOUT};
    if (!alloc_buffers(self, width)) {
        release(self);
        return tl_fail(err, TL_E_NOMEM, "out of memory for a team of %d", width);
    }
    *team = (tl_team){.rank = rank, .size = width, .ops = &ops, .self = self};
    return TL_OK;
}

void tl_team_mpi_close(tl_team *team)
{
    tl_team_mpi *self = team->self;
    if (self && self->is_lost) {
        tl_cluster_retain(self->cluster, self->buffers);
        self->buffers = NULL;
    }
    if (self) release(self);
    *team = (tl_team){0};
}
