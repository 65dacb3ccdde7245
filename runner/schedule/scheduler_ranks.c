/*
 * Ranks: blocks of idle ones, the orders of each, and steps that it may have cached.
 *
 * idle[k] holds block b if all 2^k ranks from b 2^k are idle but not all of the block of
 * 2^(k+1) around it. So a single-rank step takes a rank of the smallest block and leaves
 * the large ones whole.
 */
#include "runner/schedule/scheduler_private.h"

#include <math.h>
#include <string.h>

static const double DOUBLING = 0.95;     /* efficiency of a team per doubling */
static const double OVERDUE_SHARE = 0.1; /* an order past its time takes so much longer */

/* A rank becomes idle: its block grows as long as the other half is idle too. */
static void join_idle(tl_scheduler *s, int rank)
{
    uint32_t block = (uint32_t)rank;
    int k = 0;
    while (k + 1 < s->levels && tl_index_set_has(&s->idle[k], block ^ 1)) {
        tl_index_set_remove(&s->idle[k], block ^ 1);
        block /= 2;
        k++;
    }
    tl_index_set_insert(&s->idle[k], block);
    s->idle_ranks++;
}

/* The level of the idle block that holds all 2^level ranks from `first`, or TL_NO_INDEX. */
static int level_around(const tl_scheduler *s, int first, int level)
{
    for (int k = level; k < s->levels; k++)
        if (tl_index_set_has(&s->idle[k], (uint32_t)first >> k)) return k;
    return TL_NO_INDEX;
}

/* The 2^level ranks from `first` become busy: the rest of their block is split. */
static void leave_idle(tl_scheduler *s, int first, int level)
{
    int k = level_around(s, first, level);
    TL_INVARIANT(k >= level);
    tl_index_set_remove(&s->idle[k], (uint32_t)first >> k);
    while (k-- > level) tl_index_set_insert(&s->idle[k], ((uint32_t)first >> k) ^ 1);
    s->idle_ranks -= 1 << level;
}

tl_status tl_ranks_open(tl_scheduler *s, int max_ranks, tl_err *err)
{
    const int ranks = s->options.ranks;
    TL_ALLOC(s->rank, &s->arena, ranks, err);
    TL_ALLOC(s->order, &s->arena, 2 * (size_t)ranks, err);
    TL_ALLOC(s->order_free, &s->arena, 2 * (size_t)ranks, err);
    TL_TRY(tl_index_set_open(&s->half_full, (uint32_t)ranks, &s->arena, err));
    s->speed[0] = 1;
    for (int k = 0; k < TL_WIDTH_LEVELS && ranks >> k && max_ranks >> k; k++) {
        if (k > 0) s->speed[k] = s->speed[k - 1] * 2 * DOUBLING;
        /* One more than there are, since each block looks at its neighbour. */
        const uint32_t blocks = ((uint32_t)ranks >> k) + 2;
        TL_TRY(tl_index_set_open(&s->idle[k], blocks, &s->arena, err));
        s->levels = k + 1;
    }
    for (int i = 0; i < 2 * ranks; i++) s->order_free[i] = 2 * ranks - 1 - i;
    s->orders_free = 2 * ranks;
    s->up = ranks;
    for (int r = 0; r < ranks; r++) {
        s->rank[r] = (tl_rank_body){.order = {TL_NO_INDEX, TL_NO_INDEX}, .is_up = true};
        join_idle(s, r);
    }
    return TL_OK;
}

bool tl_ranks_are_idle(const tl_scheduler *s, int first, int level)
{
    return level_around(s, first, level) != TL_NO_INDEX;
}

static bool is_within(int first, int but, int but_level)
{
    return but != TL_NO_INDEX && first >> but_level == but >> but_level;
}

int tl_ranks_find(const tl_scheduler *s, int level, int but, int but_level)
{
    for (int k = level; k < s->levels; k++) {
        uint32_t block = tl_index_set_next(&s->idle[k], 0);
        while (block != UINT32_MAX && is_within((int)(block << k), but, but_level))
            block = tl_index_set_next(&s->idle[k], block + 1);
        if (block != UINT32_MAX) return (int)(block << k);
    }
    return TL_NO_INDEX;
}

