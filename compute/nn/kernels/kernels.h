/*
 * Kernels: the inner loops that are compiled once for every instruction set, and the door
 * to the set that suits this processor. One program thus runs at full speed on nodes with
 * AVX2 and with AVX-512. Bits may differ between instruction sets, as they do between
 * the kernels of BLAS.
 *
 * Images of a group of rows are kept on a grid: [channels][lines][columns][lanes], where
 * the lanes hold the rows, padded to a whole number of vectors, and lines and columns have
 * a halo of zeros around them. A convolution then reads whole vectors at every place, needs
 * no copies of patches, and treats the border like the rest.
 */
#ifndef TL_COMPUTE_NN_KERNELS_KERNELS_H
#define TL_COMPUTE_NN_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_CONV_BLOCK = 8, /**< output channels computed together; weights are packed so */
    TL_CONV_TAPS = 256 /**< places of a window, at most */
};

/**
 * A convolution over a rectangle of pixels, with strides for everything, so that it also
 * serves as the gradient of one with respect to its input:
 *   out[o][y][x] = bias[o] + sum over i, t of weight[o][i][t] * in[i][y][x + offset[t]]
 */
typedef struct tl_conv_run {
    const float *in; /**< channel 0 at pixel (0, 0) */
    float *out;
    ptrdiff_t in_plane, out_plane; /**< floats from one channel to the next */
    ptrdiff_t in_line, out_line;   /**< from one line of outputs to the next */
    ptrdiff_t in_step, out_step;   /**< from one pixel of a line to the next */
    int lanes;         /**< a multiple of 4; in_step = out_step = lanes is fast */
    int height, width; /**< pixels to compute */
    int in_channels, out_channels;
    int taps;
    const ptrdiff_t *offset; /**< [taps] */
    /** [ceil(out_channels / 8)][in_channels][taps][8], zeros beyond the last channel */
    const float *weight;
    const float *bias; /**< [out_channels] or NULL: zeros */
    bool adds;         /**< to what is in `out` */
    bool clips;        /**< at 0, last of all (ReLU) */
} tl_conv_run;

/**
 * The gradient of a convolution's weights and bias, added to what is there:
 *   grad[o][i][t] += sum over y, x, lanes of d[o][y][x] * in[i][y][x + offset[t]]
 * The order of the sum depends on the shape alone. `in` is read up to 12 floats beyond the
 * last pixel of a line, which must be finite.
 */
typedef struct tl_conv_slope {
    const float *d, *in; /**< channel 0 at pixel (0, 0) */
    ptrdiff_t d_plane, in_plane, d_line, in_line, d_step, in_step;
    int lanes, height, width;
    int in_channels, out_channels;
    int taps;
    const ptrdiff_t *offset;
    float *grad; /**< [out_channels][in_channels][taps] */
    float *bias; /**< [out_channels] */
} tl_conv_slope;

/** The convolution kernels of one instruction set. */
typedef struct tl_conv_kernels {
    void (*run)(const tl_conv_run *run);
    void (*slope)(const tl_conv_slope *slope);
} tl_conv_kernels;

/** 2x2 maximum with stride 2, then clipped at 0 if told to. */
typedef struct tl_pool_run {
    const float *in; /**< channel 0 at pixel (0, 0), as the others */
    float *out;
    const float *d_out; /**< pool_back only */
    float *d_in;        /**< set where a window lies */
    ptrdiff_t in_plane, in_line, out_plane, out_line;
    int lanes, channels, height, width; /**< of the output */
    bool clips;
} tl_pool_run;

/**
 * Group normalisation: per lane and group of channels, mean 0 and variance 1, then gain and
 * shift of the channel.
 */
typedef struct tl_norm_run {
    const float *in;
    float *out;
    const float *d_out; /**< norm_back only, with the three below */
    float *d_in;
    float *d_gain, *d_shift; /**< [channels] added to; NULL: not wanted */
    const float *gain, *shift;
    float *mean, *scale; /**< [groups x lanes] left by norm, read by norm_back */
    ptrdiff_t in_plane, in_line, out_plane, out_line;
    int lanes, channels, groups, height, width;
    bool clips; /**< at 0 (ReLU) */
    bool adds;  /**< to d_in */
} tl_norm_run;

/** Kernels over grids. The same bits on every instruction set. */
typedef struct tl_grid_kernels {
    void (*pool)(const tl_pool_run *run);
    /** The gradient goes to the first of the largest; nowhere where the output was clipped.
     */
    void (*pool_back)(const tl_pool_run *run);
    void (*norm)(const tl_norm_run *run);
    void (*norm_back)(const tl_norm_run *run);
} tl_grid_kernels;

/** All kernels of one instruction set. */
typedef struct tl_kernels {
    const char *name; /**< "base", "avx2", "avx512" */
    const tl_conv_kernels *conv;
    const tl_grid_kernels *grid;
} tl_kernels;

/** The kernels for this processor; borrowed, the same at every call. */
const tl_kernels *tl_kernels_get(void);

/** The kernels of one instruction set by number, 0 .. ; NULL where this processor cannot
 * run them or there are no more. For tests and comparisons. */
const tl_kernels *tl_kernels_at(int number);

#endif
