#include "experiments/image/ssim.h"

#include <math.h>

/* Windows are separable: first down the columns of a strip, then along its lines, with 2n
 * products per window of n x n instead of n^2. */
enum { WINDOW = 11, STRIP = 64, MOMENTS = 5 };

typedef struct window {
    int side;
    double weight[WINDOW];
} window;

/* The window of one direction: the largest odd side up to 11 that fits. */
static window window_of(int length)
{
    window out = {.side = length < WINDOW ? (length - 1) / 2 * 2 + 1 : WINDOW};
    double sum = 0.0;
    for (int i = 0; i < out.side; i++) {
        const double at = i - out.side / 2;
        out.weight[i] = exp(-at * at / (2.0 * 1.5 * 1.5));
        sum += out.weight[i];
    }
    for (int i = 0; i < out.side; i++) out.weight[i] /= sum;
    return out;
}

/* Weighted sums of a, b, a^2, b^2 and ab down one column of the window. */
static void weigh_column(const window *rows, const float *a, const float *b, int stride,
                         double moment[MOMENTS])
{
    for (int m = 0; m < MOMENTS; m++) moment[m] = 0.0;
    for (int i = 0; i < rows->side; i++) {
        const double w = rows->weight[i];
        const double x = (double)a[i * stride], y = (double)b[i * stride];
        moment[0] += w * x;
        moment[1] += w * y;
        moment[2] += w * x * x;
        moment[3] += w * y * y;
        moment[4] += w * x * y;
    }
}

static double similarity(const double m[MOMENTS])
{
    const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
    const double means = m[0] * m[1], squares = m[0] * m[0] + m[1] * m[1];
    return (2.0 * means + c1) * (2.0 * (m[4] - means) + c2) /
           ((squares + c1) * (m[2] + m[3] - squares + c2));
}

/* Sum of the similarity at `places` positions along a line; the window's corner is at a
 * and b. */
static double sum_strip(const window *rows, const window *columns, const float *a,
                        const float *b, int stride, int places)
{
    double column[STRIP + WINDOW][MOMENTS], sum = 0.0;
    for (int x = 0; x < places + columns->side - 1; x++) {
        weigh_column(rows, a + x, b + x, stride, column[x]);
    }
    for (int x = 0; x < places; x++) {
        double moment[MOMENTS] = {0.0};
        for (int i = 0; i < columns->side; i++) {
            for (int m = 0; m < MOMENTS; m++) {
                moment[m] += columns->weight[i] * column[x + i][m];
            }
        }
        sum += similarity(moment);
    }
    return sum;
}

double tl_ssim(const float *a, const float *b, tl_shape shape)
{
    const window rows = window_of(shape.height), columns = window_of(shape.width);
    const int down = shape.height - rows.side + 1, along = shape.width - columns.side + 1;
    double sum = 0.0;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < down; y++) {
            const int line = (c * shape.height + y) * shape.width;
            for (int x = 0; x < along; x += STRIP) {
                const int left = along - x < STRIP ? along - x : STRIP;
                sum += sum_strip(&rows, &columns, a + line + x, b + line + x, shape.width,
                                 left);
            }
        }
    }
    return sum / ((double)shape.channels * down * along);
}

double tl_mean_square(const float *a, const float *b, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        const double step = (double)a[i] - (double)b[i];
        sum += step * step;
    }
    return sum / n;
}

double tl_psnr(double mean_square)
{
    return -10.0 * log10(mean_square);
}
