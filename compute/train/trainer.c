/*
 * One buffer of gradients a local shard. Alone and without clipping, the optimiser sums
 * them piece by piece as it goes; else they are summed into the first, and then over the
 * team: the same tree. Behind the gradient of each shard travel its loss and whether its
 * member has been asked to stop, so that one sum carries all, and all members know after
 * the same update that they are to leave.
 */
#include "compute/train/trainer.h"

#include "compute/core/fault.h"
#include "compute/core/log.h"
#include "compute/nn/blas.h"
#include "compute/nn/pass.h"
#include "compute/train/augment.h"
#include "compute/train/average.h"
#include "compute/train/gradient.h"
#include "compute/train/holdout.h"
#include "compute/train/optimizer.h"
#include "compute/train/schedule.h"

#include <math.h>
#include <string.h>
#include <time.h>

typedef struct trainer {
    tl_model *model;
    const tl_training *job;
    const tl_recipe *recipe;
    const tl_train_rows *data;
    const tl_team *team;
    const tl_dataset *validation; /* NULL: no early stopping */
    tl_arena *scratch;
    int shards, local; /* in all, and on this rank */
    size_t width;      /* numbers in one gradient buffer: params, loss, wishes to stop */
    float *grad;       /* [local x width] */
    float *sum;        /* [width] room for the team's sum */
    float *altered;    /* [rows of a shard x input] augmented images; NULL: as they are */
    float *logits;     /* [validation rows x classes] */
    int *order;        /* [rows] of the epoch */
    long budget;       /* updates of all epochs */
    tl_rng changes;    /* of the epoch's augmentation */
    tl_pass pass;
    tl_optimizing optimizing;
    tl_moments moments;
    float *average, *best; /* [params] of the weights, or NULL */
    bool is_asked;         /* this member has been asked to stop */
    double saved;          /* when a checkpoint was last written */
    tl_train_state state;  /* its blocks are the weights and all of the above */
} trainer;

/* What stands behind the parameters in a gradient buffer. */
enum { LOSS, WISHES, TAIL };

/* Sub-streams of the order's that no epoch has. */
static const uint64_t AUGMENTATION = UINT64_MAX, DROPOUT = UINT64_MAX - 1;

static bool has_patience(const tl_recipe *recipe, int validation)
{
    return recipe->patience > 0 && validation > 0;
}

double tl_train_flop(const tl_model_spec *spec, const tl_recipe *recipe, int rows,
                     int validation)
{
    const double looks = has_patience(recipe, validation) ? validation : 0.0;
    return (tl_model_train_flop(spec) * rows + tl_model_flop(spec) * looks) *
           recipe->epochs;
}

double tl_train_memory(const tl_model_spec *spec, const tl_recipe *recipe, int validation)
{
    const size_t params = tl_model_count(spec);
    const int rows = tl_recipe_shard_rows(recipe), shards = tl_recipe_shards(recipe);
    const bool is_patient = has_patience(recipe, validation);
    const int kept = (recipe->optimizer == TL_ADAMW ? 2 : 1) + (recipe->average > 0.0) +
                     (is_patient ? 1 : 0);
    double bytes = (double)params * (shards + 1.0 + kept) * (double)sizeof(float) +
                   tl_pass_memory(spec, rows, true, false) +
                   tl_optimizing_memory(spec, recipe) + tl_state_memory(params, kept + 1);
    if (is_patient) bytes += tl_holdout_memory(spec, validation);
    if (tl_recipe_augments(recipe)) {
        bytes += (double)sizeof(float) * rows * tl_shape_size(spec->in);
    }
    return bytes;
}

/* --- room ----------------------------------------------------------------------------- */

/* What this training is, for its checkpoints. */
static tl_key key_of(const trainer *t)
{
    tl_hash hash = {0};
    const tl_model_spec *spec = &t->model->spec;
    const int shape[] = {(int)spec->kind,   spec->width,     spec->depth,
                         spec->in.channels, spec->in.height, spec->in.width,
                         spec->classes,     spec->heads,     spec->kv_heads};
    tl_hash_text(&hash, "training4");
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        tl_hash_u64(&hash, (uint64_t)shape[i]);
    }
    tl_recipe_hash(t->recipe, &hash);
    tl_hash_u64(&hash, t->model->params);
    tl_hash_u64(&hash, (uint64_t)t->data->rows);
    tl_hash_u64(&hash, (uint64_t)t->data->loss);
    tl_hash_u64(&hash, (uint64_t)(t->validation ? t->validation->rows : 0));
    return tl_hash_end(&hash);
}

static tl_status take_block(trainer *t, float **block, tl_err *err)
{
    TL_TAKE(*block, t->scratch, t->model->params, err);
    t->state.block[t->state.blocks++] = *block;
    return TL_OK;
}

