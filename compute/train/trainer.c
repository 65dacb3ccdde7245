/*
 * One gradient buffer per local shard. Alone and without clipping, the optimiser sums them
 * piece by piece as it goes; otherwise they are summed into the first, and then over the
 * team by the exchange: the same tree. Behind each gradient are the shard's loss and its
 * member's requests to stop or save, so that one sum carries all, and all members learn of
 * requests after the same update.
 *
 * With shares of a split model, each member has its own gradient, as if alone; requests are
 * summed separately.
 */
#include "compute/train/trainer.h"

#include "compute/core/blas.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"
#include "compute/nn/tensor_parallel.h"
#include "compute/train/exchange.h"
#include "compute/train/gradient.h"
#include "compute/train/holdout.h"
#include "compute/train/lr_schedule.h"
#include "compute/train/optimizer.h"
#include "compute/train/shard.h"
#include "compute/train/streams.h"
#include "compute/train/training_key.h"

#include <math.h>
#include <string.h>

typedef struct trainer {
    tl_model *model;          /* the whole one, or that of the share */
    tl_tensor_parallel share; /* of a split model */
    const tl_training *job;
    const tl_recipe *recipe;
    const tl_train_rows *data;
    const tl_team *team;
    const tl_team *mates; /* the members with the other shards: the team, or alone */
    tl_team alone;
    const tl_dataset *validation; /* NULL: no early stopping */
    tl_arena *scratch;
    int shards, local; /* in all, and on this rank */
    size_t width;      /* numbers in one gradient buffer: params, loss, requests to stop */
    float *grad;       /* [local x width] */
    unsigned char *mask; /* [params] 0: not trained; NULL: all are */
    float *logits;       /* [validation rows x classes] */
    int *order;          /* [rows] of the epoch */
    long budget;         /* updates of all epochs */
    tl_shard shard;      /* the passes of every shard */
    tl_optimizing optimizing;
    tl_moments moments;    /* [params], or of the own slices */
    float *average, *best; /* [params] of the weights, or NULL */
    bool is_asked;         /* this member has been asked to stop */
    double saved;          /* when a checkpoint was last written */
    tl_exchange exchange;  /* in a team */
    tl_train_state state;  /* its blocks are the weights and all of the above */
} trainer;

/* What follows the parameters in a gradient buffer. */
enum { LOSS, REQUESTS, SAVES, TAIL };

/* --- room ----------------------------------------------------------------------------- */

static tl_status take_block(trainer *t, bool is_kept, float **block, tl_err *err)
{
    TL_ALLOC(*block, t->scratch, is_kept ? t->exchange.kept : t->model->params, err);
    t->state.is_kept[t->state.blocks] = is_kept;
    t->state.block[t->state.blocks++] = *block;
    return TL_OK;
}

static tl_status open_state(trainer *t, tl_err *err)
{
    const tl_model_spec *spec = &t->model->spec;
    const int held = t->validation ? t->validation->rows : 0;
    t->state = (tl_train_state){.training = tl_training_key(spec, t->recipe, t->data, held),
                                .progress.best_loss = (double)INFINITY,
                                .params = tl_model_count(spec),
                                .blocks = 1,
                                .block = {t->model->param},
                                .exchange = &t->exchange,
                                .share = t->model->is_tensor_parallel ? &t->share : NULL};
    const bool kept = t->exchange.is_sharded;
    TL_TRY(take_block(t, kept, &t->moments.first, err));
    if (t->recipe->optimizer == TL_ADAMW)
        TL_TRY(take_block(t, kept, &t->moments.second, err));
    if (t->recipe->average > 0.0) TL_TRY(take_block(t, false, &t->average, err));
    if (t->validation) TL_TRY(take_block(t, false, &t->best, err));
    return TL_OK;
}

