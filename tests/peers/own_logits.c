/*
 * What a model of another program says here: own_logits DIR MODEL [NAME=VALUE]... (settings
 * as threatloop bench train has them; `batch` rows) reads DIR/net.safetensors and
 * DIR/input.f32, and leaves the logits of all positions as DIR/logits.f32.
 */
#include "compute/core/blas.h"
#include "compute/nn/own_model.h"
#include "compute/nn/pass.h"
#include "runner/bench/bench.h"

#include <stdio.h>

enum { PATH_SPACE = 1024 };

static tl_status move_floats(const char *folder, const char *name, const char *mode,
                             float *x, size_t n, tl_err *err)
{
    char path[PATH_SPACE];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be opened", path);
    const size_t moved =
        mode[0] == 'r' ? fread(x, sizeof *x, n, file) : fwrite(x, sizeof *x, n, file);
    TL_CHECK(fclose(file) == 0 && moved == n, err, TL_E_IO, "%s: is no file of %zu numbers",
             path, n);
    return TL_OK;
}

static tl_status run(const char *folder, const tl_bench_job *job, tl_arena *arena,
                     tl_err *err)
{
    char path[PATH_SPACE];
    tl_own_model own;
    tl_model *model;
    tl_pass pass;
    float *input, *logits;
    const int rows = job->setup.recipe.batch;
    const size_t inputs = (size_t)rows * (size_t)tl_shape_size(job->setup.model.in);
    (void)snprintf(path, sizeof path, "%s/net.safetensors", folder);
    TL_TRY(tl_own_model_open(path, arena, &own, err));
    TL_TRY(tl_own_model_read(&own, &job->setup.model, arena, &model, err));
    TL_ALLOC(input, arena, inputs, err);
    TL_TRY(move_floats(folder, "input.f32", "rb", input, inputs, err));
    TL_TRY(tl_pass_new(model, rows, TL_PASS_FORWARD, arena, &pass, err));
    tl_blas_start();
    tl_pass_refresh(&pass);
    const float *found = tl_pass_forward(&pass, input, NULL, rows);
    const size_t outputs =
        (size_t)rows * (size_t)model->positions * (size_t)model->spec.classes;
    TL_ALLOC(logits, arena, outputs, err);
    for (size_t i = 0; i < outputs; i++) logits[i] = found[i];
    return move_floats(folder, "logits.f32", "wb", logits, outputs, err);
}

int main(int argc, char **argv)
{
    tl_err err = {0};
    tl_bench_job job;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: own_logits DIR MODEL [NAME=VALUE]...\n");
        return 2;
    }
    tl_arena arena = tl_arena_open(0);
    tl_status status =
        tl_bench_job_read(argv[2], (const char *const *)argv + 3, argc - 3, &job, &err);
    if (status == TL_OK) status = run(argv[1], &job, &arena, &err);
    tl_arena_close(&arena);
    if (status != TL_OK) (void)fprintf(stderr, "own_logits: %s\n", err.text);
    return status != TL_OK;
}
