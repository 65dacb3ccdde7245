#include "compute/nn/layers/layer.h"

enum {
    VECTOR = 16,      /* floats of the widest vector */
    ALIASED = 1 << 10 /* floats; planes so far apart share their places in the cache */
};

tl_grid tl_grid_of(tl_shape shape, int rows, int halo)
{
    tl_grid grid = {.lanes = (rows + 3) / 4 * 4};
    grid.line = (ptrdiff_t)(shape.width + 2 * halo) * grid.lanes;
    grid.plane = (shape.height + 2 * halo) * grid.line;
    if (grid.plane % ALIASED == 0) grid.plane += VECTOR;
    grid.origin = halo * (grid.line + grid.lanes);
    grid.size = (size_t)(shape.channels * grid.plane) + VECTOR;
    return grid;
}
