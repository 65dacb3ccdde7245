#include "compute/linalg/problem.h"

tl_matrix tl_matrix_of(const double *at, int rows, int columns)
{
    return (tl_matrix){at, rows, columns};
}

const char *tl_linalg_name(tl_linalg_operation operation)
{
    static const char *const name[TL_LINALG_OPERATIONS] = {"svd", "eigen", "solve_spd",
                                                           "least_squares", "gram"};
    return name[operation];
}
