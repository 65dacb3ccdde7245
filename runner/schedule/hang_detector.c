#include "runner/schedule/hang_detector.h"

#include <stdlib.h>

static const double TIMES_EXPECTED = 10.0, TIMES_UNKNOWN = 20.0;

tl_status tl_vigil_open(int ranks, double least, tl_vigil *out, tl_err *err)
{
    *out = (tl_vigil){.ranks = ranks, .least = least};
    out->rank = calloc((size_t)ranks, sizeof *out->rank);
    TL_CHECK(out->rank, err, TL_E_SPACE, "no memory to watch over %d ranks", ranks);
    return TL_OK;
}

void tl_vigil_close(tl_vigil *vigil)
{
    free(vigil->rank);
    *vigil = (tl_vigil){0};
}

void tl_vigil_see(tl_vigil *vigil, int rank, uint64_t ticks, bool is_waiting, double now)
{
    tl_vigil_rank *seen = &vigil->rank[rank];
    seen->is_waiting = is_waiting;
    if (seen->ticks == ticks && seen->moved > 0.0) return;
    seen->ticks = ticks;
    seen->moved = now;
}

double tl_vigil_patience(const tl_vigil *vigil, const tl_vigil_team *team)
{
    const double least = vigil->least * (team->is_known ? 1.0 : TIMES_UNKNOWN);
    const double expected = TIMES_EXPECTED * team->seconds;
    return expected > least ? expected : least;
}

bool tl_vigil_is_hung(const tl_vigil *vigil, const tl_vigil_team *team, double now)
{
    if (!(vigil->least > 0.0)) return false;
    double moved = team->since;
    for (int r = team->first; r < team->first + team->width; r++)
        if (vigil->rank[r].moved > moved) moved = vigil->rank[r].moved;
    return now - moved > tl_vigil_patience(vigil, team);
}

bool tl_vigil_is_culprit(const tl_vigil *vigil, const tl_vigil_team *team, int rank)
{
    bool do_all_wait = true;
    for (int r = team->first; r < team->first + team->width; r++)
        do_all_wait = do_all_wait && vigil->rank[r].is_waiting;
    return do_all_wait || !vigil->rank[rank].is_waiting;
}
