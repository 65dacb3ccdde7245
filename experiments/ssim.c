#include "experiments/ssim.h"

#include <math.h>

enum {
    WINDOW = 11,
    STRIP = 64 /* columns whose sums are held at a time */
};
static const double DEVIATION = 1.5;

/* What a window says of two images: means of a, b, a^2, b^2 and ab. */
enum { A, B, AA, BB, AB, MOMENTS };

/* Normalised Gaussian weights of a window of `side` pixels. */
static void weigh(int side, double weight[WINDOW])
{
    double sum = 0.0;
    for (int i = 0; i < side; i++) {
        const double off = i - 0.5 * (side - 1);
        weight[i] = exp(-off * off / (2.0 * DEVIATION * DEVIATION));
        sum += weight[i];
    }
    for (int i = 0; i < side; i++) weight[i] /= sum;
}

static double index_of(const double m[MOMENTS])
{
    const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
    const double aa = m[AA] - m[A] * m[A], bb = m[BB] - m[B] * m[B];
    const double ab = m[AB] - m[A] * m[B];
    return (2.0 * m[A] * m[B] + c1) * (2.0 * ab + c2) /
           ((m[A] * m[A] + m[B] * m[B] + c1) * (aa + bb + c2));
}

/* Moments of `columns` columns, weighed over the `side` lines that start at `a` and `b`. */
static void sum_columns(const float *a, const float *b, int width, int columns,
                        const double *weight, int side, double sum[MOMENTS][STRIP])
{
    for (int x = 0; x < columns; x++) {
        double m[MOMENTS] = {0};
        for (int i = 0; i < side; i++) {
            const double p = (double)a[i * width + x], q = (double)b[i * width + x];
            const double wp = weight[i] * p, wq = weight[i] * q;
            m[A] += wp;
            m[B] += wq;
            m[AA] += wp * p;
            m[BB] += wq * q;
            m[AB] += wp * q;
        }
        for (int k = 0; k < MOMENTS; k++) sum[k][x] = m[k];
    }
}

static double plane_sum(const float *a, const float *b, int height, int width)
{
    const int down = height < WINDOW ? height : WINDOW;
    const int across = width < WINDOW ? width : WINDOW;
    double vertical[WINDOW], horizontal[WINDOW], sum[MOMENTS][STRIP], total = 0.0;
    weigh(down, vertical);
    weigh(across, horizontal);
    for (int y = 0; y + down <= height; y++) {
        for (int at = 0; at + across <= width; at += STRIP - across + 1) {
            const int columns = width - at < STRIP ? width - at : STRIP;
            const int from = y * width + at;
            sum_columns(a + from, b + from, width, columns, vertical, down, sum);
            for (int x = 0; x + across <= columns; x++) {
                double m[MOMENTS] = {0};
                for (int k = 0; k < MOMENTS; k++) {
                    for (int i = 0; i < across; i++) m[k] += horizontal[i] * sum[k][x + i];
                }
                total += index_of(m);
            }
        }
    }
    return total / ((height - down + 1) * (double)(width - across + 1));
}

double tl_ssim(const float *a, const float *b, tl_shape shape)
{
    const size_t area = (size_t)shape.height * (size_t)shape.width;
    double sum = 0.0;
    for (int c = 0; c < shape.channels; c++) {
        sum += plane_sum(a + (size_t)c * area, b + (size_t)c * area, shape.height,
                         shape.width);
    }
    return sum / shape.channels;
}