static tl_status open_state(trainer *t, tl_err *err)
{
    t->state = (tl_train_state){.training = key_of(t),
                                .progress.best_loss = (double)INFINITY,
                                .params = t->model->params,
                                .blocks = 1,
                                .block = {t->model->param}};
    TL_TRY(take_block(t, &t->moments.first, err));
    if (t->recipe->optimizer == TL_ADAMW) {
        TL_TRY(take_block(t, &t->moments.second, err));
    }
    if (t->recipe->average > 0.0) {
        TL_TRY(take_block(t, &t->average, err));
        memcpy(t->average, t->model->param, t->model->params * sizeof *t->average);
    }
    if (t->validation) TL_TRY(take_block(t, &t->best, err));
    return TL_OK;
}

static tl_status open_trainer(trainer *t, tl_err *err)
{
    const tl_model_spec *spec = &t->model->spec;
    const size_t rows = (size_t)tl_recipe_shard_rows(t->recipe);
    TL_CHECK(t->data->rows > 0, err, TL_E_ARG, "there are no rows to train on");
    t->shards = tl_recipe_shards(t->recipe);
    TL_INVARIANT(t->team->size <= t->shards);
    t->local = t->shards / t->team->size;
    t->width = t->model->params + TAIL;
    t->budget = tl_recipe_updates(t->recipe, t->data->rows);
    TL_TRY(tl_pass_new(t->model, (int)rows, true, t->scratch, &t->pass, err));
    TL_TRY(tl_optimizing_new(t->model, t->recipe, t->scratch, &t->optimizing, err));
    TL_TAKE(t->grad, t->scratch, (size_t)t->local * t->width, err);
    TL_TAKE(t->sum, t->scratch, t->width, err);
    TL_TAKE(t->order, t->scratch, t->data->rows, err);
    if (tl_recipe_augments(t->recipe)) {
        TL_TAKE(t->altered, t->scratch, rows * (size_t)tl_shape_size(spec->in), err);
    }
    if (t->validation) {
        TL_TAKE(t->logits, t->scratch, (size_t)t->validation->rows * (size_t)spec->classes,
                err);
    }
    return open_state(t, err);
}

/* --- an update ------------------------------------------------------------------------ */

/* A batch, or what is left of one. */
typedef struct group {
    const int *row;
    int rows;
    bool adds; /* to the gradient of batches before */
} group;

/* Sets or adds to `grad`: the gradient of the shard's rows, and their loss. */
static void run_shard(trainer *t, const group *batch, int shard, float *grad)
{
    const long rows = batch->rows;
    const int first = (int)(shard * rows / t->shards);
    const int count = (int)((shard + 1) * rows / t->shards) - first;
    const int *row = batch->row + first;
    float *loss = grad + t->model->params + LOSS;
    if (!batch->adds) *loss = 0.0f;
    if (count == 0) {
        if (!batch->adds) memset(grad, 0, t->width * sizeof *grad);
        return;
    }
    t->pass.dropout.first_row = first;
    const float *logits;
    if (t->altered) {
        tl_augment(t->recipe, &t->changes, t->model->spec.in, t->data->pixel, row, count,
                   t->altered);
        logits = tl_pass_forward(&t->pass, t->altered, NULL, count);
    } else {
        logits = tl_pass_forward(&t->pass, t->data->pixel, row, count);
    }
    const tl_outputs outputs = {t->model->positions, t->model->spec.classes, logits,
                                tl_pass_d_logits(&t->pass)};
    *loss += (float)tl_objective(t->data, row, count, t->recipe->label_smoothing, &outputs);
    tl_pass_backward(&t->pass, count, grad, batch->adds);
}

static void run_batch(trainer *t, const group *batch)
{
    const tl_rng dropout = tl_rng_sub(t->job->rng, DROPOUT);
    t->pass.dropout.rate = t->recipe->dropout;
    const tl_rng epoch = tl_rng_sub(&dropout, (uint64_t)t->state.progress.epoch);
    t->pass.dropout.batch = tl_rng_sub(&epoch, (uint64_t)(batch->row - t->order));
    tl_pass_refresh(&t->pass);
    for (int s = 0; s < t->local; s++) {
        run_shard(t, batch, t->team->rank * t->local + s, t->grad + (size_t)s * t->width);
    }
}

/* From the shards' gradients of `rows` rows to new weights. \param must_stop result:
 * whether a member has been asked to, the same on all */
