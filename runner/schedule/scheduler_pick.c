/*
 * What runs next, and where.
 *
 * The ready step with the most expensive path goes first, but of each kind of step one goes
 * as soon as it can, so that its time is known. A short one takes others with it,
 * up to order_seconds of expected time and its share of the ready ones. A long one goes
 * alone, on one rank unless
 *  - fewer long steps are ready than ranks are idle: they divide the ranks, or
 *  - its path alone would outlast all work divided by all ranks by a tenth: then its team
 * is as large as that takes, and ranks are drained until it can be formed, if the step ends
 *    sooner that way. This is allotment by critical path (Radulescu and van Gemund 2001, A
 *    low-cost approach towards mixed task and data parallel scheduling); it spreads the
 * last steps of a sweep over all ranks. All is decided anew at each call, so a wrong
 * estimate costs time and nothing else.
 */
#include "runner/schedule/scheduler_private.h"

#include <math.h>

enum { BLOCKS_LOOKED_AT = 16, STEPS_LOOKED_AT = 16 };
static const double NEAR_SHARE = 0.75;  /* share of the best path, for a warm cache */
static const double SLACK = 1.1;        /* by which a path must outlast the other work */
static const double WAIT_GAIN = 0.95;   /* share of the time that waiting must come below */
static const double GUESS_SHARE = 0.25; /* of an order, for a kind never measured */

/* --- ready steps -------------------------------------------------------------------- */

/* The first place >= from of a ready long (short) step; moves those that, by new estimates,
 * belong to the other set. */
static uint32_t head_from(tl_scheduler *s, bool is_long, uint32_t from)
{
    const tl_index_set *set = is_long ? &s->lasting : &s->brief;
    const double limit = s->options.order_seconds;
    for (;;) {
        const uint32_t place = tl_index_set_next(set, from);
        if (place == UINT32_MAX) return place;
        const uint32_t step = s->at_place[place];
        if (!is_long && !tl_time_fits(s, step, 0, s->now)) {
            tl_time_defer(s, step);
            continue;
        }
        const double seconds = tl_scheduler_expect(s, step);
        /* Between half the limit and the limit it stays where it is. */
        const bool is_narrow = s->step[step].min_ranks == 0;
        if (is_long ? seconds > limit / 2 || !is_narrow : seconds <= limit) return place;
        tl_index_set_remove(is_long ? &s->lasting : &s->brief, place);
        tl_index_set_insert(is_long ? &s->brief : &s->lasting, place);
        s->step[step].is_long = !is_long;
    }
}

/* The newest long (short) step that became ready through `rank` and has at least this path.
 */
static uint32_t find_near(tl_scheduler *s, int rank, bool is_long, double least)
{
    tl_rank_body *body = &s->rank[rank];
    int kept = 0;
    uint32_t found = TL_NO_STEP;
    for (int i = 0; i < body->nears; i++) {
        const uint32_t step = body->near[i];
        if (s->step[step].state != TL_STEP_READY) continue;
        body->near[kept++] = step;
        if (s->step[step].is_long == is_long && tl_graph_path(s->graph, step) >= least)
            found = step;
    }
    body->nears = (uint8_t)kept;
    return found;
}

/* --- issuing ------------------------------------------------------------------------ */

static tl_order_body *begin(tl_scheduler *s, int first, int level, tl_order *order,
                            int32_t *slot)
{
    TL_INVARIANT(s->orders_free > 0 && level >= 0);
    *slot = s->order_free[--s->orders_free];
    s->orders_out++;
    tl_order_body *body = &s->order[*slot];
    *body = (tl_order_body){.epoch = ++s->epoch,
                            .first = first,
                            .level = level,
                            .members = 1 << level,
                            .head = TL_NO_STEP};
    order->epoch = body->epoch;
    order->first = first;
    order->width = 1 << level;
    order->steps = 0;
    return body;
}

static void add_step(tl_scheduler *s, uint32_t step, int32_t slot, uint32_t **tail,
                     tl_order *order)
{
    tl_scheduler_move(s, step, TL_STEP_RUNNING);
    tl_step_body *body = &s->step[step];
    body->at = (uint32_t)slot;
    body->link = TL_NO_STEP;
    **tail = step;
    *tail = &body->link;
    order->step[order->steps++] = step;
}

