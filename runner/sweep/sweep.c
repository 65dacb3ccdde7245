#include "runner/sweep/sweep.h"

#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "compute/core/text.h"

#include <math.h>

enum { CHECKED_EVERY = 1024 /* trials */ };

static uint16_t kind_of(const tl_trial_step *step)
{
    return (uint16_t)(step->instance * 3 + (int)step->kind);
}

static tl_team_memory memory_of(const tl_trial *trial, int position, int width,
                                double *kept)
{
    return (tl_team_memory){
        .first = tl_trial_memory(trial, position, width, true, kept),
        .others = width > 1 ? tl_trial_memory(trial, position, width, false, NULL) : 0.0};
}

static int max_ranks_here(const tl_sweep *sweep, int max_ranks)
{
    return max_ranks < sweep->plan->ranks ? max_ranks : sweep->plan->ranks;
}

/* The smallest team whose members have the memory; if none has, the largest, and `lacking`
 * notes what its members need. */
static int min_ranks_of(tl_sweep *sweep, const tl_trial *trial, int position, int max_ranks)
{
    const double share = sweep->plan->rank_memory;
    if (!(share > 0.0)) return 1;
    for (int width = 1;; width *= 2) {
        const tl_team_memory memory = memory_of(trial, position, width, NULL);
        const double each = (memory.first + (width - 1) * memory.others) / width;
        if (each <= share) return width;
        if (2 * width <= max_ranks_here(sweep, max_ranks)) continue;
        if (each > sweep->lacking.each)
            sweep->lacking = (tl_lacking){.each = each, .width = width};
        return width;
    }
}

/* Notes the memory of the step in its largest team here. \return bytes that it keeps */
static double note_memory(tl_sweep *sweep, const tl_trial *trial, int position,
                          int max_ranks)
{
    int width = 1;
    while (2 * width <= max_ranks_here(sweep, max_ranks)) width *= 2;
    double kept;
    const tl_team_memory memory = memory_of(trial, position, width, &kept);
    sweep->memory.first = fmax(sweep->memory.first, memory.first);
    sweep->memory.others = fmax(sweep->memory.others, memory.others);
    return kept;
}

/* A step of a trial's cell, as all its replicates have it. */
static tl_graph_step step_of(tl_sweep *sweep, const tl_trial *trial, int position)
{
    const int max_ranks = tl_trial_max_ranks(trial, position);
    return (tl_graph_step){
        .position = (uint16_t)position,
        .max_ranks = (uint16_t)max_ranks,
        .min_ranks = (uint16_t)min_ranks_of(sweep, trial, position, max_ranks),
        .cost = (float)tl_trial_cost(trial, position),
        .kind = kind_of(&trial->step[position]),
    };
}

/* Notes what a step keeps, and of which bank it is a model. */
static void note_kept(tl_sweep *sweep, const tl_trial_step *step, double kept)
{
    sweep->kept += kept;
    if (step->kind != TL_STEP_BANK) return;
    int at = 0;
    while (at < sweep->banks && sweep->bank[at].bank != step->bank) at++;
    if (at == TL_SWEEP_BANKS) return;
    if (at == sweep->banks) sweep->bank[sweep->banks++].bank = step->bank;
    sweep->bank[at].models++;
}

/* A step as all replicates of its cell have it, and the bytes that it keeps. */
typedef struct cell_step {
    tl_graph_step step;
    double kept;
} cell_step;

/* \param all  [TL_TRIAL_STEPS] steps of the cell, set in its first replicate */
static tl_status add_step(tl_sweep *sweep, const tl_trial *trial, int position,
                          cell_step *all, uint32_t *id, tl_err *err)
{
    int place[TL_TRIAL_STEPS];
    uint32_t parent[TL_TRIAL_STEPS];
    const int parents = tl_trial_parents(trial, position, place);
    for (int i = 0; i < parents; i++) parent[i] = id[place[i]];
    const bool is_first = trial->replicate == sweep->plan->first_replicate;
    if (is_first) all[position].step = step_of(sweep, trial, position);
    tl_graph_step step = all[position].step;
    step.key = trial->step[position].key;
    step.trial = trial->number;
    bool is_new;
    TL_TRY(tl_graph_add(sweep->graph, &step, parent, parents, &id[position], &is_new, err));
    sweep->wanted++;
    const int metrics = tl_trial_metrics(&trial->step[position]);
    if (metrics > 0) TL_TRY(tl_measured_add(&sweep->measured, trial, position, err));
    if (!is_new) return TL_OK;
    sweep->metrics[step.kind] = trial->step[position].metrics;
    if (is_first) all[position].kept = note_memory(sweep, trial, position, step.max_ranks);
    note_kept(sweep, &trial->step[position], all[position].kept);
    if (step.max_ranks > sweep->max_ranks) sweep->max_ranks = step.max_ranks;
    sweep->flop += (double)step.cost;
    return TL_OK;
}

