#include "experiments/image/watermark.h"

#include "experiments/image/dct.h"

#include <math.h>
#include <string.h>

enum { OF_ORDER, OF_SIGNS, OF_MESSAGE }; /* sub-streams of the key */
enum {
    HALVINGS = 50, /* of the bisection: to the last digits of a double */
    MOST_ROUNDS = 32
};

tl_watermark tl_watermark_draw(const tl_rng *key, int bits, double low, double high)
{
    TL_INVARIANT(bits >= 1 && bits <= TL_WATERMARK_BITS);
    tl_watermark out = {.key = *key, .bits = bits, .low = low, .high = high};
    const tl_rng message = tl_rng_sub(key, OF_MESSAGE);
    for (int b = 0; b < bits; b++) {
        uint32_t word[4];
        tl_rng_block(&message, (uint64_t)b, word);
        out.message[b] = (word[0] & 1U) != 0;
    }
    return out;
}

static size_t area_of(tl_shape shape)
{
    return (size_t)shape.height * (size_t)shape.width;
}

static bool is_in_band(tl_shape shape, int at, double low, double high)
{
    const int u = at / shape.width, v = at % shape.width;
    const double diagonal = (double)u / shape.height + (double)v / shape.width;
    return diagonal >= low && diagonal <= high;
}

int tl_watermark_band(tl_shape shape, double low, double high)
{
    int count = 0;
    for (int at = 0; at < shape.height * shape.width; at++) {
        count += is_in_band(shape, at, low, high);
    }
    return count;
}

/* A bit owns every bits-th coefficient of the shuffled band, starting at its number. */
static void make_carrier(const tl_carriers *c, const tl_dct *dct, const int *order,
                         int count, int bit)
{
    const size_t area = area_of(c->shape);
    const tl_rng signs = tl_rng_sub(&c->watermark->key, OF_SIGNS);
    double *chips = c->grey, squares = 0.0;
    memset(chips, 0, area * sizeof *chips);
    for (int i = bit; i < count; i += c->watermark->bits) {
        const int u = order[i] / c->shape.width, v = order[i] % c->shape.width;
        const double frequency =
            hypot((double)u / c->shape.height, (double)v / c->shape.width);
        uint32_t word[4];
        tl_rng_block(&signs, (uint64_t)order[i], word);
        chips[order[i]] = word[0] & 1U ? frequency : -frequency;
        squares += frequency * frequency;
    }
    const double scale = squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
    for (size_t i = 0; i < area; i++) chips[i] *= scale;
    tl_dct_inverse(dct, chips, c->carrier + (size_t)bit * area);
}

