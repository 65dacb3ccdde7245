/*
 * What the benches of training share: data, the clock, and a training that is timed.
 */
#include "compute/core/clock.h"
#include "runner/bench/bench.h"

enum { LEAST_UPDATES = 3, EPOCHS = 100000 };
static const double LEAST_SECONDS = 1.0, WARM_SECONDS = 0.3;

/* --- random data ---------------------------------------------------------------------- */

tl_status tl_bench_draw(const tl_bench_job *job, tl_arena *arena, tl_bench_data *data,
                        tl_err *err)
{
    const tl_model_spec *spec = &job->setup.model;
    const size_t numbers = (size_t)job->rows * (size_t)tl_shape_size(spec->in);
    data->rows = job->rows;
    TL_TAKE(data->pixel, arena, numbers, err);
    TL_TAKE(data->label, arena, job->rows, err);
    TL_TAKE(data->row, arena, job->rows, err);
    tl_rng pixels = tl_rng_stream(1, 0, "bench", 0, "pixels"),
           labels = tl_rng_stream(1, 0, "bench", 0, "labels");
    for (size_t i = 0; i < numbers; i++) {
        data->pixel[i] = tl_model_reads_tokens(spec->kind)
                             ? (float)tl_rng_below(&pixels, (uint32_t)spec->classes)
                             : (float)tl_rng_uniform(&pixels);
    }
    for (int i = 0; i < job->rows; i++) {
        data->label[i] = (int32_t)tl_rng_below(&labels, (uint32_t)spec->classes);
        data->row[i] = i;
    }
    return TL_OK;
}

/* --- the clock ------------------------------------------------------------------------ */

tl_bench_clock tl_bench_clock_start(int blocks)
{
    TL_INVARIANT(blocks >= 1 && blocks <= TL_BENCH_BLOCKS);
    return (tl_bench_clock){.wanted = blocks,
                            .done = -1,
                            .begin = tl_seconds(),
                            .begin_cpu = tl_bench_cpu_seconds()};
}

bool tl_bench_clock_count(tl_bench_clock *clock, double rows, int updates)
{
    const bool is_warm = clock->done >= 0;
    const double now = tl_seconds(), seconds = now - clock->begin;
    clock->rows += rows;
    clock->updates += updates;
    if (is_warm && clock->updates < LEAST_UPDATES) return false;
    if (seconds < (is_warm ? LEAST_SECONDS : WARM_SECONDS)) return false;
    if (is_warm) {
        clock->rate[clock->done] = clock->rows / seconds;
        clock->cpu[clock->done] = (tl_bench_cpu_seconds() - clock->begin_cpu) / clock->rows;
    }
    clock->done++;
    clock->begin = now;
    clock->begin_cpu = tl_bench_cpu_seconds();
    clock->rows = 0.0;
    clock->updates = 0;
    return clock->done == clock->wanted;
}

tl_bench_rate tl_bench_clock_rate(tl_bench_clock *clock)
{
    const double median = tl_bench_median(clock->rate, clock->wanted);
    return (tl_bench_rate){median, clock->rate[0], clock->rate[clock->wanted - 1],
                           tl_bench_median(clock->cpu, clock->wanted)};
}

/* --- training ------------------------------------------------------------------------- */

/* A team whose ticks are counted. The team comes first: its address is that of both. */
typedef struct timed_team {
    tl_team team;
    tl_team_ops ops;
    const tl_team *inner;
    bool is_watcher;
    tl_bench_clock clock;
    int rows, batches, updates; /* of an epoch */
    int seen;                   /* batches of this epoch */
} timed_team;

static bool tick(const tl_team *team)
{
    timed_team *timed = (timed_team *)(uintptr_t)team; /* made below, and not const */
    (void)tl_team_tick(timed->inner);
    if (!timed->is_watcher || ++timed->seen < timed->batches) return false;
    timed->seen = 0;
    return tl_bench_clock_count(&timed->clock, timed->rows, timed->updates);
}

tl_status tl_bench_time_training(tl_model *model, const tl_bench_lap *lap,
                                 tl_arena *scratch, tl_bench_rate *rate,
                                 tl_train_report *report, tl_err *err)
{
    const tl_bench_data *data = lap->data;
    tl_recipe recipe = lap->job->setup.recipe;
    recipe.epochs = EPOCHS;
    const int group = tl_recipe_group(&recipe, data->rows);
    timed_team timed = {.team = *lap->team,
                        .ops = *lap->team->ops,
                        .inner = lap->team,
                        .is_watcher = lap->team->rank == lap->watcher,
                        .clock = tl_bench_clock_start(lap->blocks),
                        .rows = data->rows,
                        .batches = (data->rows + recipe.batch - 1) / recipe.batch,
                        .updates = (data->rows + group - 1) / group};
    timed.ops.tick = tick;
    timed.team.ops = &timed.ops;
    const tl_train_rows rows = {
        .pixel = data->pixel, .label = data->label, .row = data->row, .rows = data->rows};
    const tl_rng order = tl_rng_stream(1, 0, "bench", 0, "order");
    const tl_training training = {
        .recipe = &recipe, .rows = &rows, .rng = &order, .team = &timed.team};
    const tl_status status = tl_train(model, &training, scratch, report, err);
    if (status != TL_E_STOP) {
        TL_TRY(status);
        return tl_fail(err, TL_E_ARG, "%d epochs of %d rows are too little to measure",
                       recipe.epochs, data->rows);
    }
    if (timed.is_watcher) *rate = tl_bench_clock_rate(&timed.clock);
    return TL_OK;
}
