/*
 * bench gemm: the rate of sgemm 1024^3, the measure of what the machine can do, before and
 * after products of shapes that occur in small models.
 */
#include "compute/core/blas.h"
#include "compute/core/clock.h"
#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/sort.h"
#include "runner/bench/bench.h"
#include "runner/exit.h"

enum { SIDE = 1024 };

/* Shards of an mlp, of a convolution as a product, of a transformer; squares. */
static const struct shape {
    int rows, columns, inner;
} shapes[] = {{16, 512, 784}, {32, 512, 512},  {128, 512, 784}, {32, 784, 144},
              {64, 196, 288}, {256, 384, 384}, {128, 128, 128}, {512, 512, 512}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Enough products for a millisecond or more, so that reading the clock does not count. */
static int products_of(double flop)
{
    const double least = 1e8;
    return flop < least ? (int)(least / flop) + 1 : 1;
}

tl_status tl_bench_gemm_rates(int rows, int columns, int inner, double rate[TL_GEMM_ROUNDS],
                              tl_err *err)
{
    const size_t left = (size_t)rows * (size_t)inner,
                 right = (size_t)inner * (size_t)columns;
    tl_arena arena = tl_arena_open(0);
    float *at = tl_arena_take(&arena, left + right + (size_t)rows * (size_t)columns,
                              sizeof *at, err);
    if (!at) return TL_E_NOMEM;
    for (size_t i = 0; i < left + right; i++) at[i] = (float)(i % 17) * 0.1f;
    const tl_cmat a = tl_cmat_of(at, rows, inner),
                  b = tl_cmat_of(at + left, inner, columns);
    const tl_mat c = tl_mat_of(at + left + right, rows, columns);
    const double flop = 2.0 * rows * columns * inner;
    const int products = products_of(flop);
    tl_blas_start();
    tl_gemm(a, false, b, false, false, c);
    for (int i = 0; i < TL_GEMM_ROUNDS; i++) {
        const double begin = tl_cpu_seconds();
        for (int p = 0; p < products; p++) tl_gemm(a, false, b, false, false, c);
        rate[i] = 1e-9 * flop * products / (tl_cpu_seconds() - begin);
    }
    tl_arena_close(&arena);
    return TL_OK;
}

static tl_status measure(double before[TL_GEMM_ROUNDS], double after[TL_GEMM_ROUNDS],
                         double median[SHAPES], tl_err *err)
{
    TL_TRY(tl_bench_gemm_rates(SIDE, SIDE, SIDE, before, err));
    for (int s = 0; s < SHAPES; s++) {
        double rate[TL_GEMM_ROUNDS];
        TL_TRY(tl_bench_gemm_rates(shapes[s].rows, shapes[s].columns, shapes[s].inner, rate,
                                   err));
        median[s] = tl_median(rate, TL_GEMM_ROUNDS);
    }
    return tl_bench_gemm_rates(SIDE, SIDE, SIDE, after, err);
}

int tl_bench_gemm(bool is_json)
{
    double all[2 * TL_GEMM_ROUNDS], median[SHAPES];
    tl_err err = {0};
    if (measure(all, all + TL_GEMM_ROUNDS, median, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    const double before = tl_median(all, TL_GEMM_ROUNDS),
                 after = tl_median(all + TL_GEMM_ROUNDS, TL_GEMM_ROUNDS),
                 peak = tl_median(all, 2 * TL_GEMM_ROUNDS);
    json_t *list = json_array();
    for (int s = 0; s < SHAPES; s++) {
        tl_json_append(list,
                       json_pack("{s:s, s:i, s:i, s:i, s:o, s:o}", "name", "gemm", "rows",
                                 shapes[s].rows, "columns", shapes[s].columns, "inner",
                                 shapes[s].inner, "gflops", tl_json_real(median[s]),
                                 "fraction_of_gemm", tl_json_real(median[s] / peak)));
    }
    tl_bench_print(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "name",
                             "gemm_1024", "gemm_gflops", tl_json_real(peak), "before",
                             tl_json_real(before), "after", tl_json_real(after), "lowest",
                             tl_json_real(all[0]), "highest",
                             tl_json_real(all[2 * TL_GEMM_ROUNDS - 1]), "core",
                             tl_blas_core(), "shapes", list),
                   is_json);
    return TL_EXIT_DONE;
}
