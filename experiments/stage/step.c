#include "experiments/stage/step.h"

#include <math.h>

/* --- what the stage sees -------------------------------------------------------------- */

/* Opens the session of a stage that may ask. Not collective. */
static tl_status open_session(const tl_step *step, tl_scene *scene, tl_err *err)
{
    const tl_world *world = scene->world;
    const tl_session_options options = {
        .service = world->service,
        .model = world->model[TL_PART_TARGET],
        .recorded = world->recorded,
        .budget = (uint64_t)tl_stage_queries(step->stage, scene->size, scene->value),
        .log = scene->logs_queries ? scene->keep : NULL};
    return tl_session_open(&options, scene->scratch, &scene->session, err);
}

/* Gives what was asked as a log of one client. Not collective. */
static tl_status give_log(const tl_step *step, tl_scene *scene, tl_err *err)
{
    tl_query_log *log;
    tl_client_log *client;
    TL_ALLOC(log, scene->keep, 1, err);
    TL_ALLOC(client, scene->keep, 1, err);
    if (tl_scene_counts(scene)) return TL_OK;
    *client = (tl_client_log){.stage = step->stage->name,
                              .occurrence = scene->occurrence,
                              .rows = (int)tl_session_asked(scene->session)};
    client->input = tl_session_log(scene->session, &client->size);
    *log = (tl_query_log){.clients = 1, .client = client};
    scene->given->query_log = log;
    return TL_OK;
}

/* --- the calls ------------------------------------------------------------------------ */

/* Alters the setup. Not collective. */
static tl_status alter(const tl_step *step, tl_scene *scene, tl_err *err)
{
    tl_setup *setup;
    TL_ALLOC_RECORDS(setup, scene->keep, 1, err);
    *setup = *scene->world->setup;
    tl_stage_alter(step->stage, scene->value, setup);
    scene->given->setup = setup;
    return TL_OK;
}

/* `run` sees no target unless the stage's access has it; `outcome` sees all. */
static tl_status run(const tl_step *step, tl_scene *scene, tl_err *err)
{
    const tl_stage *stage = step->stage;
    const tl_world *whole = scene->world;
    tl_world visible = *whole;
    tl_status mine = TL_OK;
    if (!(stage->access & TL_KNOWS_TARGET)) {
        visible.model[TL_PART_TARGET] = NULL;
        visible.recorded = NULL;
    }
    if (stage->alter) mine = alter(step, scene, err);
    if (mine == TL_OK && tl_stage_asks(stage)) mine = open_session(step, scene, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    scene->world = &visible;
    mine = stage->run ? stage->run(scene, err) : TL_OK;
    scene->world = whole;
    if (mine == TL_OK && scene->session && scene->logs_queries)
        mine = give_log(step, scene, err);
    scene->session = NULL;
    if (!stage->outcome || mine == TL_E_PEER) return mine;
    TL_TRY(tl_team_agree(scene->team, mine, err));
    return stage->outcome(scene, err);
}

static tl_status call(const tl_step *step, tl_scene *scene, tl_err *err)
{
    const tl_stage *stage = step->stage;
    const tl_param *params =
        step->kind == TL_STEP_BANK ? step->bank->params : stage->params;
    tl_args args;
    if (params) tl_params_unpack(params, scene->value, &args);
    scene->args = params ? &args : NULL;
    scene->session = NULL;
    scene->found = NULL;
    tl_status status;
    if (step->kind == TL_STEP_BANK)
        status = step->bank->run(scene, err);
    else if (step->kind == TL_STEP_RUN)
        status = run(step, scene, err);
    else
        status = stage->judge(scene, (tl_part)step->item, err);
    scene->args = NULL;
    return status;
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
    scene->stage = is_bank ? step->bank->draws_as : step->stage->name;
    scene->bank_item = is_bank ? step->item : 0;
    const size_t mark = tl_arena_mark(scene->scratch);
    tl_status mine = call(step, scene, err);
    tl_arena_rewind(scene->scratch, mark);
    if (tl_scene_counts(scene) || mine == TL_E_PEER) return mine;
    if (mine == TL_OK) mine = check_measures(step, scene->measure, err);
    return tl_team_agree(scene->team, mine, err);
}
