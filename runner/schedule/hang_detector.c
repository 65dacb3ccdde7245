#include "runner/schedule/hang_detector.h"

#include <stdlib.h>

static const double TIMES_EXPECTED = 10.0, TIMES_UNKNOWN = 20.0;

tl_status tl_hang_detector_open(int ranks, double least, tl_hang_detector *out, tl_err *err)
{
    *out = (tl_hang_detector){.ranks = ranks, .least = least};
    out->rank = calloc((size_t)ranks, sizeof *out->rank);
    TL_CHECK(out->rank, err, TL_E_NOMEM, "no memory to watch over %d ranks", ranks);
    return TL_OK;
}

void tl_hang_detector_close(tl_hang_detector *detector)
{
    free(detector->rank);
    *detector = (tl_hang_detector){0};
}

void tl_hang_detector_observe(tl_hang_detector *detector, int rank, uint64_t ticks,
                              bool is_waiting, double now)
{
    tl_hang_detector_rank *seen = &detector->rank[rank];
    seen->is_waiting = is_waiting;
    if (seen->ticks == ticks && seen->moved > 0.0) return;
    seen->ticks = ticks;
    seen->moved = now;
}

double tl_hang_detector_timeout(const tl_hang_detector *detector, const tl_busy_team *team)
{
    const double least = detector->least * (team->is_known ? 1.0 : TIMES_UNKNOWN);
    const double expected = TIMES_EXPECTED * team->seconds;
    return expected > least ? expected : least;
}

bool tl_hang_detector_is_hung(const tl_hang_detector *detector, const tl_busy_team *team,
                              double now)
{
    if (!(detector->least > 0.0)) return false;
    double moved = team->since;
    for (int r = team->first; r < team->first + team->width; r++)
        if (detector->rank[r].moved > moved) moved = detector->rank[r].moved;
    return now - moved > tl_hang_detector_timeout(detector, team);
}

bool tl_hang_detector_is_stalled(const tl_hang_detector *detector, const tl_busy_team *team,
                                 int rank)
{
    bool do_all_wait = true;
    for (int r = team->first; r < team->first + team->width; r++)
        do_all_wait = do_all_wait && detector->rank[r].is_waiting;
    return do_all_wait || !detector->rank[rank].is_waiting;
}
