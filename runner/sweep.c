#include "runner/sweep.h"

#include "compute/core/log.h"

static uint16_t kind_of(const tl_trial_step *step)
{
    return (uint16_t)(step->instance * 3 + (int)step->kind);
}

static tl_status add_step(tl_sweep *sweep, const tl_trial *trial, int position,
                          uint32_t *id, tl_err *err)
{
    int place[TL_TRIAL_STEPS];
    uint32_t parent[TL_TRIAL_STEPS];
    const int parents = tl_trial_parents(trial, position, place);
    for (int i = 0; i < parents; i++) parent[i] = id[place[i]];
    const tl_graph_step step = {
        .key = trial->step[position].key,
        .trial = trial->number,
        .position = (uint16_t)position,
        .widest = (uint16_t)tl_trial_widest(trial, position),
        .cost = (float)tl_trial_cost(trial, position),
        .kind = kind_of(&trial->step[position]),
    };
    bool is_new;
    TL_TRY(tl_graph_add(sweep->graph, &step, parent, parents, &id[position], &is_new, err));
    sweep->wanted++;
    if (!is_new) return TL_OK;
    sweep->metrics[step.kind] = tl_trial_metrics(&trial->step[position]);
    const double memory = tl_trial_memory(trial, position);
    if (memory > sweep->memory) sweep->memory = memory;
    if (step.widest > sweep->widest) sweep->widest = step.widest;
    sweep->flop += (double)step.cost;
    return TL_OK;
}

static tl_status expand(tl_sweep *sweep, tl_err *err)
{
    tl_trial *trial;
    TL_TRY(tl_trial_new(&sweep->arena, &trial, err));
    uint32_t *id;
    TL_TAKE(id, &sweep->arena, TL_TRIAL_STEPS, err);
    TL_TAKE(sweep->metrics, &sweep->arena, 3 * (size_t)sweep->plan->instances, err);
    for (uint32_t number = 0; number < sweep->plan->trials; number++) {
        tl_trial_decode(sweep->plan, number, trial);
        for (int i = 0; i < trial->steps; i++) TL_TRY(add_step(sweep, trial, i, id, err));
    }
    TL_TRY(tl_graph_finish(sweep->graph, err));
    const uint32_t steps = tl_graph_steps(sweep->graph);
    TL_TAKE(sweep->outcome, &sweep->arena, steps, err);
    return TL_OK;
}

tl_status tl_sweep_open(const tl_plan *plan, tl_sweep *out, tl_err *err)
{
    *out = (tl_sweep){.plan = plan};
    tl_status status = tl_graph_open(&out->graph, err);
    if (status == TL_OK) status = expand(out, err);
    if (status != TL_OK) tl_sweep_close(out);
    return status;
}

void tl_sweep_close(tl_sweep *sweep)
{
    tl_graph_close(sweep->graph);
    tl_measure_store_close(&sweep->store);
    tl_arena_close(&sweep->arena);
    *sweep = (tl_sweep){0};
}

/* Whether the journal's metrics are those of the step's stage. */
static bool has_its_metrics(const tl_sweep *sweep, uint32_t id, const tl_record *record)
{
    const int kind = tl_graph_step_at(sweep->graph, id)->kind;
    const char *stage = record->stage ? record->stage : "a stage";
    if (sweep->metrics && sweep->metrics[kind] != record->measures) {
        tl_log(TL_LOG_WARN,
               "a step of %s has %d metrics in the journal, but the stage has %d", stage,
               record->measures, sweep->metrics[kind]);
        return false;
    }
    for (int i = 0; i < record->measures; i++) {
        const int32_t why = record->measure[i].why;
        if (why >= TL_WHY_HAS_VALUE && why <= TL_WHY_NOT_RUN) continue;
        tl_log(TL_LOG_WARN,
               "a step of %s has a value in the journal that is missing for the reason %d, "
               "which there is not",
               stage, (int)why);
        return false;
    }
    return true;
}

tl_status tl_sweep_recall(tl_sweep *sweep, const tl_record *record, tl_err *err)
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
        if (!has_its_metrics(sweep, id, record)) return TL_OK;
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
        tl_scheduler_recall(scheduler, id);
        sweep->recalled++;
    }
}