int tl_ranks_largest_level(const tl_scheduler *s)
{
    int k = s->levels - 1;
    while (k >= 0 && s->idle[k].count == 0) k--;
    return k;
}

bool tl_ranks_hold(const tl_scheduler *s, int level)
{
    if (level == 0) return s->up > 0;
    if (level >= s->levels) return false;
    const int width = 1 << level;
    for (int first = 0; first + width <= s->options.ranks; first += width) {
        int r = first;
        while (r < first + width && s->rank[r].is_up) r++;
        if (r == first + width) return true;
    }
    return false;
}

uint32_t tl_ranks_unplaceable(const tl_scheduler *s)
{
    uint32_t count = 0, place = tl_index_set_next(&s->deferred, 0);
    int max_ranks = s->levels - 1;
    if (place == UINT32_MAX) return 0;
    while (max_ranks > 0 && !tl_ranks_hold(s, max_ranks)) max_ranks--;
    for (; place != UINT32_MAX; place = tl_index_set_next(&s->deferred, place + 1)) {
        if (s->step[s->at_place[place]].min_ranks > max_ranks) count++;
    }
    return count;
}

double tl_ranks_wait(const tl_scheduler *s, int rank, double now)
{
    const tl_rank_body *body = &s->rank[rank];
    if (!body->is_up) return (double)INFINITY;
    if (body->order[0] == TL_NO_INDEX) return 0;
    const double wait = body->free_at - now;
    const double least = OVERDUE_SHARE * (now - body->since);
    return wait > least ? wait : least;
}

/* Updates whether the rank could queue one more bundle. */
static void note_half_full(tl_scheduler *s, int rank)
{
    const tl_rank_body *body = &s->rank[rank];
    const bool should = body->order[0] != TL_NO_INDEX && body->order[1] == TL_NO_INDEX &&
                        s->order[body->order[0]].is_bundle;
    const bool does = tl_index_set_has(&s->half_full, (uint32_t)rank);
    if (should && !does) tl_index_set_insert(&s->half_full, (uint32_t)rank);
    if (!should && does) tl_index_set_remove(&s->half_full, (uint32_t)rank);
}

void tl_ranks_give(tl_scheduler *s, int32_t order, double seconds, double now)
{
    const tl_order_body *body = &s->order[order];
    const bool is_queued = s->rank[body->first].order[0] != TL_NO_INDEX;
    if (!is_queued) leave_idle(s, body->first, body->level);
    for (int r = body->first; r < body->first + (1 << body->level); r++) {
        tl_rank_body *rank = &s->rank[r];
        rank->order[is_queued ? 1 : 0] = order;
        if (is_queued) {
            rank->free_at += seconds;
            s->busy_until += seconds;
        } else {
            rank->since = now;
            rank->free_at = now + seconds;
            s->busy_until += rank->free_at;
        }
        note_half_full(s, r);
    }
}

bool tl_ranks_take(tl_scheduler *s, int rank, int32_t order, double now)
{
    tl_rank_body *body = &s->rank[rank];
    if (body->order[0] == order) {
        body->order[0] = body->order[1];
        body->since = now;
    } else if (body->order[1] != order) {
        return false;
    }
    body->order[1] = TL_NO_INDEX;
    note_half_full(s, rank);
    if (body->order[0] != TL_NO_INDEX) return true;
    s->busy_until -= body->free_at;
    if (body->is_up) join_idle(s, rank);
    if (s->idle_ranks == s->up) s->busy_until = 0; /* drops rounding errors */
    return true;
}

void tl_ranks_mark_failed(tl_scheduler *s, int rank)
{
    tl_rank_body *body = &s->rank[rank];
    if (body->order[0] == TL_NO_INDEX) leave_idle(s, rank, 0);
    body->is_up = false;
    body->nears = 0;
    s->up--;
}

void tl_ranks_remember(tl_scheduler *s, int rank, uint32_t step)
{
    tl_rank_body *body = &s->rank[rank];
    if (!body->is_up) return;
    if (body->nears == TL_NEAR) {
        memmove(body->near, body->near + 1, (TL_NEAR - 1) * sizeof *body->near);
        body->nears--;
    }
    body->near[body->nears++] = step;
}
