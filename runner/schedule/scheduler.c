/*
 * States of steps, and events. See scheduler_private.h for the outline, scheduler_pick.c
 * for what runs next.
 */
#include "runner/schedule/scheduler_private.h"

#include "compute/core/sort.h"

#include <math.h>
#include <stdlib.h>

static bool is_open(tl_step_state state)
{
    return state == TL_STEP_WAITING || state == TL_STEP_READY;
}

void tl_scheduler_move(tl_scheduler *s, uint32_t step, tl_step_state state)
{
    tl_step_body *body = &s->step[step];
    const tl_step_state before = (tl_step_state)body->state;
    if (before == TL_STEP_READY) {
        tl_index_set *set = body->is_long ? &s->lasting : &s->brief;
        if (s->deferred.count > 0 && tl_index_set_has(&s->deferred, body->place))
            set = &s->deferred;
        tl_index_set_remove(set, body->place);
    }
    s->in[before]--;
    s->in[state]++;
    body->state = (uint8_t)state;
    if (is_open(before) != is_open(state))
        tl_estimate_count(s, step, is_open(state) ? 1 : -1);
    if (state == TL_STEP_READY) {
        body->is_long =
            body->min_ranks > 0 || tl_scheduler_expect(s, step) > s->options.order_seconds;
        tl_index_set_insert(body->is_long ? &s->lasting : &s->brief, body->place);
    }
    if (before == TL_STEP_READY || state == TL_STEP_READY)
        tl_estimate_scout(s, step, state == TL_STEP_READY);
}

/* --- open and close ----------------------------------------------------------------- */

static tl_status place_steps(tl_scheduler *s, tl_err *err)
{
    tl_ranked *all = malloc(((size_t)s->steps + 1) * sizeof *all); /* freed below */
    TL_CHECK(all, err, TL_E_NOMEM, "no memory to order %u steps", s->steps);
    for (uint32_t id = 0; id < s->steps; id++)
        all[id] = (tl_ranked){tl_graph_path(s->graph, id), id};
    tl_sort_descending(all, s->steps);
    for (uint32_t place = 0; place < s->steps; place++) {
        s->at_place[place] = all[place].number;
        s->step[all[place].number].place = place;
    }
    free(all);
    return TL_OK;
}

static int largest_team(const tl_scheduler *s)
{
    int max_ranks = 1;
    for (uint32_t id = 0; id < s->steps; id++) {
        const int wide = tl_graph_step_at(s->graph, id)->max_ranks;
        if (wide > max_ranks) max_ranks = wide;
    }
    const int limit = s->options.max_ranks;
    return limit > 0 && limit < max_ranks ? limit : max_ranks;
}

/* Whether any step needs more than one rank. */
static bool wants_teams(const tl_graph *graph)
{
    for (uint32_t id = 0; id < tl_graph_steps(graph); id++) {
        if (tl_graph_step_at(graph, id)->min_ranks > 1) return true;
    }
    return false;
}

static tl_status open_steps(tl_scheduler *s, tl_err *err)
{
    s->steps = tl_graph_steps(s->graph);
    TL_ALLOC(s->step, &s->arena, s->steps, err);
    TL_ALLOC(s->at_place, &s->arena, s->steps, err);
    TL_TRY(tl_index_set_open(&s->brief, s->steps, &s->arena, err));
    TL_TRY(tl_index_set_open(&s->lasting, s->steps, &s->arena, err));
    const bool may_defer = s->options.deadline > 0 || wants_teams(s->graph);
    TL_TRY(tl_index_set_open(&s->deferred, may_defer ? s->steps : 1, &s->arena, err));
    TL_TRY(tl_estimate_open(s, err));
    TL_TRY(place_steps(s, err));
    s->in[TL_STEP_WAITING] = s->steps;
    for (uint32_t id = 0; id < s->steps; id++) {
        tl_estimate_count(s, id, 1);
        int parents;
        (void)tl_graph_parents(s->graph, id, &parents);
        s->step[id].pending = (uint32_t)parents;
        s->step[id].at = UINT32_MAX;
        s->step[id].link = TL_NO_STEP;
        if (parents == 0) tl_scheduler_move(s, id, TL_STEP_READY);
    }
    return TL_OK;
}

tl_status tl_scheduler_open(const tl_graph *graph, const tl_scheduler_options *options,
                            tl_scheduler **out, tl_err *err)
{
    TL_CHECK(options->ranks >= 1 && options->ranks <= 1 << 24, err, TL_E_ARG,
             "a scheduler needs 1 to %d ranks, found %d", 1 << 24, options->ranks);
    tl_scheduler *s = calloc(1, sizeof *s);
    if (!s) return tl_fail(err, TL_E_NOMEM, "no memory for the scheduler");
    s->graph = graph;
    s->options = *options;
    if (s->options.max_deaths <= 0) s->options.max_deaths = 3;
    if (!(s->options.rate > 0)) s->options.rate = 2e10;
    if (!(s->options.order_seconds > 0)) s->options.order_seconds = 0.02;
    tl_status status = open_steps(s, err);
    if (status == TL_OK) status = tl_ranks_open(s, largest_team(s), err);
    if (status != TL_OK) {
        tl_scheduler_close(s);
        return status;
    }
    *out = s;
    return TL_OK;
}

