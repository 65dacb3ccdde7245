/*
 * What the files of the scheduler share; nobody else includes this.
 *
 * Priorities never change, so steps are numbered once by priority ("place": 0 is the
 * most expensive path) and ready steps are sets of places. Idle ranks are kept as the
 * largest aligned blocks that are idle, as a buddy allocator keeps free memory.
 */
#ifndef TL_RUNNER_SCHEDULE_SCHEDULER_PRIVATE_H
#define TL_RUNNER_SCHEDULE_SCHEDULER_PRIVATE_H

#include "runner/schedule/scheduler.h"

/** Limits, and the index of nothing. */
enum {
    TL_NO_INDEX = -1,
    TL_SET_LEVELS = 5, /* 64^5 = 2^30 members */
    TL_NEAR = 8,       /* steps a rank remembers whose parent it made */
    TL_WIDTH_LEVELS = 17
};

/** A set of numbers below a size, as a tree of bit maps: finds the next member in a few
 * operations. */
typedef struct tl_index_set {
    uint64_t *level[TL_SET_LEVELS];
    uint32_t words[TL_SET_LEVELS];
    int levels;
    uint32_t count;
} tl_index_set;

/** An empty set of numbers below `size`, in `arena`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_index_set_open(tl_index_set *set, uint32_t size, tl_arena *arena,
                                        tl_err *err);
/** Whether `member` is in the set; inserts or removes it. */
bool tl_index_set_has(const tl_index_set *set, uint32_t member);
void tl_index_set_insert(tl_index_set *set, uint32_t member); /* not in it yet */
void tl_index_set_remove(tl_index_set *set, uint32_t member); /* in it */
/** The smallest member >= from, or UINT32_MAX. */
uint32_t tl_index_set_next(const tl_index_set *set, uint32_t from);

/** A step, as the scheduler sees it. */
typedef struct tl_step_body {
    uint32_t pending; /* parents that are not done */
    uint32_t at;      /* RUNNING: its order; READY: the rank that made its last parent */
    uint32_t link;    /* RUNNING: next of its order */
    uint32_t place;
    uint8_t state;
    uint8_t is_long; /* READY: which of the two sets it is in */
    uint16_t deaths;
    float cost; /* as in the graph, copied for the cache */
    uint16_t kind;
    uint8_t min_ranks; /* level of the smallest team that can run it */
} tl_step_body;

/** Times of the steps of one kind, and how much work of it is left. */
typedef struct tl_kind_body {
    double per_cost;   /* s per FLOP on one rank, if it is known */
    double per_free;   /* s of a step without cost */
    double cost, work; /* fading sums of FLOP and s of steps that were done */
    double square;     /* fading sum of s^2 per FLOP */
    double weight;     /* fading number of them */
    double cost_left;  /* of steps that are waiting or ready */
    uint32_t free_left;
    uint32_t scout; /* a ready step of a kind that none was begun of, or TL_NO_STEP */
    bool is_begun;
    bool is_known;
} tl_kind_body;

/** An order that was issued and has not ended. */
typedef struct tl_order_body {
    uint32_t epoch; /* 0: not in use */
    int first;
    int level;      /* width is 2^level */
    int members;    /* that are not finished with it */
    uint32_t head;  /* first unreported step, or TL_NO_STEP */
    bool is_bundle; /* of short steps */
} tl_order_body;

/** The orders of a rank. */
typedef struct tl_rank_body {
    int32_t order[2]; /* the running one and the queued one, or TL_NO_INDEX */
    bool is_up;
    uint8_t nears;
    double since;           /* when the running order began */
    double free_at;         /* when its orders are expected to end */
    uint32_t near[TL_NEAR]; /* steps that became ready through it, newest last */
} tl_rank_body;

/** All that it points to is in `arena`, but for the graph, which is borrowed. */
struct tl_scheduler {
    const tl_graph *graph;
    tl_scheduler_options options;
    tl_arena arena;
    uint32_t steps;
    tl_step_body *step;    /* [steps] */
    uint32_t *at_place;    /* [steps] the step of each place */
    tl_index_set brief;    /* places of ready steps that are short */
    tl_index_set lasting;  /* places of ready steps that are long */
    tl_index_set deferred; /* places of deferred ready steps: in no other set */
    uint32_t in[TL_STEP_STATES];

    tl_kind_body *kind; /* [kinds] */
    int kinds, scouts;  /* scouts: how many kinds have one */
    double per_cost;    /* s per FLOP on one rank of kinds that are not known */
    double cost_left;   /* FLOP of steps that are waiting or ready */

