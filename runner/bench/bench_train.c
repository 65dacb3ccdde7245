/*
 * bench train: how fast models are trained, or asked, beside what sgemm 1024^3 reaches.
 */
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"
#include "experiments/stage/service.h"
#include "runner/bench/bench.h"
#include "runner/cli/commands.h"

#include <stdio.h>

/* --- inference ------------------------------------------------------------------------ */

static tl_status time_asking(const tl_model *model, const tl_service *service,
                             const tl_bench_data *data, tl_arena *scratch,
                             tl_bench_rate *rate, tl_err *err)
{
    const tl_team team = tl_team_alone();
    const tl_question question = {
        .pixel = data->pixel, .rows = data->rows, .kind = TL_ANSWER_SCORES};
    const size_t mark = tl_arena_mark(scratch);
    float *answer;
    TL_TAKE(answer, scratch, (size_t)data->rows * (size_t)model->spec.classes, err);
    tl_bench_clock clock = tl_bench_clock_start(TL_BENCH_BLOCKS);
    do {
        TL_TRY(service
                   ? tl_service_ask(service, model, &question, &team, scratch, answer, err)
                   : tl_model_logits(model, data->pixel, data->rows, &team, scratch, answer,
                                     err));
    } while (!tl_bench_clock_count(&clock, data->rows, 1));
    *rate = tl_bench_clock_rate(&clock);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

/* --- what is printed ------------------------------------------------------------------ */

typedef struct result {
    const tl_model *model;
    const tl_bench_job *job;
    double gemm, before, after; /* GFLOP/s, medians */
    tl_bench_rate train, logits, service;
    tl_bench_layer *layer; /* [model->layers] */
} result;

static double tokens_of(const result *r)
{
    const tl_model_spec *spec = &r->job->setup.model;
    return tl_model_reads_tokens(spec->kind) ? spec->in.width : 0.0;
}

static void print_head(const result *r, bool is_json, tl_text *out)
{
    const tl_setup *setup = &r->job->setup;
    tl_text_print(out,
                  is_json
                      ? "\"model\": \"%s\", \"params\": %zu, \"batch\": %d, \"shards\": "
                        "%d, \"rows\": %d, \"core\": \"%s\", \"kernels\": \"%s\", "
                        "\"gemm_before\": %.2f, "
                        "\"gemm_after\": %.2f"
                      : "model=%s params=%zu batch=%d shards=%d rows=%d core=%s kernels=%s "
                        "gemm_before=%.2f gemm_after=%.2f",
                  tl_model_kind_name(setup->model.kind), r->model->params,
                  setup->recipe.batch, tl_recipe_shards(&setup->recipe), r->job->rows,
                  tl_blas_core(), tl_kernels_get()->name, r->before, r->after);
}

static void print_rate(const result *r, const tl_bench_rate *rate, double flop,
                       bool is_json, tl_text *out)
{
    const double gflops = 1e-9 * rate->rows * flop;
    if (tokens_of(r) > 0.0) {
        tl_text_print(out,
                      is_json ? "\"tokens_per_second\": %.6g, " : "tokens_per_second=%.6g ",
                      rate->rows * tokens_of(r));
    }
    tl_text_print(
        out,
        is_json
            ? "\"rows_per_second\": %.6g, \"lowest\": %.6g, \"highest\": "
              "%.6g, \"running\": %.3f, \"gflops\": %.4g, \"fraction_of_gemm\": %.4f, \"fraction_on_core\": %.4f"
            : "rows_per_second=%.6g lowest=%.6g highest=%.6g running=%.3f gflops=%.4g "
              "fraction_of_gemm=%.3f fraction_on_core=%.3f",
        rate->rows, rate->lowest, rate->highest, rate->rows * rate->row_cpu, gflops,
        gflops / r->gemm, 1e-9 * flop / rate->row_cpu / r->gemm);
}

/* A line of the table: a layer or a kind of layers, its part of a batch's time. */
static void print_line(const char *name, tl_bench_layer line, double whole, bool is_json,
                       tl_text *out)
{
    const double both = line.forward + line.backward;
    tl_text_print(out,
                  is_json ? "{\"layer\": \"%s\", \"forward\": %.4e, \"backward\": %.4e, "
                            "\"share\": %.4f}"
                          : "%-14s %12.3f %12.3f %8.3f\n",
                  name, line.forward * (is_json ? 1.0 : 1e3),
                  line.backward * (is_json ? 1.0 : 1e3), both / whole);
}

/* The lines of the layers of one kind, or one for all of them. */
static void print_kind(const result *r, tl_layer_kind kind, double whole,
                       const tl_bench_train_options *options, tl_text *out)
{
    tl_bench_layer sum = {0};
    const char *name = NULL;
    int number = 0;
    for (int l = 0; l < r->model->layers; l++) {
        if (r->model->layer[l].kind != kind) continue;
        name = tl_layer_ops_of(kind)->name;
        sum.forward += r->layer[l].forward;
        sum.backward += r->layer[l].backward;
        if (!options->has_layers) continue;
        char numbered[48];
        (void)snprintf(numbered, sizeof numbered, "%s%d", name, number++);
        print_line(numbered, r->layer[l], whole, options->is_json, out);
        if (options->is_json) tl_text_add(out, ", ");
    }
    if (!name || options->has_layers) return;
    print_line(name, sum, whole, options->is_json, out);
    if (options->is_json) tl_text_add(out, ", ");
}

static void print_layers(const result *r, const tl_bench_train_options *options,
                         tl_text *out)
{
    const int batch = r->job->setup.recipe.batch < r->job->rows ? r->job->setup.recipe.batch
                                                                : r->job->rows;
    const double whole = batch * r->train.row_cpu;
    double layers = 0.0;
    for (int l = 0; l < r->model->layers; l++) {
        layers += r->layer[l].forward + r->layer[l].backward;
    }
    if (!options->is_json) {
        tl_text_print(out, "%-14s %12s %12s %8s\n", "layer", "forward, ms", "backward, ms",
                      "share");
    }
    for (int k = 0; k < TL_LAYER_KINDS; k++) {
        print_kind(r, (tl_layer_kind)k, whole, options, out);
    }
    /* Input, dropout, loss, sums, optimiser. */
    print_line("rest", (tl_bench_layer){whole - layers, 0.0}, whole, options->is_json, out);
}

static void print_training(const result *r, const tl_bench_train_options *options,
                           tl_text *out)
{
    const double flop = tl_model_train_flop(&r->job->setup.model);
    if (!options->is_json) print_layers(r, options, out);
    tl_text_add(out, options->is_json ? "{\"name\": \"train\", " : "name=train ");
    print_head(r, options->is_json, out);
    tl_text_add(out, options->is_json ? ", " : " ");
    print_rate(r, &r->train, flop, options->is_json, out);
    if (options->is_json) {
        tl_text_add(out, ", \"layers\": [");
        print_layers(r, options, out);
        tl_text_add(out, "]}");
    }
    tl_text_add(out, "\n");
}

static void print_asking(const result *r, bool is_json, tl_text *out)
{
    const double flop = tl_model_flop(&r->job->setup.model);
    tl_text_add(out, is_json ? "{\"name\": \"infer\", " : "name=infer ");
    print_head(r, is_json, out);
    tl_text_add(out, is_json ? ", " : " ");
    print_rate(r, &r->logits, flop, is_json, out);
    tl_text_add(out, is_json ? ", \"service\": {" : "\nname=service ");
    print_rate(r, &r->service, flop, is_json, out);
    tl_text_add(out, is_json ? "}}\n" : "\n");
}

/* --- the bench ------------------------------------------------------------------------ */

static tl_status measure(const tl_bench_job *job, const tl_bench_train_options *options,
                         tl_arena *arena, result *r, tl_err *err)
{
    tl_model *model;
    tl_bench_data data;
    double gemm[2 * TL_GEMM_ROUNDS];
    TL_TRY(tl_model_new(&job->setup.model, arena, &model, err));
    TL_TRY(tl_bench_draw(job, arena, &data, err));
    TL_TAKE(r->layer, arena, model->layers, err);
    const tl_rng weights = tl_rng_stream(1, 0, "bench", 0, "init");
    tl_model_init(model, &weights);
    r->model = model;
    TL_TRY(tl_bench_gemm_rates(1024, 1024, 1024, gemm, err));
    if (options->infers) {
        TL_TRY(time_asking(model, NULL, &data, arena, &r->logits, err));
        TL_TRY(time_asking(model, tl_service_plain(), &data, arena, &r->service, err));
    } else {
        const tl_team alone = tl_team_alone();
        const tl_bench_lap lap = {job, &data, &alone, TL_BENCH_BLOCKS, 0};
        TL_TRY(tl_bench_time_training(model, &lap, arena, &r->train, NULL, err));
    }
    TL_TRY(tl_bench_gemm_rates(1024, 1024, 1024, gemm + TL_GEMM_ROUNDS, err));
    r->before = tl_bench_median(gemm, TL_GEMM_ROUNDS);
    r->after = tl_bench_median(gemm + TL_GEMM_ROUNDS, TL_GEMM_ROUNDS);
    r->gemm = tl_bench_median(gemm, 2 * TL_GEMM_ROUNDS);
    return options->infers ? TL_OK
                           : tl_bench_profile(model, job, &data, arena, r->layer, err);
}

int tl_bench_train(const tl_bench_job *job, const tl_bench_train_options *options)
{
    tl_arena arena = tl_arena_open(0);
    tl_err err = {0};
    tl_text out = {0};
    result r = {.job = job};
    tl_status status = measure(job, options, &arena, &r, &err);
    if (status == TL_OK && options->infers) print_asking(&r, options->is_json, &out);
    if (status == TL_OK && !options->infers) print_training(&r, options, &out);
    if (status == TL_OK && out.is_short)
        status = tl_fail(&err, TL_E_SPACE, "no memory left");
    if (status == TL_OK) {
        (void)fputs(out.at, stdout);
    } else {
        tl_log(TL_LOG_ERROR, "%s", err.text);
    }
    tl_text_close(&out);
    tl_arena_close(&arena);
    return status == TL_OK ? TL_EXIT_DONE : TL_EXIT_ERROR;
}
