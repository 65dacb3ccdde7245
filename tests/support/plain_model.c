#include "tests/support/plain_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double clip(const tl_layer *layer, double x)
{
    return layer->has_relu && x < 0.0 ? 0.0 : x;
}

/* The sum that one output of a convolution is, without its bias. */
static double window_sum(const tl_layer *layer, const double *weight, const double *in,
                         int top, int left)
{
    const int window = layer->window, h = layer->in.height, w = layer->in.width;
    const int channels = layer->in.channels / layer->groups;
    double sum = 0.0;
    for (int c = 0; c < channels; c++) {
        for (int k = 0; k < window * window; k++) {
            const int y = top + k / window, x = left + k % window;
            if (y < 0 || y >= h || x < 0 || x >= w) continue;
            sum += weight[c * window * window + k] * in[(c * h + y) * w + x];
        }
    }
    return sum;
}

static void conv(const tl_layer *layer, const double *param, const double *in, double *out)
{
    const tl_shape to = layer->out;
    const int inputs = layer->in.channels / layer->groups;
    const int outputs = to.channels / layer->groups;
    const int weights = inputs * layer->window * layer->window;
    for (int o = 0; o < to.channels; o++) {
        const double *read = in + o / outputs * inputs * layer->in.height * layer->in.width;
        for (int at = 0; at < to.height * to.width; at++) {
            const int top = at / to.width * layer->stride - layer->padding;
            const int left = at % to.width * layer->stride - layer->padding;
            const double bias = layer->has_bias ? param[layer->bias + (size_t)o] : 0.0;
            out[o * to.height * to.width + at] =
                clip(layer, bias + window_sum(layer, param + layer->weight + o * weights,
                                              read, top, left));
        }
    }
}

static void pool(const tl_layer *layer, const double *in, double *out)
{
    const int h = layer->out.height, w = layer->out.width, stride = layer->in.width;
    for (int i = 0; i < tl_shape_size(layer->out); i++) {
        const int c = i / (h * w), y = i / w % h, x = i % w;
        const double *at = in + (c * layer->in.height + 2 * y) * stride + 2 * x;
        out[i] = clip(layer, fmax(fmax(at[0], at[1]), fmax(at[stride], at[stride + 1])));
    }
}

static void mean(const tl_layer *layer, const double *in, double *out)
{
    const int area = layer->in.height * layer->in.width;
    for (int c = 0; c < layer->in.channels; c++) {
        out[c] = 0.0;
        for (int i = 0; i < area; i++) out[c] += in[c * area + i] / area;
    }
}

static void groupnorm(const tl_layer *layer, const double *param, const double *in,
                      double *out)
{
    const int area = layer->in.height * layer->in.width;
    const int n = layer->in.channels / layer->groups * area;
    for (int g = 0; g < layer->groups; g++) {
        double sum = 0.0, square = 0.0;
        for (int i = g * n; i < (g + 1) * n; i++) sum += in[i] / n;
        for (int i = g * n; i < (g + 1) * n; i++) square += pow(in[i] - sum, 2.0) / n;
        for (int i = g * n; i < (g + 1) * n; i++) {
            const size_t c = (size_t)(i / area);
            out[i] =
                clip(layer, (in[i] - sum) / sqrt(square + 1e-5) * param[layer->weight + c] +
                                param[layer->bias + c]);
        }
    }
}

static void dense(const tl_layer *layer, const double *param, const double *in, double *out)
{
    const int inputs = layer->in.channels;
    for (int o = 0; o < layer->out.channels; o++) {
        double sum = layer->has_bias ? param[layer->bias + (size_t)o] : 0.0;
        for (int i = 0; i < inputs; i++) {
            sum += param[layer->weight + (size_t)(o * inputs + i)] * in[i];
        }
        out[o] = clip(layer, sum);
    }
}

void tl_plain_layer(const tl_layer *layer, const double *param, const double *in,
                    const double *with, double *out)
{
    const int size = tl_shape_size(layer->out);
    switch (layer->kind) {
    case TL_LAYER_CONV:
        conv(layer, param, in, out);
        break;
    case TL_LAYER_POOL:
        pool(layer, in, out);
        break;
    case TL_LAYER_MEAN:
        mean(layer, in, out);
        break;
    case TL_LAYER_GROUPNORM:
        groupnorm(layer, param, in, out);
        break;
    case TL_LAYER_FLATTEN:
        memcpy(out, in, (size_t)size * sizeof *out);
        break;
    case TL_LAYER_ADD:
        for (int i = 0; i < size; i++) out[i] = clip(layer, in[i] + with[i]);
        break;
    case TL_LAYER_DENSE:
        dense(layer, param, in, out);
        break;
    default:
        TL_INVARIANT(layer->kind == TL_LAYER_DENSE); /* no other is a layer of images */
    }
}

void tl_plain_run(const tl_model *model, const double *param, const double *in,
                  double *logits)
{
    double *out = calloc((size_t)model->layers * TL_PLAIN_SIZE, sizeof *out);
    TL_INVARIANT(out);
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        TL_INVARIANT(tl_shape_size(layer->out) <= TL_PLAIN_SIZE);
        const double *from =
            layer->from == TL_LAYER_INPUT ? in : out + layer->from * TL_PLAIN_SIZE;
        tl_plain_layer(layer, param, from, out + layer->with * TL_PLAIN_SIZE,
                       out + l * TL_PLAIN_SIZE);
    }
    memcpy(logits, out + (model->layers - 1) * TL_PLAIN_SIZE,
           (size_t)model->spec.classes * sizeof *logits);
    free(out);
}
