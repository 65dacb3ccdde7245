/*
 * Elementwise functions, norms and softmax of layers on sequences. Compiled once for each
 * instruction set (TL_ISA), without contraction, and with sums over 16 lanes whatever the
 * vectors' width: so all sets give the same bits. Loops are plain C that compilers
 * vectorise.
 */
#include "compute/nn/kernels/isa.h"
#include "compute/nn/kernels/kernels.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* --- exp ------------------------------------------------------------------------------ */

typedef union word {
    float number;
    uint32_t bits;
} word;

/*
 * exp(x) for -87 <= x <= 88, to 2 units of the last place; NaN for NaN. With n the integer
 * next to x / ln 2 and r = x - n ln 2, it is 2^n (1 + r + r^2 q(r)). Adding 1.5 * 2^23
 * leaves n in the low bits. q is the minimax polynomial for the relative error (Remez;
 * 3e-9). ln 2 is taken in two parts, the first of few bits, so that n times it is exact.
 */
INLINE float exp_of(float x)
{
    const float magic = 12582912.0f;
    const word n = {x * 1.44269504f + magic};
    const float whole = n.number - magic;
    const float r = (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
    const word power = {.bits = (n.bits + 127u) << 23};
    float q = 0.00138143171f;
    q = q * r + 0.00836885069f;
    q = q * r + 0.0416684002f;
    q = q * r + 0.166665196f;
    q = q * r + 0.49999994f;
    return (1.0f + (r + r * r * q)) * power.number;
}

/* x within -most .. most; NaN for NaN. */
INLINE float within(float x, float most)
{
    const float low = x < -most ? -most : x;
    return low > most ? most : low;
}

/* --- GELU ----------------------------------------------------------------------------- */

/*
 * x/2 (1 + tanh(u)) = x / (1 + exp(-2 u)), u = sqrt(2/pi) (x + 0.044715 x^3) (Hendrycks,
 * Gimpel 2016, section 2). Beyond 9 the exponential is below 1e-28 either way.
 */
#define GELU_2U 1.59576912f
#define GELU_CUBE 0.044715f

static void gelu(const float *restrict x, size_t n, float *restrict y)
{
    for (size_t i = 0; i < n; i++) {
        const float t = within(x[i], 9.0f);
        const float u = t * (GELU_2U + GELU_2U * GELU_CUBE * (t * t));
        y[i] = x[i] / (1.0f + exp_of(-u));
    }
}

INLINE void gelu_gradient(const float *restrict x, const float *restrict d_y, size_t n,
                          const bool adds, float *restrict d_x)
{
    for (size_t i = 0; i < n; i++) {
        const float t = within(x[i], 9.0f);
        const float a = GELU_2U * GELU_CUBE * (t * t);
        const float s = 1.0f / (1.0f + exp_of(-(t * (GELU_2U + a))));
        const float d = d_y[i] * (s + t * (s * (1.0f - s)) * (GELU_2U + 3.0f * a));
        d_x[i] = adds ? d_x[i] + d : d;
    }
}

static void gelu_back(const float *x, const float *d_y, size_t n, bool adds, float *d_x)
{
    if (adds) {
        gelu_gradient(x, d_y, n, true, d_x);
    } else {
        gelu_gradient(x, d_y, n, false, d_x);
    }
}

/* --- SwiGLU --------------------------------------------------------------------------- */

INLINE float sigmoid(float x)
{
    return 1.0f / (1.0f + exp_of(-within(x, 80.0f)));
}

static void swiglu(const float *restrict x, size_t rows, int half, float *restrict y)
{
    const size_t n = (size_t)half;
    for (size_t r = 0; r < rows; r++, x += 2 * n, y += n) {
        for (size_t i = 0; i < n; i++) y[i] = x[i] * sigmoid(x[i]) * x[n + i];
    }
}

INLINE void swiglu_gradient(const float *restrict x, const float *restrict d_y, size_t n,
                            const bool adds, float *restrict d_a, float *restrict d_b)
{
    for (size_t i = 0; i < n; i++) {
        const float a = x[i], b = x[n + i], s = sigmoid(a), silu = a * s;
        const float gradient_a = d_y[i] * b * (s + silu * (1.0f - s)),
                    gradient_b = d_y[i] * silu;
        d_a[i] = adds ? d_a[i] + gradient_a : gradient_a;
        d_b[i] = adds ? d_b[i] + gradient_b : gradient_b;
    }
}

static void swiglu_back(const float *x, const float *d_y, size_t rows, int half, bool adds,
                        float *d_x)
{
    const size_t n = (size_t)half;
    for (size_t r = 0; r < rows; r++, x += 2 * n, d_y += n, d_x += 2 * n) {
        if (adds) {
            swiglu_gradient(x, d_y, n, true, d_x, d_x + n);
        } else {
            swiglu_gradient(x, d_y, n, false, d_x, d_x + n);
        }
    }
}

/* --- norms ---------------------------------------------------------------------------- */

/* Sums run in 16 lanes, kept in as many vectors as that takes. `loose` is an unaligned
 * vector. */
#if defined __AVX512F__
enum { WIDTH = 16 };
#elif defined __AVX__
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
enum { LANES = 16, PARTS = LANES / WIDTH };

typedef float part __attribute__((vector_size(4 * WIDTH)));
typedef float loose __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

INLINE part load(const float *x)
{
    return *(const loose *)x;
}

/* Halves onto halves. */
INLINE float total(const part sum[PARTS])
{
    float lane[LANES];
    memcpy(lane, sum, sizeof lane);
    for (int i = 0; i < 8; i++) lane[i] += lane[i + 8];
    for (int i = 0; i < 4; i++) lane[i] += lane[i + 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/* Sum of (x - about)^power over n numbers, power 1 or 2. */
INLINE float moment_of(const float *x, int n, float about, const int power)
{
    part sum[PARTS] = {{0}};
    int at = 0;
    for (; at + LANES <= n; at += LANES) {
        for (int i = 0; i < PARTS; i++) {
            const part c = load(x + at + i * WIDTH) - about;
            sum[i] += power == 2 ? c * c : c;
        }
    }
    float rest[LANES] = {0};
    for (int i = 0; at + i < n; i++) {
        const float c = x[at + i] - about;
        rest[i] = power == 2 ? c * c : c;
    }
    for (int i = 0; i < PARTS; i++) sum[i] += load(rest + i * WIDTH);
    return total(sum);
}

INLINE void norm_lines(const tl_line_norm *run, const bool is_centred)
{
    const int n = run->features;
    const float *restrict gain = run->gain, *restrict shift = run->shift;
    for (int p = 0; p < run->positions; p++) {
        const float *restrict x = run->in + (ptrdiff_t)p * n;
        float *restrict y = run->out + (ptrdiff_t)p * n;
        const float mean = is_centred ? moment_of(x, n, 0.0f, 1) / (float)n : 0.0f;
        const float square = moment_of(x, n, mean, 2) / (float)n;
        const float scale = 1.0f / sqrtf(square + run->epsilon);
        run->moment[2 * (ptrdiff_t)p] = mean;
        run->moment[2 * (ptrdiff_t)p + 1] = scale;
        for (int i = 0; i < n; i++) {
            const float unit = is_centred ? (x[i] - mean) * scale : x[i] * scale;
            y[i] = is_centred ? unit * gain[i] + shift[i] : unit * gain[i];
        }
    }
}

static void norm(const tl_line_norm *run)
{
    if (run->is_centred) {
        norm_lines(run, true);
    } else {
        norm_lines(run, false);
    }
}

/* Means over the features of g and of g times the normalised input, g = d_y * gain. */
typedef struct gradient_sums {
    float g, unit_g;
} gradient_sums;

INLINE gradient_sums gradient_sums_of(const float *x, const float *d_y, const float *gain,
                                      int n, float mean, float scale)
{
    part sum[PARTS] = {{0}}, unit_sum[PARTS] = {{0}};
    int at = 0;
    for (; at + LANES <= n; at += LANES) {
        for (int i = 0; i < PARTS; i++) {
            const int k = at + i * WIDTH;
            const part g = load(d_y + k) * load(gain + k);
            sum[i] += g;
            unit_sum[i] += g * ((load(x + k) - mean) * scale);
        }
    }
    float rest[LANES] = {0}, unit_rest[LANES] = {0};
    for (int i = 0; at + i < n; i++) {
        rest[i] = d_y[at + i] * gain[at + i];
        unit_rest[i] = rest[i] * ((x[at + i] - mean) * scale);
    }
    for (int i = 0; i < PARTS; i++) {
        sum[i] += load(rest + i * WIDTH);
        unit_sum[i] += load(unit_rest + i * WIDTH);
    }
    return (gradient_sums){total(sum) / (float)n, total(unit_sum) / (float)n};
}

/* d_x = scale (g - mean g - unit mean(unit g)) (Ba, Kiros, Hinton 2016, eq. 4 derived);
 * about 0 the second term is absent. */
INLINE void norm_gradient(const tl_line_norm *run, const bool is_centred, const bool adds)
{
    const int n = run->features;
    const float *restrict gain = run->gain;
    for (int p = 0; p < run->positions; p++) {
        const float *restrict x = run->in + (ptrdiff_t)p * n;
        const float *restrict d_y = run->d_out + (ptrdiff_t)p * n;
        float *restrict d_x = run->d_in + (ptrdiff_t)p * n;
        const float mean = run->moment[2 * (ptrdiff_t)p];
        const float scale = run->moment[2 * (ptrdiff_t)p + 1];
        const gradient_sums of = gradient_sums_of(x, d_y, gain, n, mean, scale);
        const float g_mean = is_centred ? of.g : 0.0f;
        for (int i = 0; i < n; i++) {
            const float unit = (x[i] - mean) * scale;
            const float d = scale * (d_y[i] * gain[i] - g_mean - unit * of.unit_g);
            d_x[i] = adds ? d_x[i] + d : d;
        }
    }
}

static void norm_parameters(const tl_line_norm *run)
{
    const int n = run->features;
    float *restrict d_gain = run->d_gain, *restrict d_shift = run->d_shift;
    for (int p = 0; p < run->positions; p++) {
        const float *restrict x = run->in + (ptrdiff_t)p * n;
        const float *restrict d_y = run->d_out + (ptrdiff_t)p * n;
        const float mean = run->moment[2 * (ptrdiff_t)p];
        const float scale = run->moment[2 * (ptrdiff_t)p + 1];
        for (int i = 0; i < n; i++) d_gain[i] += d_y[i] * ((x[i] - mean) * scale);
        for (int i = 0; run->is_centred && i < n; i++) d_shift[i] += d_y[i];
    }
}

static void norm_back(const tl_line_norm *run)
{
    if (run->d_gain) norm_parameters(run);
    if (!run->d_in) return;
    if (run->is_centred && run->adds) {
        norm_gradient(run, true, true);
    } else if (run->is_centred) {
        norm_gradient(run, true, false);
    } else if (run->adds) {
        norm_gradient(run, false, true);
    } else {
        norm_gradient(run, false, false);
    }
}

/* --- attention ------------------------------------------------------------------------ */

/* exp(x) for x <= 0; below -87 it stays at 1.6e-38. */
INLINE float exp_below_0(float x)
{
    return exp_of(x < -87.0f ? -87.0f : x);
}

/* Key j is seen by the lanes from j - first on. Lanes are independent of one another, so
 * sums over keys run in one order whatever the width. */
static void softmax(const tl_strip *s)
{
    const float scale = s->scale;
    float top[TL_STRIP], sum[TL_STRIP] = {0}, share[TL_STRIP];
    for (int i = 0; i < TL_STRIP; i++) top[i] = s->score[i] * scale;
    for (int j = 1; j < s->keys; j++) {
        const float *restrict x = s->score + (ptrdiff_t)j * TL_STRIP;
        const int from = j - s->first;
        for (int i = 0; i < TL_STRIP; i++) {
            const float v = x[i] * scale, high = v > top[i] ? v : top[i];
            top[i] = i >= from ? high : top[i];
        }
    }
    for (int j = 0; j < s->keys; j++) {
        float *restrict x = s->score + (ptrdiff_t)j * TL_STRIP;
        const int from = j - s->first;
        for (int i = 0; i < TL_STRIP; i++) {
            const float e = exp_below_0(x[i] * scale - top[i]);
            x[i] = i >= from ? e : 0.0f;
            sum[i] += x[i];
        }
    }
    for (int i = 0; i < TL_STRIP; i++) share[i] = 1.0f / sum[i];
    for (int j = 0; j < s->keys; j++) {
        float *restrict x = s->score + (ptrdiff_t)j * TL_STRIP;
        for (int i = 0; i < TL_STRIP; i++) x[i] *= share[i];
    }
    memcpy(s->top, top, sizeof top);
    memcpy(s->share, share, sizeof share);
}

/* With P the weights and dP their gradients, d_score = scale P (dP - sum over keys of
 * P dP) (Dao et al. 2022, FlashAttention, appendix B.2, with the sum over keys itself). */
static void softmax_back(const tl_strip *s)
{
    const float scale = s->scale;
    float top[TL_STRIP], share[TL_STRIP], sum[TL_STRIP] = {0};
    memcpy(top, s->top, sizeof top);
    memcpy(share, s->share, sizeof share);
    for (int j = 0; j < s->keys; j++) {
        float *restrict x = s->score + (ptrdiff_t)j * TL_STRIP;
        const float *restrict d = s->d_score + (ptrdiff_t)j * TL_STRIP;
        const int from = j - s->first;
        for (int i = 0; i < TL_STRIP; i++) {
            const float p = exp_below_0(x[i] * scale - top[i]) * share[i];
            x[i] = i >= from ? p : 0.0f;
            sum[i] += x[i] * d[i];
        }
    }
    for (int j = 0; j < s->keys; j++) {
        const float *restrict x = s->score + (ptrdiff_t)j * TL_STRIP;
        float *restrict d = s->d_score + (ptrdiff_t)j * TL_STRIP;
        for (int i = 0; i < TL_STRIP; i++) d[i] = scale * (x[i] * (d[i] - sum[i]));
    }
}

INLINE void rotary_line(const tl_rotary *t, int line, const bool adds)
{
    const float *restrict x = t->in + line * t->in_stride;
    const float *restrict angle = t->angle + (ptrdiff_t)line * t->size;
    float *restrict y = t->out + line * t->out_stride;
    for (int i = 0; i < t->size / 2; i++) {
        const float a = x[2 * i], b = x[2 * i + 1];
        const float cosine = angle[2 * i], sine = t->sense * angle[2 * i + 1];
        const float left = a * cosine - b * sine, right = a * sine + b * cosine;
        y[2 * i] = adds ? y[2 * i] + left : left;
        y[2 * i + 1] = adds ? y[2 * i + 1] + right : right;
    }
}

static void rotary(const tl_rotary *t)
{
    for (int line = 0; line < t->lines; line++) {
        const float *restrict x = t->in + line * t->in_stride;
        float *restrict y = t->out + line * t->out_stride;
        if (t->angle && t->adds) {
            rotary_line(t, line, true);
        } else if (t->angle) {
            rotary_line(t, line, false);
        } else if (t->adds) {
            for (int i = 0; i < t->size; i++) y[i] += x[i];
        } else {
            memcpy(y, x, (size_t)t->size * sizeof *y);
        }
    }
}

typedef float vec_4 __attribute__((vector_size(16)));

/* 4 rows of 4 floats become columns. Compilers do not vectorise this. */
INLINE void transpose_4(const float *x, ptrdiff_t stride, float *y)
{
    vec_4 row[4];
    for (int i = 0; i < 4; i++) memcpy(&row[i], x + i * stride, sizeof row[i]);
    const vec_4 a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const vec_4 b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const vec_4 c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const vec_4 d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const vec_4 column[4] = {__builtin_shufflevector(a, b, 0, 1, 4, 5),
                             __builtin_shufflevector(a, b, 2, 3, 6, 7),
                             __builtin_shufflevector(c, d, 0, 1, 4, 5),
                             __builtin_shufflevector(c, d, 2, 3, 6, 7)};
    for (int i = 0; i < 4; i++) memcpy(y + i * TL_STRIP, &column[i], sizeof column[i]);
}

static void to_lanes(const float *x, ptrdiff_t stride, int rows, int columns, float *y)
{
    const int whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
    if (rows < TL_STRIP) memset(y, 0, (size_t)columns * TL_STRIP * sizeof *y);
    for (int i = 0; i < rows; i += 4) {
        int j = 0;
        for (; i < whole_rows && j < whole_columns; j += 4) {
            transpose_4(x + i * stride + j, stride, y + (ptrdiff_t)j * TL_STRIP + i);
        }
        for (; j < columns; j++) {
            for (int k = i; k < i + 4 && k < rows; k++) {
                y[(ptrdiff_t)j * TL_STRIP + k] = x[k * stride + j];
            }
        }
    }
}

extern const tl_sequence_kernels JOIN(tl_sequence_kernels, TL_ISA);
const tl_sequence_kernels JOIN(tl_sequence_kernels, TL_ISA) = {
    .gelu = gelu,
    .gelu_back = gelu_back,
    .swiglu = swiglu,
    .swiglu_back = swiglu_back,
    .norm = norm,
    .norm_back = norm_back,
    .softmax = softmax,
    .softmax_back = softmax_back,
    .rotary = rotary,
    .to_lanes = to_lanes,
};