tl_status tl_carriers_new(const tl_watermark *watermark, tl_shape shape, tl_arena *arena,
                          tl_carriers *out, tl_err *err)
{
    const size_t area = area_of(shape);
    *out = (tl_carriers){.watermark = watermark, .shape = shape};
    TL_ALLOC(out->carrier, arena, TL_WATERMARK_BITS * area, err);
    TL_ALLOC(out->grey, arena, area, err);
    TL_ALLOC(out->free, arena, tl_shape_size(shape), err);
    const size_t mark = tl_arena_mark(arena);
    tl_dct dct;
    int *order, count = 0;
    TL_TRY(tl_dct_new(shape.height, shape.width, arena, &dct, err));
    TL_ALLOC(order, arena, area, err);
    if (tl_arena_counted(arena, mark)) return TL_OK;
    for (int at = 0; at < (int)area; at++) {
        if (is_in_band(shape, at, watermark->low, watermark->high)) order[count++] = at;
    }
    TL_CHECK(count >= watermark->bits, err, TL_E_ARG,
             "a message of %d bits needs as many coefficients, but the band has %d",
             watermark->bits, count);
    tl_rng shuffle = tl_rng_sub(&watermark->key, OF_ORDER);
    tl_rng_shuffle(&shuffle, order, count);
    for (int b = 0; b < watermark->bits; b++) make_carrier(out, &dct, order, count, b);
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

double tl_watermark_flop(tl_shape shape, int bits)
{
    return 2.0 * bits * (double)area_of(shape) + tl_shape_size(shape);
}

static double clip(double x)
{
    return x < 0.0 ? 0.0 : (x > 1.0 ? 1.0 : x);
}

/* The luminance of `pixel` or, if NULL, of `free` clipped. */
static void find_grey(const tl_carriers *c, const float *pixel)
{
    const size_t area = area_of(c->shape);
    for (size_t i = 0; i < area; i++) {
        double sum = 0.0;
        for (size_t at = i; at < area * (size_t)c->shape.channels; at += area) {
            sum += pixel ? (double)pixel[at] : clip(c->free[at]);
        }
        c->grey[i] = sum / c->shape.channels;
    }
}

/* Correlations of `grey` with the carriers; positive where the bit is right. */
static void correlate(const tl_carriers *c, double margin[TL_WATERMARK_BITS])
{
    const size_t area = area_of(c->shape);
    for (int b = 0; b < c->watermark->bits; b++) {
        const double *carrier = c->carrier + (size_t)b * area;
        double sum = 0.0;
        for (size_t i = 0; i < area; i++) sum += carrier[i] * c->grey[i];
        margin[b] = c->watermark->message[b] ? sum : -sum;
    }
}

/* The largest common margin that a change of this energy can raise all bits to. */
static double margin_for(const double *margin, int bits, double energy)
{
    double low = margin[0];
    for (int b = 1; b < bits; b++) low = margin[b] < low ? margin[b] : low;
    double high = low + sqrt(energy);
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = 0.5 * (low + high);
        double needed = 0.0;
        for (int b = 0; b < bits; b++) {
            const double lack = middle - margin[b];
            if (lack > 0.0) needed += lack * lack;
        }
        if (needed > energy) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return low;
}

/* Adds carriers to every channel of `free` until no margin is below `wanted`. */
static void raise_margins(const tl_carriers *c, const double *margin, double wanted)
{
    const size_t area = area_of(c->shape);
    for (int b = 0; b < c->watermark->bits; b++) {
        const double lack = wanted - margin[b];
        if (lack <= 0.0) continue;
        const double step = c->watermark->message[b] ? lack : -lack;
        const double *carrier = c->carrier + (size_t)b * area;
        for (size_t at = 0; at < area * (size_t)c->shape.channels; at++) {
            c->free[at] += step * carrier[at % area];
        }
    }
}

/* Mean squared difference of the image and `free` clipped. */
static double change_of(const tl_carriers *c, const float *from, bool *is_clipped)
{
    const int size = tl_shape_size(c->shape);
    double sum = 0.0;
    *is_clipped = false;
    for (int i = 0; i < size; i++) {
        const double kept = clip(c->free[i]), step = kept - (double)from[i];
        if (kept != c->free[i]) *is_clipped = true;
        sum += step * step;
    }
    return sum / size;
}

/*
 * Energy lost to clipping is spent again, on the bits that are then weakest, until the
 * change is as strong as wanted. If it is a little stronger it is scaled down, which keeps
 * it within 0..1, since both ends are.
 */
void tl_watermark_embed(const tl_carriers *c, double psnr, const float *from, float *to)
{
    const size_t size = (size_t)tl_shape_size(c->shape);
    const double wanted = pow(10.0, -psnr / 10.0), area = (double)area_of(c->shape);
    double change = 0.0, margin[TL_WATERMARK_BITS];
    bool is_clipped = true;
    for (size_t i = 0; i < size; i++) c->free[i] = (double)from[i];
    for (int round = 0; is_clipped && change < wanted && round < MOST_ROUNDS; round++) {
        find_grey(c, NULL);
        correlate(c, margin);
        raise_margins(c, margin,
                      margin_for(margin, c->watermark->bits, area * (wanted - change)));
        change = change_of(c, from, &is_clipped);
    }
    const double scale = change > 0.0 ? sqrt(wanted / change) : 0.0;
    for (size_t i = 0; i < size; i++) {
        const double step = clip(c->free[i]) - (double)from[i];
        to[i] = (float)clip((double)from[i] + scale * step);
    }
}

tl_detection tl_watermark_detect(const tl_carriers *c, const float *pixel)
{
    tl_detection out = {.p = 1.0};
    double margin[TL_WATERMARK_BITS], sum = 0.0, squares = 0.0;
    find_grey(c, pixel);
    correlate(c, margin);
    for (int b = 0; b < c->watermark->bits; b++) {
        out.right += margin[b] > 0.0;
        sum += margin[b];
        squares += margin[b] * margin[b];
    }
    if (squares > 0.0) out.p = 0.5 * erfc(sum / sqrt(2.0 * squares));
    return out;
}
