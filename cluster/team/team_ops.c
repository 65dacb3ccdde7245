/*
 * Sums in the fixed tree, by halving and doubling (Thakur, Rabenseifner, Gropp 2005,
 * Optimization of collective communication operations in MPICH, section 4.4), with the
 * nearest peers first: at stage j peers r and r XOR 2^j, which hold the same part of the
 * numbers as sums over their aligned blocks of 2^j members, send each other the half that
 * they do not keep. The kept half then is lower block + upper block: the tree's addition.
 * So member r ends with the slice given by the bits of r, lowest bit first, and gathering
 * runs in the opposite order. Few numbers are not halved but exchanged whole (butterfly),
 * which takes half as many stages and has the same bits.
 */
#include "cluster/team/team_private.h"

#include <string.h>

enum { SMALL = 1 << 16 /* bytes that are exchanged whole: at most a piece */ };

/* Members of the team as a power of two. */
static int stages_of(const tl_team *team)
{
    int stages = 0;
    while (1 << stages < team->size) stages++;
    return stages;
}

static size_t width_of(const tl_team_request *request)
{
    return request->is_double ? sizeof(double) : sizeof(float);
}

static bool is_small(const tl_team_request *request)
{
    return request->work == TL_TEAM_SUM && request->n * width_of(request) <= SMALL;
}

static bool is_fast(const tl_team_mpi *self, const tl_team_request *request)
{
    return request->is_fast && self->fast && request->work != TL_TEAM_ALLGATHER;
}

/* --- a stage of a request ------------------------------------------------------------ */

/* Divides what this member and its peer of `bit` hold after the earlier stages into the
 * half to keep and the half to send. */
static void halve(const tl_team *team, size_t n, int bit, tl_slice *kept, tl_slice *given)
{
    tl_team below = *team; /* a team of `bit` members, as far as slices go */
    below.size = bit;
    below.rank = team->rank & (bit - 1);
    const tl_slice both = tl_team_slice(&below, n);
    const tl_slice lower = {both.at, tl_team_half(both.n)};
    const tl_slice upper = {both.at + lower.n, both.n - lower.n};
    const bool is_upper = (team->rank & bit) != 0;
    *kept = is_upper ? upper : lower;
    *given = is_upper ? lower : upper;
}

static tl_stream stream_of(const tl_team_request *request, int peer, tl_slice out,
                           tl_slice in, bool adds)
{
    const size_t width = width_of(request);
    unsigned char *x = request->x;
    const tl_combine add =
        request->is_double ? TL_COMBINE_ADD_DOUBLE : TL_COMBINE_ADD_FLOAT;
    return (tl_stream){.to = peer,
                       .from = peer,
                       .source = x + out.at * width,
                       .source_n = out.n * width,
                       .sink = x + in.at * width,
                       .sink_n = in.n * width,
                       .how = adds ? add : TL_COMBINE_COPY};
}

/* The stream of the request's stage. \return false if the request has no such stage */
static bool open_stage(const tl_team *team, const tl_team_request *request,
                       tl_stream *stream)
{
    const int half = stages_of(team), stage = request->stage;
    if (is_small(request)) {
        if (stage >= half) return false;
        const tl_slice all = {0, request->n};
        *stream = stream_of(request, team->rank ^ 1 << stage, all, all, true);
        return true;
    }
    tl_slice kept, given;
    if (stage < half) { /* halving */
        halve(team, request->n, 1 << stage, &kept, &given);
        *stream = stream_of(request, team->rank ^ 1 << stage, given, kept, true);
        return true;
    }
    const int back = 2 * half - 1 - stage;
    if (back < 0 || request->work == TL_TEAM_REDUCE_SCATTER) return false;
    halve(team, request->n, 1 << back, &kept, &given);
    *stream = stream_of(request, team->rank ^ 1 << back, kept, given, false);
    return true;
}

static tl_status progress_stage(const tl_team *team, bool *is_over, bool *moved,
                                tl_err *err)
{
    tl_team_mpi *self = team->self;
    tl_team_request *request = self->request;
    if (!self->has_stream) {
        *is_over = !open_stage(team, request, &self->stream);
        if (*is_over) return TL_OK;
        self->place =
            request->work == TL_TEAM_ALLGATHER ? TL_FAILPOINT_GATHER : TL_FAILPOINT_SUM;
        self->has_stream = true;
    }
    TL_TRY(tl_stream_progress(self, moved, err));
    if (!tl_stream_is_done(&self->stream)) return TL_OK;
    self->has_stream = false;
    request->stage++;
    *moved = true;
    return TL_OK;
}

