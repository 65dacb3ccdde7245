/*
 * The one door to BLAS. Matrices are views: a pointer, a shape and a row stride, row-major.
 * Bits of a product depend on its shape, so callers fix shapes by the plan, never by ranks.
 */
#ifndef TL_COMPUTE_CORE_BLAS_H
#define TL_COMPUTE_CORE_BLAS_H

#include <stdbool.h>

/** A writable view of [rows x columns], row-major. */
typedef struct tl_mat {
    float *at;
    int rows, columns, stride;
} tl_mat;

/** A read-only view of [rows x columns], row-major. */
typedef struct tl_cmat {
    const float *at;
    int rows, columns, stride;
} tl_cmat;

/** Dense views of `at` [rows x columns], borrowed: stride = columns. */
tl_mat tl_mat_of(float *at, int rows, int columns);
tl_cmat tl_cmat_of(const float *at, int rows, int columns);

/**
 * c = op(a) op(b) + (adds ? c : 0), where op transposes if asked. Shapes must agree. One
 * thread.
 */
void tl_gemm(tl_cmat a, bool transpose_a, tl_cmat b, bool transpose_b, bool adds, tl_mat c);

/** gram = a^T a of a [rows x columns], dense and row-major, in double precision; both
 * triangles. One thread. */
void tl_blas_gram(const double *a, int rows, int columns, double *gram);

/**
 * c [m x n] = a [m x k] b [k x n] in double precision, row-major; a and c are dense, rows
 * of b are `stride` apart. One thread.
 */
void tl_blas_multiply(int m, int n, int k, const double *a, const double *b, int stride,
                      double *c);

/** Sets BLAS to one thread; call once before any product. */
void tl_blas_start(void);

/** The processor type whose kernels BLAS uses, "Zen"; borrowed. */
const char *tl_blas_core(void);
/** Version and build of BLAS; borrowed. */
const char *tl_blas_version(void);

#endif
