/*
 * The body of the convolution kernels for vectors of W floats, included once for each W.
 * Tiles of channels by vectors (run) and of channels by weights (gradient) stay in
 * registers: loops over CHANNELS, VECTORS and PLACES have constant bounds and are unrolled
 * whole.
 */
#include "compute/nn/kernels/vector_tile.h"

/* The first `floats` of a vector, a multiple of 4. */
static inline void NAME(store_some)(float *x, NAME(vec) v, int floats)
{
    float all[W];
    NAME(store)(all, v);
    for (int i = 0; i < floats; i += 4) memcpy(x + i, all + i, 4 * sizeof *x);
}

/* One tile: CHANNELS output channels from `first`, the vectors at `count` spots. */
static inline __attribute__((always_inline)) void
NAME(tile)(const tl_conv_run *r, const spot *at, const float *weight, const int first,
           const int count)
{
    const float *in[VECTORS];
    NAME(vec) sum[CHANNELS][VECTORS];
    for (int p = 0; p < count; p++) in[p] = r->in + at[p].in;
    for (int o = 0; o < CHANNELS; o++) {
        const int c = first + o;
        const float b = r->bias && c < r->out_channels ? r->bias[c] : 0.0f;
        for (int p = 0; p < count; p++) sum[o][p] = (NAME(vec)){0} + b;
    }
    for (int i = 0; i < r->in_channels; i++) {
        const ptrdiff_t plane = i * r->in_plane;
        for (int t = 0; t < r->taps; t++, weight += TL_CONV_BLOCK) {
            const ptrdiff_t x = plane + r->offset[t];
            NAME(vec) v[VECTORS];
            for (int p = 0; p < count; p++) v[p] = NAME(load)(in[p] + x);
            for (int o = 0; o < CHANNELS; o++) {
                for (int p = 0; p < count; p++) sum[o][p] += v[p] * weight[o];
            }
        }
    }
    bool is_plain = !r->adds && !r->relu && first + CHANNELS <= r->out_channels;
    for (int p = 0; p < count; p++) is_plain = is_plain && at[p].floats == W;
    if (is_plain) { /* without a branch for each vector */
        for (int p = 0; p < count; p++) {
            float *to = r->out + first * r->out_plane + at[p].out;
            for (int o = 0; o < CHANNELS; o++, to += r->out_plane) {
                NAME(store)(to, sum[o][p]);
            }
        }
        return;
    }
    for (int o = 0; o < CHANNELS && first + o < r->out_channels; o++) {
        for (int p = 0; p < count; p++) {
            float *to = r->out + (first + o) * r->out_plane + at[p].out;
            NAME(vec) v = r->adds ? NAME(load)(to) + sum[o][p] : sum[o][p];
            if (r->relu) v = (NAME(vec))((NAME(mask))v & (v > 0.0f));
            NAME(store_some)(to, v, at[p].floats);
        }
    }
}

/* All output channels of the vectors at `count` spots. */
static inline __attribute__((always_inline)) void
NAME(vectors)(const tl_conv_run *r, const spot *at, const int count)
{
    const float *weight = r->weight;
    const ptrdiff_t block = (ptrdiff_t)r->in_channels * r->taps * TL_CONV_BLOCK;
    for (int first = 0; first < r->out_channels; first += TL_CONV_BLOCK, weight += block) {
        for (int o = 0; o < TL_CONV_BLOCK && first + o < r->out_channels; o += CHANNELS) {
            NAME(tile)(r, at, weight + o, first + o, count);
        }
    }
}

/* All vectors, a tile at a time: along lines of contiguous pixels, the last of a line cut
 * short, or (is_apart) pixel by pixel. */
static void NAME(run)(const tl_conv_run *r, const bool is_apart)
{
    const int floats = is_apart ? r->lanes : r->width * r->lanes;
    const int pixels = is_apart ? r->width : 1;
    spot at[VECTORS];
    int count = 0;
    for (int y = 0; y < r->height; y++) {
        for (int x = 0; x < pixels; x++) {
            for (int from = 0; from < floats; from += W) {
                at[count++] = (spot){y * r->in_line + x * r->in_step + from,
                                     y * r->out_line + x * r->out_step + from,
                                     floats - from < W ? floats - from : W};
                if (count < VECTORS) continue;
                NAME(vectors)(r, at, VECTORS);
                count = 0;
            }
        }
    }
    if (count == 2) NAME(vectors)(r, at, 2);
    if (count == 1) NAME(vectors)(r, at, 1);
}

