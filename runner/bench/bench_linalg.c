/*
 * bench linalg: each problem of linear algebra by ScaLAPACK on all ranks and, while the
 * other ranks wait, by LAPACK on one thread of rank 0, alternating: the ratio of times, the
 * quality of the solution, and the difference between the two.
 */
#include "compute/core/clock.h"
#include "compute/core/json.h"
#include "compute/core/rng.h"
#include "compute/core/sort.h"
#include "compute/linalg/linalg.h"
#include "compute/linalg/residual.h"
#include "runner/bench/bench.h"

#include <math.h>

enum { ROUNDS = 3 };

/* Both routes' solutions of one problem. */
typedef struct trial {
    tl_linalg_problem by[2]; /* by route */
    size_t results;          /* numbers that are compared: values, or the solution */
    double *result[2];
} trial;

/* Results for one problem, on rank 0. */
typedef struct finding {
    int rows, columns;
    double seconds[2]; /* by route, medians */
    double cpu[2];     /* core seconds of the busiest member, medians */
    tl_residual residual;
    double difference; /* between the routes' results, relative to the largest */
} finding;

/* Without --size: large enough for ScaLAPACK; each takes some seconds. */
static const tl_bench_size usual[TL_LINALG_OPERATIONS] = {
    [TL_LINALG_SVD] = {4000, 1000},
    [TL_LINALG_EIGEN] = {1500, 1500},
    [TL_LINALG_SOLVE_SPD] = {3000, 3000},
    [TL_LINALG_LEAST_SQUARES] = {4000, 1000},
    [TL_LINALG_GRAM] = {4000, 2000}};

/* With --size, square matrices are as large as the smaller side. */
static tl_bench_size size_of(tl_linalg_operation operation, tl_bench_size wanted)
{
    if (wanted.rows == 0) return usual[operation];
    const int few = wanted.rows < wanted.columns ? wanted.rows : wanted.columns;
    const int many = wanted.rows < wanted.columns ? wanted.columns : wanted.rows;
    if (operation == TL_LINALG_EIGEN || operation == TL_LINALG_SOLVE_SPD)
        return (tl_bench_size){few, few};
    return operation == TL_LINALG_LEAST_SQUARES ? (tl_bench_size){many, few} : wanted;
}

static tl_status take_results(trial *t, tl_arena *arena, tl_err *err)
{
    const size_t rows = (size_t)t->by[0].a.rows, columns = (size_t)t->by[0].a.columns;
    const size_t few = rows < columns ? rows : columns;
    const tl_linalg_operation operation = t->by[0].operation;
    for (int route = 0; route < 2; route++) {
        tl_linalg_problem *p = &t->by[route];
        if (operation == TL_LINALG_SVD) TL_ALLOC(p->u, arena, rows * few, err);
        if (operation == TL_LINALG_SVD || operation == TL_LINALG_EIGEN) {
            TL_ALLOC(p->value, arena, few, err);
            TL_ALLOC(p->vt, arena, few * columns, err);
            t->results = few;
            t->result[route] = p->value;
        } else {
            t->results = operation == TL_LINALG_GRAM ? columns * columns : columns;
            TL_ALLOC(p->x, arena, t->results, err);
            t->result[route] = p->x;
        }
    }
    return TL_OK;
}

static tl_status prepare(trial *t, tl_linalg_operation operation, tl_bench_size size,
                         tl_arena *arena, tl_err *err)
{
    const size_t rows = (size_t)size.rows, columns = (size_t)size.columns;
    tl_rng rng = tl_rng_stream(1, 0, "bench", 0, "matrix");
    double *a, *b = NULL;
    TL_ALLOC(a, arena, rows * columns, err);
    for (size_t i = 0; i < rows * columns; i++) a[i] = tl_rng_normal(&rng);
    if (operation == TL_LINALG_SOLVE_SPD) /* positive definite by Gershgorin */
        for (size_t i = 0; i < rows; i++) a[i * columns + i] = 2.0 * (double)rows;
    if (operation == TL_LINALG_SOLVE_SPD || operation == TL_LINALG_LEAST_SQUARES) {
        TL_ALLOC(b, arena, rows, err);
        for (size_t i = 0; i < rows; i++) b[i] = tl_rng_normal(&rng);
    }
    for (int route = 0; route < 2; route++)
        t->by[route] =
            (tl_linalg_problem){.operation = operation,
                                .a = tl_matrix_of(a, size.rows, size.columns),
                                .b = tl_matrix_of(b, b ? size.rows : 0, b ? 1 : 0)};
    return take_results(t, arena, err);
}

