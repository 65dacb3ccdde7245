#include "compute/nn/layer.h"

#include "compute/nn/blas.h"

#include <string.h>

/* The part of a line of `width` pixels that a window shifted by `dx` reads inside the
 * image. */
static void span_of(int width, int dx, int *from, int *count)
{
    *from = dx < 0 ? 1 : 0;
    *count = width - (dx != 0);
}

void tl_conv_patches(tl_shape in, int rows, const float *x, float *column)
{
    const size_t area = (size_t)in.height * (size_t)in.width, n = area * (size_t)rows;
    float *to = column;
    for (int c = 0; c < in.channels; c++) {
        const float *plane = x + (size_t)c * n;
        for (int k = 0; k < 9; k++, to += n) {
            const int dy = k / 3 - 1, dx = k % 3 - 1;
            int from, count;
            span_of(in.width, dx, &from, &count);
            for (int line = 0; line < rows * in.height; line++) {
                const int y = line % in.height;
                float *out = to + (size_t)line * (size_t)in.width;
                if (y + dy < 0 || y + dy >= in.height) {
                    memset(out, 0, (size_t)in.width * sizeof *out);
                    continue;
                }
                const float *read = plane + ((size_t)(line + dy) * (size_t)in.width);
                if (dx < 0) out[0] = 0.0f;
                if (dx > 0) out[in.width - 1] = 0.0f;
                memcpy(out + from, read + from + dx, (size_t)count * sizeof *out);
            }
        }
    }
}

void tl_conv_unpatch(tl_shape in, int rows, const float *column, float *x)
{
    const size_t area = (size_t)in.height * (size_t)in.width, n = area * (size_t)rows;
    const float *from_column = column;
    memset(x, 0, (size_t)in.channels * n * sizeof *x);
    for (int c = 0; c < in.channels; c++) {
        float *plane = x + (size_t)c * n;
        for (int k = 0; k < 9; k++, from_column += n) {
            const int dy = k / 3 - 1, dx = k % 3 - 1;
            int from, count;
            span_of(in.width, dx, &from, &count);
            for (int line = 0; line < rows * in.height; line++) {
                const int y = line % in.height;
                if (y + dy < 0 || y + dy >= in.height) continue;
                const float *read = from_column + (size_t)line * (size_t)in.width + from;
                float *out = plane + (size_t)(line + dy) * (size_t)in.width + from + dx;
                for (int i = 0; i < count; i++) out[i] += read[i];
            }
        }
    }
}

void tl_bias_relu(float *x, const float *bias, int rows, int columns, bool is_by_row,
                  bool has_relu)
{
    for (int r = 0; r < rows; r++) {
        float *line = x + (size_t)r * (size_t)columns;
        if (is_by_row) {
            const float b = bias[r];
            for (int i = 0; i < columns; i++) line[i] += b;
        } else {
            for (int i = 0; i < columns; i++) line[i] += bias[i];
        }
        if (!has_relu) continue;
        for (int i = 0; i < columns; i++) line[i] = line[i] > 0.0f ? line[i] : 0.0f;
    }
}

void tl_relu_backward(const float *out, float *d_out, size_t n)
{
    for (size_t i = 0; i < n; i++) d_out[i] = out[i] > 0.0f ? d_out[i] : 0.0f;
}

void tl_conv_forward(const tl_layer *layer, const float *param, int rows, const float *in,
                     tl_layer_room *room)
{
    const int n = rows * layer->in.height * layer->in.width, k = layer->in.channels * 9;
    tl_conv_patches(layer->in, rows, in, room->column);
    tl_gemm(tl_cmat_of(param + layer->weight, layer->out.channels, k), false,
            tl_cmat_of(room->column, k, n), false, false,
            tl_mat_of(room->out, layer->out.channels, n));
    tl_bias_relu(room->out, param + layer->bias, layer->out.channels, n, true,
                 layer->has_relu);
}

/* The sum of a line in eight fixed lanes, added up in a fixed order. */
static float line_sum(const float *x, int n)
{
    float lane[8] = {0};
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int j = 0; j < 8; j++) lane[j] += x[i + j];
    }
    for (int j = 0; i < n; i++, j++) lane[j] += x[i];
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) +
           ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

void tl_conv_backward(const tl_layer *layer, const float *param, int rows,
                      tl_layer_room *room, float *grad, float *d_in)
{
    const int n = rows * layer->in.height * layer->in.width, k = layer->in.channels * 9;
    const int out = layer->out.channels;
    if (layer->has_relu) {
        tl_relu_backward(room->out, room->d_out, (size_t)out * (size_t)n);
    }
    if (grad) {
        tl_gemm(tl_cmat_of(room->d_out, out, n), false, tl_cmat_of(room->column, k, n),
                true, true, tl_mat_of(grad + layer->weight, out, k));
    }
    for (int c = 0; grad && c < out; c++) {
        grad[layer->bias + (size_t)c] += line_sum(room->d_out + (size_t)c * (size_t)n, n);
    }
    if (!d_in) return;
    tl_gemm(tl_cmat_of(param + layer->weight, out, k), true,
            tl_cmat_of(room->d_out, out, n), false, false, tl_mat_of(room->column, k, n));
    tl_conv_unpatch(layer->in, rows, room->column, d_in);
}
