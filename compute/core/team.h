/*
 * The team: the ranks that work on one step, as a record of operations.
 *
 * Code above cluster/ never sees MPI; it sees a tl_team, and runs in a unit test on the
 * team of one. Operations are collective over the team unless they say otherwise. They time
 * out and return the same status on every live member: TL_E_PEER when a member died or was
 * silent too long, or the step was cancelled. After TL_E_PEER the team must not be used
 * again. No member skips a team operation: a local failure is agreed on (tl_team_agree)
 * before the next one. A team is used by one thread on each member.
 */
#ifndef TL_COMPUTE_CORE_TEAM_H
#define TL_COMPUTE_CORE_TEAM_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

/** The ranks that work on one step, as this member sees them. */
typedef struct tl_team tl_team;
struct tl_linalg_problem; /* compute/linalg/problem.h */

/** What a request does with the members' numbers. */
typedef enum tl_team_work {
    TL_TEAM_SUM,            /**< every member gets the sums */
    TL_TEAM_REDUCE_SCATTER, /**< every member gets the sums of its slice (tl_team_slice);
                               the rest of x is undefined */
    TL_TEAM_ALLGATHER       /**< every member's slice is sent to all */
} tl_team_work;

/** A sum or gather that proceeds while a member computes: see tl_team_start. Below the
 * blank line the fields are private. */
typedef struct tl_team_request {
    tl_team_work work;
    bool is_double; /**< x holds doubles; otherwise floats */
    bool is_fast;   /**< summed by MPI: bits depend on the team; see tl_team_is_fast */
    void *x;        /**< [n] borrowed until is_done, read and written */
    size_t n;
    bool is_done; /**< result */

    /** Private, as are the following. */
    struct tl_team_request *next;
    int stage;
    size_t moved;
} tl_team_request;

/** A part of [0, n). */
typedef struct tl_slice {
    size_t at, n;
} tl_slice;

/** The operations of a kind of team. The functions below of the same names have the
 * contracts. */
typedef struct tl_team_ops {
    tl_status (*start)(const tl_team *team, tl_team_request *request, tl_err *err);
    tl_status (*progress)(const tl_team *team, tl_err *err);
    tl_status (*wait)(const tl_team *team, tl_err *err);
    tl_status (*is_fast)(const tl_team *team, bool *is_fast, tl_err *err);
    tl_status (*broadcast)(const tl_team *team, void *bytes, size_t n, tl_err *err);
    tl_status (*gather)(const tl_team *team, void *all, size_t each, tl_err *err);
    tl_status (*agree)(const tl_team *team, tl_status mine, tl_err *err);
    bool (*tick)(const tl_team *team);
    /** The distributed solvers, for tl_linalg_solve; NULL: there are none. */
    tl_status (*solve)(const tl_team *team, const struct tl_linalg_problem *problem,
                       tl_err *err);
} tl_team_ops;

/** See above; a value that may be copied. */
struct tl_team {
    int rank;               /**< 0 .. size-1 */
    int size;               /**< a power of two */
    const tl_team_ops *ops; /**< borrowed */
    void *self;             /**< the implementation's own */
};

/** The team of one. Its ticks never ask to stop. */
tl_team tl_team_alone(void);

/** A team of one inside `outer` (borrowed), for work that each member does by itself. Not
 * collective. Its ticks count for `outer`, and never ask to stop. */
tl_team tl_team_alone_within(const tl_team *outer);

/** Member `rank` of a team of `size`, for arenas that count: it waits for nobody, and
 * claims to have the distributed solvers, as teams of a run do. */
tl_team tl_team_counted(int rank, int size);

/**
 * Adds x [n] over the members in the fixed binary tree over team ranks,
 * ((r0+r1)+(r2+r3))+...; every member gets the same bits. Collective.
 *
 * \param x [n] this member's numbers; result: the sums
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_team_sum(const tl_team *team, float *x, size_t n, tl_err *err);

/** As tl_team_sum, for doubles. Collective. \param x [n] \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_sum_double(const tl_team *team, double *x, size_t n,
                                         tl_err *err);

/**
 * Queues a request; all members start the same requests in the same order. Sums have the
 * bits of tl_team_sum, unless the request is fast. Collective, but does not wait:
 * tl_team_progress, called as often as possible while computing, and tl_team_wait advance
 * it. Until tl_team_wait has returned, no other operation of the team may be used, and
 * `request` and its x must not move.
 *
 * \param request borrowed until tl_team_wait has returned
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_team_start(const tl_team *team, tl_team_request *request,
                                    tl_err *err);

/** Advances the started requests as far as possible without waiting. Not collective.
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_progress(const tl_team *team, tl_err *err);

/** Waits until all requests are done. Collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_wait(const tl_team *team, tl_err *err);

enum { TL_TEAM_GRAIN = 4096 /**< slices begin at multiples of this */ };

/**
 * This member's slice of n numbers. Not collective. Slices are disjoint and cover all; they
 * differ by at most a grain for each halving of n, and some are empty if n is small. They
 * are not in the order of the members: halves are exchanged with the nearest neighbour
 * first, which keeps the tree's order of sums.
 */
tl_slice tl_team_slice(const tl_team *team, size_t n);

/** Size of the lower half when two members share n numbers. For implementations of teams.
 */
size_t tl_team_half(size_t n);

/** Whether MPI sums fast requests here; otherwise they are like any other. Collective.
 * \param is_fast result, the same on every member \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_is_fast(const tl_team *team, bool *is_fast, tl_err *err);

/** Member 0's `bytes` [n] on every member. Collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_broadcast(const tl_team *team, void *bytes, size_t n,
                                        tl_err *err);

/** Member r's bytes [r*each, (r+1)*each) of `all` [size*each] on every member. Collective.
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_team_gather(const tl_team *team, void *all, size_t each,
                                     tl_err *err);

/**
 * The largest status of any member, with the text of the first member that has it.
 * Collective; all members return the same.
 *
 * \param mine this member's status, with its text in `err` if it is not TL_OK
 * \return the largest status; TL_E_PEER
 */
TL_MUST_USE tl_status tl_team_agree(const tl_team *team, tl_status mine, tl_err *err);

/**
 * Counts one piece of work for the heartbeat. Not collective and cheap: call it in every
 * long loop.
 * \return whether this rank was asked to stop early; act on it only after
 * tl_team_agree(TL_E_STOP), since the others may not know yet
 */
bool tl_team_tick(const tl_team *team);

#endif
