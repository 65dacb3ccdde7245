/*
 * One buffer of gradients a local shard, added up in place by the tree: shard s takes shard
 * s + 1, then s + 2, ... as long as both are this rank's; the rest of the tree is the
 * team's. The loss of each shard travels at the end of its gradient, so that one sum
 * carries both.
 */
#include "compute/train/trainer.h"

#include "compute/nn/blas.h"
#include "compute/nn/loss.h"
#include "compute/nn/pass.h"
#include "compute/train/optimizer.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { NAN_CHUNK = 4096, NAN_LANES = 16 };

typedef struct trainer {
    tl_model *model;
    const tl_recipe *recipe;
    const tl_train_rows *data;
    const tl_rng *rng;
    const tl_team *team;
    int shards, local;  /* in all, and on this rank */
    size_t width;       /* numbers in one gradient buffer: params + 1, the loss last */
    float *grad;        /* [local x width] */
    float *scratch;     /* [width] */
    float *probability; /* [rows of a shard x classes] */
    int *order;         /* [rows] of the epoch */
    tl_pass pass;
    tl_moments moments;
    int epoch;
    long update;
    double loss; /* mean over the last whole epoch */
} trainer;

int tl_recipe_shards(const tl_recipe *recipe)
{
    int shards = 1;
    while (2 * shards <= recipe->shards && 2 * shards <= recipe->batch / 4) shards *= 2;
    return shards;
}

double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows)
{
    return tl_model_train_flop(spec) * rows * recipe->epochs;
}

static int rows_of_shard(const tl_recipe *recipe)
{
    const int shards = tl_recipe_shards(recipe);
    return (recipe->batch + shards - 1) / shards;
}

double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe)
{
    const double params = (double)tl_model_count(spec);
    /* The shards' gradients and the sum's; moments; a checkpoint as read and as shared. */
    const double buffers = tl_recipe_shards(recipe) + 1.0 + 2.0 + 6.0;
    return params * buffers * (double)sizeof(float) +
           tl_pass_memory(spec, rows_of_shard(recipe), true, false);
}

static tl_status open_trainer(trainer *t, tl_arena *arena, tl_err *err)
{
    t->shards = tl_recipe_shards(t->recipe);
    TL_INVARIANT(t->team->size <= t->shards);
    t->local = t->shards / t->team->size;
    t->width = t->model->params + 1;
    const int rows = rows_of_shard(t->recipe);
    TL_TRY(tl_pass_new(t->model, rows, true, arena, &t->pass, err));
    TL_TAKE(t->grad, arena, (size_t)t->local * t->width, err);
    TL_TAKE(t->scratch, arena, t->width, err);
    TL_TAKE(t->probability, arena, (size_t)rows * (size_t)t->model->spec.classes, err);
    TL_TAKE(t->order, arena, t->data->rows, err);
    TL_TAKE(t->moments.first, arena, t->model->params, err);
    if (t->recipe->optimizer == TL_ADAMW) {
        TL_TAKE(t->moments.second, arena, t->model->params, err);
    }
    return TL_OK;
}

static double squared_loss(trainer *t, const float *output, const int *row, int rows)
{
    const size_t size = (size_t)t->model->spec.classes;
    float *gradient = tl_pass_d_logits(&t->pass);
    double loss = 0.0;
    for (int r = 0; r < rows; r++) {
        loss += tl_squared_error(output + (size_t)r * size,
                                 t->data->target + (size_t)row[r] * size, (int)size,
                                 gradient + (size_t)r * size);
    }
    return loss;
}

static double entropy_loss(trainer *t, const float *logits, const int *row, int rows)
{
    const int classes = t->model->spec.classes;
    float *d_logits = tl_pass_d_logits(&t->pass);
    double loss = 0.0;
    tl_softmax(logits, rows, classes, t->probability);
    for (int r = 0; r < rows; r++) {
        const float *in = logits + (size_t)r * (size_t)classes;
        const float *p = t->probability + (size_t)r * (size_t)classes;
        float *d = d_logits + (size_t)r * (size_t)classes;
        const float *target =
            t->data->target ? t->data->target + (size_t)row[r] * (size_t)classes : NULL;
        double top = (double)in[0], sum = 0.0, mean = 0.0;
        for (int c = 1; c < classes; c++) top = (double)in[c] > top ? (double)in[c] : top;
        for (int c = 0; c < classes; c++) {
            const float wanted = target ? target[c] : (float)(t->data->label[row[r]] == c);
            sum += exp((double)in[c] - top);
            mean += (double)wanted * ((double)in[c] - top);
            d[c] = p[c] - wanted;
        }
        loss += log(sum) - mean;
    }
    return loss;
}

