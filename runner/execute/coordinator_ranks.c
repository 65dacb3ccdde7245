#include "cluster/comm/liveness.h"
#include "compute/core/clock.h"
#include "compute/core/log.h"
#include "runner/execute/coordinator_private.h"

#include <stdio.h>

void tl_coordinator_record_set_aside(tl_coordinator *c)
{
    const uint32_t set_aside = tl_scheduler_count(c->scheduler).in[TL_STEP_LOST];
    const uint32_t steps = tl_graph_steps(c->sweep->graph);
    for (uint32_t id = 0; c->set_aside < set_aside && id < steps; id++) {
        if (tl_scheduler_state(c->scheduler, id) != TL_STEP_LOST) continue;
        if (c->sweep->outcome[id].state == TL_STEP_LOST) continue;
        tl_report report = {.step = id, .status = TL_E_PEER};
        (void)snprintf(report.text, sizeof report.text,
                       "set aside: its ranks died %d times", c->options.max_step_deaths);
        tl_coordinator_write(c, TL_RECORD_LOST, id, &report, 0, 0);
        c->set_aside++;
    }
}

static void lose_rank(tl_coordinator *c, int rank)
{
    uint32_t broken[4];
    int count = 0;
    if (rank > 0) tl_liveness_mark_failed(c->cluster, rank);
    c->has_lost = true;
    tl_scheduler_rank_lost(c->scheduler, rank, tl_seconds(), broken, &count);
    for (int first = 0; first < tl_cluster_size(c->cluster); first++) {
        for (int i = 0; i < count; i++) {
            if (c->wide[first].epoch != broken[i]) continue;
            tl_heartbeat_cancel(c->cluster, first, c->wide[first].width, broken[i]);
        }
    }
    tl_coordinator_record_set_aside(c);
}

static void look_for_dead(tl_coordinator *c)
{
    for (int rank = 1; rank < tl_cluster_size(c->cluster); rank++) {
        if (tl_liveness_has_failed(c->cluster, rank)) continue;
        if (!tl_liveness_is_dead(c->cluster, rank)) continue;
        tl_log(TL_LOG_WARN, "rank %d is lost; its work goes to other ranks", rank);
        lose_rank(c, rank);
    }
}

/* Gives up the stalled members of a hung team; alive, they are told to leave. */
static void end_hung_team(tl_coordinator *c, const tl_busy_team *team)
{
    for (int rank = team->first; rank < team->first + team->width; rank++) {
        if (!tl_hang_detector_is_stalled(&c->detector, team, rank)) continue;
        if (tl_liveness_has_failed(c->cluster, rank)) continue;
        tl_log(
            TL_LOG_WARN,
            "rank %d is hung: no progress for more than %.0f s in a step of %s, expected to "
            "take %.3g s",
            rank, tl_hang_detector_timeout(&c->detector, team),
            tl_coordinator_stage_name(c, team->step), team->seconds);
        if (rank == 0) {
            c->is_stuck = true;
            tl_coordinator_begin_stop(c, "rank 0 is hung");
        }
        lose_rank(c, rank);
    }
}

static void look_for_hung(tl_coordinator *c, double now)
{
    for (int rank = 0; rank < tl_cluster_size(c->cluster); rank++) {
        const tl_heartbeat_progress progress = tl_heartbeat_progress_of(c->cluster, rank);
        tl_hang_detector_observe(&c->detector, rank, progress.ticks, progress.is_waiting,
                                 now);
    }
    for (int rank = 0; rank < tl_cluster_size(c->cluster); rank++) {
        const tl_busy_team team = tl_scheduler_work_of(c->scheduler, rank);
        if (team.is_busy && team.first == rank &&
            tl_hang_detector_is_hung(&c->detector, &team, now))
            end_hung_team(c, &team);
    }
}

void tl_coordinator_look_at_ranks(tl_coordinator *c, double now)
{
    look_for_dead(c);
    look_for_hung(c, now);
}
