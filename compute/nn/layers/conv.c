/*
 * Convolution. The kernels run over rectangles of pixels with strides for everything, so
 * the gradient of the input is one more convolution, of the gradient of the output with the
 * rotated window; with a stride s it is s*s of them, one for each phase of an input pixel
 * between the outputs, which see different parts of the window.
 */
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"

/* Channels of one group, and places of the window. */
typedef struct part {
    int in, out, taps;
} part;

static part part_of(const tl_layer *layer)
{
    return (part){layer->in.channels / layer->groups, layer->out.channels / layer->groups,
                  layer->window * layer->window};
}

static size_t blocks_of(int channels)
{
    return (size_t)(channels + TL_CONV_BLOCK - 1) / TL_CONV_BLOCK;
}

/* Packed weights of one group: for the output, then for the gradient of the input. */
static size_t forward_size(part p)
{
    return blocks_of(p.out) * TL_CONV_BLOCK * (size_t)p.in * (size_t)p.taps;
}

static size_t backward_size(part p)
{
    return blocks_of(p.in) * TL_CONV_BLOCK * (size_t)p.out * (size_t)p.taps;
}

static size_t packed(const tl_layer *layer)
{
    const part p = part_of(layer);
    return (size_t)layer->groups * (forward_size(p) + backward_size(p));
}

/* The pixels of the window that see input pixels of phase (y, x), in order. */
typedef struct taps {
    int count;
    int place[TL_CONV_TAPS];
    ptrdiff_t offset[TL_CONV_TAPS];
} taps;

static void find_taps(const tl_layer *layer, const tl_grid *out, int y, int x, taps *seen)
{
    seen->count = 0;
    for (int k = 0; k < layer->window * layer->window; k++) {
        const int dy = y + layer->padding - k / layer->window;
        const int dx = x + layer->padding - k % layer->window;
        if (dy % layer->stride != 0 || dx % layer->stride != 0) continue;
        seen->place[seen->count] = k;
        seen->offset[seen->count++] =
            dy / layer->stride * out->line + dx / layer->stride * out->lanes;
    }
}

static void pack(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const part p = part_of(layer);
    const size_t size = (size_t)p.in * (size_t)p.taps; /* weights of one output channel */
    float *to = run->packed;
    for (int g = 0; g < layer->groups; g++) {
        const float *weight = run->param + layer->weight + (size_t)(g * p.out) * size;
        for (int first = 0; first < p.out; first += TL_CONV_BLOCK) {
            for (size_t i = 0; i < size; i++) {
                for (int o = first; o < first + TL_CONV_BLOCK; o++) {
                    *to++ = o < p.out ? weight[(size_t)o * size + i] : 0.0f;
                }
            }
        }
        for (int phase = 0; phase < layer->stride * layer->stride; phase++) {
            taps seen;
            find_taps(layer, &run->out_grid, phase / layer->stride, phase % layer->stride,
                      &seen);
            for (int first = 0; first < p.in; first += TL_CONV_BLOCK) {
                for (int o = 0; o < p.out; o++) {
                    for (int t = 0; t < seen.count; t++) {
                        for (int i = first; i < first + TL_CONV_BLOCK; i++) {
                            const size_t at =
                                (size_t)o * size + (size_t)(i * p.taps + seen.place[t]);
                            *to++ = i < p.in ? weight[at] : 0.0f;
                        }
                    }
                }
            }
        }
    }
}

/* Offsets of the window's pixels from an input pixel. */
static void find_offsets(const tl_layer *layer, const tl_grid *in, ptrdiff_t *offset)
{
    for (int k = 0; k < layer->window * layer->window; k++) {
        offset[k] = (k / layer->window - layer->padding) * in->line +
                    (k % layer->window - layer->padding) * in->lanes;
    }
}

/* Group `group` of the convolution forward. */
static tl_conv_run work_of(const tl_layer_run *run, const ptrdiff_t *offset, int group)
{
    const tl_layer *layer = run->layer;
    const part p = part_of(layer);
    const tl_grid *in = &run->in_grid, *out = &run->out_grid;
    return (tl_conv_run){
        .in = run->in + in->origin + group * p.in * in->plane,
        .out = run->out + out->origin + group * p.out * out->plane,
        .in_plane = in->plane,
        .out_plane = out->plane,
        .in_line = layer->stride * in->line,
        .out_line = out->line,
        .in_step = layer->stride * in->lanes,
        .out_step = out->lanes,
        .lanes = in->lanes,
        .height = layer->out.height,
        .width = layer->out.width,
        .in_channels = p.in,
        .out_channels = p.out,
        .taps = p.taps,
        .offset = offset,
        .weight = run->packed + (size_t)group * (forward_size(p) + backward_size(p)),
        .bias = layer->has_bias ? run->param + layer->bias + group * p.out : NULL,
        .relu = layer->has_relu};
}