double tl_sweep_table_bytes(const tl_plan *plan)
{
    /* Keys and split hashes as text, status and replicate; the account's row a step; a mark
     * of what each cell measures. */
    enum { TRIAL = 192, LEVEL = 16, METRIC = 24, ACCOUNT = 96, MARK = 8 };
    double row = TRIAL + (double)LEVEL * (plan->axes + plan->inners);
    row += (double)MARK * 2.0 * plan->instances / plan->replicates;
    for (int i = 0; i < plan->instances; i++) {
        const tl_stage *stage = plan->instance[i].stage;
        row += METRIC * (double)tl_metrics_count(stage->metrics);
        row += METRIC * (double)tl_metrics_count(stage->judge_metrics);
    }
    return row * plan->trials + ACCOUNT * (plan->is_shared ? 0.0 : (double)plan->steps);
}

/* Checks that `steps` distinct steps fit in memory. */
static tl_status check_memory(const tl_plan *plan, double steps, double memory, tl_err *err)
{
    char need[32], have[32];
    const double bytes = tl_sweep_table_bytes(plan) + TL_STEP_BYTES * steps;
    TL_CHECK(
        bytes <= memory, err, TL_E_ARG,
        "the plan has %u trials of %llu steps in all: rank 0 needs at least %s for their "
        "bookkeeping and may have %s; shorten the axes, or split it into plans "
        "of fewer replicates (replicates: 0..999, then 1000..1999), whose files "
        "threatloop effects pools",
        plan->trials, (unsigned long long)plan->steps, tl_text_size(bytes, need),
        tl_text_size(memory, have));
    return TL_OK;
}

/* Checks that a result file can hold all metrics. */
static tl_status check_columns(const tl_sweep *sweep, tl_err *err)
{
    TL_CHECK(sweep->measured.columns <= TL_MAX_COLUMNS, err, TL_E_ARG,
             "the plan makes %d columns of metrics, but a result file holds at most %d: "
             "take out stages, `judge` entries or rounds, or cut its chains into several "
             "plans",
             sweep->measured.columns, TL_MAX_COLUMNS);
    return TL_OK;
}

static tl_status expand(tl_sweep *sweep, double memory, tl_err *err)
{
    tl_trial *trial;
    TL_TRY(tl_trial_new(&sweep->arena, &trial, err));
    uint32_t *id;
    cell_step *all;
    TL_ALLOC(id, &sweep->arena, TL_TRIAL_STEPS, err);
    TL_ALLOC(all, &sweep->arena, TL_TRIAL_STEPS, err);
    TL_ALLOC(sweep->metrics, &sweep->arena, 3 * (size_t)sweep->plan->instances, err);
    for (uint32_t number = 0; number < sweep->plan->trials; number++) {
        tl_trial_decode(sweep->plan, number, trial);
        for (int i = 0; i < trial->steps; i++) {
            TL_TRY(add_step(sweep, trial, i, all, id, err));
        }
        if (number % CHECKED_EVERY > 0) continue;
        TL_TRY(check_memory(sweep->plan, tl_graph_steps(sweep->graph), memory, err));
    }
    TL_TRY(check_columns(sweep, err));
    TL_TRY(tl_graph_finish(sweep->graph, err));
    const uint32_t steps = tl_graph_steps(sweep->graph);
    TL_ALLOC(sweep->outcome, &sweep->arena, steps, err);
    return TL_OK;
}

tl_status tl_sweep_check_memory(const tl_plan *plan, tl_err *err)
{
    return check_memory(plan, plan->is_shared ? 1.0 : (double)plan->steps,
                        tl_memory_allowed(), err);
}

