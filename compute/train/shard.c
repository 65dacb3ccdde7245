#include "compute/train/shard.h"

#include "compute/train/augment.h"
#include "compute/train/gradient.h"
#include "compute/train/streams.h"

#include <math.h>
#include <string.h>

/* --- memory --------------------------------------------------------------------------- */

static tl_status take_hooks(tl_shard *s, size_t rows, tl_arena *arena, tl_err *err)
{
    const tl_hooks *hooks = &s->recipe->hooks;
    const size_t input = rows * (size_t)tl_shape_size(s->model->spec.in);
    if (hooks->inputs) {
        TL_TRY(tl_pass_new(s->model, (int)rows, TL_PASS_INPUTS, arena, &s->attack, err));
        TL_ALLOC(s->gradient, arena, input, err);
        TL_ALLOC(s->original, arena, input, err);
    }
    if (hooks->weights || hooks->clip_each > 0.0) {
        TL_ALLOC(s->weight, arena, rows, err);
        TL_ALLOC(s->loss, arena, rows, err);
    }
    if (hooks->clip_each > 0.0) {
        TL_ALLOC(s->square, arena, rows, err);
        TL_TRY(tl_row_squares_new(&s->pass, arena, &s->squares, err));
        if (s->mask) TL_ALLOC(s->alone, arena, s->model->params, err);
    }
    return TL_OK;
}

tl_status tl_shard_new(const tl_model *model, const tl_recipe *recipe,
                       const tl_train_rows *data, const unsigned char *mask,
                       tl_arena *arena, tl_shard *out, tl_err *err)
{
    const int rows = tl_recipe_shard_rows(recipe);
    const tl_pass_use use = recipe->recompute ? TL_PASS_RECOMPUTE : TL_PASS_BACKWARD;
    *out = (tl_shard){.model = model, .recipe = recipe, .data = data, .mask = mask};
    TL_TRY(tl_pass_new(model, rows, use, arena, &out->pass, err));
    if (tl_recipe_augments(recipe) || recipe->hooks.inputs) {
        TL_ALLOC(out->altered, arena, (size_t)rows * (size_t)tl_shape_size(model->spec.in),
                 err);
    }
    return take_hooks(out, (size_t)rows, arena, err);
}

void tl_shard_mask(tl_shard *shard)
{
    shard->is_by_row =
        shard->alone && !tl_row_squares_mask(&shard->squares, &shard->pass, shard->mask);
}

void tl_shard_open_epoch(tl_shard *shard, const tl_rng *rng, int epoch)
{
    shard->epoch = epoch;
    shard->changes = tl_stream_of(rng, TL_STREAM_AUGMENTATION, epoch);
    shard->inputs = tl_stream_of(rng, TL_STREAM_INPUTS, epoch);
    shard->dropout = tl_stream_of(rng, TL_STREAM_DROPOUT, epoch);
    shard->pass.dropout.rate = shard->recipe->dropout;
}

void tl_shard_open_batch(tl_shard *shard, size_t position)
{
    shard->pass.dropout.batch = tl_rng_sub(&shard->dropout, (uint64_t)position);
    tl_pass_refresh(&shard->pass);
    if (shard->recipe->hooks.inputs) tl_pass_refresh(&shard->attack);
}

/* --- inputs --------------------------------------------------------------------------- */

static double find_loss(const tl_shard *s, tl_pass *pass, const int *row, int count,
                        double *each)
{
    const tl_outputs outputs = {s->model->positions, s->model->spec.classes,
                                tl_pass_logits(pass), tl_pass_d_logits(pass)};
    return tl_objective_each(s->data, row, count, s->recipe->label_smoothing, &outputs,
                             each);
}

void tl_hook_gradient(const tl_hook_shard *shard, const float *input, float *gradient)
{
    tl_shard *s = shard->self;
    (void)tl_pass_forward(&s->attack, input, NULL, shard->rows);
    (void)find_loss(s, &s->attack, shard->row, shard->rows, NULL);
    tl_pass_backward_inputs(&s->attack, shard->rows, shard->rows, gradient);
}

