#include "experiments/image/dct.h"

#include <math.h>
#include <stdbool.h>

static const double PI = 3.14159265358979323846;

static void fill_basis(int n, double *basis)
{
    for (int u = 0; u < n; u++) {
        const double scale = sqrt((u == 0 ? 1.0 : 2.0) / n);
        for (int x = 0; x < n; x++) {
            basis[u * n + x] = scale * cos(PI * (2.0 * x + 1.0) * u / (2.0 * n));
        }
    }
}

tl_status tl_dct_new(int height, int width, tl_arena *arena, tl_dct *out, tl_err *err)
{
    const size_t h = (size_t)height, w = (size_t)width;
    *out = (tl_dct){.height = height, .width = width};
    TL_ALLOC(out->rows, arena, h * h, err);
    TL_ALLOC(out->columns, arena, w * w, err);
    TL_ALLOC(out->between, arena, h * w, err);
    if (tl_arena_counts(arena)) return TL_OK;
    fill_basis(height, out->rows);
    fill_basis(width, out->columns);
    return TL_OK;
}

/* rows * x * columns^T, or with both transposed. */
static void transform(const tl_dct *dct, const double *x, bool is_inverse, double *out)
{
    const int h = dct->height, w = dct->width;
    const int down = is_inverse ? 1 : h, over = is_inverse ? h : 1; /* steps in `rows` */
    const int from = is_inverse ? 1 : w, to = is_inverse ? w : 1;   /* and in `columns` */
    for (int u = 0; u < h; u++) {
        for (int j = 0; j < w; j++) {
            double sum = 0.0;
            for (int i = 0; i < h; i++) {
                sum += dct->rows[u * down + i * over] * x[i * w + j];
            }
            dct->between[u * w + j] = sum;
        }
    }
    for (int u = 0; u < h; u++) {
        for (int v = 0; v < w; v++) {
            double sum = 0.0;
            for (int j = 0; j < w; j++) {
                sum += dct->between[u * w + j] * dct->columns[v * from + j * to];
            }
            out[u * w + v] = sum;
        }
    }
}

void tl_dct_forward(const tl_dct *dct, const double *x, double *out)
{
    transform(dct, x, false, out);
}

void tl_dct_inverse(const tl_dct *dct, const double *x, double *out)
{
    transform(dct, x, true, out);
}
