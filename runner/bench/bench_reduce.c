/*
 * bench reduce: the team's sum beside MPI_Allreduce, by turns on the same numbers.
 */
#include "cluster/team/team_mpi.h"
#include "compute/core/clock.h"
#include "runner/bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 11, EPOCH = 1 };
static const double MIB = 1048576.0;

typedef struct findings {
    double own[ROUNDS], peer[ROUNDS]; /* seconds, of the slowest member */
    bool is_right;
    double mib; /* what is wanted */
    bool is_json;
} findings;

/* Whole numbers, so that every order of additions has the same sum. */
static float number(int rank, size_t i)
{
    return (float)((i * 7 + (size_t)rank * 13) % 1001);
}

static bool is_sum(const tl_team *team, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0f;
        for (int r = 0; r < team->size; r++) sum += number(r, i);
        if (x[i] != sum) return false;
    }
    return true;
}

/* The slowest member's seconds since `start`, on every member. */
static tl_status lap(const tl_team *team, double start, double *seconds, tl_err *err)
{
    double *all = malloc((size_t)team->size * sizeof *all);
    TL_TRY(tl_team_agree(team, all ? TL_OK : TL_E_SPACE, err));
    TL_INVARIANT(all != NULL);
    all[team->rank] = tl_seconds() - start;
    const tl_status status = tl_team_gather(team, all, sizeof *all, err);
    *seconds = 0.0;
    for (int r = 0; r < team->size; r++) *seconds = fmax(*seconds, all[r]);
    free(all);
    return status;
}

static tl_status run_round(const tl_team *team, float *x, size_t n, bool is_own,
                           double *seconds, tl_err *err)
{
    for (size_t i = 0; i < n; i++) x[i] = number(team->rank, i);
    TL_TRY(tl_team_agree(team, TL_OK, err)); /* all begin together */
    const double start = tl_seconds();
    TL_TRY(is_own ? tl_team_sum(team, x, n, err) : tl_team_mpi_allreduce(team, x, n, err));
    return lap(team, start, seconds, err);
}

static tl_status bench_reduce(const tl_team *team, size_t n, findings *out, tl_err *err)
{
    float *x = malloc(n * sizeof *x);
    tl_status status = tl_team_agree(team, x ? TL_OK : TL_E_SPACE, err);
    out->is_right = true;
    double unused;
    for (int warm = 0; status == TL_OK && warm < 2; warm++) {
        status = run_round(team, x, n, warm == 0, &unused, err);
        out->is_right = out->is_right && (status != TL_OK || is_sum(team, x, n));
    }
    for (int r = 0; status == TL_OK && r < ROUNDS; r++) {
        status = run_round(team, x, n, true, &out->own[r], err);
        if (status == TL_OK) status = run_round(team, x, n, false, &out->peer[r], err);
    }
    free(x);
    return status;
}

static void print(findings *f, int ranks)
{
    double ratio[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) ratio[r] = f->peer[r] / f->own[r];
    const double own = tl_bench_median(f->own, ROUNDS);
    const double peer = tl_bench_median(f->peer, ROUNDS);
    (void)printf(f->is_json ? "{\"ranks\": %d, \"mib\": %.6g, \"seconds\": %.6f, "
                              "\"allreduce_seconds\": %.6f, \"mib_per_second\": %.0f, "
                              "\"allreduce_mib_per_second\": %.0f, \"ratio\": %.3f}\n"
                            : "name=reduce ranks=%d mib=%.6g seconds=%.6f "
                              "allreduce_seconds=%.6f mib_per_second=%.0f "
                              "allreduce_mib_per_second=%.0f ratio=%.3f\n",
                 ranks, f->mib, own, peer, f->mib / own, f->mib / peer,
                 tl_bench_median(ratio, ROUNDS));
}

static tl_status measure(tl_cluster *cluster, void *self, tl_err *err)
{
    findings *out = self;
    const int ranks = tl_cluster_size(cluster);
    tl_team team;
    TL_CHECK(ranks > 1 && (ranks & (ranks - 1)) == 0, err, TL_E_ARG,
             "bench reduce wants 2, 4, 8 ... ranks, as in cluster/launch -n 2 bench "
             "reduce; here are %d",
             ranks);
    TL_TRY(tl_team_mpi_open(cluster, 0, ranks, EPOCH, 0.0, &team, err));
    const tl_status status =
        bench_reduce(&team, (size_t)(out->mib * MIB / sizeof(float)), out, err);
    tl_team_mpi_close(&team);
    TL_TRY(status);
    TL_CHECK(out->is_right, err, TL_E_NUM, "a sum over %d ranks is wrong", ranks);
    if (tl_cluster_rank(cluster) == 0) print(out, ranks);
    return TL_OK;
}

int tl_bench_reduce(double mib, bool is_json)
{
    findings found = {.mib = mib, .is_json = is_json};
    return tl_bench_on_ranks(measure, &found);
}
