/*
 * The sum of two layers' outputs, image by image or flat: what a residual connection is.
 */
#include "compute/nn/layer.h"

/* On grids the halo is summed with the rest: it is 0. */
static size_t floats_of(const tl_layer_run *run)
{
    const size_t flat = (size_t)run->rows * (size_t)tl_shape_size(run->layer->out);
    return run->out_grid.size ? run->out_grid.size : flat;
}

static void forward(const tl_layer_run *run)
{
    const float *restrict a = run->in, *restrict b = run->with;
    float *restrict out = run->out;
    const size_t n = floats_of(run);
    const bool clips = run->layer->has_relu;
    for (size_t i = 0; i < n; i++) {
        const float sum = a[i] + b[i];
        out[i] = clips && !(sum > 0.0f) ? 0.0f : sum;
    }
}

/* Both inputs have the same gradient. */
static void backward(const tl_layer_run *run, float *grad)
{
    (void)grad;
    const float *restrict d = run->d_out, *restrict out = run->out;
    const size_t n = floats_of(run);
    const bool clips = run->layer->has_relu;
    TL_INVARIANT(!run->adds && run->d_in && run->d_with);
    float *restrict first = run->d_in, *restrict second = run->d_with;
    for (size_t i = 0; i < n; i++) {
        const float slope = clips && !(out[i] > 0.0f) ? 0.0f : d[i];
        first[i] = slope;
        second[i] = slope;
    }
}

const tl_layer_ops tl_add_ops = {.name = "add", .forward = forward, .backward = backward};
