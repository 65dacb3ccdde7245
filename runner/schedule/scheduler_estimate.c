/*
 * How long steps take: seconds per FLOP of each kind of step, learned from finished ones,
 * and from that the time of a step, of a path and of all that is left. A kind of which none
 * is finished is taken to be as slow as the others were.
 */
#include "runner/schedule/scheduler_private.h"

#include <math.h>

static const double FREE_SECONDS = 1e-5; /* a step without cost, until measured */
static const double FADING = 0.9;        /* weight of what was measured before */

/* How far off the time of all steps of a kind may be: where none is measured; in addition
 * where one is, which shows no spread; and where many are, for what the machine does
 * besides. */
static const double FAR = 0.5, ONE = 0.2, NEAR = 0.1;

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
    s->per_cost = 1 / s->options.rate;
    for (uint32_t id = 0; id < s->steps; id++) {
        const tl_graph_step *step = tl_graph_step_at(s->graph, id);
        s->step[id].cost = step->cost;
        while (1 << s->step[id].min_ranks < step->min_ranks) s->step[id].min_ranks++;
        s->step[id].kind = step->kind;
        if (step->kind >= s->kinds) s->kinds = step->kind + 1;
    }
    TL_ALLOC(s->kind, &s->arena, s->kinds, err);
    for (int k = 0; k < s->kinds; k++)
        s->kind[k] = (tl_kind_body){.per_free = FREE_SECONDS, .scout = TL_NO_STEP};
    return TL_OK;
}

/* s per FLOP of the kind on one rank. */
static double per_cost_of(const tl_scheduler *s, const tl_kind_body *kind)
{
    return kind->weight > 0 ? kind->per_cost : s->per_cost;
}

double tl_scheduler_expect(const tl_scheduler *s, uint32_t step)
{
    const tl_kind_body *kind = kind_of(s, step);
    const double seconds = cost_of(s, step) * per_cost_of(s, kind);
    return seconds > kind->per_free ? seconds : kind->per_free;
}

/* Expected seconds on one rank of all steps of a kind that are waiting and ready. */
static double work_left(const tl_scheduler *s, const tl_kind_body *kind)
{
    return kind->cost_left * per_cost_of(s, kind) + kind->free_left * kind->per_free;
}

/* Expected seconds on one rank of all that is running. */
static double work_under_way(const tl_scheduler *s, double now)
{
    const double work = s->busy_until - (s->up - s->idle_ranks) * now;
    return work > 0 ? work : 0;
}

double tl_scheduler_work(const tl_scheduler *s, double now)
{
    double work = work_under_way(s, now);
    for (int k = 0; k < s->kinds; k++) work += work_left(s, &s->kind[k]);
    return work;
}

double tl_scheduler_path(const tl_scheduler *s, uint32_t step)
{
    const double own = tl_scheduler_expect(s, step);
    double open = 0;
    for (int k = 0; k < s->kinds; k++)
        open += s->kind[k].cost_left * per_cost_of(s, &s->kind[k]);
    const double rest = tl_graph_path(s->graph, step) - cost_of(s, step);
    return s->cost_left > 0 ? own + rest * open / s->cost_left : own;
}

/* Takes for the kinds that are not known the mean of those that are. */
static void pool(tl_scheduler *s)
{
    double cost = 0, work = 0;
    for (int k = 0; k < s->kinds; k++) {
        cost += s->kind[k].cost;
        work += s->kind[k].work;
    }
    if (cost > 0) s->per_cost = work / cost;
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
        kind->square = FADING * kind->square + work * work / cost;
        kind->weight = FADING * kind->weight + 1;
        kind->per_cost = kind->work / kind->cost;
        pool(s);
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

void tl_estimate_scout(tl_scheduler *s, uint32_t step, bool is_ready)
{
    tl_kind_body *kind = kind_of(s, step);
    if (is_ready ? kind->scout != TL_NO_STEP || kind->is_begun || kind->is_known
                 : kind->scout != step)
        return;
    kind->scout = is_ready ? step : TL_NO_STEP;
    kind->is_begun |= !is_ready;
    s->scouts += is_ready ? 1 : -1;
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

/* How far off the time of all steps of a kind may be, from how those measured differ. */
static double doubt_of(const tl_kind_body *kind)
{
    if (!(kind->weight > 0) || !(kind->work > 0)) return FAR;
    const double mean = kind->per_cost;
    const double variance = kind->square / kind->cost - mean * mean;
    const double spread = variance > 0 ? sqrt(variance) / mean : 0;
    const double doubt = NEAR + (kind->weight > 1 ? spread / sqrt(kind->weight) : ONE);
    return doubt < FAR ? doubt : FAR;
}

tl_seconds_left tl_estimate_left(const tl_scheduler *s)
{
    double work = work_under_way(s, s->now), doubt = NEAR * work;
    for (int k = 0; k < s->kinds; k++) {
        const double left = work_left(s, &s->kind[k]);
        work += left;
        doubt += left * doubt_of(&s->kind[k]);
    }
    const double longest = longest_path(s), shared = s->up > 0 ? work / s->up : 0;
    const double expected = longest > shared ? longest : shared;
    const double factor = work > 0 ? 1 + doubt / work : 1 + NEAR;
    return (tl_seconds_left){expected, expected / factor, expected * factor};
}
