#include "experiments/stage/step.h"

#include <math.h>

static tl_status call(const tl_step *step, tl_scene *scene, tl_err *err)
{
    if (step->kind == TL_STEP_BANK) return step->stage->bank.run(scene, err);
    if (step->kind == TL_STEP_RUN) return step->stage->run(scene, err);
    return step->stage->judge(scene, (tl_part)step->item, err);
}

static tl_status check_measures(const tl_step *step, tl_measure *measure, tl_err *err)
{
    const tl_metric *metrics = NULL; /* a bank step has none */
    if (step->kind == TL_STEP_RUN) metrics = step->stage->metrics;
    if (step->kind == TL_STEP_JUDGE) metrics = step->stage->judge_metrics;
    for (int i = 0; metrics && metrics[i].name; i++) {
        if (measure[i].why != TL_WHY_HAS_VALUE) {
            measure[i].value = (double)NAN;
            continue;
        }
        TL_CHECK(isfinite(measure[i].value), err, TL_E_NUMERIC,
                 "%s: %s is not a finite number", step->stage->name, metrics[i].name);
    }
    return TL_OK;
}

tl_status tl_step_run(const tl_step *step, tl_scene *scene, tl_err *err)
{
    const bool is_bank = step->kind == TL_STEP_BANK;
    const char *draws_as = is_bank ? step->stage->bank.draws_as : NULL;
    scene->stage = draws_as ? draws_as : step->stage->name;
    scene->bank_item = is_bank ? step->item : 0;
    const size_t mark = tl_arena_mark(scene->scratch);
    tl_status mine = call(step, scene, err);
    tl_arena_rewind(scene->scratch, mark);
    if (mine == TL_E_PEER) return mine;
    if (mine == TL_OK) mine = check_measures(step, scene->measure, err);
    return tl_team_agree(scene->team, mine, err);
}
