#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"

static tl_pool_run work_of(const tl_layer_run *run)
{
    const tl_grid *in = &run->in_grid, *out = &run->out_grid;
    return (tl_pool_run){.in = run->in + in->origin,
                         .out = run->out + out->origin,
                         .in_plane = in->plane,
                         .in_line = in->line,
                         .out_plane = out->plane,
                         .out_line = out->line,
                         .lanes = in->lanes,
                         .channels = run->layer->out.channels,
                         .height = run->layer->out.height,
                         .width = run->layer->out.width,
                         .relu = run->layer->has_relu};
}

static void forward(const tl_layer_run *run)
{
    const tl_pool_run work = work_of(run);
    tl_kernels_get()->grid->pool(&work);
}

static void backward(const tl_layer_run *run, float *grad)
{
    (void)grad;
    if (!run->d_in) return;
    TL_INVARIANT(!run->adds);
    tl_pool_run work = work_of(run);
    work.d_out = run->d_out + run->out_grid.origin;
    work.d_in = run->d_in + run->in_grid.origin;
    tl_kernels_get()->grid->pool_back(&work);
}

const tl_layer_ops tl_pool_ops = {.name = "pool",
                                  .reads_images = true,
                                  .leaves_images = true,
                                  .forward = forward,
                                  .backward = backward};