void tl_scheduler_close(tl_scheduler *scheduler)
{
    if (!scheduler) return;
    tl_arena_close(&scheduler->arena);
    free(scheduler);
}

/* --- events of steps ---------------------------------------------------------------- */

/* Takes the step out of its order, where it is mostly the first. */
static void unlink_step(tl_scheduler *s, uint32_t step)
{
    tl_step_body *body = &s->step[step];
    uint32_t *link = &s->order[body->at].head;
    while (*link != step) {
        TL_INVARIANT(*link != TL_NO_STEP);
        link = &s->step[*link].link;
    }
    *link = body->link;
    body->link = TL_NO_STEP;
    body->at = UINT32_MAX;
}

/* The step is done; what waited only for it is ready, preferably on rank `at`. */
static void finish(tl_scheduler *s, uint32_t step, uint32_t at)
{
    tl_scheduler_move(s, step, TL_STEP_DONE);
    int children;
    const uint32_t *child = tl_graph_children(s->graph, step, &children);
    for (int i = 0; i < children; i++) {
        tl_step_body *body = &s->step[child[i]];
        if (--body->pending > 0 || body->state != TL_STEP_WAITING) continue;
        body->at = at;
        tl_scheduler_move(s, child[i], TL_STEP_READY);
        if (at != UINT32_MAX) tl_ranks_remember(s, (int)at, child[i]);
    }
}

/* Gives up the step and all that need it. Those are in no order, so their links serve as
 * the list of those still to visit. */
static void give_up(tl_scheduler *s, uint32_t step, tl_step_state state)
{
    tl_scheduler_move(s, step, state);
    uint32_t todo = step;
    while (todo != TL_NO_STEP) {
        const uint32_t next = s->step[todo].link;
        s->step[todo].link = TL_NO_STEP;
        int children;
        const uint32_t *child = tl_graph_children(s->graph, todo, &children);
        todo = next;
        for (int i = 0; i < children; i++) {
            if (!is_open((tl_step_state)s->step[child[i]].state)) continue;
            tl_scheduler_move(s, child[i], TL_STEP_SKIPPED);
            s->step[child[i]].link = todo;
            todo = child[i];
        }
    }
}

/* After the first step of a kind, deferred steps may fit after all. */
static void learn(tl_scheduler *s, uint32_t step, int level, double seconds)
{
    if (tl_estimate_learn(s, step, level, seconds)) tl_time_review(s);
}

void tl_scheduler_done(tl_scheduler *s, uint32_t step, double seconds, double now)
{
    s->now = now;
    const tl_step_body *body = &s->step[step];
    uint32_t at = body->state == TL_STEP_READY ? body->at : UINT32_MAX;
    if (body->state == TL_STEP_RUNNING) {
        const tl_order_body *order = &s->order[body->at];
        at = (uint32_t)order->first;
        learn(s, step, order->level, seconds);
        unlink_step(s, step);
    } else if (body->state != TL_STEP_READY) {
        return;
    }
    finish(s, step, at);
}

void tl_scheduler_failed(tl_scheduler *scheduler, uint32_t step, tl_step_state state,
                         double now)
{
    scheduler->now = now;
    TL_INVARIANT(state == TL_STEP_FAILED || state == TL_STEP_DIVERGED);
    if (scheduler->step[step].state != TL_STEP_RUNNING) return;
    unlink_step(scheduler, step);
    give_up(scheduler, step, state);
}

/* The step must be run, at once or after parents that are rerun; if one of those was given
 * up since, so is the step. */
static void reopen(tl_scheduler *s, uint32_t step)
{
    if (s->step[step].pending == 0) {
        tl_scheduler_move(s, step, TL_STEP_READY);
        return;
    }
    tl_scheduler_move(s, step, TL_STEP_WAITING);
    int parents;
    const uint32_t *parent = tl_graph_parents(s->graph, step, &parents);
    for (int i = 0; i < parents; i++) {
        const tl_step_state state = (tl_step_state)s->step[parent[i]].state;
        if (is_open(state) || state == TL_STEP_RUNNING || state == TL_STEP_DONE) continue;
        give_up(s, step, TL_STEP_SKIPPED);
        return;
    }
}

void tl_scheduler_returned(tl_scheduler *scheduler, uint32_t step, double now)
{
    scheduler->now = now;
    if (scheduler->step[step].state != TL_STEP_RUNNING) return;
    unlink_step(scheduler, step);
    reopen(scheduler, step);
}

void tl_scheduler_forget(tl_scheduler *s, uint32_t step, double now)
{
    s->now = now;
    if (s->step[step].state != TL_STEP_DONE) return;
    int children;
    const uint32_t *child = tl_graph_children(s->graph, step, &children);
    for (int i = 0; i < children; i++) {
        tl_step_body *body = &s->step[child[i]];
        body->pending++;
        if (body->state == TL_STEP_READY) tl_scheduler_move(s, child[i], TL_STEP_WAITING);
    }
    s->step[step].at = UINT32_MAX;
    reopen(s, step);
}