static tl_status update(trainer *t, int rows, bool *must_stop, tl_err *err)
{
    const size_t params = t->model->params;
    const long number = (long)++t->state.progress.update;
    const double rate = tl_schedule_rate(t->recipe, number, t->budget);
    tl_gradient gradient = {t->grad, t->local, t->width, 1.0f / (float)rows};
    if (tl_fault_spoils()) t->grad[0] = NAN;
    for (int s = 0; s < t->local; s++) {
        t->grad[(size_t)s * t->width + params + WISHES] = t->is_asked ? 1.0f : 0.0f;
    }
    if (t->team->size > 1 || t->recipe->clip > 0.0) {
        tl_gradient_sum(&gradient);
        TL_TRY(tl_team_sum(t->team, t->grad, t->width, t->sum, err));
        gradient.scale =
            tl_gradient_factor(t->grad, params, gradient.scale, t->recipe->clip);
    }
    float tail[TAIL];
    tl_gradient_read(&gradient, params, TAIL, tail);
    t->state.progress.loss += (double)tail[LOSS];
    *must_stop = tail[WISHES] > 0.0f;
    /* Every member holds the same bits, so all leave together. */
    const bool is_finite = tl_optimizer_step(&t->optimizing, number, rate, &gradient,
                                             &t->moments, t->model->param);
    TL_CHECK(is_finite && isfinite(tail[LOSS]), err, TL_E_NUM,
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
    const tl_rng augmentation = tl_rng_sub(t->job->rng, AUGMENTATION);
    t->changes = tl_rng_sub(&augmentation, epoch);
}

static double now(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* Between two updates: leaves if a member was asked to, and saves when that is due. */
static tl_status pause_training(trainer *t, bool must_stop, tl_err *err)
{
    const tl_checkpoint *checkpoint = t->job->checkpoint;
    const bool is_due = checkpoint && checkpoint->every > 0.0 && t->team->rank == 0 &&
                        now() - t->saved > checkpoint->every;
    if (!must_stop && !is_due) return TL_OK;
    const tl_status kept = tl_state_save(&t->state, checkpoint, t->team, t->scratch, err);
    if (must_stop) {
        TL_TRY(tl_team_agree(t->team, kept, err));
        return tl_fail(err, TL_E_STOP, "stopped after update %ld of %ld",
                       (long)t->state.progress.update, t->budget);
    }
    t->saved = now(); /* a checkpoint by time that fails costs nothing but time */
    return TL_OK;
}

/* What is left of the epoch. \param must_stop result, as of its last update */
static tl_status run_epoch(trainer *t, bool *must_stop, tl_err *err)
{
    tl_progress *progress = &t->state.progress;
    const int rows = t->data->rows, batch = t->recipe->batch;
    const int each = tl_recipe_group(t->recipe, rows);
    draw_epoch(t);
    for (int at = (int)progress->row, end; at < rows; at = end) {
        end = rows - at < each ? rows : at + each;
        for (int from = at, left; from < end; from += left) {
            left = end - from < batch ? end - from : batch;
            const group part = {t->order + from, left, from > at};
            run_batch(t, &part);
            if (tl_team_tick(t->team)) t->is_asked = true;
        }
        TL_TRY(update(t, end - at, must_stop, err));
        progress->row = end;
        if (end < rows) TL_TRY(pause_training(t, *must_stop, err));
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
    if (measured == TL_E_NUM) { /* on every member */
        return tl_fail(err, TL_E_NUM, "validation loss is not finite after epoch %d",
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

static tl_status run_epochs(trainer *t, tl_err *err)
{
    t->saved = now();
    while (t->state.progress.epoch < t->recipe->epochs) {
        bool must_stop = false, is_over = false;
        TL_TRY(run_epoch(t, &must_stop, err));
        TL_TRY(look(t, &is_over, err));
        if (is_over || t->state.progress.epoch == t->recipe->epochs) break;
        TL_TRY(pause_training(t, must_stop, err));
    }
    const float *result = t->state.progress.best_epoch > 0 ? t->best : t->average;
    if (result) memcpy(t->model->param, result, t->model->params * sizeof *result);
    return TL_OK;
}

/* What only a caller that is wrong would ask for. */
static void insist(const tl_training *training)
{
    const tl_train_rows *data = training->rows;
    const tl_dataset *held = training->validation;
    TL_INVARIANT((data->label != NULL) != (data->target != NULL));
    if (data->loss != TL_LOSS_SQUARED) return;
    TL_INVARIANT(data->target != NULL && (!held || held->rows == 0));
    TL_INVARIANT(!tl_recipe_augments(training->recipe)); /* targets would stay behind */
}

tl_status tl_train(tl_model *model, const tl_training *training, tl_arena *scratch,
                   tl_train_report *report, tl_err *err)
{
    insist(training);
    const size_t mark = tl_arena_mark(scratch);
    trainer t = {.model = model,
                 .job = training,
                 .recipe = training->recipe,
                 .data = training->rows,
                 .team = training->team,
                 .scratch = scratch};
    const tl_dataset *held = training->validation;
    if (held && has_patience(t.recipe, held->rows)) t.validation = held;
    const tl_status mine = open_trainer(&t, err);
    tl_blas_start();
    tl_status status = tl_team_agree(t.team, mine, err);
    if (status == TL_OK) {
        status = tl_state_load(&t.state, training->checkpoint, t.team, scratch, err);
    }
    if (status == TL_OK && t.team->rank == 0 && t.state.progress.update > 0)
        tl_log(TL_LOG_INFO, "a training goes on after update %ld of %ld",
               (long)t.state.progress.update, t.budget);
    if (status == TL_OK) status = run_epochs(&t, err);
    if (report) {
        const tl_progress *progress = &t.state.progress;
        *report = (tl_train_report){.updates = (long)progress->update,
                                    .epochs = (int)progress->epoch,
                                    .last_loss = progress->last_loss};
    }
    tl_arena_rewind(scratch, mark);
    return status;
}
