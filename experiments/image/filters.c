#include "experiments/image/filters.h"

#include <math.h>

enum { MOST_REACH = 3 * TL_FILTER_SIGMA };

int tl_filter_within(int at, int n)
{
    at = at < 0 ? 0 : at;
    return at < n ? at : n - 1;
}

/* Sorts nine numbers by insertion. */
static float median_of(float value[9])
{
    for (int i = 1; i < 9; i++) {
        const float moved = value[i];
        int at = i;
        for (; at > 0 && value[at - 1] > moved; at--) value[at] = value[at - 1];
        value[at] = moved;
    }
    return value[4];
}

void tl_filter_median(tl_shape shape, const float *from, float *to)
{
    const int h = shape.height, w = shape.width;
    for (int i = 0; i < tl_shape_size(shape); i++) {
        const float *plane = from + (ptrdiff_t)(i / (h * w)) * h * w;
        const int y = i / w % h, x = i % w;
        float value[9];
        for (int n = 0; n < 9; n++) {
            value[n] = plane[tl_filter_within(y + n / 3 - 1, h) * w +
                             tl_filter_within(x + n % 3 - 1, w)];
        }
        to[i] = median_of(value);
    }
}

void tl_filter_blur(tl_shape shape, double sigma, const float *from, float *to,
                    double *room)
{
    const int h = shape.height, w = shape.width, reach = (int)ceil(3.0 * sigma);
    double weight[2 * MOST_REACH + 1], total = 0.0;
    TL_INVARIANT(reach <= MOST_REACH);
    for (int k = -reach; k <= reach; k++) {
        weight[k + reach] = exp(-0.5 * (k / sigma) * (k / sigma));
        total += weight[k + reach];
    }
    for (int c = 0; c < shape.channels; c++, from += h * w, to += h * w) {
        for (int i = 0; i < h * w; i++) {
            room[i] = 0.0;
            for (int k = -reach; k <= reach; k++) {
                room[i] += weight[k + reach] *
                           (double)from[i / w * w + tl_filter_within(i % w + k, w)];
            }
        }
        for (int i = 0; i < h * w; i++) {
            double sum = 0.0;
            for (int k = -reach; k <= reach; k++) {
                sum += weight[k + reach] * room[tl_filter_within(i / w + k, h) * w + i % w];
            }
            to[i] = (float)(sum / (total * total));
        }
    }
}
