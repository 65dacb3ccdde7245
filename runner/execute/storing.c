#include "runner/execute/storing.h"

#include "runner/store/side_file.h"

/* On member 0: ends the side file of a step that succeeded; its first error counts. */
static tl_status end_file(tl_side_writer *writer, const tl_samples *sink, tl_err *err)
{
    if (sink->fault.status == TL_OK) return tl_side_finish(writer, err);
    tl_side_abandon(writer);
    *err = sink->fault;
    return err->status;
}

tl_status tl_storing_run(const tl_plan *plan, const tl_store *store,
                         const tl_trial_step *step, tl_scene *scene, tl_err *err)
{
    const tl_step work = {step->stage, step->kind, step->item, step->bank};
    tl_samples sink = {.wanted = tl_plan_stores(plan, step->stage, step->kind)};
    if (sink.wanted == 0) return tl_step_run(&work, scene, err);
    const bool writes = scene->team->rank == 0;
    tl_side_writer *writer = NULL;
    tl_status mine = TL_OK;
    if (writes) mine = tl_side_begin(store, &step->key, sink.wanted, &writer, &sink, err);
    tl_status status = tl_team_agree(scene->team, mine, err);
    scene->samples = &sink;
    if (status == TL_OK) status = tl_step_run(&work, scene, err);
    scene->samples = NULL;
    if (status != TL_OK) {
        tl_side_abandon(writer);
        return status;
    }
    mine = writes ? end_file(writer, &sink, err) : sink.fault.status;
    if (!writes && mine != TL_OK) *err = sink.fault;
    return tl_team_agree(scene->team, mine, err);
}

unsigned tl_storing_wanted(const tl_sweep *sweep, uint32_t id)
{
    const int kind = tl_graph_step_at(sweep->graph, id)->kind;
    return tl_plan_stores(sweep->plan, sweep->plan->instance[kind / 3].stage,
                          (tl_step_kind)(kind % 3));
}

tl_status tl_storing_check(tl_sweep *sweep, const tl_store *store, uint32_t *count,
                           tl_err *err)
{
    *count = 0;
    const uint32_t steps = sweep->plan->store ? tl_graph_steps(sweep->graph) : 0;
    for (uint32_t id = 0; id < steps; id++) {
        const unsigned wanted = tl_storing_wanted(sweep, id);
        if (sweep->outcome[id].state != TL_STEP_DONE || wanted == 0) continue;
        tl_side side;
        tl_err why = {0};
        const tl_status status = tl_side_open(
            store, &tl_graph_step_at(sweep->graph, id)->key, wanted, &side, &why);
        tl_side_close(&side);
        if (status == TL_OK) continue;
        if (status != TL_E_MISSING && status != TL_E_FORMAT) {
            if (err) *err = why;
            return status;
        }
        sweep->outcome[id].state = TL_STEP_WAITING;
        ++*count;
    }
    return TL_OK;
}
