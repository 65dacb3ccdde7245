/*
 * What another program needs to compare a model with: parity DIR SEED MODEL [NAME=VALUE]...
 * (settings as threatloop bench train has them) leaves in DIR the weights, as
 * model.safetensors, one batch, as input.f32 and label.i32, our gradient of its mean
 * cross-entropy, as gradient.f32, and what and where all that is, with our loss, as
 * index.json.
 */
#include "compute/core/blas.h"
#include "compute/nn/loss.h"
#include "compute/nn/pass.h"
#include "compute/train/model_file.h"
#include "runner/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_SPACE = 1024 };

typedef struct parity {
    const char *folder;
    uint64_t seed;
    tl_model *model;
    int rows, outputs; /* outputs: of all rows, one a position */
    float *input;      /* [rows x input] */
    int32_t *label;    /* [outputs] */
    float *grad;       /* [params] */
    double loss;       /* mean over the outputs */
} parity;

static tl_status write_file(const parity *p, const char *name, const void *bytes, size_t n,
                            tl_err *err)
{
    char path[PATH_SPACE];
    (void)snprintf(path, sizeof path, "%s/%s", p->folder, name);
    FILE *file = fopen(path, "wb");
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be written", path);
    const bool is_whole = fwrite(bytes, 1, n, file) == n;
    TL_CHECK(fclose(file) == 0 && is_whole, err, TL_E_IO, "%s: cannot be written", path);
    return TL_OK;
}

/* Starting weights, none of them 0 or 1: a term that is left out must show. */
static void draw_weights(uint64_t seed, tl_model *model)
{
    const tl_rng init = tl_rng_stream(seed, 0, "parity", 0, "init");
    tl_rng noise = tl_rng_stream(seed, 0, "parity", 0, "noise");
    tl_model_init(model, &init);
    for (size_t i = 0; i < model->params; i++) {
        model->param[i] += (float)(0.02 * tl_rng_normal(&noise));
    }
}

static tl_status draw_batch(parity *p, tl_arena *arena, tl_err *err)
{
    const tl_model_spec *spec = &p->model->spec;
    const int size = tl_shape_size(spec->in);
    const bool reads_tokens = tl_model_reads_tokens(spec->kind);
    p->outputs = p->rows * p->model->positions;
    TL_ALLOC(p->input, arena, (size_t)p->rows * (size_t)size, err);
    TL_ALLOC(p->label, arena, p->outputs, err);
    tl_rng rng = tl_rng_stream(p->seed, 0, "parity", 0, "batch");
    for (int i = 0; i < p->rows * size; i++) {
        p->input[i] = reads_tokens ? (float)tl_rng_below(&rng, (uint32_t)spec->classes)
                                   : (float)tl_rng_uniform(&rng);
    }
    for (int i = 0; i < p->outputs; i++) {
        p->label[i] = (int32_t)tl_rng_below(&rng, (uint32_t)spec->classes);
    }
    return TL_OK;
}

static tl_status compute(parity *p, tl_arena *arena, tl_err *err)
{
    const int classes = p->model->spec.classes;
    const size_t numbers = (size_t)p->outputs * (size_t)classes;
    tl_pass pass;
    double *loss;
    TL_ALLOC(p->grad, arena, p->model->params, err);
    TL_ALLOC(loss, arena, p->outputs, err);
    TL_TRY(tl_pass_new(p->model, p->rows, TL_PASS_BACKWARD, arena, &pass, err));
    tl_blas_start();
    tl_pass_refresh(&pass);
    const float *logits = tl_pass_forward(&pass, p->input, NULL, p->rows);
    tl_cross_entropy(logits, p->label, p->outputs, classes, loss);
    for (int i = 0; i < p->outputs; i++) p->loss += loss[i] / p->outputs;
    float *d = tl_pass_d_logits(&pass);
    tl_softmax(logits, p->outputs, classes, d);
    for (int i = 0; i < p->outputs; i++) d[i * classes + p->label[i]] -= 1.0f;
    for (size_t i = 0; i < numbers; i++) d[i] /= (float)p->outputs;
    tl_pass_backward(&pass, p->rows, p->grad, true);
    return TL_OK;
}

static tl_status write_index(const parity *p, tl_arena *arena, tl_err *err)
{
    const tl_model_spec *spec = &p->model->spec;
    char path[PATH_SPACE];
    tl_tensor *tensor;
    int count;
    TL_TRY(tl_model_tensors(p->model, arena, &tensor, &count, err));
    (void)snprintf(path, sizeof path, "%s/index.json", p->folder);
    FILE *file = fopen(path, "w");
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be written", path);
    (void)fprintf(file,
                  "{\"kind\": \"%s\", \"width\": %d, \"layers\": %d, \"heads\": %d, "
                  "\"kv_heads\": %d, \"context\": %d, \"vocabulary\": %d, \"classes\": %d, "
                  "\"shape\": [%d, %d, %d], \"rows\": %d, \"loss\": %.17g, \"tensors\": [",
                  tl_model_kind_name(spec->kind), spec->width, spec->depth, spec->heads,
                  spec->kv_heads, spec->in.width, spec->classes, spec->classes,
                  spec->in.channels, spec->in.height, spec->in.width, p->rows, p->loss);
    for (int i = 0; i < count; i++) {
        (void)fprintf(file, "%s{\"name\": \"%s\", \"at\": %zu, \"count\": %zu}",
                      i ? ", " : "", tensor[i].name, tensor[i].at, tensor[i].count);
    }
    (void)fprintf(file, "]}\n");
    TL_CHECK(fclose(file) == 0, err, TL_E_IO, "%s: cannot be written", path);
    return TL_OK;
}

static tl_status run(parity *p, const tl_bench_job *job, tl_arena *arena, tl_err *err)
{
    char path[PATH_SPACE];
    p->rows = job->setup.recipe.batch;
    TL_TRY(tl_model_new(&job->setup.model, arena, &p->model, err));
    draw_weights(p->seed, p->model);
    TL_TRY(draw_batch(p, arena, err));
    TL_TRY(compute(p, arena, err));
    (void)snprintf(path, sizeof path, "%s/model.safetensors", p->folder);
    TL_TRY(tl_model_save(p->model, NULL, NULL, path, err));
    TL_TRY(write_file(p, "input.f32", p->input,
                      (size_t)p->rows * (size_t)tl_shape_size(p->model->spec.in) *
                          sizeof *p->input,
                      err));
    TL_TRY(
        write_file(p, "label.i32", p->label, (size_t)p->outputs * sizeof *p->label, err));
    TL_TRY(write_file(p, "gradient.f32", p->grad, p->model->params * sizeof *p->grad, err));
    return write_index(p, arena, err);
}

int main(int argc, char **argv)
{
    tl_err err = {0};
    tl_bench_job job;
    if (argc < 4) {
        (void)fprintf(stderr, "usage: parity DIR SEED MODEL [NAME=VALUE]...\n");
        return 2;
    }
    parity p = {.folder = argv[1], .seed = strtoull(argv[2], NULL, 10)};
    tl_arena arena = tl_arena_open(0);
    tl_status status =
        tl_bench_job_read(argv[3], (const char *const *)argv + 4, argc - 4, &job, &err);
    if (status == TL_OK) status = run(&p, &job, &arena, &err);
    tl_arena_close(&arena);
    if (status != TL_OK) (void)fprintf(stderr, "parity: %s\n", err.text);
    return status != TL_OK;
}