static void issue_long(tl_scheduler *s, uint32_t step, int first, int level, double now,
                       tl_order *order)
{
    const double seconds = tl_scheduler_expect(s, step) / s->speed[level];
    int32_t slot;
    tl_order_body *body = begin(s, first, level, order, &slot);
    uint32_t *tail = &body->head;
    add_step(s, step, slot, &tail, order);
    tl_ranks_give(s, slot, seconds, now);
}

/* Issues short steps to `rank`: as many as last order_seconds, at most an `among`-th of the
 * ready ones; the one at `place` is first, or one near the rank. */
static void issue_bundle(tl_scheduler *s, uint32_t place, int rank, int among, double now,
                         tl_order *order)
{
    const double least = NEAR_SHARE * tl_graph_path(s->graph, s->at_place[place]);
    const uint32_t share = (s->brief.count + (uint32_t)among - 1) / (uint32_t)among;
    const int most = share < TL_ORDER_STEPS ? (int)share : TL_ORDER_STEPS;
    int32_t slot;
    tl_order_body *body = begin(s, rank, 0, order, &slot);
    body->is_bundle = true;
    uint32_t *tail = &body->head;
    double seconds = 0;
    while (order->steps < most || order->steps == 0) {
        uint32_t step = find_near(s, rank, false, least);
        if (step == TL_NO_STEP) {
            place = head_from(s, false, 0);
            if (place == UINT32_MAX) break;
            step = s->at_place[place];
        }
        double more = tl_scheduler_expect(s, step);
        const double guess = GUESS_SHARE * s->options.order_seconds;
        const bool is_known = s->kind[s->step[step].kind].is_known;
        if (!is_known && more < guess) more = guess;
        if (order->steps > 0 && seconds + more > s->options.order_seconds) break;
        add_step(s, step, slot, &tail, order);
        seconds += more;
    }
    TL_INVARIANT(order->steps > 0); /* none means to leave */
    tl_ranks_give(s, slot, seconds, now);
}

/* --- how wide, and where ------------------------------------------------------------ */

typedef struct choice {
    int level, first; /* the block to start on, or to wait for */
    bool is_waiting;
    double wait; /* expected s until the block is idle */
} choice;

static int largest_level(const tl_scheduler *s, uint32_t step)
{
    const int max_ranks = tl_graph_step_at(s->graph, step)->max_ranks;
    int level = 0;
    while (level + 1 < s->levels && max_ranks >> (level + 1)) level++;
    return level;
}

/* The level at which the path of this step lasts no longer than all other work. */
static int level_by_path(const tl_scheduler *s, uint32_t step, double now)
{
    const int most = largest_level(s, step);
    int level = s->step[step].min_ranks;
    if (most <= level) return level;
    const double path = tl_scheduler_path(s, step);
    const double horizon = SLACK * tl_scheduler_work(s, now) / s->up;
    while (level < most && path / s->speed[level] > horizon) level++;
    return level;
}

/* The level at which the ready long steps divide the idle ranks. */
static int level_by_share(const tl_scheduler *s, uint32_t step)
{
    const int most = largest_level(s, step);
    int level = 0;
    while (level < most &&
           (uint64_t)s->lasting.count << (level + 1) <= (uint64_t)s->idle_ranks)
        level++;
    return level;
}

static double block_wait(const tl_scheduler *s, int first, int level, double now)
{
    double wait = 0;
    if (first + (1 << level) > s->options.ranks) return (double)INFINITY;
    for (int r = first; r < first + (1 << level); r++) {
        const double one = tl_ranks_wait(s, r, now);
        if (one > wait) wait = one;
    }
    return wait;
}

typedef struct soonest {
    double wait;
    int first;
} soonest;

static void look_at(const tl_scheduler *s, int rank, int level, double now, soonest *best)
{
    const int first = rank >> level << level;
    const double wait = block_wait(s, first, level, now);
    if (wait < best->wait) *best = (soonest){wait, first};
}

/* The block of 2^level ranks that is idle soonest: of all if they are few, else of some
 * that have idle ranks. */