static tl_status open_trainer(trainer *t, tl_err *err)
{
    if (t->model->spec.splits > 1) {
        TL_TRY(tl_tensor_parallel_new(t->model, t->team, t->scratch, &t->share, err));
        t->model = &t->share.model;
        t->mates = &t->alone;
    }
    const tl_model_spec *spec = &t->model->spec;
    TL_TRY(tl_hooks_check(&t->recipe->hooks, spec, err));
    TL_CHECK(t->data->rows > 0, err, TL_E_ARG, "no rows to train on");
    t->shards = tl_recipe_shards(t->recipe);
    TL_INVARIANT(t->mates->size <= t->shards);
    t->local = t->shards / t->mates->size;
    t->width = t->model->params + TAIL;
    t->budget = tl_recipe_updates(t->recipe, t->data->rows);
    if (t->recipe->hooks.mask) TL_ALLOC(t->mask, t->scratch, t->model->params, err);
    TL_TRY(tl_shard_new(t->model, t->recipe, t->data, t->mask, t->scratch, &t->shard, err));
    TL_TRY(tl_optimizing_new(t->model, t->recipe, t->scratch, &t->optimizing, err));
    t->optimizing.mask = t->mask;
    TL_ALLOC(t->grad, t->scratch, (size_t)t->local * t->width, err);
    t->shard.pass.team = t->team;
    if (t->mates->size > 1) {
        TL_TRY(tl_exchange_new(t->model->params, TAIL, t->recipe, t->mates, t->scratch,
                               &t->exchange, err));
    }
    TL_ALLOC(t->order, t->scratch, t->data->rows, err);
    if (t->validation) {
        TL_ALLOC(t->logits, t->scratch, (size_t)t->validation->rows * (size_t)spec->classes,
                 err);
    }
    return open_state(t, err);
}

/* --- an update ------------------------------------------------------------------------ */

/* A batch, or the rest of one. */
typedef struct group {
    const int *row;
    int rows;
    bool adds;    /* to the gradient of batches before */
    bool is_last; /* of those that make the update */
} group;

static tl_gradient gradient_of(const trainer *t, int rows)
{
    return (tl_gradient){t->grad, t->local, t->width, 1.0f / (float)rows};
}

/* Gradients from `from` on are complete. Errors are kept in the pass until its end.
 */
static void send_gradients(void *self, size_t from)
{
    trainer *t = self;
    const tl_gradient gradient = gradient_of(t, 1);
    if (from == 0 && tl_failpoint_spoils()) t->grad[0] = NAN;
    tl_pass *pass = &t->shard.pass;
    if (pass->status == TL_OK)
        pass->status = tl_exchange_ready(&t->exchange, &gradient, from, &pass->err);
}

/* Writes this member's requests into every shard's buffer, before the last is complete. */
static void put_requests(trainer *t)
{
    const tl_checkpoint *checkpoint = t->job->checkpoint;
    const bool is_due = checkpoint && checkpoint->every > 0.0 && t->team->rank == 0 &&
                        tl_seconds() - t->saved > checkpoint->every;
    for (int s = 0; s < t->local; s++) {
        float *tail = t->grad + (size_t)s * t->width + t->model->params;
        tail[REQUESTS] = t->is_asked ? 1.0f : 0.0f;
        tail[SAVES] = is_due ? 1.0f : 0.0f;
    }
}

/* Sets `grad`, or adds to it: the gradient of the shard's rows, and their loss. */
static void run_shard(trainer *t, const group *batch, int shard, float *grad)
{
    const long rows = batch->rows;
    const int first = (int)(shard * rows / t->shards);
    const int count = (int)((shard + 1) * rows / t->shards) - first;
    float *loss = grad + t->model->params + LOSS;
    if (!batch->adds) *loss = 0.0f;
    if (count == 0) {
        if (!batch->adds) memset(grad, 0, t->model->params * sizeof *grad);
        return;
    }
    const tl_shard_rows here = {batch->row + first, count, first};
    tl_shard_run(&t->shard, &here, grad, batch->adds, loss);
}

static void run_batch(trainer *t, const group *batch)
{
    tl_shard_open_batch(&t->shard, (size_t)(batch->row - t->order));
    if (batch->is_last) put_requests(t);
    for (int s = 0; s < t->local; s++) {
        const bool completes = batch->is_last && s == t->local - 1 && t->mates->size > 1;
        if (completes) tl_exchange_open(&t->exchange);
        t->shard.pass.after = completes && t->recipe->overlap ? send_gradients : NULL;
        run_shard(t, batch, t->mates->rank * t->local + s, t->grad + (size_t)s * t->width);
    }
}

/* What hooks do to the sum of an update's gradients: the same on every member. */
static void alter_sums(trainer *t)
{
    const tl_hooks *hooks = &t->recipe->hooks;
    if (!tl_hooks_any(hooks)) return;
    const tl_rng noise =
        tl_stream_of(t->job->rng, TL_STREAM_NOISE, (int64_t)t->state.progress.update);
    const bool has_slices = t->exchange.is_sharded;
    const tl_slice all = {0, t->model->params};
    for (int b = 0; b < (has_slices ? t->exchange.buckets : 1); b++) {
        tl_hooks_alter_sum(hooks, &noise, t->mask,
                           has_slices ? t->exchange.bucket[b].own : all, t->grad);
    }
}

