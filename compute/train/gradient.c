#include "compute/train/gradient.h"

#include "compute/nn/kernels/kernels.h"

#include <math.h>

enum { CHUNK = 4096, SQUARE_LANES = 8, LEVELS = 64 };

/* Piece by piece, so that a piece's sums stay in the cache. */
void tl_gradient_sum(float *x, int count, size_t n)
{
    const tl_array_kernels *kernels = tl_kernels_get()->array;
    for (size_t at = 0; at < n; at += CHUNK) {
        const size_t length = n - at < CHUNK ? n - at : CHUNK;
        for (int step = 1; step < count; step *= 2) {
            for (int s = 0; s + step < count; s += 2 * step) {
                kernels->add(x + (size_t)s * n + at, x + (size_t)(s + step) * n + at,
                             length);
            }
        }
    }
}

bool tl_gradient_scale(float *x, size_t n, float scale)
{
    return tl_kernels_get()->array->scale(x, n, scale);
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
    if (norm > limit) (void)tl_gradient_scale(x, n, (float)(limit / norm));
}