/* Sum of the losses of the shard's rows; the gradient of that sum goes to the logits. */
static double shard_loss(trainer *t, const float *logits, const int *row, int rows)
{
    return t->data->loss == TL_LOSS_SQUARED ? squared_loss(t, logits, row, rows)
                                            : entropy_loss(t, logits, row, rows);
}

static void run_shard(trainer *t, const int *batch, int rows, int shard, float *grad)
{
    const int first = (int)((long)shard * rows / t->shards);
    const int end = (int)((long)(shard + 1) * rows / t->shards);
    memset(grad, 0, t->width * sizeof *grad);
    if (first == end) return;
    const float *logits =
        tl_pass_forward(&t->pass, t->data->pixel, batch + first, end - first);
    grad[t->width - 1] = (float)shard_loss(t, logits, batch + first, end - first);
    tl_pass_backward(&t->pass, end - first, grad);
}

static void add_to(float *restrict sum, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
}

/* 0 * x is 0 for finite x and NaN else, and so is their sum; fixed lanes keep it
 * vectorised, chunks end it early. */
static bool is_finite(const float *x, size_t n)
{
    for (size_t at = 0; at < n; at += NAN_CHUNK) {
        const size_t end = at + NAN_CHUNK < n ? at + NAN_CHUNK : n;
        float lane[NAN_LANES] = {0};
        size_t i = at;
        for (; i + NAN_LANES <= end; i += NAN_LANES) {
            for (size_t j = 0; j < NAN_LANES; j++) lane[j] += x[i + j] * 0.0f;
        }
        for (size_t j = 0; i < end; i++, j++) lane[j] += x[i] * 0.0f;
        for (size_t j = 0; j < NAN_LANES; j++) {
            if (!(lane[j] == 0.0f)) return false;
        }
    }
    return true;
}

static tl_status run_batch(trainer *t, const int *batch, int rows, double *loss,
                           tl_err *err)
{
    tl_pass_refresh(&t->pass);
    for (int s = 0; s < t->local; s++) {
        run_shard(t, batch, rows, t->team->rank * t->local + s,
                  t->grad + (size_t)s * t->width);
    }
    for (int step = 1; step < t->local; step *= 2) {
        for (int s = 0; s + step < t->local; s += 2 * step) {
            add_to(t->grad + (size_t)s * t->width, t->grad + (size_t)(s + step) * t->width,
                   t->width);
        }
    }
    TL_TRY(tl_team_sum(t->team, t->grad, t->width, t->scratch, err));
    *loss = (double)t->grad[t->width - 1];
    t->update++;
    /* Every member holds the same bits, so all leave together. */
    TL_CHECK(is_finite(t->grad, t->width), err, TL_E_NUM,
             "loss or gradient is not finite at update %ld", t->update);
    const float scale = 1.0f / (float)rows;
    for (size_t i = 0; i < t->model->params; i++) t->grad[i] *= scale;
    tl_optimizer_step(t->recipe, t->update, t->grad, t->model->params, &t->moments,
                      t->model->param);
    return TL_OK;
}

static tl_status run_epoch(trainer *t, bool *is_asked, tl_err *err)
{
    tl_rng rng = tl_rng_sub(t->rng, (uint64_t)t->epoch);
    for (int i = 0; i < t->data->rows; i++) t->order[i] = i;
    tl_rng_shuffle(&rng, t->order, t->data->rows);
    for (int i = 0; i < t->data->rows; i++) t->order[i] = t->data->row[t->order[i]];
    double sum = 0.0;
    for (int at = 0; at < t->data->rows; at += t->recipe->batch) {
        const int left = t->data->rows - at;
        double loss;
        TL_TRY(run_batch(t, t->order + at,
                         left < t->recipe->batch ? left : t->recipe->batch, &loss, err));
        sum += loss;
        if (tl_team_tick(t->team)) *is_asked = true;
    }
    t->loss = sum / t->data->rows;
    t->epoch++;
    return TL_OK;
}

/* What a checkpoint holds, before parameters and moments. */
typedef struct state_head {
    int64_t epoch, update;
    uint64_t params, moments;
    double loss;
} state_head;

static size_t moments_of(const trainer *t)
{
    return t->recipe->optimizer == TL_ADAMW ? 2 : 1;
}

static size_t state_size(const trainer *t)
{
    return sizeof(state_head) + (1 + moments_of(t)) * t->model->params * sizeof(float);
}

