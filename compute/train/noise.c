#include "compute/train/noise.h"

#include <math.h>

enum { LAYERS = 128, WORDS = 4 };

/* Start of the tail and area of each layer, of Marsaglia and Tsang. */
static const double TAIL = 3.442619855899, AREA = 9.91256303526217e-3;

/* Layers of equal area under exp(-x^2 / 2), from the tail's up. */
typedef struct ziggurat {
    double edge[LAYERS + 1]; /* width of each layer, falling */
    double inner[LAYERS];    /* fraction of it that is under the curve at all heights */
} ziggurat;

static void fill_layers(ziggurat *z)
{
    double height = exp(-0.5 * TAIL * TAIL);
    z->edge[0] = AREA / height;
    z->edge[1] = TAIL;
    for (int i = 2; i < LAYERS; i++) {
        height += AREA / z->edge[i - 1];
        z->edge[i] = sqrt(-2.0 * log(height));
    }
    z->edge[LAYERS] = 0.0;
    for (int i = 0; i < LAYERS; i++) z->inner[i] = z->edge[i + 1] / z->edge[i];
}

/* The upper bits as a number between -1 and 1; the lower are the layer. */
static double place_of(uint32_t word)
{
    return ((double)(word / LAYERS) + 0.5) * (LAYERS * 0x1p-31) - 1.0;
}

/* Beyond TAIL: Marsaglia 1964. */
static double draw_tail(tl_rng *rng)
{
    double x, y;
    do {
        x = -log(1.0 - tl_rng_uniform(rng)) / TAIL;
        y = -log(1.0 - tl_rng_uniform(rng));
    } while (2.0 * y < x * x);
    return TAIL + x;
}

/* A normal number from a word that is outside of its layer's inner part, or from others. */
static double draw_on(const ziggurat *z, uint32_t word, tl_rng rng)
{
    for (;; word = tl_rng_u32(&rng)) {
        const uint32_t layer = word % LAYERS;
        const double place = place_of(word), x = place * z->edge[layer];
        if (fabs(place) < z->inner[layer]) return x;
        if (layer == 0) return place < 0.0 ? -draw_tail(&rng) : draw_tail(&rng);
        /* Heights over that at x. */
        const double low = exp(0.5 * (x * x - z->edge[layer] * z->edge[layer]));
        const double high = exp(0.5 * (x * x - z->edge[layer + 1] * z->edge[layer + 1]));
        if (low + tl_rng_uniform(&rng) * (high - low) < 1.0) return x;
    }
}

static double draw(const ziggurat *z, const tl_rng *update, size_t number, uint32_t word)
{
    const uint32_t layer = word % LAYERS;
    const double place = place_of(word);
    return fabs(place) < z->inner[layer] ? place * z->edge[layer]
                                         : draw_on(z, word, tl_rng_sub(update, number));
}

void tl_noise_add(const tl_rng *update, double sd, tl_slice slice, float *x)
{
    ziggurat z;
    fill_layers(&z);
    uint32_t word[WORDS];
    for (size_t i = slice.at; i < slice.at + slice.n; i++) {
        if (i == slice.at || i % WORDS == 0) tl_rng_block(update, i / WORDS, word);
        x[i] += (float)(sd * draw(&z, update, i, word[i % WORDS]));
    }
}
