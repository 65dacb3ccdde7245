/*
 * The frame of a benchmark: start, measure, stop; and how records are printed.
 */
#include "cluster/comm/heartbeat.h"
#include "cluster/session/session.h"
#include "cluster/team/team_mpi.h"
#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "runner/bench/bench.h"
#include "runner/exit.h"

#include <math.h>
#include <stdio.h>

enum { DIGITS = 6 };

static void print_text(const json_t *record)
{
    const char *key, *space = "";
    json_t *value, *one;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)record, key, value)
    {
        if (json_is_object(value) || json_is_array(value)) continue;
        tl_print(stdout, "%s%s=", space, key);
        space = " ";
        if (json_is_string(value)) {
            tl_print(stdout, "%s", json_string_value(value));
        } else if (json_is_integer(value)) {
            tl_print(stdout, "%lld", (long long)json_integer_value(value));
        } else if (json_is_real(value)) {
            tl_print(stdout, "%.*g", DIGITS, json_real_value(value));
        } else {
            tl_print(stdout, "-");
        }
    }
    tl_print(stdout, "\n");
    json_object_foreach((json_t *)(uintptr_t)record, key, value)
    {
        if (json_is_object(value)) print_text(value);
        json_array_foreach(value, i, one) print_text(one);
    }
}

void tl_bench_print(json_t *record, bool is_json)
{
    if (is_json) {
        tl_json_print(record, JSON_REAL_PRECISION(DIGITS));
    } else {
        print_text(record);
        json_decref(record);
    }
    (void)fflush(stdout);
}

int tl_bench_on_ranks(tl_bench_measure *measure, void *self)
{
    tl_cluster *cluster;
    tl_err err = {0};
    tl_status status = tl_session_start(&cluster, NULL, NULL, &err);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    status = tl_cluster_agree(cluster, tl_heartbeat_start(cluster, &err), &err);
    if (status == TL_OK) status = measure(cluster, self, &err);
    if (status != TL_OK && tl_cluster_rank(cluster) == 0)
        tl_log(TL_LOG_ERROR, "%s", err.text);
    const int bad = status == TL_E_ARG ? TL_EXIT_USAGE : TL_EXIT_ERROR;
    return tl_session_stop(cluster, status == TL_E_PEER,
                           status == TL_OK ? TL_EXIT_DONE : bad);
}

typedef struct team_bench {
    tl_bench_of_team *measure;
    void *self;
    int most;
} team_bench;

static tl_status on_team(tl_cluster *cluster, void *self, tl_err *err)
{
    const team_bench *bench = self;
    int width = 1;
    while (2 * width <= tl_cluster_size(cluster) && 2 * width <= bench->most) width *= 2;
    tl_team team;
    if (tl_cluster_rank(cluster) >= width) return TL_OK;
    TL_TRY(tl_team_mpi_open(cluster, 0, width, 1, 0.0, &team, err));
    const tl_status status = bench->measure(&team, bench->self, err);
    tl_team_mpi_close(&team);
    return status;
}

int tl_bench_on_team(tl_bench_of_team *measure, void *self, int most)
{
    team_bench bench = {measure, self, most < TL_BENCH_RANKS ? most : TL_BENCH_RANKS};
    return tl_bench_on_ranks(on_team, &bench);
}

tl_status tl_bench_most(const tl_team *team, double mine, double *out, tl_err *err)
{
    double all[TL_BENCH_RANKS];
    all[team->rank] = mine;
    TL_TRY(tl_team_gather(team, all, sizeof *all, err));
    *out = 0.0;
    for (int r = 0; r < team->size; r++) *out = fmax(*out, all[r]);
    return TL_OK;
}
