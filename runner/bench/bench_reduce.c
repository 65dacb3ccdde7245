/*
 * bench reduce: the team's sum against MPI_Allreduce, alternating, on the same numbers.
 */
#include "cluster/team/team_mpi.h"
#include "compute/core/clock.h"
#include "compute/core/json.h"
#include "compute/core/sort.h"
#include "runner/bench/bench.h"

#include <stdlib.h>

enum { ROUNDS = 11 };
static const double MIB = 1048576.0;

typedef struct findings {
    double own[ROUNDS], peer[ROUNDS]; /* seconds, of the slowest member */
    bool is_right;
    double mib; /* option */
    bool is_json;
} findings;

/* Whole numbers, so that the sum is the same in any order. */
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

static tl_status run_round(const tl_team *team, float *x, size_t n, bool is_own,
                           double *seconds, tl_err *err)
{
    for (size_t i = 0; i < n; i++) x[i] = number(team->rank, i);
    TL_TRY(tl_team_agree(team, TL_OK, err)); /* all begin together */
    const double start = tl_seconds();
    TL_TRY(is_own ? tl_team_sum(team, x, n, err) : tl_team_mpi_allreduce(team, x, n, err));
    return tl_bench_most(team, tl_seconds() - start, seconds, err);
}

static tl_status bench_reduce(const tl_team *team, size_t n, findings *out, tl_err *err)
{
    float *x = malloc(n * sizeof *x);
    tl_status status = tl_team_agree(team, x ? TL_OK : TL_E_NOMEM, err);
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
    const double own = tl_median(f->own, ROUNDS);
    const double peer = tl_median(f->peer, ROUNDS);
    tl_bench_print(json_pack("{s:s, s:i, s:f, s:o, s:o, s:o, s:o, s:o}", "name", "reduce",
                             "ranks", ranks, "mib", f->mib, "seconds", tl_json_real(own),
                             "allreduce_seconds", tl_json_real(peer), "mib_per_second",
                             tl_json_real(f->mib / own), "allreduce_mib_per_second",
                             tl_json_real(f->mib / peer), "ratio",
                             tl_json_real(tl_median(ratio, ROUNDS))),
                   f->is_json);
}

static tl_status measure(const tl_team *team, void *self, tl_err *err)
{
    findings *out = self;
    TL_CHECK(team->size > 1, err, TL_E_ARG,
             "bench reduce needs 2 ranks or more, as in cluster/launch -n 2 bench reduce");
    TL_TRY(bench_reduce(team, (size_t)(out->mib * MIB / sizeof(float)), out, err));
    TL_CHECK(out->is_right, err, TL_E_NUMERIC, "a sum over %d ranks is wrong", team->size);
    if (team->rank == 0) print(out, team->size);
    return TL_OK;
}

int tl_bench_reduce(double mib, bool is_json)
{
    findings found = {.mib = mib, .is_json = is_json};
    return tl_bench_on_team(measure, &found, TL_BENCH_RANKS);
}
