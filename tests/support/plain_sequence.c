#include "tests/support/plain_sequence.h"

#include "compute/core/status.h"

#include <math.h>
#include <stdlib.h>

static void plain_embed(const tl_layer *layer, const double *param, const double *x,
                        double *y)
{
    const int n = layer->out.channels;
    for (int i = 0; i < layer->out.width * n; i++) {
        y[i] = param[(int)layer->weight + (int)x[i / n] * n + i % n];
        if (layer->has_positions) y[i] += param[(int)layer->bias + i];
    }
}

static void plain_norm(const tl_layer *layer, const double *param, const double *x,
                       double *y)
{
    const int n = layer->in.channels;
    const bool is_centred = layer->kind == TL_LAYER_LAYERNORM;
    for (int p = 0; p < layer->in.width; p++, x += n, y += n) {
        double mean = 0.0, square = 0.0;
        for (int i = 0; is_centred && i < n; i++) mean += x[i] / n;
        for (int i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean) / n;
        for (int i = 0; i < n; i++) {
            y[i] = (x[i] - mean) / sqrt(square + 1e-5) * param[(int)layer->weight + i];
            if (is_centred) y[i] += param[(int)layer->bias + i];
        }
    }
}

double tl_plain_gelu(double x)
{
    return 0.5 * x * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

double tl_plain_silu(double x)
{
    return x / (1.0 + exp(-x));
}

static void plain_swiglu(const tl_layer *layer, const double *x, double *y)
{
    const int n = layer->out.channels;
    for (int i = 0; i < layer->out.width * n; i++) {
        const double *at = x + i / n * 2 * n + i % n;
        y[i] = tl_plain_silu(at[0]) * at[n];
    }
}

/* Feature i of a head at a position, its pair turned by the position. */
static double turned(const tl_layer *layer, const double *head, int position, int i)
{
    const int size = layer->out.channels / layer->heads;
    const double *at = head + position * layer->in.channels;
    if (!layer->has_rotary) return at[i];
    const double angle = position * pow(10000.0, -(double)(i / 2 * 2) / size);
    return i % 2 == 0 ? at[i] * cos(angle) - at[i + 1] * sin(angle)
                      : at[i - 1] * sin(angle) + at[i] * cos(angle);
}

static void plain_head(const tl_layer *layer, const double *query, const double *key,
                       const double *value, double *y)
{
    const int size = layer->out.channels / layer->heads, positions = layer->in.width;
    double *turned_key = calloc((size_t)(positions * size), sizeof *turned_key);
    double *weight = calloc((size_t)positions, sizeof *weight);
    TL_INVARIANT(turned_key && weight);
    for (int i = 0; i < positions * size; i++) {
        turned_key[i] = turned(layer, key, i / size, i % size);
    }
    for (int p = 0; p < positions; p++) {
        double sum = 0.0;
        for (int j = 0; j <= p; j++) weight[j] = 0.0;
        for (int i = 0; i < size; i++) {
            const double q = turned(layer, query, p, i) / sqrt(size);
            for (int j = 0; j <= p; j++) weight[j] += q * turned_key[j * size + i];
        }
        for (int j = 0; j <= p; j++) sum += weight[j] = exp(weight[j]);
        for (int i = 0; i < size; i++) {
            double *out = &y[p * layer->out.channels + i];
            *out = 0.0;
            for (int j = 0; j <= p; j++) {
                *out += weight[j] / sum * value[j * layer->in.channels + i];
            }
        }
    }
    free(turned_key), free(weight);
}

static void plain_attention(const tl_layer *layer, const double *x, double *y)
{
    const int size = layer->out.channels / layer->heads,
              group = layer->heads / layer->kv_heads;
    for (int h = 0; h < layer->heads; h++) {
        const double *key = x + (layer->heads + h / group) * size;
        plain_head(layer, x + h * size, key, key + layer->kv_heads * size, y + h * size);
    }
}

void tl_plain_sequence(const tl_layer *layer, const double *param, const double *in,
                       double *out)
{
    switch (layer->kind) {
    case TL_LAYER_EMBED:
        plain_embed(layer, param, in, out);
        break;
    case TL_LAYER_LAYERNORM:
    case TL_LAYER_RMSNORM:
        plain_norm(layer, param, in, out);
        break;
    case TL_LAYER_GELU:
        for (int i = 0; i < layer->in.channels * layer->in.width; i++)
            out[i] = tl_plain_gelu(in[i]);
        break;
    case TL_LAYER_SWIGLU:
        plain_swiglu(layer, in, out);
        break;
    default:
        plain_attention(layer, in, out);
        break;
    }
}