static soonest soonest_block(const tl_scheduler *s, int level, double now)
{
    soonest best = {.wait = (double)INFINITY};
    const int blocks = s->options.ranks >> level;
    if (blocks <= BLOCKS_LOOKED_AT) {
        for (int b = 0; b < blocks; b++) look_at(s, b << level, level, now, &best);
        return best;
    }
    int looked = 0;
    for (int k = level - 1; k >= 0; k--) {
        uint32_t block = tl_index_set_next(&s->idle[k], 0);
        for (; block != UINT32_MAX && looked < BLOCKS_LOOKED_AT; looked++) {
            look_at(s, (int)(block << k), level, now, &best);
            block = tl_index_set_next(&s->idle[k], block + 1);
        }
    }
    return best;
}

/* The block to wait for where no smaller one has the memory. */
static choice wait_for_room(const tl_scheduler *s, int level, double now)
{
    soonest block = {.wait = (double)INFINITY};
    if (level < s->levels) block = soonest_block(s, level, now);
    /* None of those looked at can ever be idle: another may. */
    const int blocks = level < s->levels ? s->options.ranks >> level : 0;
    for (int b = 0; b < blocks && !isfinite(block.wait); b++)
        look_at(s, b << level, level, now, &block);
    return (choice){
        .level = level, .first = block.first, .is_waiting = true, .wait = block.wait};
}

/* Where a long step starts; an infinite wait if nowhere. At least one rank is idle. */
static choice choose(const tl_scheduler *s, uint32_t step, double now)
{
    const int by_path = level_by_path(s, step, now);
    const int by_share = level_by_share(s, step);
    int level = by_path > by_share ? by_path : by_share;
    const int idle = tl_ranks_largest_level(s);
    const int least = s->step[step].min_ranks;
    if (level > idle) level = idle;
    if (level < least) return wait_for_room(s, least, now);
    const int most = largest_level(s, step);
    while (level < idle && level < most && !tl_time_fits(s, step, level, now)) level++;

    choice best = {.level = level};
    const double seconds = tl_scheduler_expect(s, step);
    double limit = WAIT_GAIN * seconds / s->speed[level];
    for (int k = level + 1; k <= by_path; k++) {
        const soonest block = soonest_block(s, k, now);
        if (block.wait + seconds / s->speed[k] >= limit) continue;
        limit = block.wait + seconds / s->speed[k];
        best = (choice){
            .level = k, .first = block.first, .is_waiting = true, .wait = block.wait};
    }
    if (best.is_waiting) return best;

    const uint32_t home = s->step[step].at;
    best.first = home == UINT32_MAX ? 0 : (int)home >> level << level;
    if (home == UINT32_MAX || !tl_ranks_are_idle(s, best.first, level))
        best.first = tl_ranks_find(s, level, TL_NO_INDEX, 0);
    return best;
}

/* --- the next order ----------------------------------------------------------------- */

static int rank_for(const tl_scheduler *s, uint32_t step)
{
    const uint32_t home = s->step[step].at;
    if (home != UINT32_MAX && tl_ranks_are_idle(s, (int)home, 0)) return (int)home;
    return tl_ranks_find(s, 0, TL_NO_INDEX, 0);
}

/* Issues what may start while a block is drained for a long step: outside of it the next
 * step; within it a step expected to end before the rest of it is idle (backfilling: Lifka
 * 1995, The ANL/IBM SP scheduling system). */
static bool issue_beside(tl_scheduler *s, uint32_t place, const choice *kept, double now,
                         tl_order *order)
{
    const int outside = tl_ranks_find(s, 0, kept->first, kept->level);
    uint32_t other = place;
    for (int looked = 0; looked < STEPS_LOOKED_AT; looked++) {
        other = head_from(s, true, other + 1);
        if (other == UINT32_MAX) break;
        const uint32_t step = s->at_place[other];
        const bool ends_before = tl_scheduler_expect(s, step) <= kept->wait;
        if (outside == TL_NO_INDEX && !ends_before) continue;
        if (level_by_path(s, step, now) > 0 || !tl_time_fits(s, step, 0, now)) continue;
        const int first =
            outside != TL_NO_INDEX ? outside : tl_ranks_find(s, 0, TL_NO_INDEX, 0);
        issue_long(s, step, first, 0, now, order);
        return true;
    }
    const uint32_t brief = head_from(s, false, 0);
    if (brief == UINT32_MAX) return false;
    int rank = outside;
    if (rank == TL_NO_INDEX && kept->wait > 2 * s->options.order_seconds)
        rank = tl_ranks_find(s, 0, TL_NO_INDEX, 0);
    if (rank == TL_NO_INDEX) return false;
    issue_bundle(s, brief, rank, s->idle_ranks, now, order);
    return true;
}

