/*
 * bench schedule: empty steps a second through scheduler, coordinator and workers, with and
 * without a journal.
 */
#include "cluster/pulse.h"
#include "compute/core/log.h"
#include "runner/bench.h"
#include "runner/commands.h"
#include "runner/coordinator.h"
#include "runner/worker.h"

#include <stdio.h>
#include <unistd.h>

static tl_status nothing(void *self, uint32_t trial, int position, const tl_team *team,
                         tl_report *report, tl_err *err)
{
    (void)self, (void)trial, (void)position, (void)team, (void)err;
    report->measures = 0;
    return TL_OK;
}

static tl_status empty_graph(uint32_t steps, tl_sweep *sweep, tl_err *err)
{
    TL_TRY(tl_graph_open(&sweep->graph, err));
    for (uint32_t i = 0; i < steps; i++) {
        const tl_graph_step step = {
            .key = tl_key_of(&i, sizeof i), .trial = i, .widest = 1};
        uint32_t id;
        TL_TRY(tl_graph_add(sweep->graph, &step, NULL, 0, &id, NULL, err));
    }
    TL_TRY(tl_graph_finish(sweep->graph, err));
    TL_TAKE(sweep->outcome, &sweep->arena, steps, err);
    return TL_OK;
}

static tl_status ignore(void *self, const tl_record *record, tl_err *err)
{
    (void)self, (void)record, (void)err;
    return TL_OK;
}

/* Rank 0's part of a round: a coordinator over empty steps. */
static tl_status lead(tl_cluster *cluster, uint32_t steps, const char *journal,
                      tl_coordinator *c, tl_sweep *sweep, tl_err *err)
{
    TL_TRY(empty_graph(steps, sweep, err));
    *c =
        (tl_coordinator){.cluster = cluster, .sweep = sweep, .options = {.is_quiet = true}};
    if (journal) TL_TRY(tl_journal_open(journal, ignore, NULL, &c->journal, err));
    return tl_coordinator_start(c, err);
}

static tl_status run_round(tl_cluster *cluster, uint32_t steps, const char *journal,
                           double *rate, tl_err *err)
{
    tl_coordinator c = {0};
    tl_sweep sweep = {0};
    const bool leads = tl_cluster_rank(cluster) == 0;
    tl_status status = leads ? lead(cluster, steps, journal, &c, &sweep, err) : TL_OK;
    status = tl_cluster_agree(cluster, status, err);
    if (status == TL_OK) status = tl_worker_run(cluster, nothing, NULL, err);
    if (status == TL_OK && leads) {
        tl_coordinator_join(&c);
        *rate = c.ran / c.seconds;
        status = c.status;
        if (status != TL_OK) *err = c.err;
    }
    tl_coordinator_close(&c);
    tl_journal_close(c.journal);
    if (leads) tl_sweep_close(&sweep);
    return status;
}

static tl_status bench_schedule(tl_cluster *cluster, uint32_t steps, bool is_json,
                                tl_err *err)
{
    char journal[64];
    double plain = 0.0, journalled = 0.0;
    (void)snprintf(journal, sizeof journal, "bench-journal.%ld.ndjson", (long)getpid());
    TL_TRY(run_round(cluster, steps, NULL, &plain, err));
    const tl_status status = run_round(cluster, steps, journal, &journalled, err);
    if (tl_cluster_rank(cluster) != 0) return status;
    (void)remove(journal);
    TL_TRY(status);
    (void)printf(is_json ? "{\"ranks\": %d, \"steps\": %u, \"steps_per_second\": %.0f, "
                           "\"steps_per_second_journalled\": %.0f}\n"
                         : "name=schedule ranks=%d steps=%u steps_per_second=%.0f "
                           "steps_per_second_journalled=%.0f\n",
                 tl_cluster_size(cluster), steps, plain, journalled);
    return TL_OK;
}

int tl_bench_schedule(uint32_t steps, bool is_json)
{
    tl_cluster *cluster;
    tl_err err = {0};
    tl_status status = tl_cluster_start(&cluster, NULL, NULL, &err);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    status = tl_cluster_agree(cluster, tl_pulse_start(cluster, &err), &err);
    if (status == TL_OK) status = bench_schedule(cluster, steps, is_json, &err);
    if (status != TL_OK && tl_cluster_rank(cluster) == 0)
        tl_log(TL_LOG_ERROR, "%s", err.text);
    return tl_cluster_stop(cluster, false, status == TL_OK ? TL_EXIT_DONE : TL_EXIT_ERROR);
}
