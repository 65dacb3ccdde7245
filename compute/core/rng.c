#include "compute/core/rng.h"

#include "compute/core/hash.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>

tl_rng tl_rng_stream(uint64_t seed, uint32_t replicate, const char *stage,
                     uint32_t occurrence, const char *purpose)
{
    tl_hash hash = {0};
    tl_hash_text(&hash, "stream");
    tl_hash_u64(&hash, seed);
    tl_hash_u64(&hash, replicate);
    tl_hash_text(&hash, stage);
    tl_hash_u64(&hash, occurrence);
    tl_hash_text(&hash, purpose);
    const tl_key key = tl_hash_end(&hash);
    tl_rng rng = {0};
    memcpy(rng.key, key.byte, sizeof rng.key);
    memcpy(rng.lane, key.byte + sizeof rng.key, sizeof rng.lane);
    return rng;
}

static void block_of(const uint32_t key[2], const uint32_t lane[2], uint64_t item,
                     uint32_t word[4])
{
    const philox4x32_ctr_t counter = {
        {(uint32_t)item, (uint32_t)(item >> 32), lane[0], lane[1]}};
    const philox4x32_key_t philox_key = {{key[0], key[1]}};
    const philox4x32_ctr_t out = philox4x32(counter, philox_key);
    memcpy(word, out.v, 4 * sizeof *word);
}

tl_rng tl_rng_sub(const tl_rng *parent, uint64_t item)
{
    /* The child's key is a block of the parent's cipher under a lane that no sequence uses.
     */
    const uint32_t lane[2] = {~parent->lane[0], parent->lane[1] ^ 0x9e3779b9U};
    uint32_t word[4];
    block_of(parent->key, lane, item, word);
    tl_rng child = {0};
    memcpy(child.key, word, sizeof child.key);
    memcpy(child.lane, word + 2, sizeof child.lane);
    return child;
}

void tl_rng_block(const tl_rng *rng, uint64_t item, uint32_t word[4])
{
    block_of(rng->key, rng->lane, item, word);
}

uint32_t tl_rng_u32(tl_rng *rng)
{
    if (rng->left == 0) {
        block_of(rng->key, rng->lane, rng->block++, rng->word);
        rng->left = 4;
    }
    return rng->word[4 - rng->left--];
}

double tl_rng_uniform(tl_rng *rng)
{
    const uint64_t high = tl_rng_u32(rng), low = tl_rng_u32(rng);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

uint32_t tl_rng_below(tl_rng *rng, uint32_t n)
{
    uint64_t product = (uint64_t)tl_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        const uint32_t threshold = (uint32_t)(0 - n) % n;
        while ((uint32_t)product < threshold) product = (uint64_t)tl_rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

double tl_rng_normal(tl_rng *rng)
{
    const double u = 1.0 - tl_rng_uniform(rng); /* (0, 1]: its logarithm is finite */
    const double angle = 2.0 * 3.14159265358979323846 * tl_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(angle);
}

void tl_rng_shuffle(tl_rng *rng, int *index, int n)
{
    for (int i = n - 1; i > 0; i--) {
        const int j = (int)tl_rng_below(rng, (uint32_t)i + 1);
        const int held = index[i];
        index[i] = index[j];
        index[j] = held;
    }
}