static tl_status save_state(trainer *t, const tl_checkpoint *checkpoint, tl_arena *arena,
                            tl_err *err)
{
    if (!checkpoint || t->team->rank != 0) return TL_OK;
    const size_t mark = tl_arena_mark(arena), block = t->model->params * sizeof(float);
    unsigned char *bytes;
    TL_TAKE(bytes, arena, state_size(t), err);
    const state_head head = {t->epoch, t->update, t->model->params, moments_of(t), t->loss};
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, t->model->param, block);
    memcpy(bytes + sizeof head + block, t->moments.first, block);
    if (t->moments.second) {
        memcpy(bytes + sizeof head + 2 * block, t->moments.second, block);
    }
    const tl_status status = checkpoint->save(checkpoint->self, bytes, state_size(t), err);
    tl_arena_rewind(arena, mark);
    return status;
}

/* Member 0 reads the state, if there is one that fits, and all get it. */
static tl_status load_state(trainer *t, const tl_checkpoint *checkpoint, tl_arena *arena,
                            tl_err *err)
{
    if (!checkpoint) return TL_OK;
    const size_t mark = tl_arena_mark(arena), block = t->model->params * sizeof(float);
    const size_t size = state_size(t);
    unsigned char *bytes = tl_arena_take(arena, size, 1, err);
    tl_status mine = bytes ? TL_OK : TL_E_SPACE;
    if (mine == TL_OK && t->team->rank == 0) {
        void *read = NULL;
        size_t n = 0;
        mine = checkpoint->load(checkpoint->self, arena, &read, &n, err);
        if (mine == TL_OK && read && n == size) memcpy(bytes, read, n);
    }
    TL_TRY(tl_team_agree(t->team, mine, err));
    TL_INVARIANT(bytes && t->moments.first);
    TL_TRY(tl_team_broadcast(t->team, bytes, size, err));
    state_head head;
    memcpy(&head, bytes, sizeof head);
    if (head.params == t->model->params && head.moments == moments_of(t) &&
        head.epoch >= 0 && head.epoch <= t->recipe->epochs) {
        t->epoch = (int)head.epoch;
        t->update = (long)head.update;
        t->loss = head.loss;
        memcpy(t->model->param, bytes + sizeof head, block);
        memcpy(t->moments.first, bytes + sizeof head + block, block);
        if (t->moments.second) {
            memcpy(t->moments.second, bytes + sizeof head + 2 * block, block);
        }
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

static double now(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static tl_status run_epochs(trainer *t, const tl_checkpoint *checkpoint, tl_arena *scratch,
                            tl_err *err)
{
    double saved = now();
    while (t->epoch < t->recipe->epochs) {
        bool is_asked = false;
        TL_TRY(run_epoch(t, &is_asked, err));
        if (t->epoch == t->recipe->epochs) break;
        /* One member may have heard of the stop before the others. */
        const tl_status asked = tl_team_agree(t->team, is_asked ? TL_E_STOP : TL_OK, err);
        if (asked != TL_OK && asked != TL_E_STOP) return asked;
        const bool is_due =
            checkpoint && checkpoint->every > 0.0 && now() - saved > checkpoint->every;
        if (asked == TL_E_STOP || (is_due && t->team->rank == 0)) {
            const tl_status kept = save_state(t, checkpoint, scratch, err);
            if (asked == TL_E_STOP) {
                TL_TRY(tl_team_agree(t->team, kept, err));
                return tl_fail(err, TL_E_STOP, "stopped after epoch %d of %d", t->epoch,
                               t->recipe->epochs);
            }
            saved = now(); /* a checkpoint by time that fails costs nothing but time */
        }
    }
    return TL_OK;
}

tl_status tl_train(tl_model *model, const tl_recipe *recipe, const tl_train_rows *data,
                   const tl_rng *rng, const tl_team *team, const tl_checkpoint *checkpoint,
                   tl_arena *scratch, tl_train_report *report, tl_err *err)
{
    TL_INVARIANT((data->label != NULL) != (data->target != NULL));
    TL_INVARIANT(data->loss != TL_LOSS_SQUARED || data->target != NULL);
    const size_t mark = tl_arena_mark(scratch);
    trainer t = {.model = model, .recipe = recipe, .data = data, .rng = rng, .team = team};
    tl_status mine = TL_OK;
    if (data->rows < 1) mine = tl_fail(err, TL_E_ARG, "there are no rows to train on");
    if (mine == TL_OK) mine = open_trainer(&t, scratch, err);
    tl_blas_start();
    tl_status status = tl_team_agree(team, mine, err);
    if (status == TL_OK) status = load_state(&t, checkpoint, scratch, err);
    if (status == TL_OK) status = run_epochs(&t, checkpoint, scratch, err);
    if (report) *report = (tl_train_report){t.update, t.loss};
    tl_arena_rewind(scratch, mark);
    return status;
}
