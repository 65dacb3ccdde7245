/*
 * Random numbers from counter-based streams: Philox4x32-10 of Random123.
 * Source: Salmon, Moraes, Dror, Shaw 2011, Parallel random numbers: as easy as 1, 2, 3.
 *
 * A stream is named by what is drawn (seed, replicate, stage, occurrence, purpose), never
 * by rank, order, time or parameters. Item i of a stream is block i, so any rank can draw
 * it alone. A tl_rng is a value: a copy continues from the original's position.
 */
#ifndef TL_COMPUTE_CORE_RNG_H
#define TL_COMPUTE_CORE_RNG_H

#include <stdint.h>

/** One stream and a position in it. Fields are private. */
typedef struct tl_rng {
    uint32_t key[2];
    uint32_t lane[2];
    uint64_t block;   /* next block of the sequential interface */
    uint32_t word[4]; /* the current block */
    int left;         /* words of it not yet drawn */
} tl_rng;

/** The stream of this name, at its start. `stage` and `purpose` must not be NULL. */
tl_rng tl_rng_stream(uint64_t seed, uint32_t replicate, const char *stage,
                     uint32_t occurrence, const char *purpose);

/** An independent stream for item `item` of `parent`, which is not changed. */
tl_rng tl_rng_sub(const tl_rng *parent, uint64_t item);

/** The four words of block `item`; does not move the stream. */
void tl_rng_block(const tl_rng *rng, uint64_t item, uint32_t word[4]);

/** Next word of the stream. */
uint32_t tl_rng_u32(tl_rng *rng);

/** Uniform in [0, 1), multiple of 2^-53; takes two words. */
double tl_rng_uniform(tl_rng *rng);

/** Uniform over 0 .. n-1, without bias (Lemire 2019); n >= 1. */
uint32_t tl_rng_below(tl_rng *rng, uint32_t n);

/** Standard normal (Box and Muller 1958), one number of two uniforms. */
double tl_rng_normal(tl_rng *rng);

/** Puts `index` [n] in uniformly random order (Fisher and Yates). */
void tl_rng_shuffle(tl_rng *rng, int *index, int n);

#endif
