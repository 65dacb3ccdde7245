#include "compute/nn/row_squares.h"

#include "compute/core/blas.h"

#include <string.h>

/* The last layer, if it has the weights of the embedding; else NULL. */
static const tl_layer_run *find_tied(const tl_pass *pass)
{
    const tl_layer_run *last = &pass->run[pass->model->layers - 1];
    return last->layer->kind == TL_LAYER_DENSE && last->layer->weights == 0 ? last : NULL;
}

/* Floats per row of a flat layer's input and output. */
static size_t row_size(tl_shape shape)
{
    return (size_t)tl_shape_size(shape);
}

tl_status tl_row_squares_new(const tl_pass *pass, tl_arena *arena, tl_row_squares *out,
                             tl_err *err)
{
    const tl_model *model = pass->model;
    TL_INVARIANT(!model->is_tensor_parallel);
    const size_t rows = (size_t)pass->most, positions = (size_t)model->positions;
    *out = (tl_row_squares){.tied = find_tied(pass)};
    size_t most = 0;
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
        const size_t size =
            ops->squares_scratch ? ops->squares_scratch(layer, pass->most) : 0;
        if (size > most) most = size;
    }
    if (out->tied && most < positions * positions) most = positions * positions;
    TL_ALLOC(out->scratch, arena, most, err);
    TL_ALLOC(out->square, arena, tl_grid_of(model->spec.in, pass->most, 0).lanes, err);
    TL_ALLOC(out->skips, arena, model->layers, err);
    if (out->tied && pass->start[model->layers - 1] > 0) {
        const tl_layer *layer = out->tied->layer;
        TL_ALLOC(out->copy_in, arena, rows * row_size(layer->in), err);
        TL_ALLOC(out->copy_d, arena, rows * row_size(layer->out), err);
    }
    return TL_OK;
}

static int count_set(const unsigned char *mask, size_t at, size_t n)
{
    size_t set = 0;
    for (size_t i = at; i < at + n; i++) set += mask[i] != 0;
    return set == n ? 1 : set == 0 ? 0 : -1;
}

bool tl_row_squares_mask(tl_row_squares *squares, const tl_pass *pass,
                         const unsigned char *mask)
{
    for (int l = 0; l < pass->model->layers; l++) {
        const tl_layer_run *run = &pass->run[l];
        const tl_layer *layer = run->layer;
        if (!tl_layer_ops_of(layer->kind)->squares) continue;
        const size_t weights =
            run == squares->tied ? (size_t)layer->in.channels * (size_t)layer->out.channels
                                 : layer->weights;
        const int kept = count_set(mask, layer->weight, weights);
        if (kept < 0 ||
            (layer->biases && count_set(mask, layer->bias, layer->biases) != kept))
            return false;
        squares->skips[l] = kept == 0;
    }
    return true;
}

/* Remembers what the shared weights' gradient is made of in the last layer. */
static void keep_tied(tl_row_squares *s, const tl_layer_run *run)
{
    s->tied_in = run->in;
    s->tied_d = run->d_out;
    if (!s->copy_in) return;
    const size_t rows = (size_t)run->rows;
    memcpy(s->copy_in, run->in, rows * row_size(run->layer->in) * sizeof *s->copy_in);
    memcpy(s->copy_d, run->d_out, rows * row_size(run->layer->out) * sizeof *s->copy_d);
    s->tied_in = s->copy_in;
    s->tied_d = s->copy_d;
}

/*
 * The gradient of the shared weights is G + E, of the last layer and of the embedding: its
 * square has the term 2 <G, E>. E's line of token k is the sum of e_p over its places p,
 * and G's line k is the sum over t of d_t[k] x_t, so that <G, E> = sum over t, p of
 * d_t[token p] (x_t e_p).
 */
static void add_tied(const tl_row_squares *s, const tl_layer_run *embed)
{
    const tl_layer *layer = s->tied->layer;
    const int positions = layer->in.width, features = layer->in.channels;
    const ptrdiff_t classes = layer->out.channels;
    for (int r = 0; r < embed->rows; r++) {
        const ptrdiff_t line = (ptrdiff_t)r * positions;
        const tl_cmat x = tl_cmat_of(s->tied_in + line * features, positions, features);
        const tl_cmat e = tl_cmat_of(embed->d_out + line * features, positions, features);
        tl_gemm(x, false, e, true, false, tl_mat_of(s->scratch, positions, positions));
        double sum = 0.0;
        for (int t = 0; t < positions; t++) {
            const float *d = s->tied_d + (line + t) * classes;
            const float *product = s->scratch + (ptrdiff_t)t * positions;
            for (int p = 0; p < positions; p++) {
                sum += (double)d[(ptrdiff_t)embed->in[line + p]] * (double)product[p];
            }
        }
        s->square[r] += 2.0 * sum;
    }
}

static void observe(void *self, const tl_layer_run *run)
{
    tl_row_squares *s = self;
    const tl_layer_ops *ops = tl_layer_ops_of(run->layer->kind);
    if (s->skips[run - s->first]) return;
    if (ops->squares) ops->squares(run, s->scratch, s->square);
    if (!s->tied) return;
    if (run == s->tied) keep_tied(s, run);
    if (run->layer->kind == TL_LAYER_EMBED && run->layer->weight == s->tied->layer->weight)
        add_tied(s, run);
}

void tl_row_squares_run(tl_row_squares *squares, tl_pass *pass, int rows, double *square)
{
    const int lanes = tl_grid_of(pass->model->spec.in, pass->most, 0).lanes;
    memset(squares->square, 0, (size_t)lanes * sizeof *squares->square);
    squares->first = pass->run;
    pass->before = observe;
    pass->observer = squares;
    tl_pass_backward(pass, rows, NULL, true);
    pass->before = NULL;
    for (int r = 0; r < rows; r++) {
        square[r] = squares->square[r] > 0.0 ? squares->square[r] : 0.0;
    }
}
