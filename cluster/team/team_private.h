/*
 * Shared by the files of tl_team_mpi: the state of one team.
 *
 * All communication goes through a stream: bytes to one peer and bytes from one peer, in
 * pieces, a few of them in flight at once. Pieces use buffers allocated when the team is
 * opened, so that no operation can run out of memory on one member alone, and MPI never
 * holds the caller's memory after a peer died.
 */
#ifndef TL_CLUSTER_TEAM_TEAM_PRIVATE_H
#define TL_CLUSTER_TEAM_TEAM_PRIVATE_H

#include "cluster/scalapack/scalapack.h"
#include "compute/core/failpoint.h"
#include "compute/core/team.h"

enum {
    TL_PIECE = 1 << 19,      /**< bytes: fits a core's cache, large enough for TCP */
    TL_SLOTS = 4,            /**< pieces in flight to a peer, and from one */
    TL_FAST_PIECE = 1 << 22, /**< bytes that MPI sums at once, at most */
    TL_NOBODY = -1           /**< no peer */
};

/** The head of a piece. Pieces of other epochs (tags wrap) are dropped; one out of order
 * within this epoch would be a bug. */
typedef struct tl_piece_head {
    uint32_t epoch;
    uint32_t number; /**< of the piece, from this sender to this receiver */
    uint64_t n;      /**< bytes that follow */
} tl_piece_head;

/** What to do with bytes that arrive. */
typedef enum tl_combine {
    TL_COMBINE_COPY,
    TL_COMBINE_ADD_FLOAT, /**< to what is there */
    TL_COMBINE_ADD_DOUBLE
} tl_combine;

/** A transfer in both directions. */
typedef struct tl_stream {
    int to, from;                /**< team ranks, or TL_NOBODY */
    const unsigned char *source; /**< [source_n] borrowed */
    size_t source_n;
    unsigned char *sink; /**< [sink_n] borrowed */
    size_t sink_n;
    tl_combine how;
    /* Bytes of source given to MPI, and sent; bytes of sink received. */
    size_t given, left, got;
    /* Rings of slots: the oldest, and how many are in use. */
    int first_out, outs, first_in, ins;
} tl_stream;

/** A buffer and its MPI request. */
typedef struct tl_slot {
    unsigned char *bytes; /**< [sizeof(tl_piece_head) + TL_PIECE] of the team's buffers */
    MPI_Request request;
    size_t n; /**< bytes behind the head */
} tl_slot;

/** A team's own; pointers are owned unless marked as borrowed. */
typedef struct tl_team_mpi {
    tl_cluster *cluster; /**< borrowed */
    int first, rank;     /**< the team's first rank in the cluster; this rank in the team */
    MPI_Comm comm;
    uint32_t epoch;
    int tag;
    double timeout;  /**< s */
    double moved_at; /**< time of the last progress, s */
    bool is_lost;
    tl_failpoint_site place;   /**< of the operation */
    uint32_t *sent, *received; /**< [size] pieces so far, by peer */
    unsigned char *buffers;    /**< of all slots */
    tl_slot out[TL_SLOTS], in[TL_SLOTS];
    tl_stream stream;
    tl_team_request *request; /**< borrowed; the first of those started, or NULL */
    bool has_stream;          /**< the request's stage is in progress */
    /** Borrowed; its communicator sums fast requests. NULL: none does. */
    tl_process_grid *fast;
    tl_slot fast_slot; /**< [TL_FAST_PIECE] */
} tl_team_mpi;

/** Makes progress without waiting; not collective. Sets `is_done` when nothing is left to
 * do, and `moved` if there was progress. */
typedef tl_status tl_team_step(const tl_team *team, bool *is_done, bool *moved,
                               tl_err *err);

/** Marks the team as lost. \return TL_E_PEER, with `why` and the peer's rank in `err` */
TL_MUST_USE tl_status tl_team_lose(tl_team_mpi *self, int peer, const char *why,
                                   tl_err *err);

/** Checks that the team can go on. \return TL_E_PEER if it is lost or was cancelled */
TL_MUST_USE tl_status tl_team_check(tl_team_mpi *self, int peer, tl_err *err);

/** Advances self->stream without waiting; its ends and sizes are set, its counters started
 * at 0.
 * \param moved set to true if there was progress
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_stream_progress(tl_team_mpi *self, bool *moved, tl_err *err);

/** Whether everything is sent and received. */
bool tl_stream_is_done(const tl_stream *stream);

/** Completes `stream`. Not collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_stream_run(const tl_team *team, tl_stream stream, tl_err *err);

/** Calls `step` until it is done, with pauses, timeout and cancellation. Not collective.
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_poll(const tl_team *team, tl_team_step *step, tl_err *err);

/** The operations on requests: see tl_team_start, progress, wait and is_fast in
 * compute/core/team.h. Collective as those. */
TL_MUST_USE tl_status tl_requests_start(const tl_team *team, tl_team_request *request,
                                        tl_err *err);
TL_MUST_USE tl_status tl_requests_progress(const tl_team *team, tl_err *err);
TL_MUST_USE tl_status tl_requests_wait(const tl_team *team, tl_err *err);
TL_MUST_USE tl_status tl_requests_are_fast(const tl_team *team, bool *is_fast, tl_err *err);

#endif
