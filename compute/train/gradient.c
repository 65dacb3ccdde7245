#include "compute/train/gradient.h"

#include <math.h>

enum { CHUNK = 4096, NAN_LANES = 16, SQUARE_LANES = 8, LEVELS = 64 };

void tl_gradient_add(float *restrict sum, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
}

void tl_gradient_scale(float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++) x[i] *= scale;
}

/* 0 * x is 0 for finite x and NaN else, and so is their sum; fixed lanes keep it
 * vectorised, chunks end it early. */
bool tl_gradient_is_finite(const float *x, size_t n)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        const size_t end = at + CHUNK < n ? at + CHUNK : n;
        float lane[NAN_LANES] = {0};
        size_t i = at;
        for (; i + NAN_LANES <= end; i += NAN_LANES) {
            for (size_t j = 0; j < NAN_LANES; j++) lane[j] += x[i + j] * 0.0f;
        }
        for (size_t j = 0; i < end; i++, j++) lane[j] += x[i] * 0.0f;
        for (size_t j = 0; j < NAN_LANES; j++) {
            if (!(lane[j] == 0.0f)) return false;
        }
    }
    return true;
}

static double sum_of_squares(const float *x, size_t n)
{
    double lane[SQUARE_LANES] = {0};
    size_t i = 0;
    for (; i + SQUARE_LANES <= n; i += SQUARE_LANES) {
        for (size_t j = 0; j < SQUARE_LANES; j++) {
            lane[j] += (double)x[i + j] * (double)x[i + j];
        }
    }
    for (size_t j = 0; i < n; i++, j++) lane[j] += (double)x[i] * (double)x[i];
    for (size_t step = 1; step < SQUARE_LANES; step *= 2) {
        for (size_t j = 0; j < SQUARE_LANES; j += 2 * step) lane[j] += lane[j + step];
    }
    return lane[0];
}

/* The tree without room for its leaves: level l holds the sum of 2^l whole chunks while bit
 * l of their number is set, as when counting in binary. */
double tl_gradient_norm(const float *x, size_t n)
{
    double level[LEVELS] = {0}, total = 0.0;
    size_t chunks = 0;
    for (size_t at = 0; at < n; at += CHUNK, chunks++) {
        double sum = sum_of_squares(x + at, at + CHUNK < n ? CHUNK : n - at);
        int l = 0;
        for (; chunks >> l & 1U; l++) sum = level[l] + sum;
        level[l] = sum;
    }
    for (int l = 0; l < LEVELS && chunks >> l; l++) {
        if (chunks >> l & 1U) total = level[l] + total;
    }
    return sqrt(total);
}

void tl_gradient_clip(float *x, size_t n, double limit)
{
    if (limit <= 0.0) return;
    const double norm = tl_gradient_norm(x, n);
    if (norm > limit) tl_gradient_scale(x, n, (float)(limit / norm));
}
