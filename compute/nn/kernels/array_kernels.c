/*
 * Loops over arrays of numbers. Compiled once for each instruction set (TL_ISA); nothing is
 * contracted and every number is computed by itself, so all sets give the same bits.
 */
#include "compute/nn/kernels/isa.h"
#include "compute/nn/kernels/kernels.h"

#include <math.h>

enum { LANES = 16 };

static void add(float *restrict sum, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
}

static void join(const float *restrict a, const float *restrict b, float *restrict out,
                 size_t n, bool relu)
{
    if (relu) {
        for (size_t i = 0; i < n; i++) {
            const float sum = a[i] + b[i];
            out[i] = sum > 0.0f ? sum : 0.0f;
        }
    } else {
        for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i];
    }
}

static void part(const float *restrict d, const float *restrict out, float *restrict first,
                 float *restrict second, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float gradient = !out || out[i] > 0.0f ? d[i] : 0.0f;
        first[i] = gradient;
        second[i] = gradient;
    }
}

static void mask(const float *restrict out, float *restrict d, size_t n)
{
    for (size_t i = 0; i < n; i++) d[i] = out[i] > 0.0f ? d[i] : 0.0f;
}

static void bias(float *restrict x, const float *restrict b, size_t n, bool relu)
{
    for (size_t i = 0; i < n; i++) x[i] += b[i];
    for (size_t i = 0; relu && i < n; i++) x[i] = x[i] > 0.0f ? x[i] : 0.0f;
}

/* 0 * x is 0 for finite x and NaN else, and so is their sum. */
static bool is_finite(const float *x, size_t n)
{
    float lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) lane[j] += x[i + j] * 0.0f;
    }
    for (; i < n; i++) lane[0] += x[i] * 0.0f;
    for (size_t j = 1; j < LANES; j++) lane[0] += lane[j];
    return lane[0] == 0.0f;
}

static void sgd(const tl_step_terms *t, size_t n, const float *restrict grad,
                float *restrict velocity, float *restrict param)
{
    const float rate = t->rate, momentum = t->momentum, decay = t->decay;
    const float scale = t->scale;
    for (size_t i = 0; i < n; i++) {
        velocity[i] = momentum * velocity[i] + (scale * grad[i] + decay * param[i]);
        param[i] -= rate * velocity[i];
    }
}

static void adamw(const tl_step_terms *t, size_t n, const float *restrict grad,
                  float *restrict first, float *restrict second, float *restrict param)
{
    const float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
    const float rate = t->rate, shrink = t->shrink;
    const float unbias1 = t->unbias1, unbias2 = t->unbias2, scale = t->scale;
    for (size_t i = 0; i < n; i++) {
        const float g = scale * grad[i];
        first[i] = beta1 * first[i] + (1.0f - beta1) * g;
        second[i] = beta2 * second[i] + (1.0f - beta2) * (g * g);
        const float gradient = first[i] * unbias1,
                    size = sqrtf(second[i] * unbias2) + epsilon;
        param[i] = shrink * param[i] - rate * (gradient / size);
    }
}

extern const tl_array_kernels JOIN(tl_array_kernels, TL_ISA);
const tl_array_kernels JOIN(tl_array_kernels, TL_ISA) = {add,  join,      part, mask,
                                                         bias, is_finite, sgd,  adamw};