    tl_rank_body *rank;                 /* [ranks] */
    tl_index_set idle[TL_WIDTH_LEVELS]; /* [levels] largest idle blocks of 2^level */
    double speed[TL_WIDTH_LEVELS];      /* of a team of 2^level, in ranks */
    int levels, up, idle_ranks;
    tl_index_set half_full; /* ranks that could queue one more bundle */
    uint32_t turn;          /* where the search in half_full goes on */
    double busy_until;      /* sum of free_at over busy ranks */

    tl_order_body *order; /* [2 ranks] */
    int32_t *order_free;  /* [2 ranks] stack of unused ones */
    int orders_free, orders_out;
    uint32_t epoch;
    double now; /* when the last event was */
    bool is_stopped;
};

/* --- scheduler_estimate.c: how long steps take -------------------------------------- */

/** Sets up the kinds of steps; none is measured. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_estimate_open(tl_scheduler *s, tl_err *err);
/** Counts a step into (sign 1) or out of (-1) the work that is left. */
void tl_estimate_count(tl_scheduler *s, uint32_t step, int sign);
/** A step took a team of 2^level ranks `seconds`. \return whether it is the first of its
 * kind */
bool tl_estimate_learn(tl_scheduler *s, uint32_t step, int level, double seconds);
/** A step is ready, or no longer: it may be its kind's scout. */
void tl_estimate_scout(tl_scheduler *s, uint32_t step, bool is_ready);
/** Expected seconds of a step on one rank. */
double tl_scheduler_expect(const tl_scheduler *s, uint32_t step);
/** Expected seconds on one rank of all that is waiting, ready and running. */
double tl_scheduler_work(const tl_scheduler *s, double now);
/** Expected seconds on one rank of the most expensive path from this step. */
double tl_scheduler_path(const tl_scheduler *s, uint32_t step);
/** Expected seconds until all is done, with the ranks that are up, and the range in which
 * they will lie nine times in ten once a tenth is over: its ends are at most a factor of
 * 2.25 apart. */
tl_seconds_left tl_estimate_left(const tl_scheduler *s);

/* --- scheduler_ranks.c: which ranks are idle, and for how long others are not ------- */

/** Sets up the ranks, all up and idle. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_ranks_open(tl_scheduler *s, int max_ranks, tl_err *err);
/** Whether the 2^level ranks from `first` are idle. */
bool tl_ranks_are_idle(const tl_scheduler *s, int first, int level);
/** First rank of 2^level idle ranks in the smallest idle block that holds them, outside of
 * the 2^but_level ranks from `but` (TL_NO_INDEX: anywhere); TL_NO_INDEX if there are none.
 */
int tl_ranks_find(const tl_scheduler *s, int level, int but, int but_level);
/** The level of the largest idle block; TL_NO_INDEX if no rank is idle. */
int tl_ranks_largest_level(const tl_scheduler *s);
/** Whether there is a block of 2^level ranks that are all up. */
bool tl_ranks_hold(const tl_scheduler *s, int level);
/** How many deferred steps have no such block. */
uint32_t tl_ranks_unplaceable(const tl_scheduler *s);
/** Expected seconds until a rank is idle; INFINITY if it is dead. */
double tl_ranks_wait(const tl_scheduler *s, int rank, double now);
/** Gives an order of expected `seconds` to its ranks. */
void tl_ranks_give(tl_scheduler *s, int32_t order, double seconds, double now);
/** Takes an order from one rank; false if it has no such order. */
bool tl_ranks_take(tl_scheduler *s, int rank, int32_t order, double now);
/** Marks a rank as failed: it gets no more orders. */
void tl_ranks_mark_failed(tl_scheduler *s, int rank);
/** Notes that `step` became ready through `rank`. */
void tl_ranks_remember(tl_scheduler *s, int rank, uint32_t step);

/* --- scheduler.c -------------------------------------------------------------------- */

/** Moves a step to a state and updates all counts and sets. */
void tl_scheduler_move(tl_scheduler *s, uint32_t step, tl_step_state state);

/* --- scheduler_deadline.c: what still fits before the deadline ---------------------- */

/** Whether a step may begin at time `start` on a team of 2^level ranks. */
bool tl_time_fits(const tl_scheduler *s, uint32_t step, int level, double start);
/** Defers a ready step that does not fit. */
void tl_time_defer(tl_scheduler *s, uint32_t step);
/** Makes all deferred steps ordinary ready ones again, after estimates have changed. */
void tl_time_review(tl_scheduler *s);
/** Where nothing runs and all ready steps are deferred: a step to try all the same, no
 * longer deferred, or TL_NO_STEP. */
uint32_t tl_time_last_resort(tl_scheduler *s, double now);

#endif
