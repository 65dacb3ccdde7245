#include "compute/team.h"

#include <stdint.h>

static tl_status sum_float(const tl_team *team, float *x, size_t n, float *scratch,
                           tl_err *err)
{
    (void)team, (void)x, (void)n, (void)scratch, (void)err;
    return TL_OK;
}

static tl_status sum_double(const tl_team *team, double *x, size_t n, double *scratch,
                            tl_err *err)
{
    (void)team, (void)x, (void)n, (void)scratch, (void)err;
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
    static const tl_team_ops alone = {sum_float, sum_double, whole, whole,
                                      agree,     tick,       NULL};
    return (tl_team){.rank = 0, .size = 1, .ops = &alone};
}

static bool tick_outer(const tl_team *team)
{
    (void)tl_team_tick(team->self);
    return false;
}

tl_team tl_team_alone_within(const tl_team *outer)
{
    static const tl_team_ops within = {sum_float, sum_double, whole, whole,
                                       agree,     tick_outer, NULL};
    return (tl_team){.rank = 0,
                     .size = 1,
                     .ops = &within,
                     .self = (void *)(uintptr_t)outer}; /* only read by tick_outer */
}

tl_status tl_team_sum(const tl_team *team, float *x, size_t n, float *scratch, tl_err *err)
{
    return team->ops->sum_float(team, x, n, scratch, err);
}

tl_status tl_team_sum_double(const tl_team *team, double *x, size_t n, double *scratch,
                             tl_err *err)
{
    return team->ops->sum_double(team, x, n, scratch, err);
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

bool tl_team_has_eigenvalues(const tl_team *team)
{
    return team->ops->eigenvalues != NULL;
}

tl_status tl_team_eigenvalues(const tl_team *team, const double *a, int n, double *value,
                              tl_err *err)
{
    TL_INVARIANT(tl_team_has_eigenvalues(team) && n >= 1);
    return team->ops->eigenvalues(team, a, n, value, err);
}

/* The matrix, some 40 n of work space and values, and a few panels of 32 columns on their
 * way. */
double tl_team_eigenvalues_memory(int n)
{
    return 8.0 * n * n + 8.0 * 160.0 * n + 65536.0;
}
