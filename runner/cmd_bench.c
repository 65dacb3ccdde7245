/*
 * threatloop bench: is this machine set up well?
 *
 * gemm: median rate of sgemm 1024^3. schedule: empty steps a second through scheduler,
 * coordinator and workers, with and without a journal.
 */
#include "cluster/pulse.h"
#include "compute/core/log.h"
#include "compute/nn/blas.h"
#include "runner/commands.h"
#include "runner/coordinator.h"
#include "runner/worker.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 1024, ROUNDS = 7, STEPS = 50000, MOST_STEPS = 10000000 };

static const char help[] =
    "usage: threatloop bench [gemm|schedule] [--steps N] [--json]\n\n"
    "  gemm      median rate of sgemm 1024x1024x1024 on one thread, GFLOP/s\n"
    "  schedule  empty steps a second, without and with a journal (in the current folder);\n"
    "            run it on 2 ranks: cluster/launch -n 2 bench schedule\n";

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int bench_gemm(bool is_json)
{
    float *at = calloc((size_t)3 * SIDE * SIDE, sizeof *at);
    if (!at) return TL_EXIT_ERROR;
    for (int i = 0; i < 2 * SIDE * SIDE; i++) at[i] = (float)(i % 17) * 0.1f;
    const tl_cmat a = tl_cmat_of(at, SIDE, SIDE),
                  b = tl_cmat_of(at + SIDE * SIDE, SIDE, SIDE);
    const tl_mat c = tl_mat_of(at + 2 * SIDE * SIDE, SIDE, SIDE);
    double rate[ROUNDS];
    tl_blas_start();
    tl_gemm(a, false, b, false, false, c);
    for (int i = 0; i < ROUNDS; i++) {
        const double begin = tl_cluster_seconds();
        tl_gemm(a, false, b, false, false, c);
        rate[i] = 2e-9 * SIDE * SIDE * SIDE / (tl_cluster_seconds() - begin);
    }
    free(at);
    qsort(rate, ROUNDS, sizeof *rate, by_size);
    (void)printf(is_json ? "{\"gemm_gflops\": %.2f, \"core\": \"%s\"}\n"
                         : "name=gemm_1024 gflops=%.2f core=%s\n",
                 rate[ROUNDS / 2], tl_blas_core());
    return TL_EXIT_DONE;
}

static tl_status nothing(void *self, uint32_t trial, int position, const tl_team *team,
                         tl_measure *measure, int *measures, tl_err *err)
{
    (void)self, (void)trial, (void)position, (void)team, (void)measure, (void)err;
    *measures = 0;
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

static int run_parallel(uint32_t steps, bool is_json)
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

int tl_cmd_bench(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"steps", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    const bool leads = !rank || strcmp(rank, "0") == 0;
    bool is_json = false;
    long steps = STEPS;
    int letter;
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'j') is_json = true;
        if (letter == 'n') steps = strtol(optarg, NULL, 10);
        if (letter == 'h') {
            if (leads) (void)fputs(help, stdout);
            return TL_EXIT_DONE;
        }
        if (letter == '?') return TL_EXIT_USAGE;
    }
    const char *what = optind < argc ? argv[optind] : "gemm";
    const bool is_gemm = strcmp(what, "gemm") == 0;
    if (!is_gemm && strcmp(what, "schedule") != 0) {
        if (leads) tl_log(TL_LOG_ERROR, "bench has gemm and schedule, not '%s'", what);
    } else if (steps < 1 || steps > MOST_STEPS) {
        if (leads) tl_log(TL_LOG_ERROR, "--steps is 1 to %d, found %ld", MOST_STEPS, steps);
    } else if (is_gemm) {
        return leads ? bench_gemm(is_json) : TL_EXIT_DONE;
    } else {
        return run_parallel((uint32_t)steps, is_json);
    }
    return TL_EXIT_USAGE;
}
