#include "compute/core/team.h"

#include <stdint.h>

static tl_status start(const tl_team *team, tl_team_request *request, tl_err *err)
{
    (void)team, (void)err;
    request->is_done = true;
    return TL_OK;
}

static tl_status nothing(const tl_team *team, tl_err *err)
{
    (void)team, (void)err;
    return TL_OK;
}

static tl_status is_never(const tl_team *team, bool *is_fast, tl_err *err)
{
    (void)team, (void)err;
    *is_fast = false;
    return TL_OK;
}

static tl_status whole(const tl_team *team, void *bytes, size_t n, tl_err *err)
{
    (void)team, (void)bytes, (void)n, (void)err;
    return TL_OK;
}

static tl_status agree(const tl_team *team, tl_status mine, tl_err *err)
{
    (void)team, (void)err;
    return mine;
}

static bool tick(const tl_team *team)
{
    (void)team;
    return false;
}

tl_team tl_team_alone(void)
{
    static const tl_team_ops alone = {start, nothing, nothing, is_never, whole,
                                      whole, agree,   tick,    NULL};
    return (tl_team){.rank = 0, .size = 1, .ops = &alone};
}

static tl_status solve(const tl_team *team, const struct tl_linalg_problem *problem,
                       tl_err *err)
{
    (void)team, (void)problem, (void)err;
    return TL_OK;
}

tl_team tl_team_counted(int rank, int size)
{
    static const tl_team_ops counted = {start, nothing, nothing, is_never, whole,
                                        whole, agree,   tick,    solve};
    return (tl_team){.rank = rank, .size = size, .ops = &counted};
}

static bool tick_outer(const tl_team *team)
{
    (void)tl_team_tick(team->self);
    return false;
}

tl_team tl_team_alone_within(const tl_team *outer)
{
    static const tl_team_ops within = {start, nothing, nothing,    is_never, whole,
                                       whole, agree,   tick_outer, NULL};
    return (tl_team){.rank = 0,
                     .size = 1,
                     .ops = &within,
                     .self = (void *)(uintptr_t)outer}; /* only read by tick_outer */
}

static tl_status sum(const tl_team *team, tl_team_request request, tl_err *err)
{
    TL_TRY(tl_team_start(team, &request, err));
    return tl_team_wait(team, err);
}

tl_status tl_team_sum(const tl_team *team, float *x, size_t n, tl_err *err)
{
    return sum(team, (tl_team_request){.work = TL_TEAM_SUM, .x = x, .n = n}, err);
}

tl_status tl_team_sum_double(const tl_team *team, double *x, size_t n, tl_err *err)
{
    return sum(team,
               (tl_team_request){.work = TL_TEAM_SUM, .is_double = true, .x = x, .n = n},
               err);
}

tl_status tl_team_start(const tl_team *team, tl_team_request *request, tl_err *err)
{
    return team->ops->start(team, request, err);
}

tl_status tl_team_progress(const tl_team *team, tl_err *err)
{
    return team->ops->progress(team, err);
}

tl_status tl_team_wait(const tl_team *team, tl_err *err)
{
    return team->ops->wait(team, err);
}

tl_status tl_team_is_fast(const tl_team *team, bool *is_fast, tl_err *err)
{
    return team->ops->is_fast(team, is_fast, err);
}

tl_slice tl_team_slice(const tl_team *team, size_t n)
{
    tl_slice slice = {0, n};
    for (int bit = 1; bit < team->size; bit *= 2) {
        const size_t lower = tl_team_half(slice.n);
        if (team->rank & bit) {
            slice.at += lower;
            slice.n -= lower;
        } else {
            slice.n = lower;
        }
    }
    return slice;
}

size_t tl_team_half(size_t n)
{
    const size_t half = (n / 2 + TL_TEAM_GRAIN - 1) / TL_TEAM_GRAIN * TL_TEAM_GRAIN;
    return half < n ? half : n;
}

tl_status tl_team_broadcast(const tl_team *team, void *bytes, size_t n, tl_err *err)
{
    return team->ops->broadcast(team, bytes, n, err);
}

tl_status tl_team_gather(const tl_team *team, void *all, size_t each, tl_err *err)
{
    return team->ops->gather(team, all, each, err);
}

tl_status tl_team_agree(const tl_team *team, tl_status mine, tl_err *err)
{
    return team->ops->agree(team, mine, err);
}

bool tl_team_tick(const tl_team *team)
{
    return team->ops->tick(team);
}
