/*
 * Room experiments/image: arithmetic on images: filters, transforms, quality, watermarks.
 * Uses compute.
 *
 * A blind watermark of images with a message of several bits: spread spectrum in the
 * two-dimensional DCT (Cox, Kilian, Leighton, Shamoon 1997, Secure spread spectrum
 * watermarking for multimedia) with host rejection (Malvar, Florencio 2003, Improved spread
 * spectrum: a new modulation technique for robust watermarking).
 *
 * Each coefficient of a band of middle frequencies belongs to one bit and has a chip: a
 * random sign times its frequency, which whitens images, as their spectra fall as one over
 * the frequency (Field 1987, Relations between the statistics of natural images). The sign
 * of the correlation of the coefficients with a bit's chips is the bit. Since the transform
 * is orthonormal, this equals the correlation of pixels with a carrier: the inverse
 * transform of the chips, made once. Images with several channels carry the mark in their
 * luminance, the mean of the channels.
 */
#ifndef TL_EXPERIMENTS_IMAGE_WATERMARK_H
#define TL_EXPERIMENTS_IMAGE_WATERMARK_H

#include "compute/core/rng.h"
#include "compute/data/dataset.h"

#include <stdbool.h>

enum { TL_WATERMARK_BITS = 64 /**< the longest message */ };

/** A secret: whoever has it can embed and detect. */
typedef struct tl_watermark {
    tl_rng key; /**< decides which coefficients belong to which bit, signs, message */
    int bits;
    double low, high; /**< band: low <= u/height + v/width <= high, within 0..2 */
    bool message[TL_WATERMARK_BITS];
} tl_watermark;

/** A watermark ready for images of one shape. Fields are private. */
typedef struct tl_carriers {
    const tl_watermark *watermark;
    tl_shape shape;
    double *carrier; /* [TL_WATERMARK_BITS x height*width], the first `bits` orthonormal */
    double *grey;    /* [height*width] luminance of one image */
    double *free;    /* [shape] one image, not clipped */
} tl_carriers;

/** What was detected in an image. */
typedef struct tl_detection {
    int right; /**< bits that agree with the message */
    double p;  /**< probability that an image without the mark agrees at least as well */
} tl_detection;

/** The watermark of `key`, with a random message; 1 <= bits <= TL_WATERMARK_BITS. */
tl_watermark tl_watermark_draw(const tl_rng *key, int bits, double low, double high);

/** Coefficients of the band in a plane of this shape. */
int tl_watermark_band(tl_shape shape, double low, double high);

/**
 * Prepares the carriers of `watermark`, which is borrowed, in memory for the longest
 * message: readers of marks do not know the length of theirs in advance.
 *
 * \return TL_E_NOMEM, TL_E_ARG when the band has fewer coefficients than there are bits
 */
TL_MUST_USE tl_status tl_carriers_new(const tl_watermark *watermark, tl_shape shape,
                                      tl_arena *arena, tl_carriers *out, tl_err *err);

/** FLOP of one detection; an embedding takes a few of them. */
double tl_watermark_flop(tl_shape shape, int bits);

/**
 * Embeds the message at a mean squared change of 10^(-psnr/10): the weakest correlations
 * are raised to a common margin, the largest that this allows. A bit beyond that margin
 * already is left alone. Images with many black or white pixels may miss the strength, as
 * they are clipped. Carriers serve one thread at a time.
 *
 * \param psnr dB
 * \param from [shape] 0..1
 * \param to   [shape] result, 0..1, not `from`
 */
void tl_watermark_embed(const tl_carriers *carriers, double psnr, const float *from,
                        float *to);

/**
 * Reads an image without its original. The statistic is the sum of the bits' correlations,
 * signed by the message, over the root of the sum of their squares. In any image without
 * the mark the random chips make these signs fair and independent, so that the statistic is
 * about normal; p is its upper tail. The statistic is at most the root of the number of
 * bits, which bounds p from below: 2e-3 for 8 bits, 3e-5 for 16, 8e-9 for 32. Carriers
 * serve one thread at a time.
 *
 * \param pixel [shape] 0..1
 */
tl_detection tl_watermark_detect(const tl_carriers *carriers, const float *pixel);

#endif