static tl_status find_norm(trainer *t, double *norm, tl_err *err)
{
    if (t->mates->size > 1) return tl_exchange_norm(&t->exchange, t->grad, norm, err);
    if (t->model->is_tensor_parallel)
        return tl_tensor_parallel_norm(&t->share, t->grad, norm, err);
    *norm = tl_gradient_norm(t->grad, t->model->params);
    return TL_OK;
}

/* Sums the gradients over the team, and, to clip or alter them, over the shards. */
static tl_status sum_gradients(trainer *t, tl_gradient *gradient, tl_err *err)
{
    const double clip = t->recipe->clip;
    double norm = 0.0;
    if (t->mates->size > 1) send_gradients(t, 0);
    const tl_pass *pass = &t->shard.pass;
    if (pass->status != TL_OK) {
        if (err) *err = pass->err;
        return pass->status;
    }
    if (t->mates->size > 1) {
        TL_TRY(tl_exchange_finish(&t->exchange, gradient, err));
    } else if (clip > 0.0 || tl_hooks_any(&t->recipe->hooks)) {
        tl_gradient_sum(gradient, 0, t->width);
        gradient->count = 1;
    }
    alter_sums(t);
    if (clip > 0.0) TL_TRY(find_norm(t, &norm, err));
    gradient->scale = tl_gradient_factor(norm, gradient->scale, clip);
    return TL_OK;
}

/* Updates the own slice of each member, and gathers the weights. */
static tl_status step_slices(trainer *t, double rate, const tl_gradient *gradient,
                             bool *is_finite, tl_err *err)
{
    const long number = (long)t->state.progress.update;
    tl_status mine = TL_OK;
    for (int b = 0; b < t->exchange.buckets; b++) {
        const tl_bucket *bucket = &t->exchange.bucket[b];
        const tl_moments own = {t->moments.first + bucket->kept,
                                t->moments.second ? t->moments.second + bucket->kept
                                                  : NULL};
        if (!tl_optimizer_step(&t->optimizing, number, rate, gradient, bucket->own, &own,
                               t->model->param))
            mine = TL_E_NUMERIC;
        TL_TRY(tl_exchange_send(&t->exchange, b, t->model->param, err));
    }
    TL_TRY(tl_exchange_return(&t->exchange, err));
    const tl_status all = tl_team_agree(t->team, mine, err);
    *is_finite = all != TL_E_NUMERIC;
    return *is_finite ? all : TL_OK;
}

static tl_status step(trainer *t, double rate, const tl_gradient *gradient, bool *is_finite,
                      tl_err *err)
{
    if (t->exchange.is_sharded) return step_slices(t, rate, gradient, is_finite, err);
    *is_finite =
        tl_optimizer_step(&t->optimizing, (long)t->state.progress.update, rate, gradient,
                          (tl_slice){0, t->model->params}, &t->moments, t->model->param);
    return TL_OK;
}

/* Requests that all members know of after an update. */
typedef struct requests {
    bool stop, save;
} requests;

/* With shares, members know only their own requests until here. */
static tl_status join_shares(const trainer *t, requests *all, bool *is_finite, tl_err *err)
{
    if (!t->model->is_tensor_parallel) return TL_OK;
    float said[] = {all->stop ? 1.0f : 0.0f, all->save ? 1.0f : 0.0f,
                    *is_finite ? 0.0f : 1.0f};
    TL_TRY(tl_team_sum(t->team, said, sizeof said / sizeof *said, err));
    *all = (requests){said[0] > 0.0f, said[1] > 0.0f};
    *is_finite = !(said[2] > 0.0f);
    return TL_OK;
}

/* Updates the weights from the shards' gradients of `rows` rows. \param all result, the
 * same on every member */
