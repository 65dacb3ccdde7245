/*
 * The body of the kernels over grids for vectors of W lanes, included once for each W.
 */
#include "compute/nn/kernels/vector_tile.h"

/* x where the mask is set, else 0. */
static inline NAME(vec) NAME(where)(NAME(mask) m, NAME(vec) x)
{
    return (NAME(vec))((NAME(mask))x & m);
}

static inline NAME(vec) NAME(larger)(NAME(vec) b, NAME(vec) a)
{
    const NAME(mask) is_b = b > a;
    return (NAME(vec))(((NAME(mask))b & is_b) | ((NAME(mask))a & ~is_b));
}

static void NAME(pool)(const tl_pool_run *r)
{
    const ptrdiff_t lanes = r->lanes;
    for (int c = 0; c < r->channels; c++) {
        for (int y = 0; y < r->height; y++) {
            const float *top = r->in + c * r->in_plane + 2 * y * r->in_line;
            const float *low = top + r->in_line;
            float *out = r->out + c * r->out_plane + y * r->out_line;
            for (int x = 0; x < r->width; x++, top += 2 * lanes, low += 2 * lanes) {
                for (ptrdiff_t l = 0; l < lanes; l += W) {
                    NAME(vec)
                    best = NAME(larger)(
                        NAME(larger)(NAME(load)(low + lanes + l), NAME(load)(low + l)),
                        NAME(larger)(NAME(load)(top + lanes + l), NAME(load)(top + l)));
                    if (r->relu) best = NAME(where)(best > 0.0f, best);
                    NAME(store)(out + x * lanes + l, best);
                }
            }
        }
    }
}

static void NAME(pool_back)(const tl_pool_run *r)
{
    const ptrdiff_t lanes = r->lanes;
    for (int c = 0; c < r->channels; c++) {
        for (int y = 0; y < r->height; y++) {
            const ptrdiff_t in_at = c * r->in_plane + 2 * y * r->in_line;
            const ptrdiff_t out_at = c * r->out_plane + y * r->out_line;
            for (ptrdiff_t at = 0; at < r->width * lanes; at += W) {
                const ptrdiff_t top = in_at + at / lanes * 2 * lanes + at % lanes;
                const ptrdiff_t low = top + r->in_line;
                const NAME(vec) v0 = NAME(load)(r->in + top);
                const NAME(vec) v1 = NAME(load)(r->in + top + lanes);
                const NAME(vec) v2 = NAME(load)(r->in + low);
                const NAME(vec) v3 = NAME(load)(r->in + low + lanes);
                const NAME(mask) is_1 = v1 > v0, is_3 = v3 > v2;
                const NAME(mask) is_low = NAME(larger)(v3, v2) > NAME(larger)(v1, v0);
                NAME(vec) d = NAME(load)(r->d_out + out_at + at);
                if (r->relu) d = NAME(where)(NAME(load)(r->out + out_at + at) > 0.0f, d);
                const NAME(vec) d_low = NAME(where)(is_low, d);
                const NAME(vec) d_top = NAME(where)(~is_low, d);
                NAME(store)(r->d_in + top, NAME(where)(~is_1, d_top));
                NAME(store)(r->d_in + top + lanes, NAME(where)(is_1, d_top));
                NAME(store)(r->d_in + low, NAME(where)(~is_3, d_low));
                NAME(store)(r->d_in + low + lanes, NAME(where)(is_3, d_low));
            }
        }
    }
}

/* Mean and 1/sqrt(variance + epsilon) of one group's W lanes, by two passes. */
static void NAME(moments)(const tl_norm_run *r, const float *in, float *mean, float *scale)
{
    const int channels = r->channels / r->groups;
    const float n = (float)channels * (float)r->height * (float)r->width;
    NAME(vec) sum = {0}, square = {0};
    for (int c = 0; c < channels; c++) {
        for (int y = 0; y < r->height; y++) {
            const float *x = in + c * r->in_plane + y * r->in_line;
            for (int p = 0; p < r->width; p++, x += r->lanes) sum += NAME(load)(x);
        }
    }
    const NAME(vec) middle = sum / n;
    for (int c = 0; c < channels; c++) {
        for (int y = 0; y < r->height; y++) {
            const float *x = in + c * r->in_plane + y * r->in_line;
            for (int p = 0; p < r->width; p++, x += r->lanes) {
                const NAME(vec) from = NAME(load)(x) - middle;
                square += from * from;
            }
        }
    }
    NAME(store)(mean, middle);
    for (int i = 0; i < W; i++) scale[i] = 1.0f / sqrtf(square[i] / n + NORM_EPSILON);
}

