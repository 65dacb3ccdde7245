#include "compute/nn/lapack.h"

#include "compute/nn/blas.h"

#include <lapacke.h>
#include <math.h>

enum { WORK = 32 /* numbers of work space per row: dsyevr asks for 26, or a block more */ };

tl_status tl_symmetric_top(double *a, int n, tl_arena *scratch, double *value,
                           double *vector, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t size = (size_t)n;
    double *work, *values;
    lapack_int *integers, support[2] = {0, 0}, found = 0;
    for (size_t i = 0; i < size * size; i++) {
        TL_CHECK(isfinite(a[i]), err, TL_E_NUM, "an entry of a matrix is not finite");
    }
    TL_TAKE(work, scratch, WORK * size, err);
    TL_TAKE(values, scratch, size, err);
    TL_TAKE(integers, scratch, 10 * size, err);
    tl_blas_start();
    /* Column-major, which for a symmetric matrix is the same, so that nothing is copied. */
    const lapack_int failed =
        LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'U', n, a, n, 0.0, 0.0, n, n, 0.0,
                            &found, values, vector, n, support, work,
                            (lapack_int)(WORK * size), integers, (lapack_int)(10 * size));
    TL_CHECK(failed == 0 && found == 1, err, TL_E_NUM,
             "no largest eigenvalue of a %dx%d matrix was found (dsyevr: %d)", n, n,
             (int)failed);
    *value = values[0];
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

double tl_symmetric_top_memory(int n)
{
    return n * ((WORK + 1.0) * sizeof(double) + 10.0 * sizeof(lapack_int));
}
