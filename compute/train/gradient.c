#include "compute/train/gradient.h"

#include "compute/core/status.h"
#include "compute/nn/kernels/kernels.h"

#include <math.h>
#include <string.h>

enum { CHUNK = TL_GRADIENT_CHUNK, SQUARE_LANES = 8, LEVELS = 64, DEEPEST = 11 };

/* The sum of arrays first .. first + count - 1; behind it in `sum` is space for other
 * halves.
 */
static void read_tree(const tl_gradient *g, int first, int count, size_t at, size_t n,
                      float *sum)
{
    const tl_array_kernels *kernels = tl_kernels_get()->array;
    const float *one = g->at + (size_t)first * g->width + at;
    if (count == 1) {
        memcpy(sum, one, n * sizeof *sum);
    } else if (count == 2) {
        kernels->join(one, one + g->width, sum, n, false);
    } else {
        read_tree(g, first, count / 2, at, n, sum);
        read_tree(g, first + count / 2, count / 2, at, n, sum + TL_GRADIENT_PIECE);
        kernels->add(sum, sum + TL_GRADIENT_PIECE, n);
    }
}

void tl_gradient_read(const tl_gradient *gradient, size_t at, size_t n, float *sum)
{
    TL_INVARIANT(gradient->count <= 1 << (DEEPEST - 1) && n <= TL_GRADIENT_PIECE);
    float room[DEEPEST * TL_GRADIENT_PIECE];
    read_tree(gradient, 0, gradient->count, at, n, room);
    memcpy(sum, room, n * sizeof *sum);
}

void tl_gradient_sum(const tl_gradient *gradient, size_t at, size_t n)
{
    if (gradient->count == 1) return;
    for (const size_t end = at + n; at < end; at += TL_GRADIENT_PIECE) {
        const size_t left = end - at;
        tl_gradient_read(gradient, at, left < TL_GRADIENT_PIECE ? left : TL_GRADIENT_PIECE,
                         gradient->at + at);
    }
}

bool tl_gradient_is_finite(const float *x, size_t n)
{
    return tl_kernels_get()->array->is_finite(x, n);
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

/* The tree without its leaves: level l holds the sum of 2^l whole chunks while bit l of
 * their number is set, as when counting in binary. */
typedef struct tree {
    double level[LEVELS];
    size_t chunks;
} tree;

static void add_chunk(tree *t, double sum)
{
    int l = 0;
    for (; t->chunks >> l & 1U; l++) sum = t->level[l] + sum;
    t->level[l] = sum;
    t->chunks++;
}

static double total(const tree *t)
{
    double sum = 0.0;
    for (int l = 0; l < LEVELS && t->chunks >> l; l++) {
        if (t->chunks >> l & 1U) sum = t->level[l] + sum;
    }
    return sum;
}

double tl_gradient_square(const float *x, size_t n)
{
    tree t = {0};
    for (size_t at = 0; at < n; at += CHUNK) {
        add_chunk(&t, sum_of_squares(x + at, at + CHUNK < n ? CHUNK : n - at));
    }
    return total(&t);
}

double tl_gradient_norm(const float *x, size_t n)
{
    return sqrt(tl_gradient_square(x, n));
}

void tl_gradient_squares(const float *x, size_t n, double *sum)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        *sum++ = sum_of_squares(x + at, at + CHUNK < n ? CHUNK : n - at);
    }
}

double tl_gradient_join(const double *sum, size_t chunks)
{
    tree t = {0};
    for (size_t c = 0; c < chunks; c++) add_chunk(&t, sum[c]);
    return total(&t);
}

float tl_gradient_factor(double norm, float scale, double limit)
{
    norm *= (double)scale;
    return limit > 0.0 && norm > limit ? (float)((double)scale * limit / norm) : scale;
}
