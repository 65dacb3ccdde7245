/*
 * Room compute/nn/kernels: inner loops, one build for each instruction set. Uses core.
 *
 * Kernels: inner loops compiled once for every instruction set, and the choice of the set
 * for this processor. So one program runs at full speed on nodes with AVX2 and with
 * AVX-512. Bits may differ between instruction sets, as they do between the kernels of
 * BLAS.
 *
 * Images of a group of rows are kept on a grid: [channels][lines][columns][lanes], where
 * the lanes hold the rows, padded to a whole number of vectors, and lines and columns have
 * a halo of zeros around them. A convolution then reads whole vectors everywhere, needs no
 * copies of patches, and treats the border like the rest.
 */
#ifndef TL_COMPUTE_NN_KERNELS_KERNELS_H
#define TL_COMPUTE_NN_KERNELS_KERNELS_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_CONV_BLOCK = 8, /**< output channels computed together; weights are packed so */
    TL_CONV_TAPS = 256 /**< pixels of a window, at most */
};

/**
 * A convolution over a rectangle of pixels, with strides for everything, so it can also
 * compute the gradient with respect to the input: out[o][y][x] = bias[o] + sum over i, t of
 * weight[o][i][t] * in[i][y][x + offset[t]]
 */
typedef struct tl_conv_run {
    const float *in; /**< channel 0 at pixel (0, 0) */
    float *out;
    ptrdiff_t in_plane, out_plane; /**< floats from one channel to the next */
    ptrdiff_t in_line, out_line;   /**< from one line of outputs to the next */
    ptrdiff_t in_step, out_step;   /**< from one pixel of a line to the next */
    int lanes;         /**< a multiple of 4; in_step = out_step = lanes is fastest */
    int height, width; /**< pixels to compute */
    int in_channels, out_channels;
    int taps;
    const ptrdiff_t *offset; /**< [taps] */
    /** [ceil(out_channels / 8)][in_channels][taps][8], zeros beyond the last channel */
    const float *weight;
    const float *bias; /**< [out_channels] or NULL: zeros */
    bool adds;         /**< to what is in `out` */
    bool relu;         /**< at 0, last of all (ReLU) */
} tl_conv_run;

/** The convolution kernels of one instruction set. */
typedef struct tl_conv_kernels {
    void (*run)(const tl_conv_run *run);
    /**
     * The gradient of the weights and bias of the convolution `run`, of which `out`, weight
     * and bias are not read, added to what is there:
     *   grad[o][i][t] += sum over y, x, lanes of d[o][y][x] * in[i][y][x + offset[t]]
     * `d` lies as `out` does. The order of the sum depends on the shape alone. `in` is read
     * up to 12 floats beyond the last pixel of a line, which must be finite.
     * \param grad [out_channels][in_channels][taps] \param bias [out_channels] or NULL
     */
    void (*gradient)(const tl_conv_run *run, const float *d, float *grad, float *bias);
    /**
     * Adds the squares of each lane's own gradient of the weights and, if asked, the bias:
     * a gradient is summed over pixels alone, so lanes stay apart.
     * \param square [lanes]
     */
    void (*squares)(const tl_conv_run *run, const float *d, bool has_bias, double *square);
} tl_conv_kernels;

/** 2x2 maximum with stride 2, then ReLU if asked. All pointers are borrowed. */
typedef struct tl_pool_run {
    const float *in; /**< channel 0 at pixel (0, 0), as the others */
    float *out;
    const float *d_out; /**< pool_back only */
    float *d_in;        /**< set within windows */
    ptrdiff_t in_plane, in_line, out_plane, out_line;
    int lanes, channels, height, width; /**< of the output */
    bool relu;
} tl_pool_run;

/**
 * Group normalisation: per lane and group of channels, mean 0 and variance 1, then gain and
 * shift of the channel. All pointers are borrowed.
 */
typedef struct tl_norm_run {
    const float *in;
    float *out;
    const float *d_out; /**< norm_back only, with the three below */
    float *d_in;
    float *d_gain, *d_shift;   /**< [channels] added to; NULL: not wanted */
    const float *gain, *shift; /**< [channels] */
    float *mean, *scale;       /**< [groups x lanes] left by norm, read by norm_back */
    ptrdiff_t in_plane, in_line, out_plane, out_line;
    int lanes, channels, groups, height, width;
    bool relu; /**< at 0 (ReLU) */
    bool adds; /**< to d_in */
} tl_norm_run;

/** Kernels over grids. The same bits on every instruction set. */
typedef struct tl_grid_kernels {
    void (*pool)(const tl_pool_run *run);
    /** The gradient goes to the first maximum; it is 0 where the output was clipped.
     */
    void (*pool_back)(const tl_pool_run *run);
    void (*norm)(const tl_norm_run *run);
    void (*norm_back)(const tl_norm_run *run);
    /** Adds the squares of each lane's own gradient of gain and shift; reads no d_in,
     * d_gain, d_shift. \param square [lanes] */
    void (*norm_squares)(const tl_norm_run *run, double *square);
} tl_grid_kernels;

enum { TL_STRIP = 32 /**< queries of a strip of attention */ };

/** Scores of a strip, one query per lane: query i sees the keys up to first + i. All
 * pointers are borrowed. */
