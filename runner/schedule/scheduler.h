/*
 * The room of scheduling: what runs where and when. Pure: no I/O, no MPI, no clock; may use
 * compute/core.
 *
 * The scheduler is a state machine. It is told events, each with the time in seconds, and
 * says which steps run on which ranks.
 *
 * Ranks work in teams: aligned blocks of 2^k ranks. Dearest remaining path first; a step
 * prefers the ranks that hold what its parents made; wide teams are formed where fewer
 * steps are ready than ranks are free, or where the sweep's end would leave ranks idle.
 * Short steps travel several in one order, and each block of one rank keeps a short queue
 * of orders.
 *
 * Under a deadline a step is only begun if it is expected to end before: its measured time
 * and half as much again; a multiple of what its cost suggests where no step of its kind
 * was ever measured. Steps that go on later from where they were stopped (`pauses`) are
 * also begun where at least five seconds are left. Steps that do not fit are late: they
 * stay ready and are passed over. When nothing runs and all that is ready is late, a kind
 * never measured is tried if its plain expectation fits, since the time would be idle;
 * else the sweep is over for now.
 *
 * A step that needs the memory of several ranks waits for a block of so many; where none is
 * left with all its ranks up it is unplaceable, and treated as one that is late.
 */
#ifndef TL_RUNNER_SCHEDULE_SCHEDULER_H
#define TL_RUNNER_SCHEDULE_SCHEDULER_H

#include "runner/schedule/graph.h"

enum { TL_ORDER_STEPS = 256 /**< at most, in one order */ };

/** Run these steps, one after the other, on ranks [first, first + width). */
typedef struct tl_order {
    uint32_t epoch; /**< number of this order, never reused, from 1 */
    int first, width;
    int steps;
    uint32_t step[TL_ORDER_STEPS];
} tl_order;

/** Zero counts as the default of each. */
typedef struct tl_scheduler_options {
    int ranks;
    int max_ranks;        /**< no team wider than this; 0: as wide as steps allow */
    int max_deaths;       /**< a step whose ranks died so often is set aside (0: 3) */
    double rate;          /**< FLOP per second and rank assumed until measured; 0: 2e10 */
    double order_seconds; /**< short steps are bundled up to this expected time; 0: 0.02 */
    double deadline;      /**< on the clock of `now`; 0: none */
    const bool *pauses; /**< [kinds in the graph] steps that may be stopped half way; NULL:
                           none; borrowed */
} tl_scheduler_options;

/** Where a step stands. */
typedef enum tl_step_state {
    TL_STEP_WAITING, /**< parents not done */
    TL_STEP_READY,
    TL_STEP_RUNNING, /**< in an order that was issued */
    TL_STEP_DONE,
    TL_STEP_FAILED,
    TL_STEP_DIVERGED,
    TL_STEP_SKIPPED, /**< a parent failed */
    TL_STEP_LOST,    /**< set aside: its ranks died too often */
    TL_STEP_STATES
} tl_step_state;

typedef struct tl_scheduler tl_scheduler;

/** A scheduler over a finished graph, which is borrowed. All ranks are up and idle.
 * \return TL_E_ARG (number of ranks), TL_E_NOMEM */
TL_MUST_USE tl_status tl_scheduler_open(const tl_graph *graph,
                                        const tl_scheduler_options *options,
                                        tl_scheduler **out, tl_err *err);
void tl_scheduler_close(tl_scheduler *scheduler); /* NULL is allowed */

/** Before the first order: this step is done already (an earlier run did it). */
void tl_scheduler_restore(tl_scheduler *scheduler, uint32_t step);

/** Before the first order: a step of this one's kind took a team of `width` so many seconds
 * in an earlier run. */
void tl_scheduler_warm_start(tl_scheduler *scheduler, uint32_t step, int width,
                             double seconds);

/** A step of an issued order ended well after `seconds` of work. */
void tl_scheduler_done(tl_scheduler *scheduler, uint32_t step, double seconds, double now);

/** A step of an issued order failed by itself (FAILED or DIVERGED): dependents are skipped.
 */
void tl_scheduler_failed(tl_scheduler *scheduler, uint32_t step, tl_step_state state,
                         double now);

/** A step of an issued order was not run, or was cancelled; it is ready again. As with a
 * failure, only the latest order with this step may be spoken for: what members of a broken
 * order still say of it is to be dropped by epoch. */
void tl_scheduler_returned(tl_scheduler *scheduler, uint32_t step, double now);

/** What a step that is done left behind cannot be used: it is to run again, and what needs
 * it and does not run now waits for it. A step in any other state stays as it is. */
void tl_scheduler_forget(tl_scheduler *scheduler, uint32_t step, double now);

/** Member `rank` of order `epoch` has nothing of it left to do. Orders end when all members
 * said so. */
void tl_scheduler_order_ended(tl_scheduler *scheduler, uint32_t epoch, int rank,
                              double now);

/**
 * A rank died. Its orders end; their steps that were not reported are ready again, and
 * count a death where they were running. \param broken [ranks] result: epochs of the wide
 * orders it was a member of (to be cancelled), *count of them; at most 4
 */
void tl_scheduler_rank_lost(tl_scheduler *scheduler, int rank, double now,
                            uint32_t broken[4], int *count);

/** Issues no further order from now on. */
void tl_scheduler_stop(tl_scheduler *scheduler);

/** The next order to issue now; false if there is none until another event. */
bool tl_scheduler_next(tl_scheduler *scheduler, double now, tl_order *order);

/** The state of a step at this moment. */
tl_step_state tl_scheduler_state(const tl_scheduler *scheduler, uint32_t step);

/** What a rank is at, for those who watch over it. */
typedef struct tl_busy_team {
    bool is_busy; /**< it holds an order with steps that were not reported */
    int first, width;
    uint32_t step;  /**< the first of them */
    double since;   /**< when the order reached its ranks, or was last spoken of */
    double seconds; /**< that the step is expected to take on this team */
    bool is_known;  /**< steps of its kind have been measured */
} tl_busy_team;

/** What rank `rank` is at. */
tl_busy_team tl_scheduler_work_of(const tl_scheduler *scheduler, int rank);

/** How many steps are in each state. */
typedef struct tl_scheduler_counts {
    uint32_t in[TL_STEP_STATES];
    uint32_t late; /**< of the ready ones: not expected to end before the deadline, or
                      unplaceable */
    uint32_t
        unplaceable; /**< of the late ones: no block of ranks that are up is wide enough */
    int ranks_up, orders_out;
    double seconds_left; /**< expected, with the ranks that are up */
} tl_scheduler_counts;

/** Counts steps and ranks at this moment. */
tl_scheduler_counts tl_scheduler_count(const tl_scheduler *scheduler);

/** Seconds that the shortest of the late steps is reckoned to need; 0 if none is late. */
double tl_scheduler_least_deferred(const tl_scheduler *scheduler);

/** Nothing is running and nothing can ever become ready; or nothing is running and, after a
 * stop, with no rank up or with all that is ready late, nothing more will be issued. */
bool tl_scheduler_is_over(const tl_scheduler *scheduler);

#endif
