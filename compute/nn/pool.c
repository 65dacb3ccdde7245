#include "compute/nn/layer.h"

#include <string.h>

void tl_pool_forward(const tl_layer *layer, int rows, const float *in, tl_layer_room *room)
{
    const int height = layer->out.height;
    const size_t width = (size_t)layer->out.width, stride = (size_t)layer->in.width;
    const size_t area = (size_t)layer->in.height * stride;
    float *out = room->out;
    uint8_t *which = room->which;
    for (int plane = 0; plane < layer->in.channels * rows; plane++) {
        const float *image = in + (size_t)plane * area;
        for (int y = 0; y < height; y++) {
            const float *top = image + (size_t)(2 * y) * stride, *low = top + stride;
            for (size_t x = 0; x < width; x++) {
                /* Comparisons as numbers: a branch here is mispredicted half the time. */
                const float a = top[2 * x], b = top[2 * x + 1];
                const float c = low[2 * x], d = low[2 * x + 1];
                const float ab = b > a ? b : a, cd = d > c ? d : c;
                const int is_b = b > a, is_d = d > c, is_low = cd > ab;
                out[x] = cd > ab ? cd : ab;
                which[x] = (uint8_t)(2 * is_low + (is_low & is_d) + (~is_low & is_b));
            }
            out += width;
            which += width;
        }
    }
}

void tl_pool_backward(const tl_layer *layer, int rows, const tl_layer_room *room,
                      float *d_in)
{
    const int height = layer->out.height, width = layer->out.width;
    const size_t stride = (size_t)layer->in.width;
    const size_t area = (size_t)layer->in.height * stride;
    const float *d_out = room->d_out;
    const uint8_t *which = room->which;
    memset(d_in, 0, (size_t)layer->in.channels * (size_t)rows * area * sizeof *d_in);
    for (int plane = 0; plane < layer->in.channels * rows; plane++) {
        float *image = d_in + (size_t)plane * area;
        for (int y = 0; y < height; y++) {
            float *top = image + (size_t)(2 * y) * stride;
            for (int x = 0; x < width; x++) {
                top[(size_t)(which[x] >> 1) * stride + (size_t)(2 * x + (which[x] & 1))] =
                    d_out[x];
            }
            d_out += width;
            which += width;
        }
    }
}

void tl_flatten_forward(const tl_layer *layer, int rows, const float *in, float *out)
{
    const size_t area = (size_t)layer->in.height * (size_t)layer->in.width;
    const size_t features = area * (size_t)layer->in.channels;
    for (int c = 0; c < layer->in.channels; c++) {
        for (int r = 0; r < rows; r++) {
            memcpy(out + (size_t)r * features + (size_t)c * area,
                   in + ((size_t)c * (size_t)rows + (size_t)r) * area, area * sizeof *out);
        }
    }
}

void tl_flatten_backward(const tl_layer *layer, int rows, const float *d_out, float *d_in)
{
    const size_t area = (size_t)layer->in.height * (size_t)layer->in.width;
    const size_t features = area * (size_t)layer->in.channels;
    for (int c = 0; c < layer->in.channels; c++) {
        for (int r = 0; r < rows; r++) {
            memcpy(d_in + ((size_t)c * (size_t)rows + (size_t)r) * area,
                   d_out + (size_t)r * features + (size_t)c * area, area * sizeof *d_in);
        }
    }
}
