/*
 * Group normalisation: Wu, He 2018, Group Normalization, equations 1 to 7. It is not over
 * the batch, so a row's activations do not depend on other rows.
 */
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"

static size_t saved(const tl_layer *layer, int rows)
{
    return 2 * (size_t)layer->groups * (size_t)tl_grid_of(layer->in, rows, 0).lanes;
}

static tl_norm_run work_of(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const tl_grid *in = &run->in_grid, *out = &run->out_grid;
    return (tl_norm_run){.in = run->in + in->origin,
                         .out = run->out + out->origin,
                         .gain = run->param + layer->weight,
                         .shift = run->param + layer->bias,
                         .mean = run->saved,
                         .scale = run->saved + layer->groups * in->lanes,
                         .in_plane = in->plane,
                         .in_line = in->line,
                         .out_plane = out->plane,
                         .out_line = out->line,
                         .lanes = in->lanes,
                         .channels = layer->in.channels,
                         .groups = layer->groups,
                         .height = layer->in.height,
                         .width = layer->in.width,
                         .relu = layer->has_relu};
}

static void forward(const tl_layer_run *run)
{
    const tl_norm_run work = work_of(run);
    tl_kernels_get()->grid->norm(&work);
}

static void backward(const tl_layer_run *run, float *grad)
{
    tl_norm_run work = work_of(run);
    work.d_out = run->d_out + run->out_grid.origin;
    work.d_in = run->d_in ? run->d_in + run->in_grid.origin : NULL;
    work.d_gain = grad ? grad + run->layer->weight : NULL;
    work.d_shift = grad ? grad + run->layer->bias : NULL;
    work.adds = run->adds;
    tl_kernels_get()->grid->norm_back(&work);
}

/* By the kernel: every lane is a row by itself. */
static void squares(const tl_layer_run *run, float *scratch, double *square)
{
    (void)scratch;
    tl_norm_run work = work_of(run);
    work.d_out = run->d_out + run->out_grid.origin;
    tl_kernels_get()->grid->norm_squares(&work, square);
}

const tl_layer_ops tl_groupnorm_ops = {.name = "groupnorm",
                                       .reads_images = true,
                                       .leaves_images = true,
                                       .saved = saved,
                                       .forward = forward,
                                       .backward = backward,
                                       .squares = squares};