static void forward(const tl_layer_run *run)
{
    ptrdiff_t offset[TL_CONV_TAPS];
    find_offsets(run->layer, &run->in_grid, offset);
    for (int g = 0; g < run->layer->groups; g++) {
        const tl_conv_run work = work_of(run, offset, g);
        tl_kernels_get()->conv->run(&work);
    }
}

static void add_gradients(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const part p = part_of(layer);
    ptrdiff_t offset[TL_CONV_TAPS];
    find_offsets(layer, &run->in_grid, offset);
    for (int g = 0; g < layer->groups; g++) {
        const tl_conv_run work = work_of(run, offset, g);
        tl_kernels_get()->conv->gradient(
            &work, run->d_out + (work.out - run->out),
            grad + layer->weight + (size_t)(g * p.out * p.in * p.taps),
            layer->has_bias ? grad + layer->bias + g * p.out : NULL);
    }
}

static void add_input_gradients(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const part p = part_of(layer);
    const tl_grid *in = &run->in_grid, *out = &run->out_grid;
    const int s = layer->stride;
    for (int g = 0; g < layer->groups; g++) {
        const float *weight = run->packed +
                              (size_t)g * (forward_size(p) + backward_size(p)) +
                              forward_size(p);
        for (int phase = 0; phase < s * s; phase++) {
            const int y = phase / s, x = phase % s;
            taps seen;
            find_taps(layer, out, y, x, &seen);
            const tl_conv_run work = {.in =
                                          run->d_out + out->origin + g * p.out * out->plane,
                                      .out = run->d_in + in->origin + g * p.in * in->plane +
                                             y * in->line + x * in->lanes,
                                      .in_plane = out->plane,
                                      .out_plane = in->plane,
                                      .in_line = out->line,
                                      .out_line = s * in->line,
                                      .in_step = out->lanes,
                                      .out_step = s * in->lanes,
                                      .lanes = in->lanes,
                                      .height = (layer->in.height - y + s - 1) / s,
                                      .width = (layer->in.width - x + s - 1) / s,
                                      .in_channels = p.out,
                                      .out_channels = p.in,
                                      .taps = seen.count,
                                      .offset = seen.offset,
                                      .weight = weight,
                                      .adds = run->adds};
            tl_kernels_get()->conv->run(&work);
            weight += blocks_of(p.in) * TL_CONV_BLOCK * (size_t)p.out * (size_t)seen.count;
        }
    }
}

static void backward(const tl_layer_run *run, float *grad)
{
    if (run->layer->has_relu) {
        tl_kernels_get()->array->mask(run->out, run->d_out, run->out_grid.size);
    }
    if (grad) add_gradients(run, grad);
    if (run->d_in) add_input_gradients(run);
}

static void squares(const tl_layer_run *run, float *scratch, double *square)
{
    (void)scratch;
    const tl_layer *layer = run->layer;
    if (layer->has_relu) {
        tl_kernels_get()->array->mask(run->out, run->d_out, run->out_grid.size);
    }
    ptrdiff_t offset[TL_CONV_TAPS];
    find_offsets(layer, &run->in_grid, offset);
    for (int g = 0; g < layer->groups; g++) {
        const tl_conv_run work = work_of(run, offset, g);
        tl_kernels_get()->conv->squares(&work, run->d_out + (work.out - run->out),
                                        layer->has_bias, square);
    }
}

static double flop(const tl_layer *layer)
{
    const part p = part_of(layer);
    return 2.0 * p.in * p.taps * tl_shape_size(layer->out);
}

const tl_layer_ops tl_conv_ops = {.name = "conv",
                                  .reads_images = true,
                                  .leaves_images = true,
                                  .packed = packed,
                                  .pack = pack,
                                  .forward = forward,
                                  .backward = backward,
                                  .squares = squares,
                                  .flop = flop};
