#include "compute/core/blas.h"

#include "compute/core/status.h"

#include <cblas.h>

tl_mat tl_mat_of(float *at, int rows, int columns)
{
    return (tl_mat){at, rows, columns, columns};
}

tl_cmat tl_cmat_of(const float *at, int rows, int columns)
{
    return (tl_cmat){at, rows, columns, columns};
}

void tl_gemm(tl_cmat a, bool transpose_a, tl_cmat b, bool transpose_b, bool adds, tl_mat c)
{
    const int m = transpose_a ? a.columns : a.rows, k = transpose_a ? a.rows : a.columns;
    const int n = transpose_b ? b.rows : b.columns;
    TL_INVARIANT((transpose_b ? b.columns : b.rows) == k && c.rows == m && c.columns == n);
    if (m == 0 || n == 0 || k == 0) return;
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1.0f, a.at, a.stride,
                b.at, b.stride, adds ? 1.0f : 0.0f, c.at, c.stride);
}

void tl_blas_gram(const double *a, int rows, int columns, double *gram)
{
    const size_t n = (size_t)columns;
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, columns, rows, 1.0, a, columns, 0.0,
                gram, columns);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) gram[j * n + i] = gram[i * n + j];
}

void tl_blas_multiply(int m, int n, int k, const double *a, const double *b, int stride,
                      double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0, a, k, b, stride,
                0.0, c, n);
}

void tl_blas_start(void)
{
    openblas_set_num_threads(1);
}

const char *tl_blas_core(void)
{
    return openblas_get_corename();
}

const char *tl_blas_version(void)
{
    return openblas_get_config();
}
