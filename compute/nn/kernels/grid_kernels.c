/*
 * Pooling and group normalisation over grids. Compiled once for each instruction set
 * (TL_ISA). Every lane is computed by itself and nothing is contracted, so all sets give
 * the same bits.
 */
#include "compute/nn/kernels/isa.h"
#include "compute/nn/kernels/kernels.h"

#include <math.h>
#include <string.h>

/* Wu, He 2018, Group Normalization, equation 2; the value of common libraries. */
static const float NORM_EPSILON = 1e-5f;

#define W 4
#include "compute/nn/kernels/grid_tile.h"
#define W 8
#include "compute/nn/kernels/grid_tile.h"
#define W 16
#include "compute/nn/kernels/grid_tile.h"

#define BY_LANES(word, r)                 \
    do {                                  \
        if ((r)->lanes % 16 == 0) {       \
            word##_16(r);                 \
        } else if ((r)->lanes % 8 == 0) { \
            word##_8(r);                  \
        } else {                          \
            word##_4(r);                  \
        }                                 \
    } while (0)

static void pool(const tl_pool_run *r)
{
    BY_LANES(pool, r);
}

static void pool_back(const tl_pool_run *r)
{
    BY_LANES(pool_back, r);
}

static void norm(const tl_norm_run *r)
{
    BY_LANES(norm, r);
}

static void norm_back(const tl_norm_run *r)
{
    BY_LANES(norm_back, r);
}

static void norm_squares(const tl_norm_run *r, double *square)
{
    if (r->lanes % 16 == 0) {
        norm_squares_16(r, square);
    } else if (r->lanes % 8 == 0) {
        norm_squares_8(r, square);
    } else {
        norm_squares_4(r, square);
    }
}

extern const tl_grid_kernels JOIN(tl_grid_kernels, TL_ISA);
const tl_grid_kernels JOIN(tl_grid_kernels, TL_ISA) = {pool, pool_back, norm, norm_back,
                                                       norm_squares};
