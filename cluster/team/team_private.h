/*
 * What the files of tl_team_mpi share about one team. Nobody else includes this.
 *
 * Everything that members tell each other goes through a stream: bytes to one mate and
 * bytes from one mate, in pieces, a few of them on their way at once. Pieces travel through
 * buffers taken when the team is opened, so that no operation can fail for want of memory
 * on one member alone, and what MPI holds on to after a loss is never the caller's.
 */
#ifndef TL_CLUSTER_TEAM_TEAM_PRIVATE_H
#define TL_CLUSTER_TEAM_TEAM_PRIVATE_H

#include "cluster/comm/cluster_private.h"
#include "compute/core/failpoint.h"
#include "compute/core/team.h"

enum {
    TL_PIECE = 1 << 19, /**< bytes: within a core's cache, yet worth TCP's while */
    TL_LANES = 4,       /**< pieces on their way to a mate, and from one */
    TL_FAST_PIECE = 1 << 22,
    TL_NOBODY = -1
};

/** Before each piece. A piece of another epoch (tags wrap) is dropped; one of another place
 * in this epoch's order would be a bug. */
typedef struct tl_piece_head {
    uint32_t epoch;
    uint32_t place; /**< number of the piece between these mates */
    uint64_t n;     /**< bytes that follow */
} tl_piece_head;

/** What becomes of bytes that come. */
typedef enum tl_combine {
    TL_COMBINE_COPY,
    TL_COMBINE_ADD_FLOAT, /**< lower rank + upper rank */
    TL_COMBINE_ADD_DOUBLE
} tl_combine;

/** Bytes on their way. */
typedef struct tl_stream {
    int to, from; /**< team ranks, or TL_NOBODY */
    const unsigned char *source;
    size_t source_n;
    unsigned char *sink;
    size_t sink_n;
    tl_combine how;
    /* Bytes of source given to MPI, and that have left; bytes of sink that are there. */
    size_t given, left, got;
    /* Rings of lanes: the oldest, and how many are in use. */
    int first_out, outs, first_in, ins;
} tl_stream;

/** A buffer of sizeof(tl_piece_head) + TL_PIECE bytes, and what MPI does with it. */
typedef struct tl_lane {
    unsigned char *bytes;
    MPI_Request request;
    size_t n; /**< bytes behind the head */
} tl_lane;

typedef struct tl_team_mpi {
    tl_cluster *cluster;
    int first;
    uint32_t epoch;
    double timeout;
    double moved_at; /**< when something last moved, s */
    bool is_lost;
    tl_fault_place place;      /**< of the operation */
    uint32_t *sent, *received; /**< [size] pieces so far, by mate */
    tl_lane out[TL_LANES], in[TL_LANES];
    tl_stream stream;
    tl_team_request *request; /**< the first of those begun */
    bool has_stream;          /**< the request's stage is under way */
    tl_process_grid
        *fast; /**< its communicator sums fast requests; NULL: not known to do so */
    tl_lane fast_lane;
} tl_team_mpi;

/** Marks the team as lost. \return TL_E_LOST, with `why` and the mate's rank in `err` */
tl_status tl_team_lose(tl_team_mpi *self, int mate, const char *why, tl_err *err);

/** Lost if the team is, or has been called off. */
TL_MUST_USE tl_status tl_team_look(tl_team_mpi *self, int mate, tl_err *err);

/** Does what can be done without waiting for self->stream, whose places and numbers are
 * set and counters 0. \param moved set to true if anything came or went */
TL_MUST_USE tl_status tl_stream_progress(tl_team_mpi *self, bool *moved, tl_err *err);

/** Whether all has left and all is there. */
bool tl_stream_is_done(const tl_stream *stream);

/** Carries `stream` to its end. */
TL_MUST_USE tl_status tl_stream_run(const tl_team *team, tl_stream stream, tl_err *err);

/** Takes `turn` until it says that it is done: with rests, deadline and calls off. */
TL_MUST_USE tl_status tl_team_poll(const tl_team *team,
                                   tl_status (*turn)(const tl_team *team, bool *is_done,
                                                     bool *moved, tl_err *err),
                                   tl_err *err);

/** The operations of requests: see compute/core/team.h. */
tl_status tl_requests_start(const tl_team *team, tl_team_request *request, tl_err *err);
tl_status tl_requests_progress(const tl_team *team, tl_err *err);
tl_status tl_requests_wait(const tl_team *team, tl_err *err);
tl_status tl_requests_are_fast(const tl_team *team, bool *is_fast, tl_err *err);

#endif
