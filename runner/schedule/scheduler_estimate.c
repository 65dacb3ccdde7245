/*
 * How long steps take: seconds per FLOP of each kind of step, learned from finished ones,
 * and from that the time of a step, of a path and of all that is left.
 */
#include "runner/schedule/scheduler_private.h"

#include <math.h>

static const double FREE_SECONDS = 1e-5; /* a step without cost, until measured */
static const double FADING = 0.9;        /* weight of what was measured before */

static double cost_of(const tl_scheduler *s, uint32_t step)
{
    return (double)s->step[step].cost;
}

static tl_kind_body *kind_of(const tl_scheduler *s, uint32_t step)
{
    return &s->kind[s->step[step].kind];
}

tl_status tl_estimate_open(tl_scheduler *s, tl_err *err)
{
    s->kinds = 1;
    for (uint32_t id = 0; id < s->steps; id++) {
        const tl_graph_step *step = tl_graph_step_at(s->graph, id);
        s->step[id].cost = step->cost;
        while (1 << s->step[id].min_ranks < step->min_ranks) s->step[id].min_ranks++;
        s->step[id].kind = step->kind;
        if (step->kind >= s->kinds) s->kinds = step->kind + 1;
    }
    TL_ALLOC(s->kind, &s->arena, s->kinds, err);
    for (int k = 0; k < s->kinds; k++)
        s->kind[k] =
            (tl_kind_body){.per_cost = 1 / s->options.rate, .per_free = FREE_SECONDS};
    return TL_OK;
}

double tl_scheduler_expect(const tl_scheduler *s, uint32_t step)
{
    const tl_kind_body *kind = kind_of(s, step);
    const double seconds = cost_of(s, step) * kind->per_cost;
    return seconds > kind->per_free ? seconds : kind->per_free;
}

double tl_scheduler_work(const tl_scheduler *s, double now)
{
    double work = s->busy_until - (s->up - s->idle_ranks) * now;
    if (!(work > 0)) work = 0;
    for (int k = 0; k < s->kinds; k++)
        work += s->kind[k].cost_left * s->kind[k].per_cost +
                s->kind[k].free_left * s->kind[k].per_free;
    return work;
}

double tl_scheduler_path(const tl_scheduler *s, uint32_t step)
{
    const double own = tl_scheduler_expect(s, step);
    double open = 0;
    for (int k = 0; k < s->kinds; k++) open += s->kind[k].cost_left * s->kind[k].per_cost;
    const double rest = tl_graph_path(s->graph, step) - cost_of(s, step);
    return s->cost_left > 0 ? own + rest * open / s->cost_left : own;
}

bool tl_estimate_learn(tl_scheduler *s, uint32_t step, int level, double seconds)
{
    if (!(seconds >= 0) || !isfinite(seconds)) return false;
    tl_kind_body *kind = kind_of(s, step);
    const double cost = cost_of(s, step);
    const double work = seconds * s->speed[level];
    if (cost > 0) {
        kind->cost = FADING * kind->cost + cost;
        kind->work = FADING * kind->work + work;
        kind->per_cost = kind->work / kind->cost;
    } else {
        kind->per_free =
            kind->is_known ? FADING * kind->per_free + (1 - FADING) * work : work;
    }
    const bool is_news = !kind->is_known;
    kind->is_known = true;
    return is_news;
}

void tl_estimate_count(tl_scheduler *s, uint32_t step, int sign)
{
    tl_kind_body *kind = kind_of(s, step);
    const double cost = cost_of(s, step);
    kind->cost_left += sign * cost;
    s->cost_left += sign * cost;
    if (cost <= 0) kind->free_left += (uint32_t)sign;
    if (s->in[TL_STEP_WAITING] + s->in[TL_STEP_READY] == 0) s->cost_left = 0;
}

/* Seconds to the end of the longest path that is running or ready. */
static double longest_path(const tl_scheduler *s)
{
    double longest = 0;
    for (int r = 0; r < s->options.ranks; r++) {
        const int32_t order = s->rank[r].order[0];
        if (order == TL_NO_INDEX || s->order[order].head == TL_NO_STEP) continue;
        const int level = s->order[order].level;
        const double spent = s->now - s->rank[r].since;
        const double path =
            tl_scheduler_path(s, s->order[order].head) / s->speed[level] - spent;
        if (path > longest) longest = path;
    }
    const tl_index_set *const ready[] = {&s->brief, &s->lasting};
    for (int i = 0; i < 2; i++) {
        const uint32_t place = tl_index_set_next(ready[i], 0);
        if (place == UINT32_MAX) continue;
        const double path = tl_scheduler_path(s, s->at_place[place]);
        if (path > longest) longest = path;
    }
    return longest;
}

double tl_estimate_left(const tl_scheduler *s)
{
    const double longest = longest_path(s);
    const double shared = s->up > 0 ? tl_scheduler_work(s, s->now) / s->up : 0;
    return longest > shared ? longest : shared;
}
