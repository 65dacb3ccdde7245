/*
 * Causal attention, by strips of TL_STRIP queries against the keys up to the strip's last.
 * A strip's softmax is whole, so it is exact; backward recomputes the strip's weights from
 * the largest score and the sum of exponentials that forward saved (Dao et al. 2022,
 * FlashAttention, section 3.1 and appendix B). The matrix of all scores is never stored.
 *
 * A strip is kept key by key, [keys x TL_STRIP], queries in the lanes: then all five kinds
 * of product take dense operands but for the transpose of the strip itself, and softmax
 * works on whole vectors. Keys and values of a head are made contiguous first: in place,
 * their lines are so far apart that products run at two thirds of the speed.
 *
 * One group of query heads shares a key head (Ainslie et al. 2023, GQA, section 2.2).
 * Rotary positions rotate queries and keys in pairs of neighbours (Su et al. 2021,
 * RoFormer, eq. 34).
 */
#include "compute/nn/layers/layer.h"

#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"

#include <math.h>

/* Multiply-adds of one product, at most: BLAS has kernels for small matrices, without
 * packing. */
enum { PIECE = 1 << 19 };

/* One row of the group: its sizes, its memory, and the room it is worked on in. */
typedef struct work {
    const tl_layer *layer;
    const tl_sequence_kernels *kernels;
    int positions, size; /**< size: of a head */
    int in_stride, out_stride;
    const float *angle;                   /**< as tl_rotary.angle, or NULL */
    float *key, *value, *d_key, *d_value; /**< [positions x size] of one key head */
    float *query, *d_query;               /**< [TL_STRIP x size] */
    float *query_lanes, *d_lanes;         /**< [size x TL_STRIP] */
    float *score, *d_score;               /**< [positions x TL_STRIP] */
} work;

static int head_size(const tl_layer *layer)
{
    return layer->out.channels / layer->heads;
}

static int strips_of(const tl_layer *layer)
{
    return (layer->in.width + TL_STRIP - 1) / TL_STRIP;
}

static size_t saved(const tl_layer *layer, int rows)
{
    return 2 * TL_STRIP * (size_t)rows * (size_t)layer->heads * (size_t)strips_of(layer);
}

static size_t packed(const tl_layer *layer)
{
    return layer->has_rotary ? (size_t)layer->in.width * (size_t)head_size(layer) : 0;
}

/* Floats of [positions x size], to the next cache line. */
static size_t head_floats(const tl_layer *layer)
{
    return ((size_t)layer->in.width * (size_t)head_size(layer) + 15) / 16 * 16;
}

static size_t scratch(const tl_layer *layer, int rows)
{
    (void)rows; /* one row at a time */
    return 4 * head_floats(layer) + 4 * TL_STRIP * (size_t)head_size(layer) +
           2 * TL_STRIP * (size_t)layer->in.width;
}

static work work_of(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const size_t head = head_floats(layer), lanes = TL_STRIP * (size_t)head_size(layer);
    float *const lines = run->scratch + 4 * head, *const strips = lines + 4 * lanes;
    return (work){.layer = layer,
                  .kernels = tl_kernels_get()->sequence,
                  .positions = layer->in.width,
                  .size = head_size(layer),
                  .in_stride = layer->in.channels,
                  .out_stride = layer->out.channels,
                  .angle = layer->has_rotary ? run->packed : NULL,
                  .key = run->scratch,
                  .value = run->scratch + head,
                  .d_key = run->scratch + 2 * head,
                  .d_value = run->scratch + 3 * head,
                  .query = lines,
                  .d_query = lines + lanes,
                  .query_lanes = lines + 2 * lanes,
                  .d_lanes = lines + 3 * lanes,
                  .score = strips,
                  .d_score = strips + TL_STRIP * (size_t)layer->in.width};
}

/* cos and sin of position * 10000^(-2i/size): each position's from the one before, in
 * double precision, which costs 1e-16 a position. */
static void pack(const tl_layer_run *run)
{
    if (!run->layer->has_rotary) return;
    const int positions = run->layer->in.width, size = head_size(run->layer);
    for (int i = 0; i < size; i += 2) {
        const double step = pow(10000.0, -(double)i / size);
        const double step_cosine = cos(step), step_sine = sin(step);
        double cosine = 1.0, sine = 0.0;
        for (int p = 0; p < positions; p++) {
            float *at = run->packed + (ptrdiff_t)p * size + i;
            at[0] = (float)cosine;
            at[1] = (float)sine;
            const double next = cosine * step_cosine - sine * step_sine;
            sine = cosine * step_sine + sine * step_cosine;
            cosine = next;
        }
    }
}

