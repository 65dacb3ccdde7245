/*
 * The team: the ranks that work on one step, as a record of operations.
 *
 * Code above cluster/ never sees MPI; it sees a tl_team, and runs in a unit test on the
 * team of one. Every operation is collective over the team, has a deadline inside, and
 * returns the same status on every member that is alive: TL_E_LOST when a member died or
 * the step was called off. After TL_E_LOST the team must not be used again. Nobody leaves a
 * team operation alone: a local failure is agreed on (tl_team_agree) before the next
 * operation.
 */
#ifndef TL_COMPUTE_CORE_TEAM_H
#define TL_COMPUTE_CORE_TEAM_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tl_team tl_team;
struct tl_linalg_problem; /* compute/linalg/linalg.h */

/** What becomes of the numbers that the members hold. */
typedef enum tl_team_work {
    TL_TEAM_SUM,            /**< every member gets the sums */
    TL_TEAM_REDUCE_SCATTER, /**< every member gets the sums of its slice (tl_team_slice);
                               the rest of x is no longer of use */
    TL_TEAM_ALLGATHER       /**< every member's slice gets to all */
} tl_team_work;

/** Work that goes on beside what a member computes: see tl_team_begin. */
typedef struct tl_team_job {
    tl_team_work work;
    bool is_double; /**< x is of doubles; else of floats */
    bool is_fast;   /**< summed by MPI: bits that depend on the team; see tl_team_is_fast */
    void *x;        /**< [n] */
    size_t n;
    bool is_done; /**< result */
    /* The team's own. */
    struct tl_team_job *next;
    int stage;
    size_t moved;
} tl_team_job;

/** A part of [0, n). */
typedef struct tl_slice {
    size_t at, n;
} tl_slice;

/** What a kind of team can do. See the functions below for the contracts. */
typedef struct tl_team_ops {
    tl_status (*begin)(const tl_team *team, tl_team_job *job, tl_err *err);
    tl_status (*advance)(const tl_team *team, tl_err *err);
    tl_status (*finish)(const tl_team *team, tl_err *err);
    tl_status (*is_fast)(const tl_team *team, bool *is_fast, tl_err *err);
    tl_status (*broadcast)(const tl_team *team, void *bytes, size_t n, tl_err *err);
    tl_status (*gather)(const tl_team *team, void *all, size_t each, tl_err *err);
    tl_status (*agree)(const tl_team *team, tl_status mine, tl_err *err);
    bool (*tick)(const tl_team *team);
    /** The distributed solvers, for tl_linalg_solve; NULL where there are none. */
    tl_status (*solve)(const tl_team *team, const struct tl_linalg_problem *problem,
                       tl_err *err);
} tl_team_ops;

struct tl_team {
    int rank; /**< 0 .. size-1 */
    int size; /**< a power of two */
    const tl_team_ops *ops;
    void *self; /**< the implementation's own */
};

/** The team of one. `tick` never asks to stop. */
tl_team tl_team_alone(void);

/** The team of one inside of `outer` (borrowed): for work that each member does by itself.
 * Its ticks count for `outer`, and never ask to stop. */
tl_team tl_team_alone_within(const tl_team *outer);

/** Member `rank` of a team of `size`, for arenas that count: it waits for no others, and
 * seems to have the distributed solvers, as a team of a run has. */
tl_team tl_team_counted(int rank, int size);

/**
 * Adds x [n] over the members in the fixed binary tree over team ranks; every member gets
 * the same bits: ((r0+r1)+(r2+r3))+...
 */
TL_MUST_USE tl_status tl_team_sum(const tl_team *team, float *x, size_t n, tl_err *err);

/** As tl_team_sum, in double precision. */
TL_MUST_USE tl_status tl_team_sum_double(const tl_team *team, double *x, size_t n,
                                         tl_err *err);

/**
 * Begins a job, behind those that were begun before; all members begin the same jobs in the
 * same order. Sums are those of tl_team_sum in every bit, unless the job is fast. Until
 * tl_team_finish no other operation of the team may be used, and job and x, which are the
 * caller's, stay as they are. Does not wait: what moves things on are tl_team_advance,
 * which a member calls wherever it can while it computes, and tl_team_finish.
 */
TL_MUST_USE tl_status tl_team_begin(const tl_team *team, tl_team_job *job, tl_err *err);

/** Goes on with the jobs begun as far as that is possible without waiting. Not collective.
 */
TL_MUST_USE tl_status tl_team_advance(const tl_team *team, tl_err *err);

/** Waits until all jobs are done. */
TL_MUST_USE tl_status tl_team_finish(const tl_team *team, tl_err *err);

enum { TL_TEAM_GRAIN = 4096 /**< slices begin at multiples of so many numbers */ };

/**
 * The member's slice of n numbers. Slices are disjoint and cover all; they are equal within
 * a grain for each time that n is halved, and some are empty where n is small. Their order
 * is not that of the members: halves are given away nearest neighbour first, so that sums
 * keep the tree's order.
 */
tl_slice tl_team_slice(const tl_team *team, size_t n);

/** Numbers of the lower half where n are divided between two members. For teams. */
size_t tl_team_half(size_t n);

/** Whether fast jobs are summed by MPI here; else they are jobs like others. */
TL_MUST_USE tl_status tl_team_is_fast(const tl_team *team, bool *is_fast, tl_err *err);

/** Member 0's `n` bytes on every member. */
TL_MUST_USE tl_status tl_team_broadcast(const tl_team *team, void *bytes, size_t n,
                                        tl_err *err);

/** Member r's bytes [r*each, (r+1)*each) of `all` on every member. */
TL_MUST_USE tl_status tl_team_gather(const tl_team *team, void *all, size_t each,
                                     tl_err *err);

/**
 * The largest status of any member, with the text of the first member that has it. `mine`
 * is this member's, with its text in `err` if it is not TL_OK. All members return the same.
 */
TL_MUST_USE tl_status tl_team_agree(const tl_team *team, tl_status mine, tl_err *err);

/**
 * Says that work goes on (the heartbeat's progress counter); not collective, cheap, call it
 * in every loop of weight. \return true if this rank has been asked to stop early; act on
 * it only after tl_team_agree(TL_E_STOP), since the others may not have heard
 */
bool tl_team_tick(const tl_team *team);

#endif
