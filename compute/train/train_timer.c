#include "compute/train/train_timer.h"

#include "compute/core/clock.h"
#include "compute/core/sort.h"

enum { LEAST_UPDATES = 3, EPOCHS = 100000 };
static const double LEAST_SECONDS = 1.0, WARM_SECONDS = 0.3;

/* --- random data ---------------------------------------------------------------------- */

tl_status tl_timer_draw(const tl_model_spec *spec, int rows, tl_arena *arena,
                        tl_timer_data *data, tl_err *err)
{
    const size_t numbers = (size_t)rows * (size_t)tl_shape_size(spec->in);
    data->rows = rows;
    TL_ALLOC(data->input, arena, numbers, err);
    TL_ALLOC(data->label, arena, rows, err);
    TL_ALLOC(data->row, arena, rows, err);
    tl_rng pixels = tl_rng_stream(1, 0, "bench", 0, "pixels"),
           labels = tl_rng_stream(1, 0, "bench", 0, "labels");
    for (size_t i = 0; i < numbers; i++) {
        data->input[i] = tl_model_reads_tokens(spec->kind)
                             ? (float)tl_rng_below(&pixels, (uint32_t)spec->classes)
                             : (float)tl_rng_uniform(&pixels);
    }
    for (int i = 0; i < rows; i++) {
        data->label[i] = (int32_t)tl_rng_below(&labels, (uint32_t)spec->classes);
        data->row[i] = i;
    }
    return TL_OK;
}

tl_status tl_timer_model(const tl_model_spec *spec, tl_arena *arena, tl_model **model,
                         tl_err *err)
{
    TL_TRY(tl_model_new(spec, arena, model, err));
    const tl_rng weights = tl_rng_stream(1, 0, "bench", 0, "init");
    tl_model_init(*model, &weights);
    return TL_OK;
}

/* --- the stopwatch ----------------------------------------------------------------------
 */

tl_timer tl_timer_start(int blocks)
{
    TL_INVARIANT(blocks >= 1 && blocks <= TL_TIMER_BLOCKS);
    return (tl_timer){
        .wanted = blocks, .done = -1, .begin = tl_seconds(), .begin_cpu = tl_cpu_seconds()};
}

bool tl_timer_count(tl_timer *clock, double rows, int updates)
{
    const bool is_warm = clock->done >= 0;
    const double now = tl_seconds(), seconds = now - clock->begin;
    clock->rows += rows;
    clock->updates += updates;
    if (is_warm && clock->updates < LEAST_UPDATES) return false;
    if (seconds < (is_warm ? LEAST_SECONDS : WARM_SECONDS)) return false;
    if (is_warm) {
        clock->rate[clock->done] = clock->rows / seconds;
        clock->cpu[clock->done] = (tl_cpu_seconds() - clock->begin_cpu) / clock->rows;
    }
    clock->done++;
    clock->begin = now;
    clock->begin_cpu = tl_cpu_seconds();
    clock->rows = 0.0;
    clock->updates = 0;
    return clock->done == clock->wanted;
}

tl_rate tl_timer_rate(tl_timer *clock)
{
    const double median = tl_median(clock->rate, (size_t)clock->wanted);
    return (tl_rate){median, clock->rate[0], clock->rate[clock->wanted - 1],
                     tl_median(clock->cpu, (size_t)clock->wanted)};
}

/* --- training ------------------------------------------------------------------------- */

/* A team that counts its ticks. `team` is the first member, so their addresses are equal.
 */
typedef struct timed_team {
    tl_team team;
    tl_team_ops ops;
    const tl_team *inner;
    bool is_watcher;
    tl_timer clock;
    int rows, batches, updates; /* of an epoch */
    int seen;                   /* batches of this epoch */
} timed_team;

static bool tick(const tl_team *team)
{
    timed_team *timed = (timed_team *)(uintptr_t)team; /* made below, and not const */
    (void)tl_team_tick(timed->inner);
    if (!timed->is_watcher || ++timed->seen < timed->batches) return false;
    timed->seen = 0;
    return tl_timer_count(&timed->clock, timed->rows, timed->updates);
}

tl_status tl_train_time(tl_model *model, const tl_timed_training *wanted, tl_arena *scratch,
                        tl_rate *rate, tl_train_report *report, tl_err *err)
{
    const tl_timer_data *data = wanted->data;
    tl_recipe recipe = *wanted->recipe;
    recipe.epochs = EPOCHS;
    const int group = tl_recipe_group(&recipe, data->rows);
    timed_team timed = {.team = *wanted->team,
                        .ops = *wanted->team->ops,
                        .inner = wanted->team,
                        .is_watcher = wanted->team->rank == wanted->watcher,
                        .clock = tl_timer_start(wanted->blocks),
                        .rows = data->rows,
                        .batches = (data->rows + recipe.batch - 1) / recipe.batch,
                        .updates = (data->rows + group - 1) / group};
    timed.ops.tick = tick;
    timed.team.ops = &timed.ops;
    const tl_train_rows rows = {
        .input = data->input, .label = data->label, .row = data->row, .rows = data->rows};
    const tl_rng order = tl_rng_stream(1, 0, "bench", 0, "order");
    const tl_training training = {
        .recipe = &recipe, .rows = &rows, .rng = &order, .team = &timed.team};
    const tl_status status = tl_train(model, &training, scratch, report, err);
    if (status != TL_E_STOP) {
        TL_TRY(status);
        return tl_fail(err, TL_E_ARG, "%d epochs of %d rows are too little to measure",
                       recipe.epochs, data->rows);
    }
    if (timed.is_watcher) *rate = tl_timer_rate(&timed.clock);
    return TL_OK;
}
