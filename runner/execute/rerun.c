#include "runner/execute/rerun.h"

#include "compute/core/log.h"
#include "compute/core/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_TIMES = 3 };

/* Whether a step gives parts that are made again from others, rather than kept. */
static bool is_remade(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind)
{
    return (tl_trial_gives(plan, stage, kind) & ~tl_trial_keeps(plan, stage, kind)) != 0;
}

/* ---- during a run ----------------------------------------------------------- */

/* Marks: ancestor of the step that needs the model; remade from the missing model. */
enum { IS_ABOVE = 1, IS_REMADE = 2 };

/* Marks, among the ancestors of step `wants`, step `missing` and those whose data are
 * remade from its model. */
static void mark_remade(const tl_plan *plan, const tl_trial *trial, int missing, int wants,
                        unsigned char mark[TL_TRIAL_STEPS])
{
    int parent[TL_TRIAL_STEPS];
    memset(mark, 0, TL_TRIAL_STEPS);
    mark[wants] = IS_ABOVE;
    for (int at = wants; at > missing; at--) {
        if (!mark[at]) continue;
        const int parents = tl_trial_parents(trial, at, parent);
        for (int i = 0; i < parents; i++) mark[parent[i]] = IS_ABOVE;
    }
    mark[missing] = IS_ABOVE | IS_REMADE;
    for (int at = missing + 1; at < wants; at++) {
        const tl_trial_step *step = &trial->step[at];
        if (!mark[at] || !is_remade(plan, step->stage, step->kind)) continue;
        const int parents = tl_trial_parents(trial, at, parent);
        for (int i = 0; i < parents; i++) mark[at] |= mark[parent[i]] & IS_REMADE;
    }
}

static tl_status count_one(tl_rerun *rerun, const tl_sweep *sweep, uint32_t step,
                           const tl_report *report, tl_err *err)
{
    if (!rerun->times) rerun->times = calloc(tl_graph_steps(sweep->graph), 1);
    TL_CHECK(rerun->times, err, TL_E_NOMEM, "no memory left to rerun steps");
    TL_CHECK(rerun->times[step] < MOST_TIMES, err, TL_E_IO,
             "%s, although its step was rerun %d times: check the storage", report->text,
             MOST_TIMES);
    rerun->times[step]++;
    return TL_OK;
}

static tl_status call_back(tl_rerun *rerun, tl_sweep *sweep, const tl_trial *trial,
                           tl_scheduler *scheduler, const tl_report *report, double now,
                           tl_err *err)
{
    unsigned char mark[TL_TRIAL_STEPS];
    const int wants = tl_graph_step_at(sweep->graph, report->step)->position;
    TL_INVARIANT(report->missing >= 0 && report->missing < wants && wants < trial->steps);
    mark_remade(sweep->plan, trial, report->missing, wants, mark);
    for (int at = report->missing; at < wants; at++) {
        if (!(mark[at] & IS_REMADE)) continue;
        const uint32_t step = tl_graph_find(sweep->graph, &trial->step[at].key);
        TL_INVARIANT(step != TL_NO_STEP);
        if (tl_scheduler_state(scheduler, step) != TL_STEP_DONE) continue;
        TL_TRY(count_one(rerun, sweep, step, report, err));
        tl_log(TL_LOG_WARN, "%s; rerunning the step of %s", report->text,
               trial->step[at].stage->name);
        sweep->outcome[step].state = TL_STEP_WAITING;
        tl_scheduler_forget(scheduler, step, now);
    }
    return TL_OK;
}

tl_status tl_rerun_cancel(tl_rerun *rerun, tl_sweep *sweep, tl_scheduler *scheduler,
                          const tl_report *report, double now, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    tl_trial *trial;
    tl_status status = tl_trial_new(&arena, &trial, err);
    if (status == TL_OK) {
        const uint32_t number = tl_graph_step_at(sweep->graph, report->step)->trial;
        tl_trial_decode(sweep->plan, number, trial);
        status = call_back(rerun, sweep, trial, scheduler, report, now, err);
    }
    tl_arena_close(&arena);
    return status;
}

void tl_rerun_close(tl_rerun *rerun)
{
    free(rerun->times);
    *rerun = (tl_rerun){0};
}

/* ---- before a run resumes ---------------------------------------------------------- */

/* Marks: not done, or remade for a step that is not; to be rerun. */
enum { IS_OPEN = 1, IS_AGAIN = 2 };

/* Whether all files that a step keeps are there. */
static tl_status has_files(const tl_sweep *sweep, const tl_store *store, uint32_t id,
                           uint32_t keeps, bool *has, tl_err *err)
{
    char path[TL_PATH_SPACE];
    struct stat facts;
    *has = true;
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(keeps & TL_BIT(part))) continue;
        TL_TRY(tl_store_part_path(store, &tl_graph_step_at(sweep->graph, id)->key,
                                  (tl_part)part, path, sizeof path, err));
        *has =
            *has && stat(path, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0;
    }
    return TL_OK;
}

/* From the last step to the first, so that a step's children are known before it. */
static tl_status find_missing(tl_sweep *sweep, const tl_store *store, unsigned char *mark,
                              tl_err *err)
{
    const tl_plan *plan = sweep->plan;
    for (uint32_t id = tl_graph_steps(sweep->graph); id-- > 0;) {
        int children;
        const uint32_t *child = tl_graph_children(sweep->graph, id, &children);
        bool is_wanted = false, has = true;
        for (int i = 0; i < children; i++) is_wanted = is_wanted || mark[child[i]];
        if (sweep->outcome[id].state != TL_STEP_DONE) {
            mark[id] = IS_OPEN;
            continue;
        }
        if (!is_wanted) continue;
        const int k = tl_graph_step_at(sweep->graph, id)->kind;
        const tl_stage *stage = plan->instance[k / 3].stage;
        const tl_step_kind kind = (tl_step_kind)(k % 3);
        TL_TRY(has_files(sweep, store, id, tl_trial_keeps(plan, stage, kind), &has, err));
        if (!has) mark[id] = IS_OPEN | IS_AGAIN;
        if (has && is_remade(plan, stage, kind)) mark[id] = IS_OPEN;
    }
    return TL_OK;
}

/* What is remade from a model to be rerun must wait for it. */
static void pass_on(const tl_sweep *sweep, unsigned char *mark)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        if (sweep->outcome[id].state != TL_STEP_DONE || mark[id] != IS_OPEN) continue;
        int parents;
        const uint32_t *parent = tl_graph_parents(sweep->graph, id, &parents);
        for (int i = 0; i < parents; i++) mark[id] |= mark[parent[i]] & IS_AGAIN;
    }
}

tl_status tl_rerun_missing(tl_sweep *sweep, const tl_store *store, uint32_t *count,
                           tl_err *err)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    *count = 0;
    unsigned char *mark = calloc((size_t)steps + 1, 1);
    TL_CHECK(mark, err, TL_E_NOMEM, "no memory to look for models");
    const tl_status status = find_missing(sweep, store, mark, err);
    if (status == TL_OK) pass_on(sweep, mark);
    for (uint32_t id = 0; id < steps && status == TL_OK; id++) {
        if (!(mark[id] & IS_AGAIN)) continue;
        sweep->outcome[id].state = TL_STEP_WAITING;
        ++*count;
    }
    free(mark);
    return status;
}
