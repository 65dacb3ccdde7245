/*
 * Pieces between the same two peers arrive in the order they were sent, so a ring of slots
 * is enough, of which the oldest is polled; each piece carries its number.
 */
#include "cluster/comm/heartbeat.h"
#include "cluster/team/team_private.h"
#include "compute/core/clock.h"

#include <string.h>

enum { CHECK_EVERY = 64 /* polls */ };

tl_status tl_team_lose(tl_team_mpi *self, int peer, const char *why, tl_err *err)
{
    self->is_lost = true;
    self->request = NULL; /* requests are the callers', who return now */
    return tl_fail(err, TL_E_PEER, "team of epoch %u: %s (rank %d)", (unsigned)self->epoch,
                   why, self->first + peer);
}

tl_status tl_team_check(tl_team_mpi *self, int peer, tl_err *err)
{
    if (self->is_lost) return tl_team_lose(self, peer, "already lost", err);
    if (tl_heartbeat_is_cancelled(self->cluster, self->epoch))
        return tl_team_lose(self, peer, "cancelled", err);
    return TL_OK;
}

static size_t piece_of(size_t n, size_t at)
{
    return n - at < TL_PIECE ? n - at : TL_PIECE;
}

/* --- out ------------------------------------------------------------------------------ */

static tl_status send_piece(tl_team_mpi *self, tl_err *err)
{
    tl_stream *stream = &self->stream;
    const size_t n = piece_of(stream->source_n, stream->given);
    tl_slot *slot = &self->out[(stream->first_out + stream->outs) % TL_SLOTS];
    const tl_piece_head front = {
        .epoch = self->epoch, .number = self->sent[stream->to]++, .n = n};
    memcpy(slot->bytes, &front, sizeof front);
    memcpy(slot->bytes + sizeof front, stream->source + stream->given, n);
    if (MPI_Isend(slot->bytes, (int)(sizeof front + n), MPI_BYTE, self->first + stream->to,
                  self->tag, self->comm, &slot->request) != MPI_SUCCESS)
        return tl_team_lose(self, stream->to, "a peer died", err);
    slot->n = n;
    stream->outs++;
    stream->given += n;
    tl_failpoint_pass(self->place);
    return TL_OK;
}

static tl_status progress_out(tl_team_mpi *self, bool *moved, tl_err *err)
{
    tl_stream *stream = &self->stream;
    while (stream->given < stream->source_n && stream->outs < TL_SLOTS) {
        TL_TRY(send_piece(self, err));
        *moved = true;
    }
    while (stream->outs > 0) {
        tl_slot *slot = &self->out[stream->first_out];
        int has_left = 0;
        if (MPI_Test(&slot->request, &has_left, MPI_STATUS_IGNORE) != MPI_SUCCESS)
            return tl_team_lose(self, stream->to, "a peer died", err);
        if (!has_left) return TL_OK;
        stream->left += slot->n;
        stream->first_out = (stream->first_out + 1) % TL_SLOTS;
        stream->outs--;
        *moved = true;
    }
    return TL_OK;
}

/* --- in ------------------------------------------------------------------------------- */

/* Starts to receive into one more slot. */
static tl_status receive_piece(tl_team_mpi *self, tl_err *err)
{
    tl_stream *stream = &self->stream;
    tl_slot *slot = &self->in[(stream->first_in + stream->ins) % TL_SLOTS];
    if (MPI_Irecv(slot->bytes, (int)sizeof(tl_piece_head) + TL_PIECE, MPI_BYTE,
                  self->first + stream->from, self->tag, self->comm,
                  &slot->request) != MPI_SUCCESS)
        return tl_team_lose(self, stream->from, "a peer died", err);
    stream->ins++;
    if (stream->to == TL_NOBODY) tl_failpoint_pass(self->place);
    return TL_OK;
}

static void add_floats(float *restrict mine, const float *restrict theirs, size_t n)
{
    for (size_t i = 0; i < n; i++) mine[i] += theirs[i];
}

static void add_doubles(double *restrict mine, const double *restrict theirs, size_t n)
{
    for (size_t i = 0; i < n; i++) mine[i] += theirs[i];
}

/* The order of the two terms does not matter: rounded addition commutes. */
static void combine(const tl_stream *stream, const unsigned char *piece, size_t n)
{
    unsigned char *to = stream->sink + stream->got;
    if (stream->how == TL_COMBINE_COPY)
        memcpy(to, piece, n);
    else if (stream->how == TL_COMBINE_ADD_FLOAT)
        add_floats((void *)to, (const void *)piece, n / sizeof(float));
    else
        add_doubles((void *)to, (const void *)piece, n / sizeof(double));
}

