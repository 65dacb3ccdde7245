/*
 * The sum of two layers' outputs, images or flat, as in a residual connection.
 */
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"

/* On grids the halo is summed with the rest: it is 0. */
static size_t floats_of(const tl_layer_run *run)
{
    const size_t flat = (size_t)run->rows * (size_t)tl_shape_size(run->layer->out);
    return run->out_grid.size ? run->out_grid.size : flat;
}

static void forward(const tl_layer_run *run)
{
    tl_kernels_get()->array->join(run->in, run->with, run->out, floats_of(run),
                                  run->layer->has_relu);
}

/* Both inputs have the same gradient. */
static void backward(const tl_layer_run *run, float *grad)
{
    (void)grad;
    TL_INVARIANT(!run->adds && run->d_in && run->d_with);
    tl_kernels_get()->array->part(run->d_out, run->layer->has_relu ? run->out : NULL,
                                  run->d_in, run->d_with, floats_of(run));
}

const tl_layer_ops tl_add_ops = {.name = "add", .forward = forward, .backward = backward};