tl_status tl_sweep_open_within(const tl_plan *plan, double memory, tl_sweep *out,
                               tl_err *err)
{
    *out = (tl_sweep){.plan = plan};
    TL_TRY(check_memory(plan, plan->is_shared ? 1.0 : (double)plan->steps, memory, err));
    tl_status status = tl_graph_open(&out->graph, err);
    if (status == TL_OK) status = expand(out, memory, err);
    if (status != TL_OK) tl_sweep_close(out);
    return status;
}

tl_status tl_sweep_open(const tl_plan *plan, tl_sweep *out, tl_err *err)
{
    return tl_sweep_open_within(plan, tl_memory_allowed(), out, err);
}

void tl_sweep_close(tl_sweep *sweep)
{
    tl_graph_close(sweep->graph);
    tl_measure_store_close(&sweep->store);
    tl_measured_close(&sweep->measured);
    tl_arena_close(&sweep->arena);
    *sweep = (tl_sweep){0};
}

static const tl_metric *metrics_of(const tl_sweep *sweep, uint32_t id)
{
    return sweep->metrics[tl_graph_step_at(sweep->graph, id)->kind];
}

/* Whether the record has as many metrics as the step's stage; else logs it. */
static bool has_its_metrics(const tl_sweep *sweep, uint32_t id, const tl_record *record)
{
    const int count = sweep->metrics ? tl_metrics_count(metrics_of(sweep, id)) : 0;
    if (!sweep->metrics || count == record->measures) return true;
    tl_log(TL_LOG_WARN,
           "a step of %s has %d metrics in the journal, but its stage has %d: it will be "
           "rerun",
           record->stage ? record->stage : "a stage", record->measures, count);
    return false;
}

/* Whether every value of the record is one that its metric can have; else logs it. */
static bool has_possible_values(const tl_sweep *sweep, uint32_t id, const tl_record *record)
{
    const tl_metric *metric = sweep->metrics ? metrics_of(sweep, id) : NULL;
    for (int i = 0; metric && i < record->measures; i++) {
        const tl_measure *one = &record->measure[i];
        if (tl_metric_admits(&metric[i], one)) continue;
        tl_log(TL_LOG_WARN,
               "a step of %s has %s = %g in the journal, which it cannot be: the record is "
               "invalid, and the step will be rerun",
               record->stage ? record->stage : "a stage", metric[i].name, one->value);
        return false;
    }
    return true;
}

tl_status tl_sweep_restore(tl_sweep *sweep, const tl_record *record, tl_err *err)
{
    static const tl_step_state state_of[] = {
        [TL_RECORD_DONE] = TL_STEP_DONE,
        [TL_RECORD_FAILED] = TL_STEP_FAILED,
        [TL_RECORD_DIVERGED] = TL_STEP_DIVERGED,
        [TL_RECORD_LOST] = TL_STEP_LOST,
    };
    if (record->kind == TL_RECORD_HEAD || record->kind == TL_RECORD_START) return TL_OK;
    const uint32_t id = tl_graph_find(sweep->graph, &record->key);
    if (id == TL_NO_STEP) return TL_OK;
    tl_outcome *outcome = &sweep->outcome[id];
    if (outcome->state == TL_STEP_DONE) return TL_OK;
    uint32_t at = 0;
    if (record->kind == TL_RECORD_DONE) {
        if (!has_its_metrics(sweep, id, record) || !has_possible_values(sweep, id, record))
            return TL_OK;
        TL_TRY(tl_measure_store_put(&sweep->store, record->measure, record->measures, &at,
                                    err));
    }
    *outcome = (tl_outcome){.measures = at,
                            .seconds = (float)record->seconds,
                            .first = (int16_t)record->first,
                            .width = (int16_t)record->width,
                            .state = (uint8_t)state_of[record->kind]};
    return TL_OK;
}

int tl_sweep_measures(const tl_sweep *sweep, uint32_t step,
                      tl_measure measure[TL_MAX_METRICS])
{
    const uint32_t at = sweep->outcome[step].measures;
    return at ? tl_measure_store_get(&sweep->store, at, measure) : 0;
}

void tl_sweep_brief(tl_sweep *sweep, tl_scheduler *scheduler)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        if (sweep->outcome[id].state != TL_STEP_DONE) continue;
        tl_scheduler_restore(scheduler, id);
        tl_scheduler_warm_start(scheduler, id, sweep->outcome[id].width,
                                (double)sweep->outcome[id].seconds);
        sweep->restored++;
    }
}