void tl_scheduler_restore(tl_scheduler *scheduler, uint32_t step)
{
    TL_INVARIANT(scheduler->epoch == 0);
    if (is_open((tl_step_state)scheduler->step[step].state))
        finish(scheduler, step, UINT32_MAX);
}

void tl_scheduler_warm_start(tl_scheduler *scheduler, uint32_t step, int width,
                             double seconds)
{
    TL_INVARIANT(scheduler->epoch == 0);
    int level = 0;
    while (level + 1 < scheduler->levels && width >> (level + 1)) level++;
    learn(scheduler, step, level, seconds);
}

/* --- events of ranks ---------------------------------------------------------------- */

/* Member `rank` is finished with the order. */
static void leave_order(tl_scheduler *s, int rank, int32_t order, double now)
{
    tl_order_body *body = &s->order[order];
    (void)tl_ranks_take(s, rank, order, now);
    if (--body->members > 0) return;
    while (body->head != TL_NO_STEP) tl_scheduler_returned(s, body->head, now);
    body->epoch = 0;
    s->order_free[s->orders_free++] = order;
    s->orders_out--;
}

void tl_scheduler_order_ended(tl_scheduler *scheduler, uint32_t epoch, int rank, double now)
{
    TL_INVARIANT(rank >= 0 && rank < scheduler->options.ranks);
    scheduler->now = now;
    for (int i = 0; i < 2; i++) {
        const int32_t order = scheduler->rank[rank].order[i];
        if (order == TL_NO_INDEX || scheduler->order[order].epoch != epoch) continue;
        leave_order(scheduler, rank, order, now);
        return;
    }
}

static void count_death(tl_scheduler *s, uint32_t step)
{
    if (++s->step[step].deaths < s->options.max_deaths) return;
    unlink_step(s, step);
    give_up(s, step, TL_STEP_LOST);
}

void tl_scheduler_rank_lost(tl_scheduler *s, int rank, double now, uint32_t broken[4],
                            int *count)
{
    TL_INVARIANT(rank >= 0 && rank < s->options.ranks);
    s->now = now;
    *count = 0;
    if (!s->rank[rank].is_up) return;
    tl_ranks_mark_failed(s, rank);
    bool has_run = false; /* the first step not reported was the one that ran */
    while (s->rank[rank].order[0] != TL_NO_INDEX) {
        const int32_t order = s->rank[rank].order[0];
        tl_order_body *body = &s->order[order];
        if (body->level > 0) broken[(*count)++] = body->epoch;
        if (!has_run && body->head != TL_NO_STEP) {
            has_run = true;
            count_death(s, body->head);
        }
        while (body->head != TL_NO_STEP) tl_scheduler_returned(s, body->head, now);
        leave_order(s, rank, order, now);
    }
}

void tl_scheduler_stop(tl_scheduler *scheduler)
{
    scheduler->is_stopped = true;
}

/* --- questions ---------------------------------------------------------------------- */

tl_step_state tl_scheduler_state(const tl_scheduler *scheduler, uint32_t step)
{
    TL_INVARIANT(step < scheduler->steps);
    return (tl_step_state)scheduler->step[step].state;
}

tl_busy_team tl_scheduler_work_of(const tl_scheduler *s, int rank)
{
    const int32_t slot = s->rank[rank].order[0];
    if (slot == TL_NO_INDEX || s->order[slot].head == TL_NO_STEP) return (tl_busy_team){0};
    const tl_order_body *order = &s->order[slot];
    return (tl_busy_team){.is_busy = true,
                          .first = order->first,
                          .width = 1 << order->level,
                          .step = order->head,
                          .since = s->rank[rank].since,
                          .seconds =
                              tl_scheduler_expect(s, order->head) / s->speed[order->level],
                          .is_known = s->kind[s->step[order->head].kind].is_known};
}

tl_scheduler_counts tl_scheduler_count(const tl_scheduler *s)
{
    tl_scheduler_counts counts = {.deferred = s->deferred.count,
                                  .unplaceable = tl_ranks_unplaceable(s),
                                  .ranks_up = s->up,
                                  .orders_out = s->orders_out};
    for (int i = 0; i < TL_STEP_STATES; i++) counts.in[i] = s->in[i];
    counts.left = tl_estimate_left(s);
    return counts;
}

bool tl_scheduler_is_over(const tl_scheduler *s)
{
    if (s->in[TL_STEP_RUNNING] > 0) return false;
    /* Members that have not ended their order may free the block that a deferred step
     * needs. */
    const bool may_free = s->orders_out > 0 && s->deferred.count > tl_ranks_unplaceable(s);
    if (may_free && !s->is_stopped && s->up > 0) return false;
    /* A waiting step has an ancestor that is ready or running. */
    return s->is_stopped || s->up == 0 || s->in[TL_STEP_READY] == s->deferred.count;
}