/* The sums of a tile: over lines of contiguous pixels, or (is_apart) over single pixels. */
static inline __attribute__((always_inline)) void
NAME(gradient)(const tl_conv_run *r, const float *const d[GRADIENT_CHANNELS],
               const float *const in[PLACES], const bool is_apart,
               float total[PLACES][GRADIENT_CHANNELS])
{
    const int floats = is_apart ? r->lanes : r->width * r->lanes, rest = floats % W;
    const int pixels = is_apart ? r->width : 1;
    NAME(vec) sum[GRADIENT_CHANNELS][PLACES], v[GRADIENT_CHANNELS];
    NAME(mask) inside = {0};
    for (int i = 0; i < W; i++) inside[i] = i < rest ? -1 : 0;
    for (int o = 0; o < GRADIENT_CHANNELS; o++) {
        for (int j = 0; j < PLACES; j++) sum[o][j] = (NAME(vec)){0};
    }
    for (int y = 0; y < r->height; y++) {
        ptrdiff_t d_at = y * r->out_line, in_at = y * r->in_line;
        for (int x = 0; x < pixels; x++, d_at += r->out_step, in_at += r->in_step) {
            int at = 0;
            for (; at + W <= floats; at += W) {
                for (int o = 0; o < GRADIENT_CHANNELS; o++)
                    v[o] = NAME(load)(d[o] + d_at + at);
                for (int j = 0; j < PLACES; j++) {
                    const NAME(vec) u = NAME(load)(in[j] + in_at + at);
                    for (int o = 0; o < GRADIENT_CHANNELS; o++) sum[o][j] += v[o] * u;
                }
            }
            if (at == floats) continue;
            /* Lanes beyond the line are masked in one factor and finite in the other. */
            for (int o = 0; o < GRADIENT_CHANNELS; o++) {
                v[o] = (NAME(vec))((NAME(mask))NAME(load)(d[o] + d_at + at) & inside);
            }
            for (int j = 0; j < PLACES; j++) {
                const NAME(vec) u = NAME(load)(in[j] + in_at + at);
                for (int o = 0; o < GRADIENT_CHANNELS; o++) sum[o][j] += v[o] * u;
            }
        }
    }
    for (int j = 0; j < PLACES; j++) {
        const vec_4 all = totals(NAME(quarter)(sum[0][j]), NAME(quarter)(sum[1][j]),
                                 NAME(quarter)(sum[2][j]), NAME(quarter)(sum[3][j]));
        memcpy(total[j], &all, sizeof all);
    }
}

/* The squares of a tile's gradients in the W lanes from `lane` on, the first `channels` by
 * `places` of it. Sums over pixels stay in registers, and never cross lanes. */
static inline __attribute__((always_inline)) void
NAME(squares_tile)(const tl_conv_run *r, const float *const d[GRADIENT_CHANNELS],
                   const float *const in[PLACES], int lane, int channels, int places,
                   double *square)
{
    NAME(vec) sum[GRADIENT_CHANNELS][PLACES];
    for (int o = 0; o < GRADIENT_CHANNELS; o++) {
        for (int j = 0; j < PLACES; j++) sum[o][j] = (NAME(vec)){0};
    }
    for (int y = 0; y < r->height; y++) {
        ptrdiff_t d_at = y * r->out_line + lane, in_at = y * r->in_line + lane;
        for (int x = 0; x < r->width; x++, d_at += r->out_step, in_at += r->in_step) {
            NAME(vec) v[GRADIENT_CHANNELS];
            for (int o = 0; o < GRADIENT_CHANNELS; o++) v[o] = NAME(load)(d[o] + d_at);
            for (int j = 0; j < PLACES; j++) {
                const NAME(vec) u = NAME(load)(in[j] + in_at);
                for (int o = 0; o < GRADIENT_CHANNELS; o++) sum[o][j] += v[o] * u;
            }
        }
    }
    NAME(vec) all = {0};
    for (int o = 0; o < GRADIENT_CHANNELS; o++) {
        for (int j = 0; j < PLACES; j++) {
            if (o < channels && j < places) all += sum[o][j] * sum[o][j];
        }
    }
    for (int i = 0; i < W; i++) square[lane + i] += (double)all[i];
}

#undef W
#undef NAME