/* --- products with a strip, by pieces of its keys ------------------------------------- */

/* Keys of a piece; all but the last of a strip have as many. */
static int piece_keys(int size)
{
    const int most = PIECE / (TL_STRIP * size);
    return most > 1 ? most : 1;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* strip [keys x TL_STRIP] = x [keys x size] lanes [size x TL_STRIP] */
static void to_strip(const work *w, int keys, const float *x, const float *lanes,
                     float *strip)
{
    const int piece = piece_keys(w->size);
    for (int at = 0; at < keys; at += piece) {
        const int n = smaller(piece, keys - at);
        tl_gemm(tl_cmat_of(x + (ptrdiff_t)at * w->size, n, w->size), false,
                tl_cmat_of(lanes, w->size, TL_STRIP), false, false,
                tl_mat_of(strip + (ptrdiff_t)at * TL_STRIP, n, TL_STRIP));
    }
}

/* y [queries x size] = strip^T x [keys x size] */
static void to_queries(const work *w, int keys, const float *strip, const float *x,
                       tl_mat y)
{
    const int piece = piece_keys(w->size);
    for (int at = 0; at < keys; at += piece) {
        const int n = smaller(piece, keys - at);
        const tl_cmat lanes = {strip + (ptrdiff_t)at * TL_STRIP, n, y.rows, TL_STRIP};
        tl_gemm(lanes, true, tl_cmat_of(x + (ptrdiff_t)at * w->size, n, w->size), false,
                at > 0, y);
    }
}

/* y [keys x size] = strip x [queries x size], or added to it */
static void to_keys(int keys, const float *strip, tl_cmat x, bool adds, float *y)
{
    const int piece = piece_keys(x.columns);
    for (int at = 0; at < keys; at += piece) {
        const int n = smaller(piece, keys - at);
        const tl_cmat lanes = {strip + (ptrdiff_t)at * TL_STRIP, n, x.rows, TL_STRIP};
        tl_gemm(lanes, false, x, false, adds,
                tl_mat_of(y + (ptrdiff_t)at * x.columns, n, x.columns));
    }
}

/* --- strips --------------------------------------------------------------------------- */

/* Copies lines of one head to a contiguous block, rotated by their positions if `angle`. */
static void gather(const work *w, const float *head, int first, int lines,
                   const float *angle, float *to)
{
    w->kernels->rotary(
        &(tl_rotary){.in = head + (ptrdiff_t)first * w->in_stride,
                     .out = to,
                     .in_stride = w->in_stride,
                     .out_stride = w->size,
                     .lines = lines,
                     .size = w->size,
                     .angle = angle ? angle + (ptrdiff_t)first * w->size : NULL,
                     .sense = 1.0f});
}

/* The opposite of gather, for gradients. */
static void scatter(const work *w, const float *from, int first, int lines,
                    const float *angle, bool adds, float *head)
{
    w->kernels->rotary(
        &(tl_rotary){.in = from,
                     .out = head + (ptrdiff_t)first * w->in_stride,
                     .in_stride = w->size,
                     .out_stride = w->in_stride,
                     .lines = lines,
                     .size = w->size,
                     .angle = angle ? angle + (ptrdiff_t)first * w->size : NULL,
                     .sense = -1.0f,
                     .adds = adds});
}

/* A strip of one query head of one row. */
typedef struct strip {
    int head, first, lines; /**< queries first .. first + lines - 1 */
    tl_cmat query;
    tl_strip scores;
} strip;

/* Strip `number` of a head of a row: its queries, also by lanes, and their scores. */
static strip strip_of(const work *w, const tl_layer_run *run, int row, int head, int number)
{
    strip s = {.head = head, .first = number * TL_STRIP};
    s.lines = smaller(w->positions - s.first, TL_STRIP);
    const float *in =
        run->in + (ptrdiff_t)row * w->positions * w->in_stride + (ptrdiff_t)head * w->size;
    s.query =
        (tl_cmat){in + (ptrdiff_t)s.first * w->in_stride, s.lines, w->size, w->in_stride};
    if (w->angle) {
        gather(w, in, s.first, s.lines, w->angle, w->query);
        s.query = tl_cmat_of(w->query, s.lines, w->size);
    }
    w->kernels->to_lanes(s.query.at, s.query.stride, s.lines, w->size, w->query_lanes);
    const int keys = s.first + s.lines;
    to_strip(w, keys, w->key, w->query_lanes, w->score);
    const ptrdiff_t place =
        ((ptrdiff_t)row * w->layer->heads + head) * strips_of(w->layer) + number;
    float *kept = run->saved + place * 2 * TL_STRIP;
    s.scores = (tl_strip){.first = s.first,
                          .keys = keys,
                          .scale = 1.0f / sqrtf((float)w->size),
                          .score = w->score,
                          .d_score = w->d_score,
                          .top = kept,
                          .share = kept + TL_STRIP};
    return s;
}

static void forward_strip(const work *w, const strip *s, float *out)
{
    const tl_mat y = {out + (ptrdiff_t)s->first * w->out_stride +
                          (ptrdiff_t)s->head * w->size,
                      s->lines, w->size, w->out_stride};
    w->kernels->softmax(&s->scores);
    to_queries(w, s->scores.keys, w->score, w->value, y);
}

/* Gradients of the strip's queries to w->d_query; those of keys and values are set by a
 * key head's first strip and added to by the others. */
static void backward_strip(const work *w, const strip *s, const float *d_out, bool is_first)
{
    const int keys = s->scores.keys;
    const tl_cmat d = {d_out + (ptrdiff_t)s->first * w->out_stride +
                           (ptrdiff_t)s->head * w->size,
                       s->lines, w->size, w->out_stride};
    w->kernels->to_lanes(d.at, d.stride, s->lines, w->size, w->d_lanes);
    to_strip(w, keys, w->value, w->d_lanes, w->d_score);
    w->kernels->softmax_back(&s->scores);
    to_keys(keys, w->score, d, !is_first, w->d_value);
    to_keys(keys, w->d_score, s->query, !is_first, w->d_key);
    to_queries(w, keys, w->d_score, w->key, tl_mat_of(w->d_query, s->lines, w->size));
}

/* --- the layer ------------------------------------------------------------------------ */

/* Offset of key head `head`, and of its values, among a position's features. */
static ptrdiff_t key_at(const work *w, int head)
{
    return (ptrdiff_t)(w->layer->heads + head) * w->size;
}

static ptrdiff_t value_at(const work *w, int head)
{
    return key_at(w, w->layer->kv_heads + head);
}

static void gather_keys(const work *w, const float *in, int head)
{
    gather(w, in + key_at(w, head), 0, w->positions, w->angle, w->key);
    gather(w, in + value_at(w, head), 0, w->positions, NULL, w->value);
}

static void forward(const tl_layer_run *run)
{
    const work w = work_of(run);
    const int group = w.layer->heads / w.layer->kv_heads, strips = strips_of(w.layer);
    for (int row = 0; row < run->rows; row++) {
        const ptrdiff_t at = (ptrdiff_t)row * w.positions;
        for (int key = 0; key < w.layer->kv_heads; key++) {
            gather_keys(&w, run->in + at * w.in_stride, key);
            for (int i = 0; i < group * strips; i++) {
                const strip s =
                    strip_of(&w, run, row, key * group + i / strips, i % strips);
                forward_strip(&w, &s, run->out + at * w.out_stride);
            }
        }
    }
}

/* Strips from the last to the first: the last reaches all keys and so sets their
 * gradients. */
static void backward_key_head(const work *w, const tl_layer_run *run, int row, int key)
{
    const int group = w->layer->heads / w->layer->kv_heads, strips = strips_of(w->layer);
    const ptrdiff_t at = (ptrdiff_t)row * w->positions;
    float *d_in = run->d_in + at * w->in_stride;
    gather_keys(w, run->in + at * w->in_stride, key);
    for (int i = 0; i < group * strips; i++) {
        const int head = key * group + i / strips;
        const strip s = strip_of(w, run, row, head, strips - 1 - i % strips);
        backward_strip(w, &s, run->d_out + at * w->out_stride, i == 0);
        scatter(w, w->d_query, s.first, s.lines, w->angle, run->adds,
                d_in + (ptrdiff_t)head * w->size);
    }
    scatter(w, w->d_key, 0, w->positions, w->angle, run->adds, d_in + key_at(w, key));
    scatter(w, w->d_value, 0, w->positions, NULL, run->adds, d_in + value_at(w, key));
}

static void backward(const tl_layer_run *run, float *grad)
{
    (void)grad;
    if (!run->d_in) return;
    const work w = work_of(run);
    for (int row = 0; row < run->rows; row++) {
        for (int key = 0; key < w.layer->kv_heads; key++) {
            backward_key_head(&w, run, row, key);
        }
    }
}

/* Two products over the lower triangle. */
static double flop(const tl_layer *layer)
{
    const double positions = layer->in.width;
    return 2.0 * positions * (positions + 1.0) * layer->out.channels;
}

const tl_layer_ops tl_attention_ops = {.name = "attention",
                                       .saved = saved,
                                       .packed = packed,
                                       .scratch = scratch,
                                       .pack = pack,
                                       .forward = forward,
                                       .backward = backward,
                                       .flop = flop};