/* The oldest slot has arrived: the expected piece, or one of an older epoch, which is
 * dropped. */
static void accept_piece(tl_team_mpi *self)
{
    tl_stream *stream = &self->stream;
    const unsigned char *bytes = self->in[stream->first_in].bytes;
    tl_piece_head front;
    memcpy(&front, bytes, sizeof front);
    if (front.epoch == self->epoch) {
        TL_INVARIANT(front.number == self->received[stream->from] &&
                     front.n == piece_of(stream->sink_n, stream->got));
        self->received[stream->from]++;
        combine(stream, bytes + sizeof front, (size_t)front.n);
        stream->got += (size_t)front.n;
    }
    stream->first_in = (stream->first_in + 1) % TL_SLOTS;
    stream->ins--;
}

/* Pieces that are still to come. */
static size_t awaited(const tl_stream *stream)
{
    return (stream->sink_n - stream->got + TL_PIECE - 1) / TL_PIECE;
}

static tl_status progress_in(tl_team_mpi *self, bool *moved, tl_err *err)
{
    tl_stream *stream = &self->stream;
    for (int is_there = 1; is_there;) {
        while (stream->ins < TL_SLOTS && (size_t)stream->ins < awaited(stream)) {
            TL_TRY(receive_piece(self, err));
        }
        if (stream->ins == 0) return TL_OK;
        if (MPI_Test(&self->in[stream->first_in].request, &is_there, MPI_STATUS_IGNORE) !=
            MPI_SUCCESS)
            return tl_team_lose(self, stream->from, "a peer died", err);
        if (is_there) accept_piece(self);
        if (is_there) *moved = true;
    }
    return TL_OK;
}

/* --- both ----------------------------------------------------------------------------- */

tl_status tl_stream_progress(tl_team_mpi *self, bool *moved, tl_err *err)
{
    /* Numbers that are exchanged whole are sent before those that arrive are added to them.
     */
    TL_TRY(progress_out(self, moved, err));
    return progress_in(self, moved, err);
}

bool tl_stream_is_done(const tl_stream *stream)
{
    return stream->left == stream->source_n && stream->got == stream->sink_n;
}

static tl_status poll_until_done(const tl_team *team, tl_team_step *step, tl_err *err)
{
    tl_team_mpi *self = team->self;
    const tl_stream *stream = &self->stream;
    self->moved_at = tl_seconds();
    for (unsigned quiet = 0;;) {
        bool is_done = false, moved = false;
        TL_TRY(step(team, &is_done, &moved, err));
        if (is_done) return TL_OK;
        quiet = moved ? 0 : quiet + 1;
        if (moved) self->moved_at = 0.0;
        if (quiet % CHECK_EVERY == CHECK_EVERY - 1) {
            const double now = tl_seconds();
            const int peer = stream->got < stream->sink_n ? stream->from : stream->to;
            TL_TRY(tl_team_check(self, peer, err));
            if (self->moved_at <= 0.0) self->moved_at = now;
            if (now > self->moved_at + self->timeout)
                return tl_team_lose(self, peer, "a peer is silent", err);
        }
        tl_back_off(quiet);
    }
}

tl_status tl_team_poll(const tl_team *team, tl_team_step *step, tl_err *err)
{
    tl_team_mpi *self = team->self;
    tl_heartbeat_set_waiting(self->cluster, true);
    const tl_status status = poll_until_done(team, step, err);
    tl_heartbeat_set_waiting(self->cluster, false);
    return status;
}

static tl_status progress_stream(const tl_team *team, bool *is_done, bool *moved,
                                 tl_err *err)
{
    tl_team_mpi *self = team->self;
    TL_TRY(tl_stream_progress(self, moved, err));
    *is_done = tl_stream_is_done(&self->stream);
    return TL_OK;
}

tl_status tl_stream_run(const tl_team *team, tl_stream stream, tl_err *err)
{
    tl_team_mpi *self = team->self;
    TL_TRY(tl_team_check(self, stream.from == TL_NOBODY ? stream.to : stream.from, err));
    TL_INVARIANT(self->request == NULL);
    self->stream = stream;
    return tl_team_poll(team, progress_stream, err);
}