static void NAME(norm)(const tl_norm_run *r)
{
    const int channels = r->channels / r->groups;
    for (int g = 0; g < r->groups; g++) {
        for (int l = 0; l < r->lanes; l += W) {
            const ptrdiff_t stat = g * r->lanes + l, first = g * channels;
            const float *in = r->in + first * r->in_plane + l;
            NAME(moments)(r, in, r->mean + stat, r->scale + stat);
            const NAME(vec) mean = NAME(load)(r->mean + stat);
            const NAME(vec) scale = NAME(load)(r->scale + stat);
            for (int c = 0; c < channels; c++) {
                const float gain = r->gain[first + c], shift = r->shift[first + c];
                for (int y = 0; y < r->height; y++) {
                    const float *x = in + c * r->in_plane + y * r->in_line;
                    float *out = r->out + (first + c) * r->out_plane + y * r->out_line + l;
                    for (int p = 0; p < r->width; p++, x += r->lanes, out += r->lanes) {
                        NAME(vec) v = (NAME(load)(x) - mean) * scale * gain + shift;
                        if (r->relu) v = NAME(where)(v > 0.0f, v);
                        NAME(store)(out, v);
                    }
                }
            }
        }
    }
}

/* Sums over one channel of the gradient, and of the gradient times what was normalised. */
static void NAME(norm_sums)(const tl_norm_run *r, int channel, int lane, NAME(vec) mean,
                            NAME(vec) scale, NAME(vec) sum[2])
{
    sum[0] = sum[1] = (NAME(vec)){0};
    for (int y = 0; y < r->height; y++) {
        const float *x = r->in + channel * r->in_plane + y * r->in_line + lane;
        const ptrdiff_t at = channel * r->out_plane + y * r->out_line + lane;
        for (int p = 0; p < r->width; p++, x += r->lanes) {
            NAME(vec) d = NAME(load)(r->d_out + at + p * r->lanes);
            if (r->relu) d = NAME(where)(NAME(load)(r->out + at + p * r->lanes) > 0.0f, d);
            sum[0] += d;
            sum[1] += d * ((NAME(load)(x) - mean) * scale);
        }
    }
}

static void NAME(norm_gradient)(const tl_norm_run *r, int channel, int lane,
                                const NAME(vec) part[4])
{
    const NAME(vec) mean = part[0], scale = part[1];
    const float gain = r->gain[channel];
    for (int y = 0; y < r->height; y++) {
        const ptrdiff_t in_at = channel * r->in_plane + y * r->in_line + lane;
        const ptrdiff_t at = channel * r->out_plane + y * r->out_line + lane;
        for (int p = 0; p < r->width; p++) {
            NAME(vec) d = NAME(load)(r->d_out + at + p * r->lanes);
            if (r->relu) d = NAME(where)(NAME(load)(r->out + at + p * r->lanes) > 0.0f, d);
            const NAME(vec) x = (NAME(load)(r->in + in_at + p * r->lanes) - mean) * scale;
            NAME(vec) gradient = scale * (d * gain - part[2] - x * part[3]);
            float *to = r->d_in + in_at + p * r->lanes;
            NAME(store)(to, r->adds ? NAME(load)(to) + gradient : gradient);
        }
    }
}

static void NAME(norm_back)(const tl_norm_run *r)
{
    const int channels = r->channels / r->groups;
    const float n = (float)channels * (float)r->height * (float)r->width;
    for (int g = 0; g < r->groups; g++) {
        for (int l = 0; l < r->lanes; l += W) {
            const NAME(vec) mean = NAME(load)(r->mean + g * r->lanes + l);
            const NAME(vec) scale = NAME(load)(r->scale + g * r->lanes + l);
            NAME(vec) part[4] = {mean, scale, {0}, {0}};
            for (int c = g * channels; c < (g + 1) * channels; c++) {
                NAME(vec) sum[2];
                NAME(norm_sums)(r, c, l, mean, scale, sum);
                part[2] += sum[0] * r->gain[c];
                part[3] += sum[1] * r->gain[c];
                for (int i = 0; r->d_gain && i < W; i++) {
                    r->d_shift[c] += sum[0][i];
                    r->d_gain[c] += sum[1][i];
                }
            }
            part[2] /= n;
            part[3] /= n;
            for (int c = g * channels; r->d_in && c < (g + 1) * channels; c++) {
                NAME(norm_gradient)(r, c, l, part);
            }
        }
    }
}

static void NAME(norm_squares)(const tl_norm_run *r, double *square)
{
    const int channels = r->channels / r->groups;
    for (int c = 0; c < r->channels; c++) {
        for (int l = 0; l < r->lanes; l += W) {
            const ptrdiff_t stat = c / channels * r->lanes + l;
            NAME(vec) sum[2];
            NAME(norm_sums)
            (r, c, l, NAME(load)(r->mean + stat), NAME(load)(r->scale + stat), sum);
            for (int k = 0; k < 2; k++) {
                for (int i = 0; i < W; i++)
                    square[l + i] += (double)sum[k][i] * (double)sum[k][i];
            }
        }
    }
}

#undef W
#undef NAME