static tl_status update(trainer *t, int rows, requests *all, tl_err *err)
{
    const size_t params = t->model->params;
    const long number = (long)++t->state.progress.update;
    const double rate = tl_schedule_rate(t->recipe, number, t->budget);
    tl_gradient gradient = gradient_of(t, rows);
    if (t->mates->size == 1 && tl_failpoint_spoils()) t->grad[0] = NAN;
    TL_TRY(sum_gradients(t, &gradient, err));
    float tail[TAIL];
    tl_gradient_read(&gradient, params, TAIL, tail);
    t->state.progress.loss += (double)tail[LOSS];
    *all = (requests){tail[REQUESTS] > 0.0f, tail[SAVES] > 0.0f};
    /* Every member has the same bits, so all return together. */
    bool is_finite = true;
    TL_TRY(step(t, rate, &gradient, &is_finite, err));
    TL_TRY(join_shares(t, all, &is_finite, err));
    TL_CHECK(is_finite && isfinite(tail[LOSS]), err, TL_E_NUMERIC,
             "loss or gradient is not finite at update %ld", number);
    if (t->average) {
        tl_average_add(t->recipe->average, number, t->model->param, params, t->average);
    }
    return TL_OK;
}

/* --- an epoch ------------------------------------------------------------------------- */

static void draw_epoch(trainer *t)
{
    const uint64_t epoch = (uint64_t)t->state.progress.epoch;
    tl_rng rng = tl_rng_sub(t->job->rng, epoch);
    for (int i = 0; i < t->data->rows; i++) t->order[i] = i;
    tl_rng_shuffle(&rng, t->order, t->data->rows);
    for (int i = 0; i < t->data->rows; i++) t->order[i] = t->data->row[t->order[i]];
    tl_shard_open_epoch(&t->shard, t->job->rng, (int)epoch);
}

/* Between two updates: stops if a member was asked to, and saves when due. */
static tl_status pause_training(trainer *t, requests all, tl_err *err)
{
    if (!all.stop && !all.save) return TL_OK;
    const tl_status kept =
        tl_state_save(&t->state, t->job->checkpoint, t->team, t->scratch, err);
    if (kept == TL_E_PEER) return kept;
    if (all.stop) {
        TL_TRY(tl_team_agree(t->team, kept, err));
        return tl_fail(err, TL_E_STOP, "stopped after update %ld of %ld",
                       (long)t->state.progress.update, t->budget);
    }
    t->saved = tl_seconds(); /* a failed periodic checkpoint costs only time */
    return TL_OK;
}

/* Runs the rest of the epoch. \param all result, of its last update */
static tl_status run_epoch(trainer *t, requests *all, tl_err *err)
{
    tl_progress *progress = &t->state.progress;
    const int rows = t->data->rows, batch = t->recipe->batch;
    const int each = tl_recipe_group(t->recipe, rows);
    draw_epoch(t);
    for (int at = (int)progress->row, end; at < rows; at = end) {
        end = rows - at < each ? rows : at + each;
        for (int from = at, left; from < end; from += left) {
            left = end - from < batch ? end - from : batch;
            const group part = {t->order + from, left, from > at, from + left == end};
            if (tl_team_tick(t->team)) t->is_asked = true;
            run_batch(t, &part);
        }
        TL_TRY(update(t, end - at, all, err));
        progress->row = end;
        if (end < rows) TL_TRY(pause_training(t, *all, err));
    }
    progress->last_loss = progress->loss / rows;
    progress->loss = 0.0;
    progress->row = 0;
    progress->epoch++;
    return TL_OK;
}

/* Measures the weights on the validation rows and keeps the best. */
static tl_status look(trainer *t, bool *is_over, tl_err *err)
{
    if (!t->validation) return TL_OK;
    tl_progress *progress = &t->state.progress;
    tl_model candidate = *t->model;
    if (t->average) candidate.param = t->average;
    double loss;
    const tl_status measured = tl_holdout_loss(&candidate, t->validation, t->team,
                                               t->scratch, t->logits, &loss, err);
    if (measured == TL_E_NUMERIC) { /* on every member */
        return tl_fail(err, TL_E_NUMERIC, "validation loss is not finite after epoch %d",
                       (int)progress->epoch);
    }
    TL_TRY(measured);
    if (loss < progress->best_loss) {
        progress->best_loss = loss;
        progress->best_epoch = progress->epoch;
        memcpy(t->best, candidate.param, candidate.params * sizeof *t->best);
    }
    *is_over = progress->epoch - progress->best_epoch >= t->recipe->patience;
    return TL_OK;
}

