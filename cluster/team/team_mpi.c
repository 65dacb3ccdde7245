/*
 * Operations on streams (team_private.h) and requests (team_ops.c).
 */
#include "cluster/team/team_mpi.h"

#include "cluster/comm/heartbeat.h"
#include "cluster/scalapack/scalapack.h"
#include "cluster/team/team_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const double TIMEOUT = 600.0; /* s */

/* What one member says in agree. */
typedef struct verdict {
    int32_t status;
    int32_t rank;
    char text[TL_ERR_TEXT];
} verdict;

/* Binomial: at step `bit`, the members below `bit` have the bytes and send them on. */
static tl_status broadcast(const tl_team *team, void *bytes, size_t n, tl_err *err)
{
    tl_team_mpi *self = team->self;
    self->place = TL_FAULT_BROADCAST;
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

/* Recursive doubling: at step `bit`, mates swap the aligned blocks of `bit` members. */
static tl_status gather(const tl_team *team, void *all, size_t each, tl_err *err)
{
    tl_team_mpi *self = team->self;
    self->place = TL_FAULT_GATHER;
    unsigned char *whole = all;
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int mate = team->rank ^ bit;
        const size_t mine = (size_t)(team->rank & ~(bit - 1)) * each;
        const size_t theirs = (size_t)(mate & ~(bit - 1)) * each;
        TL_TRY(tl_stream_run(team,
                             (tl_stream){.to = mate,
                                         .from = mate,
                                         .source = whole + mine,
                                         .source_n = (size_t)bit * each,
                                         .sink = whole + theirs,
                                         .sink_n = (size_t)bit * each},
                             err));
    }
    return TL_OK;
}

static tl_status agree(const tl_team *team, tl_status mine, tl_err *err)
{
    tl_team_mpi *self = team->self;
    self->place = TL_FAULT_AGREE;
    verdict worst = {.status = (int32_t)mine, .rank = team->rank};
    if (err && mine != TL_OK) memcpy(worst.text, err->text, sizeof worst.text);
    for (int bit = 1; bit < team->size; bit *= 2) {
        const int mate = team->rank ^ bit;
        verdict other;
        TL_TRY(tl_stream_run(team,
                             (tl_stream){.to = mate,
                                         .from = mate,
                                         .source = (const unsigned char *)&worst,
                                         .source_n = sizeof worst,
                                         .sink = (unsigned char *)&other,
                                         .sink_n = sizeof other},
                             err));
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
    if (status == TL_E_LOST) self->is_lost = true;
    return status;
}

static bool tick(const tl_team *team)
{
    const tl_team_mpi *self = team->self;
    tl_fault_pass(TL_FAULT_TICK);
    tl_heartbeat_tick(self->cluster);
    return tl_heartbeat_is_stopping(self->cluster);
}

tl_status tl_team_mpi_allreduce(const tl_team *team, float *x, size_t n, tl_err *err)
{
    tl_team_mpi *self = team->self;
    tl_process_grid *grid = NULL;
    TL_TRY(tl_scalapack_grid(self->cluster, team, &grid, err));
    TL_CHECK(grid && n <= INT_MAX, err, TL_E_ARG,
             "MPI_Allreduce takes at most %d numbers, on a block where nobody died",
             INT_MAX);
    const int code = MPI_Allreduce(MPI_IN_PLACE, x, (int)n, MPI_FLOAT, MPI_SUM, grid->comm);
    TL_CHECK(code == MPI_SUCCESS, err, TL_E_IO, "MPI_Allreduce failed");
    return TL_OK;
}

static void release(tl_team_mpi *self)
{
    free(self->sent);
    free(self->received);
    for (int k = 0; k < TL_LANES; k++) {
        free(self->out[k].bytes);
        free(self->in[k].bytes);
    }
    free(self->fast_lane.bytes);
    free(self);
}

static bool take_lane(tl_lane *lane, size_t n)
{
    *lane = (tl_lane){.bytes = malloc(n), .request = MPI_REQUEST_NULL};
    return lane->bytes != NULL;
}

static bool take_buffers(tl_team_mpi *self, int width)
{
    const size_t piece = sizeof(tl_piece_head) + TL_PIECE;
    if (width == 1) return true;
    self->sent = calloc((size_t)width, sizeof *self->sent);
    self->received = calloc((size_t)width, sizeof *self->received);
    bool is_complete = self->sent && self->received;
    for (int k = 0; k < TL_LANES; k++) {
        is_complete = is_complete && take_lane(&self->out[k], piece) &&
                      take_lane(&self->in[k], piece);
    }
    return is_complete && take_lane(&self->fast_lane, TL_FAST_PIECE);
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
    const int rank = cluster->rank - first;
    TL_CHECK(width > 0 && (width & (width - 1)) == 0 && first >= 0 && first % width == 0 &&
                 first + width <= cluster->size,
             err, TL_E_ARG, "ranks %d..%d of %d are no aligned block of 2^k", first,
             first + width - 1, cluster->size);
    TL_CHECK(rank >= 0 && rank < width && epoch > 0, err, TL_E_ARG,
             "rank %d is not in the team of ranks %d..%d, epoch %u", cluster->rank, first,
             first + width - 1, (unsigned)epoch);
    tl_team_mpi *self = calloc(1, sizeof *self);
    TL_CHECK(self, err, TL_E_SPACE, "no memory left for a team");
    *self = (tl_team_mpi){.cluster = cluster,
                          .first = first,
                          .epoch = epoch,
                          .timeout = timeout > 0.0 ? timeout : TIMEOUT};
    if (!take_buffers(self, width)) {
        release(self);
        return tl_fail(err, TL_E_SPACE, "no memory left for a team of %d", width);
    }
    *team = (tl_team){.rank = rank, .size = width, .ops = &ops, .self = self};
    return TL_OK;
}

/* MPI may still write into a lane of a lost team, or read it. */
static void keep_lane(tl_cluster *cluster, tl_lane *lane)
{
    tl_cluster_retain(cluster, lane->bytes);
    lane->bytes = NULL;
}

void tl_team_mpi_close(tl_team *team)
{
    tl_team_mpi *self = team->self;
    if (self && self->is_lost) {
        for (int k = 0; k < TL_LANES; k++) {
            keep_lane(self->cluster, &self->out[k]);
            keep_lane(self->cluster, &self->in[k]);
        }
        keep_lane(self->cluster, &self->fast_lane);
    }
    if (self) release(self);
    *team = (tl_team){0};
}
