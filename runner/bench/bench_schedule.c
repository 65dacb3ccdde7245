/*
 * bench schedule: steps per second through scheduler, coordinator and workers, without and
 * with a journal; the share of a core that the coordinator takes at 10,000 steps per
 * second; and the cost of the journal where steps last 10 ms.
 */
#include "compute/core/clock.h"
#include "compute/core/json.h"
#include "runner/bench/bench.h"
#include "runner/execute/coordinator.h"
#include "runner/execute/worker.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { PAIRS = 3 };
static const double PACE = 1e4;       /* steps per second of all ranks together */
static const double PACED_TIME = 2.0; /* seconds of a round at that pace */
static const double STEP_TIME = 0.01, STEPS_TIME = 1.0; /* seconds of a step, of a round */

/* How a worker paces its steps. */
typedef struct pace {
    double every; /* seconds from start to start; 0: no pause */
    double next;  /* when the next one starts; 0: not begun */
    double sleep; /* seconds that each lasts */
} pace;

/* A round of `steps` steps. */
typedef struct bench_round {
    uint32_t steps;
    pace pace;
    const char *journal; /* NULL: none */
    double seconds, cpu; /* result on rank 0: of the round, of the coordinator's thread */
} bench_round;

static tl_status run_step(void *self, uint32_t trial, int position, const tl_team *team,
                          tl_report *report, tl_err *err)
{
    (void)trial, (void)position, (void)team, (void)err;
    pace *p = self;
    report->measures = 0;
    if (p->every > 0.0) {
        const double now = tl_seconds();
        if (p->next == 0.0) p->next = now;
        tl_sleep(p->next - now); /* does not wait if late */
        p->next += p->every;
    }
    tl_sleep(p->sleep);
    return TL_OK;
}

static tl_status empty_graph(uint32_t steps, tl_sweep *sweep, tl_err *err)
{
    TL_TRY(tl_graph_open(&sweep->graph, err));
    for (uint32_t i = 0; i < steps; i++) {
        const tl_graph_step step = {
            .key = tl_key_of(&i, sizeof i), .trial = i, .max_ranks = 1};
        uint32_t id;
        TL_TRY(tl_graph_add(sweep->graph, &step, NULL, 0, &id, NULL, err));
    }
    TL_TRY(tl_graph_finish(sweep->graph, err));
    TL_ALLOC(sweep->outcome, &sweep->arena, steps, err);
    return TL_OK;
}

static tl_status ignore(void *self, const tl_record *record, tl_err *err)
{
    (void)self, (void)record, (void)err;
    return TL_OK;
}

/* Rank 0's part of a round: a coordinator over the steps. */
static tl_status lead(tl_cluster *cluster, const bench_round *round, tl_coordinator *c,
                      tl_sweep *sweep, tl_err *err)
{
    TL_TRY(empty_graph(round->steps, sweep, err));
    *c =
        (tl_coordinator){.cluster = cluster, .sweep = sweep, .options = {.is_quiet = true}};
    if (round->journal) {
        TL_TRY(tl_journal_open(NULL, round->journal, ignore, NULL, &c->journal, err));
    }
    return tl_coordinator_start(c, err);
}

static tl_status run_round(tl_cluster *cluster, bench_round *round, tl_err *err)
{
    tl_coordinator c = {0};
    tl_sweep sweep = {0};
    pace own = round->pace;
    const bool leads = tl_cluster_rank(cluster) == 0;
    tl_status status = leads ? lead(cluster, round, &c, &sweep, err) : TL_OK;
    status = tl_cluster_agree(cluster, status, err);
    if (status == TL_OK) status = tl_worker_run(cluster, run_step, &own, err);
    if (status == TL_OK && leads) {
        tl_coordinator_join(&c);
        round->seconds = c.seconds;
        round->cpu = c.cpu;
        status = c.status;
        if (status != TL_OK) *err = c.err;
    }
    tl_coordinator_close(&c);
    tl_journal_close(c.journal);
    if (leads) tl_sweep_close(&sweep);
    if (leads && round->journal) (void)remove(round->journal);
    return status;
}

/* Results, in the order of the output. */
typedef struct findings {
    double rate, rate_journalled; /* empty steps per second */
    double paced_rate, share;     /* at PACE: steps per second, share of a core */
    double cost;                  /* of the journal at STEP_TIME: share of the time */
} findings;

static tl_status find_share(tl_cluster *cluster, const char *journal, findings *out,
                            tl_err *err)
{
    const int ranks = tl_cluster_size(cluster);
    bench_round round = {.steps = (uint32_t)(PACE * PACED_TIME),
                         .pace = {.every = ranks / PACE},
                         .journal = journal};
    TL_TRY(run_round(cluster, &round, err));
    out->paced_rate = round.steps / round.seconds;
    out->share = round.cpu / round.seconds;
    return TL_OK;
}

/* Compares the fastest of alternating rounds, since other load only slows them. */
static tl_status find_cost(tl_cluster *cluster, const char *journal, findings *out,
                           tl_err *err)
{
    const int ranks = tl_cluster_size(cluster);
    double best[2] = {(double)INFINITY, (double)INFINITY};
    for (int i = 0; i < 2 * PAIRS; i++) {
        bench_round round = {.steps = (uint32_t)(ranks * STEPS_TIME / STEP_TIME),
                             .pace = {.sleep = STEP_TIME},
                             .journal = i % 2 ? journal : NULL};
        TL_TRY(run_round(cluster, &round, err));
        best[i % 2] = fmin(best[i % 2], round.seconds);
    }
    out->cost = best[1] / best[0] - 1.0;
    return TL_OK;
}

static tl_status bench_schedule(tl_cluster *cluster, uint32_t steps, findings *out,
                                tl_err *err)
{
    char journal[64];
    (void)snprintf(journal, sizeof journal, "bench-journal.%ld.ndjson", (long)getpid());
    bench_round plain = {.steps = steps}, kept = {.steps = steps, .journal = journal};
    TL_TRY(run_round(cluster, &plain, err));
    TL_TRY(run_round(cluster, &kept, err));
    out->rate = steps / plain.seconds;
    out->rate_journalled = steps / kept.seconds;
    TL_TRY(find_share(cluster, journal, out, err));
    return find_cost(cluster, journal, out, err);
}

typedef struct request {
    uint32_t steps;
    bool is_json;
} request;

static tl_status measure(tl_cluster *cluster, void *self, tl_err *err)
{
    const request *wanted = self;
    findings f = {0};
    TL_TRY(bench_schedule(cluster, wanted->steps, &f, err));
    if (tl_cluster_rank(cluster) != 0) return TL_OK;
    tl_bench_print(
        json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "name", "schedule", "ranks",
                  tl_cluster_size(cluster), "steps", (int)wanted->steps, "steps_per_second",
                  tl_json_real(round(f.rate)), "steps_per_second_journalled",
                  tl_json_real(round(f.rate_journalled)), "paced_steps_per_second",
                  tl_json_real(round(f.paced_rate)), "coordinator_share_of_a_core",
                  tl_json_real(f.share), "journal_cost_at_10_ms", tl_json_real(f.cost)),
        wanted->is_json);
    return TL_OK;
}

int tl_bench_schedule(uint32_t steps, bool is_json)
{
    request wanted = {steps, is_json};
    return tl_bench_on_ranks(measure, &wanted);
}