/* Tells the hook that an epoch has ended. */
static tl_status end_epoch(trainer *t, tl_err *err)
{
    const tl_hooks *hooks = &t->recipe->hooks;
    if (!hooks->epoch) return TL_OK;
    const int epoch = (int)t->state.progress.epoch - 1;
    const tl_hook_epoch end = {.epoch = epoch,
                               .epochs = t->recipe->epochs,
                               .model = t->model,
                               .average = t->average,
                               .team = t->team,
                               .rng =
                                   tl_stream_of(t->job->rng, TL_STREAM_EPOCH_END, epoch)};
    return tl_team_agree(t->team, hooks->epoch(hooks->number, &end, err), err);
}

static tl_status run_epochs(trainer *t, tl_err *err)
{
    t->saved = tl_seconds();
    while (t->state.progress.epoch < t->recipe->epochs) {
        requests all = {false, false};
        bool is_over = false;
        TL_TRY(run_epoch(t, &all, err));
        TL_TRY(end_epoch(t, err));
        TL_TRY(look(t, &is_over, err));
        if (is_over || t->state.progress.epoch == t->recipe->epochs) break;
        TL_TRY(pause_training(t, all, err));
    }
    const float *result = t->state.progress.best_epoch > 0 ? t->best : t->average;
    if (result) memcpy(t->model->param, result, t->model->params * sizeof *result);
    return TL_OK;
}

/* Asserts what only a buggy caller would violate. */
static void insist(const tl_training *training)
{
    const tl_train_rows *data = training->rows;
    const tl_dataset *held = training->validation;
    TL_INVARIANT((data->label != NULL) != (data->target != NULL));
    if (data->loss != TL_LOSS_SQUARED) return;
    TL_INVARIANT(data->target != NULL && (!held || held->rows == 0));
    TL_INVARIANT(
        !tl_recipe_augments(training->recipe)); /* targets would not be augmented */
}

/* Counts what a running training allocates, piece by piece. */
static tl_status count_rest(trainer *t, tl_err *err)
{
    double loss;
    TL_TRY(tl_state_save(&t->state, t->job->checkpoint, t->team, t->scratch, err));
    if (!t->validation) return TL_OK;
    return tl_holdout_loss(t->model, t->validation, t->team, t->scratch, t->logits, &loss,
                           err);
}

static tl_status run_training(trainer *t, tl_err *err)
{
    tl_blas_start();
    if (t->average) {
        memcpy(t->average, t->model->param, t->model->params * sizeof *t->average);
    }
    if (t->mates->size > 1) TL_TRY(tl_exchange_start(&t->exchange, t->recipe, err));
    t->shard.pass.self = t;
    if (t->mask) {
        memset(t->mask, 1, t->model->params);
        t->recipe->hooks.mask(t->recipe->hooks.number, t->model, t->mask);
        tl_shard_mask(&t->shard);
    }
    TL_TRY(tl_state_load(&t->state, t->job->checkpoint, t->team, t->scratch, err));
    if (t->team->rank == 0 && t->state.progress.update > 0)
        tl_log(TL_LOG_INFO, "training resumes after update %ld of %ld",
               (long)t->state.progress.update, t->budget);
    return run_epochs(t, err);
}

tl_status tl_train(tl_model *model, const tl_training *training, tl_arena *scratch,
                   tl_train_report *report, tl_err *err)
{
    const bool counts = tl_arena_counts(scratch);
    const size_t mark = tl_arena_mark(scratch);
    trainer t = {.model = model,
                 .mates = training->team,
                 .alone = tl_team_alone(),
                 .job = training,
                 .recipe = training->recipe,
                 .data = training->rows,
                 .team = training->team,
                 .scratch = scratch};
    const tl_dataset *held = training->validation;
    if (!counts) insist(training);
    if (held && held->rows > 0 && t.recipe->patience > 0) t.validation = held;
    tl_status status = tl_team_agree(t.team, open_trainer(&t, err), err);
    if (status == TL_OK) status = counts ? count_rest(&t, err) : run_training(&t, err);
    if (status == TL_OK && t.model->is_tensor_parallel)
        status = tl_tensor_parallel_put(&t.share, scratch, model, err);
    if (report) {
        const tl_progress *progress = &t.state.progress;
        *report = (tl_train_report){.updates = (long)progress->update,
                                    .epochs = (int)progress->epoch,
                                    .last_loss = progress->last_loss,
                                    .waited = t.exchange.waited};
    }
    tl_arena_rewind(scratch, mark);
    return status;
}
