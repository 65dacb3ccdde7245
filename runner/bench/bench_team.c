/*
 * bench train on several ranks: one model trained by rank 0 alone, while the others wait,
 * and by all ranks together, alternating: speedup, and seconds that rank 0 waits for
 * others.
 */
#include "compute/core/json.h"
#include "compute/core/sort.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/bench/bench.h"

enum { ROUNDS = 5 };

typedef struct findings {
    double alone[ROUNDS], together[ROUNDS]; /* rows per second */
    double exposed[ROUNDS];                 /* seconds per update that rank 0 waited */
    double scratch_alone, scratch;          /* bytes that the trainings took */
    size_t params;
    const tl_bench_job *job; /* options */
    bool is_json;
} findings;

/* Times one training; `bytes` is the peak of its arena. */
static tl_status run_round(tl_model *model, const tl_timed_training *run, double *rows,
                           double *exposed, double *bytes, tl_err *err)
{
    tl_arena scratch = tl_arena_open(0);
    tl_rate rate = {0};
    tl_train_report report = {0};
    const tl_status status = tl_train_time(model, run, &scratch, &rate, &report, err);
    *rows = rate.rows;
    if (report.updates > 0) *exposed = report.waited / (double)report.updates;
    *bytes = (double)scratch.peak;
    tl_arena_close(&scratch);
    return status;
}

static tl_status run_rounds(tl_model *model, const tl_timed_training *run, findings *out,
                            tl_err *err)
{
    const tl_team alone = tl_team_alone_within(run->team);
    tl_timed_training by_itself = *run;
    by_itself.team = &alone;
    double unused = 0.0;
    for (int r = 0; r < ROUNDS; r++) {
        tl_status mine = TL_OK;
        if (run->team->rank == 0)
            mine = run_round(model, &by_itself, &out->alone[r], &unused,
                             &out->scratch_alone, err);
        TL_TRY(tl_team_agree(run->team, mine, err));
        TL_TRY(tl_team_broadcast(run->team, model->param,
                                 model->params * sizeof *model->param, err));
        TL_TRY(
            run_round(model, run, &out->together[r], &out->exposed[r], &out->scratch, err));
    }
    return TL_OK;
}

static tl_status prepare(const tl_bench_job *job, tl_arena *arena, tl_model **model,
                         tl_timer_data *data, tl_err *err)
{
    TL_TRY(tl_timer_model(&job->setup.model, arena, model, err));
    return tl_timer_draw(&job->setup.model, job->rows, arena, data, err);
}

static void print(findings *f, int ranks)
{
    const tl_bench_job *job = f->job;
    double ratio[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) ratio[r] = f->together[r] / f->alone[r];
    const tl_recipe *recipe = &job->setup.recipe;
    const double rows = tl_median(f->together, ROUNDS);
    const double exposed = tl_median(f->exposed, ROUNDS);
    json_t *record = json_pack(
        "{s:s, s:s, s:I, s:i, s:i, s:i, s:s, s:i, s:i}", "name", "train", "model",
        tl_model_kind_name(job->setup.model.kind), "params", (json_int_t)f->params, "batch",
        recipe->batch, "shards", tl_recipe_shards(recipe), "ranks", ranks, "kernels",
        tl_kernels_get()->name, "zero", recipe->zero, "overlap", recipe->overlap);
    const struct {
        const char *name;
        double value;
    } real[] = {{"rows_per_second_alone", tl_median(f->alone, ROUNDS)},
                {"rows_per_second", rows},
                {"speedup", tl_median(ratio, ROUNDS)},
                {"exposed_seconds", exposed},
                {"exposed_share", exposed * rows / tl_recipe_group(recipe, job->rows)},
                {"scratch_mib_alone", f->scratch_alone / 0x1p20},
                {"scratch_mib", f->scratch / 0x1p20}};
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        tl_json_put(record, real[i].name, tl_json_real(real[i].value));
    tl_bench_print(record, f->is_json);
}

static tl_status measure(const tl_team *team, void *self, tl_err *err)
{
    findings *out = self;
    const tl_bench_job *job = out->job;
    tl_arena arena = tl_arena_open(0);
    tl_model *model = NULL;
    tl_timer_data data;
    tl_status status = tl_team_agree(team, prepare(job, &arena, &model, &data, err), err);
    if (status == TL_OK) {
        const tl_timed_training run = {&job->setup.recipe, &data, team, 1, 0};
        out->params = model->params;
        status = run_rounds(model, &run, out, err);
    }
    tl_arena_close(&arena);
    if (status == TL_OK && team->rank == 0) print(out, team->size);
    return status;
}

int tl_bench_team(const tl_bench_job *job, bool is_json)
{
    findings found = {.job = job, .is_json = is_json};
    return tl_bench_on_team(measure, &found,
                            tl_train_max_ranks(&job->setup.model, &job->setup.recipe));
}
