/*
 * bench train: how fast models are trained, or queried, compared with sgemm 1024^3.
 */
#include "compute/core/blas.h"
#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "compute/core/sort.h"
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"
#include "experiments/stage/query_session.h"
#include "runner/bench/bench.h"
#include "runner/exit.h"

#include <stdio.h>

/* --- inference ------------------------------------------------------------------------ */

static tl_status time_queries(const tl_model *model, const tl_service *service,
                              const tl_timer_data *data, tl_arena *scratch, tl_rate *rate,
                              tl_err *err)
{
    const tl_team team = tl_team_alone();
    const tl_question question = {
        .input = data->input, .rows = data->rows, .kind = TL_ANSWER_SCORES};
    const size_t mark = tl_arena_mark(scratch);
    const tl_session_options options = {
        .service = service, .model = model, .budget = UINT64_MAX};
    float *answer;
    tl_session *session = NULL;
    TL_ALLOC(answer, scratch, (size_t)data->rows * (size_t)model->spec.classes, err);
    if (service) TL_TRY(tl_session_open(&options, scratch, &session, err));
    tl_timer clock = tl_timer_start(TL_TIMER_BLOCKS);
    do {
        TL_TRY(session ? tl_session_ask(session, &question, &team, scratch, answer, err)
                       : tl_model_logits(model, data->input, data->rows, &team, scratch,
                                         answer, err));
    } while (!tl_timer_count(&clock, data->rows, 1));
    *rate = tl_timer_rate(&clock);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

/* --- what is printed ------------------------------------------------------------------ */

typedef struct result {
    const tl_model *model;
    const tl_bench_job *job;
    double gemm, before, after; /* GFLOP/s, medians */
    tl_rate train, logits, service;
    tl_bench_layer *layer; /* [model->layers] */
} result;

/* Puts the rates into `record`. */
static void put_rate(const result *r, const tl_rate *rate, double flop, json_t *record)
{
    const tl_model_spec *spec = &r->job->setup.model;
    const double gflops = 1e-9 * rate->rows * flop;
    if (tl_model_reads_tokens(spec->kind))
        tl_json_put(record, "tokens_per_second", tl_json_real(rate->rows * spec->in.width));
    const struct {
        const char *name;
        double value;
    } real[] = {{"rows_per_second", rate->rows},
                {"lowest", rate->lowest},
                {"highest", rate->highest},
                {"running", rate->rows * rate->row_cpu},
                {"gflops", gflops},
                {"fraction_of_gemm", gflops / r->gemm},
                {"fraction_on_core", 1e-9 * flop / rate->row_cpu / r->gemm}};
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        tl_json_put(record, real[i].name, tl_json_real(real[i].value));
}

static json_t *record_of(const result *r, const char *name, const tl_rate *rate,
                         double flop)
{
    const tl_setup *setup = &r->job->setup;
    json_t *record = json_pack(
        "{s:s, s:s, s:I, s:i, s:i, s:i, s:s, s:s, s:o, s:o}", "name", name, "model",
        tl_model_kind_name(setup->model.kind), "params", (json_int_t)r->model->params,
        "batch", setup->recipe.batch, "shards", tl_recipe_shards(&setup->recipe), "rows",
        r->job->rows, "core", tl_blas_core(), "kernels", tl_kernels_get()->name,
        "gemm_before", tl_json_real(r->before), "gemm_after", tl_json_real(r->after));
    put_rate(r, rate, flop, record);
    return record;
}

/* Appends a layer or a kind of layers, with its share of a batch's time. */
static void add_line(json_t *lines, const char *name, tl_bench_layer line, double whole)
{
    tl_json_append(lines, json_pack("{s:s, s:o, s:o, s:o}", "layer", name, "forward",
                                    tl_json_real(line.forward), "backward",
                                    tl_json_real(line.backward), "share",
                                    tl_json_real((line.forward + line.backward) / whole)));
}

/* Seconds for a batch, by layer or by kind of layer. */
static json_t *layers_of(const result *r, bool by_layer)
{
    const int batch = r->job->setup.recipe.batch < r->job->rows ? r->job->setup.recipe.batch
                                                                : r->job->rows;
    const double whole = batch * r->train.row_cpu;
    double rest = whole;
    json_t *lines = json_array();
    for (int k = 0; k < TL_LAYER_KINDS; k++) {
        tl_bench_layer sum = {0};
        int number = 0;
        for (int l = 0; l < r->model->layers; l++) {
            if ((int)r->model->layer[l].kind != k) continue;
            char name[48];
            (void)snprintf(name, sizeof name, "%s%d",
                           tl_layer_ops_of((tl_layer_kind)k)->name, number++);
            if (by_layer) add_line(lines, name, r->layer[l], whole);
            sum.forward += r->layer[l].forward;
            sum.backward += r->layer[l].backward;
        }
        rest -= sum.forward + sum.backward;
        if (number > 0 && !by_layer)
            add_line(lines, tl_layer_ops_of((tl_layer_kind)k)->name, sum, whole);
    }
    /* Input, dropout, loss, sums, optimiser. */
    add_line(lines, "rest", (tl_bench_layer){rest, 0.0}, whole);
    return lines;
}

static void print_layers(const json_t *lines)
{
    size_t i;
    const json_t *line;
    tl_print(stdout, "%-14s %12s %12s %8s\n", "layer", "forward, ms", "backward, ms",
             "share");
    json_array_foreach(lines, i, line)
    {
        tl_print(stdout, "%-14s %12.3f %12.3f %8.3f\n", tl_json_field(line, "layer"),
                 1e3 * json_number_value(json_object_get(line, "forward")),
                 1e3 * json_number_value(json_object_get(line, "backward")),
                 json_number_value(json_object_get(line, "share")));
    }
}

static void print_training(const result *r, const tl_bench_train_options *options)
{
    json_t *layers = layers_of(r, options->has_layers);
    json_t *record =
        record_of(r, "train", &r->train, tl_model_train_flop(&r->job->setup.model));
    if (options->is_json) {
        tl_json_put(record, "layers", layers);
    } else {
        print_layers(layers);
        json_decref(layers);
    }
    tl_bench_print(record, options->is_json);
}

static void print_inference(const result *r, bool is_json)
{
    const double flop = tl_model_flop(&r->job->setup.model);
    json_t *record = record_of(r, "infer", &r->logits, flop);
    json_t *service = json_pack("{s:s}", "name", "service");
    put_rate(r, &r->service, flop, service);
    tl_json_put(record, "service", service);
    tl_bench_print(record, is_json);
}

/* --- the bench ------------------------------------------------------------------------ */

static tl_status measure(const tl_bench_job *job, const tl_bench_train_options *options,
                         tl_arena *arena, result *r, tl_err *err)
{
    tl_model *model;
    tl_timer_data data;
    double gemm[2 * TL_GEMM_ROUNDS];
    TL_TRY(tl_timer_model(&job->setup.model, arena, &model, err));
    TL_TRY(tl_timer_draw(&job->setup.model, job->rows, arena, &data, err));
    TL_ALLOC(r->layer, arena, model->layers, err);
    r->model = model;
    TL_TRY(tl_bench_gemm_rates(1024, 1024, 1024, gemm, err));
    if (options->infers) {
        TL_TRY(time_queries(model, NULL, &data, arena, &r->logits, err));
        TL_TRY(time_queries(model, tl_service_plain(), &data, arena, &r->service, err));
    } else {
        const tl_team alone = tl_team_alone();
        const tl_timed_training run = {&job->setup.recipe, &data, &alone, TL_TIMER_BLOCKS,
                                       0};
        TL_TRY(tl_train_time(model, &run, arena, &r->train, NULL, err));
    }
    TL_TRY(tl_bench_gemm_rates(1024, 1024, 1024, gemm + TL_GEMM_ROUNDS, err));
    r->before = tl_median(gemm, TL_GEMM_ROUNDS);
    r->after = tl_median(gemm + TL_GEMM_ROUNDS, TL_GEMM_ROUNDS);
    r->gemm = tl_median(gemm, 2 * TL_GEMM_ROUNDS);
    return options->infers ? TL_OK
                           : tl_bench_profile(model, job, &data, arena, r->layer, err);
}

int tl_bench_train(const tl_bench_job *job, const tl_bench_train_options *options)
{
    tl_arena arena = tl_arena_open(0);
    tl_err err = {0};
    result r = {.job = job};
    const tl_status status = measure(job, options, &arena, &r, &err);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
    } else if (options->infers) {
        print_inference(&r, options->is_json);
    } else {
        print_training(&r, options);
    }
    tl_arena_close(&arena);
    return status == TL_OK ? TL_EXIT_DONE : TL_EXIT_ERROR;
}
