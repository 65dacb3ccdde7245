/*
 * From images on a grid to flat rows: all pixels (flatten) or the mean of each channel.
 */
#include "compute/nn/layers/layer.h"

static void flatten(const tl_layer_run *run)
{
    const tl_shape shape = run->layer->in;
    const tl_grid *grid = &run->in_grid;
    const size_t features = (size_t)tl_shape_size(shape);
    float *out = run->out;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            const float *in = run->in + grid->origin + c * grid->plane + y * grid->line;
            for (int x = 0; x < shape.width; x++, in += grid->lanes, out++) {
                for (int r = 0; r < run->rows; r++) out[(size_t)r * features] = in[r];
            }
        }
    }
}

/* Lanes without a row get gradient 0, so their content has no effect. */
static void flatten_back(const tl_layer_run *run, float *grad)
{
    (void)grad;
    if (!run->d_in) return;
    TL_INVARIANT(!run->adds);
    const tl_shape shape = run->layer->in;
    const tl_grid *grid = &run->in_grid;
    const size_t features = (size_t)tl_shape_size(shape);
    const float *d_out = run->d_out;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            float *d_in = run->d_in + grid->origin + c * grid->plane + y * grid->line;
            for (int x = 0; x < shape.width; x++, d_in += grid->lanes, d_out++) {
                for (int r = 0; r < run->rows; r++) d_in[r] = d_out[(size_t)r * features];
                for (int r = run->rows; r < grid->lanes; r++) d_in[r] = 0.0f;
            }
        }
    }
}

static void mean(const tl_layer_run *run)
{
    const tl_shape shape = run->layer->in;
    const tl_grid *grid = &run->in_grid;
    const float share = 1.0f / (float)(shape.height * shape.width);
    for (int c = 0; c < shape.channels; c++) {
        float *out = run->out + c;
        for (int r = 0; r < run->rows; r++) out[r * shape.channels] = 0.0f;
        for (int y = 0; y < shape.height; y++) {
            const float *in = run->in + grid->origin + c * grid->plane + y * grid->line;
            for (int x = 0; x < shape.width; x++, in += grid->lanes) {
                for (int r = 0; r < run->rows; r++) out[r * shape.channels] += in[r];
            }
        }
        for (int r = 0; r < run->rows; r++) out[r * shape.channels] *= share;
    }
}

static void mean_back(const tl_layer_run *run, float *grad)
{
    (void)grad;
    if (!run->d_in) return;
    TL_INVARIANT(!run->adds);
    const tl_shape shape = run->layer->in;
    const tl_grid *grid = &run->in_grid;
    const float share = 1.0f / (float)(shape.height * shape.width);
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            float *d_in = run->d_in + grid->origin + c * grid->plane + y * grid->line;
            for (int x = 0; x < shape.width; x++, d_in += grid->lanes) {
                for (int r = 0; r < run->rows; r++) {
                    d_in[r] = share * run->d_out[r * shape.channels + c];
                }
                for (int r = run->rows; r < grid->lanes; r++) d_in[r] = 0.0f;
            }
        }
    }
}

const tl_layer_ops tl_flatten_ops = {
    .name = "flatten", .reads_images = true, .forward = flatten, .backward = flatten_back};
const tl_layer_ops tl_mean_ops = {
    .name = "mean", .reads_images = true, .forward = mean, .backward = mean_back};