typedef struct tl_strip {
    int first, keys; /**< the first query's position; keys in all, at least 1 */
    float scale;     /**< of the scores */
    float *score;    /**< [keys x TL_STRIP] products of keys and queries */
    float *d_score;  /**< [keys x TL_STRIP] gradients of the weights; backward only */
    float *top;      /**< [TL_STRIP] the largest scaled score a query sees */
    float *share;    /**< [TL_STRIP] 1 / sum of the exponentials */
} tl_strip;

/** Normalisation of positions over their features. */
typedef struct tl_line_norm {
    int positions, features;
    bool is_centred;    /**< LayerNorm: about the mean; else RMSNorm: about 0 */
    float epsilon;      /**< added to the mean square */
    const float *in;    /**< [positions x features] */
    const float *gain;  /**< [features] */
    const float *shift; /**< [features] forward, where is_centred */
    float *out;         /**< [positions x features] forward */
    float *moment;      /**< [positions x 2] mean and 1 / deviation, left by forward */
    const float *d_out; /**< [positions x features] backward, as all that follow */
    float *d_in;        /**< NULL: not wanted */
    bool adds;          /**< to what is in d_in */
    float *d_gain;      /**< [features] added to; NULL: not wanted, nor is d_shift */
    float *d_shift;     /**< [features] where is_centred */
} tl_line_norm;

/** Lines of numbers rotated in pairs by rotary positions, or copied. All pointers are
 * borrowed. */
typedef struct tl_rotary {
    const float *in;
    float *out;
    ptrdiff_t in_stride, out_stride; /**< floats from line to line */
    int lines, size;                 /**< size is even where there are angles */
    const float *angle; /**< [lines x size] cosine and sine of each pair; NULL: copy */
    float sense;        /**< 1, or -1 to rotate back */
    bool adds;          /**< to what is in `out` */
} tl_rotary;

/** The kernels of layers on sequences. All instruction sets give the same bits. */
typedef struct tl_sequence_kernels {
    void (*gelu)(const float *x, size_t n, float *y);
    void (*gelu_back)(const float *x, const float *d_y, size_t n, bool adds, float *d_x);
    /** x [rows x 2*half], y [rows x half] = x / (1 + exp(-x)) of the first half of a row
     * times the second */
    void (*swiglu)(const float *x, size_t rows, int half, float *y);
    void (*swiglu_back)(const float *x, const float *d_y, size_t rows, int half, bool adds,
                        float *d_x);
    void (*norm)(const tl_line_norm *run);
    void (*norm_back)(const tl_line_norm *run);
    /** Turns scores into weights, 0 where the query does not see the key; fills top, share.
     */
    void (*softmax)(const tl_strip *strip);
    /** With top and share from softmax, turns scores into weights again, and d_score into
     * the gradients of the scores before scaling. */
    void (*softmax_back)(const tl_strip *strip);
    void (*rotary)(const tl_rotary *rotary);
    /** y [columns x TL_STRIP] = x^T, x [rows x columns], its rows `stride` floats apart;
     * 0 in the lanes beyond `rows`, which is at most TL_STRIP. */
    void (*to_lanes)(const float *x, ptrdiff_t stride, int rows, int columns, float *y);
} tl_sequence_kernels;

/** Constants of one update. */
typedef struct tl_step_terms {
    float rate, momentum;
    float scale;            /**< of the gradient */
    float decay;            /**< SGD */
    float shrink;           /**< AdamW: 1 - rate * decay */
    float unbias1, unbias2; /**< AdamW: 1 / (1 - beta^update) */
} tl_step_terms;

/** Kernels over arrays of `n` numbers that do not overlap. The same bits on every
 * instruction set. */
typedef struct tl_array_kernels {
    void (*add)(float *sum, const float *x, size_t n); /**< sum += x */
    /** out = a + b, clipped at 0 if asked. */
    void (*join)(const float *a, const float *b, float *out, size_t n, bool relu);
    /** first = second = d, but 0 where `out` (unless NULL) is not above 0. */
    void (*part)(const float *d, const float *out, float *first, float *second, size_t n);
    void (*mask)(const float *out, float *d, size_t n); /**< d = 0 where out is not > 0 */
    void (*bias)(float *x, const float *b, size_t n, bool relu); /**< x += b, clipped */
    bool (*is_finite)(const float *x, size_t n);                 /**< all of them */
    void (*sgd)(const tl_step_terms *terms, size_t n, const float *grad, float *velocity,
                float *param);
    void (*adamw)(const tl_step_terms *terms, size_t n, const float *grad, float *first,
                  float *second, float *param);
} tl_array_kernels;

/** All kernels of one instruction set. */
typedef struct tl_kernels {
    const char *name; /**< "base", "avx2", "avx512" */
    const tl_conv_kernels *conv;
    const tl_grid_kernels *grid;
    const tl_array_kernels *array;
    const tl_sequence_kernels *sequence;
} tl_kernels;

/** The environment variable that overrides the choice of the set. */
#define TL_KERNELS_VARIABLE "THREATLOOP_KERNELS"

/** The kernels for this processor, or those that TL_KERNELS_VARIABLE names; static. Chosen
 * at the first call. */
const tl_kernels *tl_kernels_get(void);

/** \return TL_E_ARG if TL_KERNELS_VARIABLE names no set that this processor can run */
TL_MUST_USE tl_status tl_kernels_check(tl_err *err);

/** The kernels of the `number`-th instruction set that this processor can run, from 0; NULL
 * if there are no more. For tests and comparisons. */
const tl_kernels *tl_kernels_at(int number);

#endif
