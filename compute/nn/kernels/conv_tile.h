/*
 * The body of the convolution kernels for vectors of W floats, included once for each W.
 * Tiles of channels by vectors (run) and of channels by weights (slope) stay in registers:
 * loops over CHANNELS, VECTORS and PLACES have constant bounds and are unrolled whole.
 */
typedef int32_t NAME(mask) __attribute__((vector_size(4 * W)));

static inline NAME(vec) NAME(load)(const float *x)
{
    NAME(vec) v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline void NAME(store)(float *x, NAME(vec) v)
{
    memcpy(x, &v, sizeof v);
}

/* One tile: CHANNELS output channels from `first`, `vectors` vectors of a line. */
static inline __attribute__((always_inline)) void
NAME(tile)(const tl_conv_run *r, const float *in, const float *weight, float *out,
           const int first, const int vectors)
{
    const ptrdiff_t in_step = r->in_step == r->lanes ? W : r->in_step;
    const ptrdiff_t out_step = r->out_step == r->lanes ? W : r->out_step;
    NAME(vec) sum[CHANNELS][VECTORS];
    for (int o = 0; o < CHANNELS; o++) {
        const int c = first + o;
        const float b = r->bias && c < r->out_channels ? r->bias[c] : 0.0f;
        for (int p = 0; p < vectors; p++) sum[o][p] = (NAME(vec)){0} + b;
    }
    for (int i = 0; i < r->in_channels; i++, in += r->in_plane) {
        for (int t = 0; t < r->taps; t++, weight += TL_CONV_BLOCK) {
            const float *x = in + r->offset[t];
            NAME(vec) v[VECTORS];
            for (int p = 0; p < vectors; p++) v[p] = NAME(load)(x + p * in_step);
            for (int o = 0; o < CHANNELS; o++) {
                for (int p = 0; p < vectors; p++) sum[o][p] += v[p] * weight[o];
            }
        }
    }
    for (int o = 0; o < CHANNELS && first + o < r->out_channels; o++) {
        for (int p = 0; p < vectors; p++) {
            float *to = out + (first + o) * r->out_plane + p * out_step;
            NAME(vec) v = r->adds ? NAME(load)(to) + sum[o][p] : sum[o][p];
            if (r->clips) v = (NAME(vec))((NAME(mask))v & (v > 0.0f));
            NAME(store)(to, v);
        }
    }
}

/* All output channels of `vectors` vectors. */
static inline __attribute__((always_inline)) void
NAME(vectors)(const tl_conv_run *r, const float *in, float *out, const int vectors)
{
    const float *weight = r->weight;
    const ptrdiff_t block = (ptrdiff_t)r->in_channels * r->taps * TL_CONV_BLOCK;
    for (int first = 0; first < r->out_channels; first += TL_CONV_BLOCK, weight += block) {
        for (int o = 0; o < TL_CONV_BLOCK && first + o < r->out_channels; o += CHANNELS) {
            NAME(tile)(r, in, weight + o, out, first + o, vectors);
        }
    }
}

/* As many whole vectors of `floats` contiguous floats as there are; how many floats that
 * is. */
static int NAME(line)(const tl_conv_run *r, const float *in, float *out, int floats)
{
    int at = 0;
    for (; at + VECTORS * W <= floats; at += VECTORS * W) {
        NAME(vectors)(r, in + at, out + at, VECTORS);
    }
    for (; at + W <= floats; at += W) NAME(vectors)(r, in + at, out + at, 1);
    return at;
}

/* A line whose pixels lie apart. */
static void NAME(line_apart)(const tl_conv_run *r, const float *in, float *out)
{
    for (int lane = 0; lane < r->lanes; lane += W) {
        int x = 0;
        for (; x + VECTORS <= r->width; x += VECTORS) {
            NAME(vectors)
            (r, in + x * r->in_step + lane, out + x * r->out_step + lane, VECTORS);
        }
        for (; x < r->width; x++) {
            NAME(vectors)(r, in + x * r->in_step + lane, out + x * r->out_step + lane, 1);
        }
    }
}

/* The sums of a tile: over lines of contiguous pixels, or (is_apart) over single pixels. */
static inline __attribute__((always_inline)) void
NAME(slope)(const tl_conv_slope *s, const float *const d[SLOPE_CHANNELS],
            const float *const in[PLACES], const bool is_apart,
            float total[SLOPE_CHANNELS][PLACES])
{
    const int floats = is_apart ? s->lanes : s->width * s->lanes, rest = floats % W;
    const int pixels = is_apart ? s->width : 1;
    NAME(vec) sum[SLOPE_CHANNELS][PLACES], v[SLOPE_CHANNELS];
    NAME(mask) inside = {0};
    for (int i = 0; i < W; i++) inside[i] = i < rest ? -1 : 0;
    for (int o = 0; o < SLOPE_CHANNELS; o++) {
        for (int j = 0; j < PLACES; j++) sum[o][j] = (NAME(vec)){0};
    }
    for (int y = 0; y < s->height; y++) {
        ptrdiff_t d_at = y * s->d_line, in_at = y * s->in_line;
        for (int x = 0; x < pixels; x++, d_at += s->d_step, in_at += s->in_step) {
            int at = 0;
            for (; at + W <= floats; at += W) {
                for (int o = 0; o < SLOPE_CHANNELS; o++)
                    v[o] = NAME(load)(d[o] + d_at + at);
                for (int j = 0; j < PLACES; j++) {
                    const NAME(vec) u = NAME(load)(in[j] + in_at + at);
                    for (int o = 0; o < SLOPE_CHANNELS; o++) sum[o][j] += v[o] * u;
                }
            }
            if (at == floats) continue;
            /* What lies beyond the line is cut from one factor and finite in the other. */
            for (int o = 0; o < SLOPE_CHANNELS; o++) {
                v[o] = (NAME(vec))((NAME(mask))NAME(load)(d[o] + d_at + at) & inside);
            }
            for (int j = 0; j < PLACES; j++) {
                const NAME(vec) u = NAME(load)(in[j] + in_at + at);
                for (int o = 0; o < SLOPE_CHANNELS; o++) sum[o][j] += v[o] * u;
            }
        }
    }
    for (int o = 0; o < SLOPE_CHANNELS; o++) {
        for (int j = 0; j < PLACES; j++) total[o][j] = NAME(total)(sum[o][j]);
    }
}