/* --- a fast request ------------------------------------------------------------------ */

/* By MPI, piece by piece, in a buffer of the team's. */
static tl_status progress_fast(tl_team_mpi *self, bool *is_over, bool *moved, tl_err *err)
{
    tl_team_request *request = self->request;
    tl_slot *slot = &self->fast_slot;
    const size_t width = width_of(request), all = request->n * width;
    unsigned char *at = (unsigned char *)request->x + request->moved;
    if (!self->has_stream) {
        *is_over = request->moved == all;
        if (*is_over) return TL_OK;
        slot->n =
            all - request->moved < TL_FAST_PIECE ? all - request->moved : TL_FAST_PIECE;
        memcpy(slot->bytes, at, slot->n);
        self->place = TL_FAILPOINT_SUM;
        if (MPI_Iallreduce(MPI_IN_PLACE, slot->bytes, (int)(slot->n / width),
                           request->is_double ? MPI_DOUBLE : MPI_FLOAT, MPI_SUM,
                           self->fast->comm, &slot->request) != MPI_SUCCESS)
            return tl_team_lose(self, 0, "MPI_Iallreduce failed", err);
        self->has_stream = true;
        tl_failpoint_pass(self->place);
    }
    int is_there = 0;
    if (MPI_Test(&slot->request, &is_there, MPI_STATUS_IGNORE) != MPI_SUCCESS)
        return tl_team_lose(self, 0, "a peer died", err);
    if (!is_there) return TL_OK;
    memcpy(at, slot->bytes, slot->n);
    request->moved += slot->n;
    self->has_stream = false;
    *moved = true;
    return TL_OK;
}

tl_status tl_requests_are_fast(const tl_team *team, bool *is_fast, tl_err *err)
{
    tl_team_mpi *self = team->self;
    tl_process_grid *grid = NULL;
    *is_fast = false;
    if (team->size == 1) return TL_OK;
    TL_TRY(tl_scalapack_grid(self->cluster, team, &grid, err));
    self->fast = grid;
    *is_fast = grid != NULL;
    return TL_OK;
}

/* --- all requests -------------------------------------------------------------------- */

static tl_status progress_requests(const tl_team *team, bool *is_done, bool *moved,
                                   tl_err *err)
{
    tl_team_mpi *self = team->self;
    while (self->request) {
        bool is_over = false, has_moved = false;
        TL_TRY(is_fast(self, self->request)
                   ? progress_fast(self, &is_over, &has_moved, err)
                   : progress_stage(team, &is_over, &has_moved, err));
        if (is_over) {
            self->request->is_done = true;
            self->request = self->request->next;
        } else if (!has_moved) {
            return TL_OK;
        }
        *moved = true;
    }
    *is_done = true;
    return TL_OK;
}

/* An abandoned fast sum makes its communicator invalid. */
static tl_status end_turn(tl_team_mpi *self, tl_status status)
{
    if (status == TL_E_PEER && self->fast) self->fast->is_invalid = true;
    return status;
}

tl_status tl_requests_start(const tl_team *team, tl_team_request *request, tl_err *err)
{
    tl_team_mpi *self = team->self;
    TL_TRY(end_turn(self, tl_team_check(self, 0, err)));
    request->is_done = false;
    request->next = NULL;
    request->moved = 0;
    request->stage = request->work == TL_TEAM_ALLGATHER ? stages_of(team) : 0;
    tl_team_request **last = &self->request;
    while (*last) last = &(*last)->next;
    *last = request;
    return tl_requests_progress(team, err);
}

tl_status tl_requests_progress(const tl_team *team, tl_err *err)
{
    tl_team_mpi *self = team->self;
    bool is_done = false, moved = false;
    if (!self->request) return TL_OK;
    TL_TRY(end_turn(self, tl_team_check(self, 0, err)));
    return end_turn(self, progress_requests(team, &is_done, &moved, err));
}

tl_status tl_requests_wait(const tl_team *team, tl_err *err)
{
    tl_team_mpi *self = team->self;
    TL_TRY(end_turn(self, tl_team_check(self, 0, err)));
    return end_turn(self, tl_team_poll(team, progress_requests, err));
}
