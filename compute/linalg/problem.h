/*
 * A problem of linear algebra, for the solvers and the check of their results.
 */
#ifndef TL_COMPUTE_LINALG_PROBLEM_H
#define TL_COMPUTE_LINALG_PROBLEM_H

/** A read-only view of [rows x columns], row-major, dense. */
typedef struct tl_matrix {
    const double *at; /**< [rows x columns], borrowed */
    int rows, columns;
} tl_matrix;

/** A view of `at` [rows x columns], borrowed. */
tl_matrix tl_matrix_of(const double *at, int rows, int columns);

/** The operation: see the function of linalg.h with its name. */
typedef enum tl_linalg_operation {
    TL_LINALG_SVD,
    TL_LINALG_EIGEN,
    TL_LINALG_SOLVE_SPD,
    TL_LINALG_LEAST_SQUARES,
    TL_LINALG_GRAM,
    TL_LINALG_OPERATIONS
} tl_linalg_operation;

/** The name of an operation in messages: "svd", "eigen", "solve_spd", "least_squares",
 * "gram". */
const char *tl_linalg_name(tl_linalg_operation operation);

/** Inputs and results have the shapes given in linalg.h. An unwanted result is NULL; all
 * pointers are borrowed. */
typedef struct tl_linalg_problem {
    tl_linalg_operation operation;
    tl_matrix a;
    tl_matrix b;   /**< right-hand sides of SOLVE_SPD and LEAST_SQUARES; else empty */
    double *value; /**< SVD, EIGEN */
    double *u;     /**< SVD */
    double *vt;    /**< SVD; the vectors of EIGEN */
    double *x;     /**< the solution, or GRAM's result */
    double *pivot; /**< [columns] of SOLVE_SPD and LEAST_SQUARES: the triangular factor's
                      diagonal */
} tl_linalg_problem;

#endif