static double difference_of(const trial *t)
{
    double largest = 0.0, most = 0.0;
    for (size_t i = 0; i < t->results; i++) {
        const double wanted = t->result[TL_LINALG_BY_LAPACK][i];
        largest = fmax(largest, fabs(wanted));
        most = fmax(most, fabs(t->result[TL_LINALG_BY_SCALAPACK][i] - wanted));
    }
    return most / largest;
}

/* What was measured. */
typedef struct stopwatch {
    double wall[2][ROUNDS], cpu[2][ROUNDS]; /* s, by route; cpu: the most of any member */
    tl_residual residual;                   /* of ScaLAPACK's solution */
} stopwatch;

/* LAPACK runs on rank 0 alone, while the others wait. */
static tl_status time_route(const tl_team *team, const trial *t, tl_linalg_route route,
                            int round, tl_arena *arena, stopwatch *out, tl_err *err)
{
    const bool is_alone = route == TL_LINALG_BY_LAPACK;
    const tl_team alone = tl_team_alone();
    const double start = tl_seconds(), cpu = tl_cpu_seconds();
    tl_status mine = TL_OK;
    if (!is_alone || team->rank == 0)
        mine = tl_linalg_solve(is_alone ? &alone : team, t->by[route], route, arena,
                               is_alone ? NULL : &out->residual, err);
    out->wall[route][round] = tl_seconds() - start;
    const double worked = tl_cpu_seconds() - cpu;
    TL_TRY(tl_team_agree(team, mine, err));
    return tl_bench_most(team, worked, &out->cpu[route][round], err);
}

static tl_status time_both(const tl_team *team, const trial *t, tl_arena *arena,
                           finding *out, tl_err *err)
{
    stopwatch all;
    for (int i = 0; i < 2 * ROUNDS; i++) {
        const tl_linalg_route route = i % 2 ? TL_LINALG_BY_SCALAPACK : TL_LINALG_BY_LAPACK;
        TL_TRY(time_route(team, t, route, i / 2, arena, &all, err));
    }
    for (int route = 0; route < 2; route++) {
        out->seconds[route] = tl_median(all.wall[route], ROUNDS);
        out->cpu[route] = tl_median(all.cpu[route], ROUNDS);
    }
    out->residual = all.residual;
    if (team->rank == 0) out->difference = difference_of(t);
    return TL_OK;
}

static void print(tl_linalg_operation operation, const finding *f, int ranks, bool is_json)
{
    const double *seconds = f->seconds, *cpu = f->cpu;
    enum { ALL = TL_LINALG_BY_SCALAPACK, ONE = TL_LINALG_BY_LAPACK };
    tl_bench_print(json_pack("{s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                             "operation", tl_linalg_name(operation), "rows", f->rows,
                             "columns", f->columns, "ranks", ranks, "scalapack_seconds",
                             tl_json_real(seconds[ALL]), "lapack_seconds",
                             tl_json_real(seconds[ONE]), "ratio",
                             tl_json_real(seconds[ALL] / seconds[ONE]), "ratio_of_cpu",
                             tl_json_real(cpu[ALL] / cpu[ONE]), "residual",
                             tl_json_real(f->residual.residual), "orthogonality",
                             tl_json_real(f->residual.orthogonality), "difference",
                             tl_json_real(f->difference)),
                   is_json);
}

typedef struct request {
    tl_bench_size size;
    bool is_json;
} request;

static tl_status measure(const tl_team *team, void *self, tl_err *err)
{
    const request *wanted = self;
    for (int i = 0; i < TL_LINALG_OPERATIONS; i++) {
        const tl_linalg_operation operation = (tl_linalg_operation)i;
        const tl_bench_size size = size_of(operation, wanted->size);
        tl_arena arena = tl_arena_open(0);
        trial t = {0};
        finding found = {.rows = size.rows, .columns = size.columns};
        tl_status status =
            tl_team_agree(team, prepare(&t, operation, size, &arena, err), err);
        if (status == TL_OK) status = time_both(team, &t, &arena, &found, err);
        if (status == TL_OK && team->rank == 0)
            print(operation, &found, team->size, wanted->is_json);
        tl_arena_close(&arena);
        TL_TRY(status);
    }
    return TL_OK;
}

int tl_bench_linalg(tl_bench_size size, bool is_json)
{
    request wanted = {size, is_json};
    return tl_bench_on_team(measure, &wanted, TL_BENCH_RANKS);
}
