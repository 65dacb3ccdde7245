/*
 * What still fits before the deadline.
 *
 * A step that does not fit moves from the sets of ready steps to the set of deferred ones,
 * so that it is looked at once and not at every order. As time runs out, it fits again only
 * if steps turn out shorter than estimated: all are reviewed when a kind is measured for
 * the first time, and once more before the sweep is given up.
 */
#include "runner/schedule/scheduler_private.h"

#include <math.h>

static const double MARGIN = 1.5;      /* over the measured time of a kind */
static const double GUESS_MARGIN = 10; /* over what its cost suggests, unmeasured */
static const double GUESS_LEAST = 1;   /* s, for the start of a step */
static const double MIN_PAUSE = 5;     /* s, for a step that can be resumed */

static const tl_kind_body *kind_of(const tl_scheduler *s, uint32_t step)
{
    return &s->kind[s->step[step].kind];
}

/* Estimated seconds of a step on a team of 2^level, with margin. */
static double estimate(const tl_scheduler *s, uint32_t step, int level)
{
    const double seconds = tl_scheduler_expect(s, step) / s->speed[level];
    if (kind_of(s, step)->is_known) return MARGIN * seconds;
    return fmax(GUESS_MARGIN * seconds, GUESS_LEAST);
}

bool tl_time_fits(const tl_scheduler *s, uint32_t step, int level, double start)
{
    if (!(s->options.deadline > 0)) return true;
    const double left = s->options.deadline - start;
    if (estimate(s, step, level) <= left) return true;
    return s->options.pauses && s->options.pauses[s->step[step].kind] && left >= MIN_PAUSE;
}

void tl_time_defer(tl_scheduler *s, uint32_t step)
{
    const tl_step_body *body = &s->step[step];
    tl_index_set_remove(body->is_long ? &s->lasting : &s->brief, body->place);
    tl_index_set_insert(&s->deferred, body->place);
}

static void undefer(tl_scheduler *s, uint32_t place)
{
    const tl_step_body *body = &s->step[s->at_place[place]];
    tl_index_set_remove(&s->deferred, place);
    tl_index_set_insert(body->is_long ? &s->lasting : &s->brief, place);
}

void tl_time_review(tl_scheduler *s)
{
    while (s->deferred.count > 0) undefer(s, tl_index_set_next(&s->deferred, 0));
}

uint32_t tl_time_last_resort(tl_scheduler *s, double now)
{
    if (s->in[TL_STEP_RUNNING] > 0 || s->in[TL_STEP_READY] != s->deferred.count)
        return TL_NO_STEP;
    const double left = s->options.deadline - now;
    uint32_t place = tl_index_set_next(&s->deferred, 0);
    for (; place != UINT32_MAX; place = tl_index_set_next(&s->deferred, place + 1)) {
        const uint32_t step = s->at_place[place];
        const int least = s->step[step].min_ranks;
        if (least > tl_ranks_largest_level(s)) continue;
        const bool may_try = !kind_of(s, step)->is_known &&
                             tl_scheduler_expect(s, step) / s->speed[least] <= left;
        if (!may_try && !tl_time_fits(s, step, least, now)) continue;
        undefer(s, place);
        return step;
    }
    return TL_NO_STEP;
}

double tl_scheduler_least_deferred(const tl_scheduler *s)
{
    double least = 0;
    uint32_t place = tl_index_set_next(&s->deferred, 0);
    for (; place != UINT32_MAX; place = tl_index_set_next(&s->deferred, place + 1)) {
        const int least_level = s->step[s->at_place[place]].min_ranks;
        if (!tl_ranks_hold(s, least_level)) continue;
        const double seconds = estimate(s, s->at_place[place], least_level);
        if (!(least > 0) || seconds < least) least = seconds;
    }
    return least;
}
