/*
 * Direct convolution. Compiled once for each instruction set (TL_ISA), with products and
 * sums contracted to fused multiply-adds if the set has them; without, half the speed is
 * lost. The compiler contracts, so bits are the same in every run of a program.
 */
#include "compute/nn/kernels/isa.h"
#include "compute/nn/kernels/kernels.h"

#include <string.h>

/* Tiles that fill the registers: 32 vectors with AVX-512, 16 else. */
#ifdef __AVX512F__
enum { CHANNELS = 8, VECTORS = 3, GRADIENT_CHANNELS = 4, PLACES = 6, WIDE_LANES = 16 };
#define WIDE(word) JOIN(word, 16)
#else
enum { CHANNELS = 4, VECTORS = 3, GRADIENT_CHANNELS = 4, PLACES = 2, WIDE_LANES = 8 };
#define WIDE(word) JOIN(word, 8)
#endif

/* Offsets of a vector in input and output, and how many of its floats are valid. */
typedef struct spot {
    ptrdiff_t in, out;
    int floats;
} spot;

typedef float vec_4 __attribute__((vector_size(16)));
typedef float vec_8 __attribute__((vector_size(32)));

/* Vectors are summed by halves in registers, four at a time: on small images this is a
 * large part of the work. */
static inline vec_4 quarter_4(vec_4 v)
{
    return v;
}

static inline vec_4 quarter_8(vec_8 v)
{
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) +
           __builtin_shufflevector(v, v, 4, 5, 6, 7);
}

static inline vec_4 totals(vec_4 a, vec_4 b, vec_4 c, vec_4 d)
{
    const vec_4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) +
                     __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const vec_4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) +
                     __builtin_shufflevector(c, d, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
           __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

#define W 4
#include "compute/nn/kernels/conv_tile.h"
#define W 8
#include "compute/nn/kernels/conv_tile.h"
#ifdef __AVX512F__
typedef float vec_16 __attribute__((vector_size(64)));

static inline vec_4 quarter_16(vec_16 v)
{
    return quarter_8(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
}

#define W 16
#include "compute/nn/kernels/conv_tile.h"
#endif

static void run(const tl_conv_run *r)
{
    if (r->in_step == r->lanes && r->out_step == r->lanes) {
        WIDE(run)(r, false);
    } else if (r->lanes % WIDE_LANES == 0) {
        WIDE(run)(r, true);
    } else if (r->lanes % 8 == 0) {
        run_8(r, true);
    } else {
        run_4(r, true);
    }
}

/* Weights from `place` on of channels from `channel` on; beyond the last, it is repeated
 * and not stored. */
static void gradient_tile(const tl_conv_run *r, const float *from, float *grad, int channel,
                          int place)
{
    const int last = r->out_channels - 1, places = r->in_channels * r->taps;
    const float *d[GRADIENT_CHANNELS], *in[PLACES];
    for (int o = 0; o < GRADIENT_CHANNELS; o++) {
        d[o] = from + (channel + o < last ? channel + o : last) * r->out_plane;
    }
    for (int j = 0; j < PLACES; j++) {
        const int at = place + j < places ? place + j : places - 1;
        in[j] = r->in + at / r->taps * r->in_plane + r->offset[at % r->taps];
    }
    float total[PLACES][GRADIENT_CHANNELS];
    if (r->out_step == r->lanes && r->in_step == r->lanes) {
        WIDE(gradient)(r, d, in, false, total);
    } else if (r->lanes % WIDE_LANES == 0) {
        WIDE(gradient)(r, d, in, true, total);
    } else if (r->lanes % 8 == 0) {
        gradient_8(r, d, in, true, total);
    } else {
        gradient_4(r, d, in, true, total);
    }
    for (int o = 0; o < GRADIENT_CHANNELS && channel + o <= last; o++) {
        float *to = grad + (ptrdiff_t)(channel + o) * places + place;
        for (int j = 0; j < PLACES && place + j < places; j++) to[j] += total[j][o];
    }
}

/* Four independent sums, to hide the latency of additions. */
static float gradient_bias(const tl_conv_run *r, const float *d)
{
    vec_4 sum[4] = {{0}};
    for (int y = 0; y < r->height; y++) {
        for (int x = 0; x < r->width; x++) {
            const float *at = d + y * r->out_line + x * r->out_step;
            for (int lane = 0; lane < r->lanes; lane += 4) {
                sum[(x + lane / 4) % 4] += load_4(at + lane);
            }
        }
    }
    const vec_4 all = totals(sum[0], sum[1], sum[2], sum[3]);
    return (all[0] + all[1]) + (all[2] + all[3]);
}

static void gradient(const tl_conv_run *r, const float *d, float *grad, float *bias)
{
    const int places = r->in_channels * r->taps;
    for (int channel = 0; channel < r->out_channels; channel += GRADIENT_CHANNELS) {
        for (int place = 0; place < places; place += PLACES)
            gradient_tile(r, d, grad, channel, place);
    }
    for (int c = 0; bias && c < r->out_channels; c++) {
        bias[c] += gradient_bias(r, d + c * r->out_plane);
    }
}

static void squares_tile(const tl_conv_run *r, const float *from, int channel, int place,
                         double *square)
{
    const int last = r->out_channels - 1, places = r->in_channels * r->taps;
    const float *d[GRADIENT_CHANNELS], *in[PLACES];
    for (int o = 0; o < GRADIENT_CHANNELS; o++) {
        d[o] = from + (channel + o < last ? channel + o : last) * r->out_plane;
    }
    for (int j = 0; j < PLACES; j++) {
        const int at = place + j < places ? place + j : places - 1;
        in[j] = r->in + at / r->taps * r->in_plane + r->offset[at % r->taps];
    }
    const int width = r->lanes % WIDE_LANES == 0 ? WIDE_LANES : r->lanes % 8 == 0 ? 8 : 4;
    for (int lane = 0; lane < r->lanes; lane += width) {
        if (width == WIDE_LANES) {
            WIDE(squares_tile)(r, d, in, lane, last + 1 - channel, places - place, square);
        } else if (width == 8) {
            squares_tile_8(r, d, in, lane, last + 1 - channel, places - place, square);
        } else {
            squares_tile_4(r, d, in, lane, last + 1 - channel, places - place, square);
        }
    }
}

/* In double precision: a few numbers. */
static void squares_bias(const tl_conv_run *r, const float *d, double *square)
{
    for (int lane = 0; lane < r->lanes; lane++) {
        double sum = 0.0;
        for (int y = 0; y < r->height; y++) {
            const float *at = d + y * r->out_line + lane;
            for (int x = 0; x < r->width; x++, at += r->out_step) sum += (double)*at;
        }
        square[lane] += sum * sum;
    }
}

static void squares(const tl_conv_run *r, const float *d, bool has_bias, double *square)
{
    const int places = r->in_channels * r->taps;
    for (int channel = 0; channel < r->out_channels; channel += GRADIENT_CHANNELS) {
        for (int place = 0; place < places; place += PLACES)
            squares_tile(r, d, channel, place, square);
    }
    for (int c = 0; has_bias && c < r->out_channels; c++) {
        squares_bias(r, d + c * r->out_plane, square);
    }
}

extern const tl_conv_kernels JOIN(tl_conv_kernels, TL_ISA);
const tl_conv_kernels JOIN(tl_conv_kernels, TL_ISA) = {run, gradient, squares};
