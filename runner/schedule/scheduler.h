/*
 * The room of scheduling: what runs where and when. Pure: no I/O, no MPI, no clock; may use
 * compute/core.
 *
 * The scheduler is a state machine: it takes events, each with the time in seconds, and
 * decides which steps run on which ranks.
 *
 * Ranks work in teams: aligned blocks of 2^k ranks. The most expensive remaining path goes
 * first; a step prefers ranks that hold what its parents made; teams form where fewer steps
 * are ready than ranks are idle, or where the end of the sweep would leave ranks idle.
 * Short steps are bundled in one order, and each single rank has a queue of two orders.
 *
 * Under a deadline a step is begun only if it is expected to end in time: 1.5 times its
 * measured time, or a multiple of what its cost suggests if no step of its kind was
 * measured. Steps that can be resumed where they stopped (`pauses`) are also begun if at
 * least five seconds remain. Steps that do not fit are deferred: they stay ready and are
 * skipped. When nothing runs and all ready steps are deferred, a kind never measured is
 * tried if its plain estimate fits, since the time would be idle; otherwise the sweep is
 * over for now.
 *
 * A step that needs the memory of several ranks waits for a block of so many; if no such
 * block of live ranks is left, it is unplaceable, and treated as deferred.
 */
#ifndef TL_RUNNER_SCHEDULE_SCHEDULER_H
#define TL_RUNNER_SCHEDULE_SCHEDULER_H

#include "runner/schedule/graph.h"

enum { TL_ORDER_STEPS = 256 /**< at most, in one order */ };

/** An order: to run these steps, one after the other, on ranks [first, first + width). */
typedef struct tl_order {
    uint32_t epoch; /**< number of this order, never reused, from 1 */
    int first, width;
    int steps;
    uint32_t step[TL_ORDER_STEPS];
} tl_order;

/** How to schedule; 0 is the default of each. */
typedef struct tl_scheduler_options {
    int ranks;
    int max_ranks;        /**< of a team; 0: as many as steps can use */
    int max_deaths;       /**< a step whose ranks died so often is set aside; 0: 3 */
    double rate;          /**< FLOP per second and rank until measured; 0: 2e10 */
    double order_seconds; /**< expected time of a bundle of short steps; 0: 0.02 */
    double deadline;      /**< on the clock of `now`; 0: none */
    const bool *pauses; /**< [kinds] which can be stopped half way, borrowed; NULL: none */
} tl_scheduler_options;

/** The state of a step. */
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

/** A scheduler at work. */
typedef struct tl_scheduler tl_scheduler;

/** Opens a scheduler over a finished graph, which is borrowed. All ranks are up and idle.
 * \return TL_E_ARG (number of ranks), TL_E_NOMEM */
TL_MUST_USE tl_status tl_scheduler_open(const tl_graph *graph,
                                        const tl_scheduler_options *options,
                                        tl_scheduler **out, tl_err *err);
/** Frees the scheduler; NULL is allowed. */
void tl_scheduler_close(tl_scheduler *scheduler);

/** Before the first order: an earlier run did this step. */
void tl_scheduler_restore(tl_scheduler *scheduler, uint32_t step);

/** Before the first order: in an earlier run this step took a team of `width` ranks so many
 * seconds. */
void tl_scheduler_warm_start(tl_scheduler *scheduler, uint32_t step, int width,
                             double seconds);

/** A step of an issued order was done in `seconds`. */
void tl_scheduler_done(tl_scheduler *scheduler, uint32_t step, double seconds, double now);

/** A step of an issued order is FAILED or DIVERGED; what depends on it is skipped. */
void tl_scheduler_failed(tl_scheduler *scheduler, uint32_t step, tl_step_state state,
                         double now);

/** A step of an issued order was not run, or was cancelled; it is ready again. As with
 * failures, only its latest order counts: the caller drops reports of older ones by epoch.
 */
void tl_scheduler_returned(tl_scheduler *scheduler, uint32_t step, double now);

/** The result of a step that is done is lost: it must be rerun, and steps that need it and
 * do not run yet wait for it. Does nothing to a step in another state. */
void tl_scheduler_forget(tl_scheduler *scheduler, uint32_t step, double now);

/** Member `rank` of order `epoch` is finished with it. An order ends when all members are.
 */
void tl_scheduler_order_ended(tl_scheduler *scheduler, uint32_t epoch, int rank,
                              double now);

/**
 * A rank died. Its orders end; their unreported steps are ready again, and the one that ran
 * counts a death.
 *
 * \param broken  [*count] result: epochs of its wide orders, to be cancelled; at most 4
 */
void tl_scheduler_rank_lost(tl_scheduler *scheduler, int rank, double now,
                            uint32_t broken[4], int *count);

/** Issues no further order from now on. */
void tl_scheduler_stop(tl_scheduler *scheduler);

/** Sets `order` to the next one to issue; false if there is none until another event. */
bool tl_scheduler_next(tl_scheduler *scheduler, double now, tl_order *order);

/** The state of a step at this moment. */
tl_step_state tl_scheduler_state(const tl_scheduler *scheduler, uint32_t step);

/** What the team of a rank works on. */
typedef struct tl_busy_team {
    bool is_busy; /**< it has an order with unreported steps */
    int first, width;
    uint32_t step;  /**< the first of them */
    double since;   /**< when the order began */
    double seconds; /**< expected time of the step on this team */
    bool is_known;  /**< a step of its kind has been measured */
} tl_busy_team;

/** What the team of rank `rank` works on. */
tl_busy_team tl_scheduler_work_of(const tl_scheduler *scheduler, int rank);

/** Seconds until all is done, with the ranks that are up. */
typedef struct tl_seconds_left {
    double expected, least, most;
} tl_seconds_left;

/** How many steps are in each state. */
typedef struct tl_scheduler_counts {
    uint32_t in[TL_STEP_STATES];
    uint32_t
        deferred; /**< of the ready ones: not expected to end in time, or unplaceable */
    uint32_t
        unplaceable; /**< of the deferred ones: no block of live ranks is large enough */
    int ranks_up, orders_out;
    tl_seconds_left left;
} tl_scheduler_counts;

/** Counts steps and ranks at this moment. */
tl_scheduler_counts tl_scheduler_count(const tl_scheduler *scheduler);

/** Estimated seconds of the shortest deferred step that can be placed; 0: none. */
double tl_scheduler_least_deferred(const tl_scheduler *scheduler);

/** Whether nothing runs and nothing more will be issued: no step can become ready, it was
 * stopped, no rank is up, or all ready steps are deferred. */
bool tl_scheduler_is_over(const tl_scheduler *scheduler);

#endif