/* Copies of the inputs, augmented and then changed by the hook. */
static void alter_inputs(tl_shard *s, const tl_shard_rows *rows)
{
    if (!s->altered) return;
    const tl_hooks *hooks = &s->recipe->hooks;
    const size_t size = (size_t)tl_shape_size(s->model->spec.in);
    if (tl_recipe_augments(s->recipe)) {
        tl_augment(s->recipe, &s->changes, s->model->spec.in, s->data->input, rows->row,
                   rows->count, s->altered);
    } else {
        for (int r = 0; r < rows->count; r++) {
            memcpy(s->altered + (size_t)r * size,
                   s->data->input + (size_t)rows->row[r] * size, size * sizeof *s->altered);
        }
    }
    if (!hooks->inputs) return;
    const tl_hook_shard shard = {.model = s->model,
                                 .data = s->data,
                                 .row = rows->row,
                                 .rows = rows->count,
                                 .epoch = s->epoch,
                                 .rng = s->inputs,
                                 .input = s->altered,
                                 .gradient = s->gradient,
                                 .original = s->original,
                                 .self = s};
    hooks->inputs(hooks->number, &shard);
}

/* --- passes --------------------------------------------------------------------------- */

/* Rows `from` .. `from` + count - 1 of a shard through the pass. */
static void go_forward(tl_shard *s, const tl_shard_rows *rows, int from, int count)
{
    const size_t size = (size_t)tl_shape_size(s->model->spec.in);
    s->pass.dropout.first_row = rows->first + from;
    if (s->altered) {
        (void)tl_pass_forward(&s->pass, s->altered + (size_t)from * size, NULL, count);
    } else {
        (void)tl_pass_forward(&s->pass, s->data->input, rows->row + from, count);
    }
}

/* Multiplies the gradient of each row's outputs by its weight. */
static void scale_rows(tl_shard *s, const float *weight, int count)
{
    const size_t n = (size_t)s->model->positions * (size_t)s->model->spec.classes;
    float *d = tl_pass_d_logits(&s->pass);
    for (int r = 0; r < count; r++) {
        for (size_t i = 0; i < n; i++) *d++ *= weight[r];
    }
}

static double masked_square(const tl_shard *s)
{
    for (size_t i = 0; i < s->model->params; i++) {
        if (!s->mask[i]) s->alone[i] = 0.0f;
    }
    return tl_gradient_square(s->alone, s->model->params);
}

/* Squared norms of the rows' gradients, each in a batch of its own. */
static void square_one_by_one(tl_shard *s, const tl_shard_rows *rows)
{
    void (*const after)(void *, size_t) = s->pass.after;
    s->pass.after = NULL;
    for (int r = 0; r < rows->count; r++) {
        go_forward(s, rows, r, 1);
        (void)find_loss(s, &s->pass, rows->row + r, 1, NULL);
        scale_rows(s, s->weight + r, 1);
        tl_pass_backward(&s->pass, 1, s->alone, false);
        s->square[r] = masked_square(s);
    }
    s->pass.after = after;
}

/* Scales the weights so that no row's gradient is longer than the limit; leaves the pass
 * with the gradient of the outputs, not weighted. */
static void clip_rows(tl_shard *s, const tl_shard_rows *rows)
{
    const double limit = s->recipe->hooks.clip_each;
    if (s->is_by_row) {
        square_one_by_one(s, rows);
    } else {
        scale_rows(s, s->weight, rows->count);
        tl_row_squares_run(&s->squares, &s->pass, rows->count, s->square);
    }
    for (int r = 0; r < rows->count; r++) {
        const double norm = sqrt(s->square[r]);
        if (norm > limit) s->weight[r] *= (float)(limit / norm);
    }
    if (s->is_by_row || s->recipe->recompute) go_forward(s, rows, 0, rows->count);
    (void)find_loss(s, &s->pass, rows->row, rows->count, NULL);
}

static void weigh_rows(tl_shard *s, const tl_shard_rows *rows)
{
    const tl_hooks *hooks = &s->recipe->hooks;
    for (int r = 0; r < rows->count; r++) s->weight[r] = 1.0f;
    if (hooks->weights) {
        const tl_hook_losses losses = {s->data, rows->row, rows->count, s->epoch, s->loss};
        hooks->weights(hooks->number, &losses, s->weight);
    }
    if (hooks->clip_each > 0.0) clip_rows(s, rows);
    scale_rows(s, s->weight, rows->count);
}

void tl_shard_run(tl_shard *shard, const tl_shard_rows *rows, float *grad, bool adds,
                  float *loss)
{
    alter_inputs(shard, rows);
    go_forward(shard, rows, 0, rows->count);
    *loss += (float)find_loss(shard, &shard->pass, rows->row, rows->count, shard->loss);
    if (shard->weight) weigh_rows(shard, rows);
    tl_pass_backward(&shard->pass, rows->count, grad, adds);
}