static void issue_lasting(tl_scheduler *s, uint32_t step, const choice *where, double now,
                          tl_order *order)
{
    if (where->level == 0 && s->step[step].at != (uint32_t)where->first) {
        const double least = NEAR_SHARE * tl_graph_path(s->graph, step);
        const uint32_t near = find_near(s, where->first, true, least);
        if (near != TL_NO_STEP && level_by_path(s, near, now) == 0 &&
            tl_time_fits(s, near, 0, now))
            step = near;
    }
    issue_long(s, step, where->first, where->level, now, order);
}

/* Issues the first step of a kind, where it would run on one rank that is idle. */
static bool issue_scout(tl_scheduler *s, double now, tl_order *order)
{
    for (int k = 0; k < s->kinds && s->scouts > 0; k++) {
        const uint32_t step = s->kind[k].scout;
        if (step == TL_NO_STEP || !tl_time_fits(s, step, 0, now)) continue;
        const choice where = choose(s, step, now);
        if (where.is_waiting || where.level > 0) continue;
        /* By what was measured since, a short step may have become a long one. */
        const bool is_short = !s->step[step].is_long &&
                              tl_scheduler_expect(s, step) <= s->options.order_seconds;
        if (!is_short)
            issue_long(s, step, where.first, 0, now, order);
        else
            issue_bundle(s, s->step[step].place, where.first, s->idle_ranks, now, order);
        return true;
    }
    return false;
}

static bool issue_on_idle(tl_scheduler *s, double now, tl_order *order)
{
    if (issue_scout(s, now, order)) return true;
    for (;;) {
        const uint32_t lasting = head_from(s, true, 0);
        const uint32_t brief = head_from(s, false, 0);
        if (lasting == UINT32_MAX && brief == UINT32_MAX) return false;
        if (brief < lasting) {
            const int rank = rank_for(s, s->at_place[brief]);
            issue_bundle(s, brief, rank, s->idle_ranks, now, order);
            return true;
        }
        const uint32_t step = s->at_place[lasting];
        const choice where = choose(s, step, now);
        if (!isfinite(where.wait) ||
            !tl_time_fits(s, step, where.level, now + where.wait)) {
            tl_time_defer(s, step);
            continue;
        }
        if (where.is_waiting) return issue_beside(s, lasting, &where, now, order);
        issue_lasting(s, step, &where, now, order);
        return true;
    }
}

/* Nothing runs and all ready steps are deferred: what is still worth a try takes the
 * largest team it can have. */
static bool issue_last_resort(tl_scheduler *s, double now, tl_order *order)
{
    const uint32_t step = tl_time_last_resort(s, now);
    if (step == TL_NO_STEP) return false;
    int level = largest_level(s, step);
    if (level > tl_ranks_largest_level(s)) level = tl_ranks_largest_level(s);
    TL_INVARIANT(level >= s->step[step].min_ranks);
    issue_long(s, step, tl_ranks_find(s, level, TL_NO_INDEX, 0), level, now, order);
    return true;
}

bool tl_scheduler_next(tl_scheduler *s, double now, tl_order *order)
{
    s->now = now;
    if (s->is_stopped || s->in[TL_STEP_READY] == 0) return false;
    if (s->idle_ranks == 0 && s->half_full.count == 0) return false;
    if (s->idle_ranks > 0)
        return issue_on_idle(s, now, order) || issue_last_resort(s, now, order);

    /* No short step is queued while a more expensive path waits for a rank. */
    const uint32_t lasting = head_from(s, true, 0);
    const uint32_t brief = head_from(s, false, 0);
    if (brief >= lasting) return false;
    uint32_t rank = tl_index_set_next(&s->half_full, s->turn);
    if (rank == UINT32_MAX) rank = tl_index_set_next(&s->half_full, 0);
    s->turn = rank + 1;
    issue_bundle(s, brief, (int)rank, s->up, now, order);
    return true;
}
