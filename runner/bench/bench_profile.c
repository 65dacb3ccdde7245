/*
 * Time by layer, over a pass of its own, so that no clocks slow the trainer's passes: layer
 * by layer, as tl_pass_forward and tl_pass_backward do.
 */
#include "compute/core/clock.h"
#include "compute/core/sort.h"
#include "compute/nn/pass.h"
#include "runner/bench/bench.h"

#include <string.h>

enum { LEAST_ROUNDS = 3, MOST_ROUNDS = 201 };
static const double LEAST_SECONDS = 1.0;

typedef struct profile {
    tl_pass pass;
    const tl_timer_data *data;
    int shards, batch;
    float *grad;    /* [params] */
    float *d_logit; /* [rows of a shard x outputs] gradient that backward starts from */
    size_t outputs; /* of one row: positions x classes */
} profile;

static tl_status open_profile(profile *p, const tl_model *model, const tl_recipe *recipe,
                              tl_arena *scratch, tl_err *err)
{
    p->shards = tl_recipe_shards(recipe);
    p->batch = recipe->batch < p->data->rows ? recipe->batch : p->data->rows;
    p->outputs = (size_t)model->positions * (size_t)model->spec.classes;
    const int rows = (p->batch + p->shards - 1) / p->shards;
    TL_TRY(tl_pass_new(model, rows, TL_PASS_BACKWARD, scratch, &p->pass, err));
    TL_ALLOC(p->grad, scratch, model->params, err);
    TL_ALLOC(p->d_logit, scratch, (size_t)rows * p->outputs, err);
    tl_rng rng = tl_rng_stream(1, 0, "bench", 0, "slope");
    for (size_t i = 0; i < (size_t)rows * p->outputs; i++) {
        p->d_logit[i] = (float)(tl_rng_uniform(&rng) - 0.5);
    }
    tl_pass_refresh(&p->pass);
    return TL_OK;
}

/* Times one batch: layer l forward in seconds[l][0], backward in seconds[l][1]. */
static void time_batch(profile *p, double (*seconds)[2][MOST_ROUNDS], int round)
{
    const int layers = p->pass.model->layers;
    for (int l = 0; l < layers; l++) {
        tl_layer_run *run = &p->pass.run[l];
        const tl_layer_ops *ops = tl_layer_ops_of(run->layer->kind);
        const double begin = tl_cpu_seconds();
        if (ops->pack) ops->pack(run);
        seconds[l][0][round] = tl_cpu_seconds() - begin;
        seconds[l][1][round] = 0.0;
    }
    for (int s = 0; s < p->shards; s++) {
        const int first = (int)((long)s * p->batch / p->shards);
        const int rows = (int)((long)(s + 1) * p->batch / p->shards) - first;
        /* Loads the shard's rows and sets the row count of each layer. */
        (void)tl_pass_forward(&p->pass, p->data->input, p->data->row + first, rows);
        for (int l = 0; l < layers; l++) {
            tl_layer_run *run = &p->pass.run[l];
            const double begin = tl_cpu_seconds();
            tl_layer_ops_of(run->layer->kind)->forward(run);
            seconds[l][0][round] += tl_cpu_seconds() - begin;
        }
        memcpy(tl_pass_d_logits(&p->pass), p->d_logit,
               (size_t)rows * p->outputs * sizeof *p->d_logit);
        for (int l = layers - 1; l >= 0; l--) {
            tl_layer_run *run = &p->pass.run[l];
            run->sets = run->leads; /* as the trainer's first batch of an update */
            const double begin = tl_cpu_seconds();
            tl_layer_ops_of(run->layer->kind)->backward(run, p->grad);
            seconds[l][1][round] += tl_cpu_seconds() - begin;
        }
    }
}

tl_status tl_bench_profile(const tl_model *model, const tl_bench_job *job,
                           const tl_timer_data *data, tl_arena *scratch,
                           tl_bench_layer *layer, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    profile p = {.data = data};
    double(*seconds)[2][MOST_ROUNDS]; /* [layers] by direction and round */
    TL_TRY(open_profile(&p, model, &job->setup.recipe, scratch, err));
    TL_ALLOC(seconds, scratch, model->layers, err);
    time_batch(&p, seconds, 0); /* warms pages and caches */
    int rounds = 0;
    const double begin = tl_seconds();
    while (rounds < MOST_ROUNDS &&
           (rounds < LEAST_ROUNDS || tl_seconds() - begin < LEAST_SECONDS))
        time_batch(&p, seconds, rounds++);
    for (int l = 0; l < model->layers; l++)
        layer[l] = (tl_bench_layer){tl_median(seconds[l][0], (size_t)rounds),
                                    tl_median(seconds[l][1], (size_t)rounds)};
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}
