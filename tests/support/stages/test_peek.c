/*
 * An attacker who may ask for labels, and looks for the target itself: `run` must find none
 * and gets answers all the same, `outcome` finds it.
 */
#include "experiments/stage/stage.h"

enum { SEES_TARGET, OUTCOME_SEES, ANSWERED };
enum { QUERIES = 8 };

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const int classes = tl_session_classes(scene->session);
    float *answer = tl_arena_take(scene->scratch, (size_t)QUERIES * (size_t)classes,
                                  sizeof *answer, err);
    TL_TRY(tl_team_agree(scene->team, answer ? TL_OK : TL_E_NOMEM, err));
    const tl_question question = {
        .input = own->input, .rows = QUERIES, .kind = TL_ANSWER_LABELS};
    TL_TRY(tl_session_ask(scene->session, &question, scene->team, scene->scratch, answer,
                          err));
    if (tl_scene_counts(scene)) return TL_OK;
    double answered = 0.0;
    for (int i = 0; i < QUERIES * classes; i++) answered += (double)answer[i];
    tl_scene_put(scene, SEES_TARGET, scene->world->model[TL_PART_TARGET] != NULL);
    tl_scene_put_rate(scene, ANSWERED, answered, QUERIES);
    return TL_OK;
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    (void)err;
    if (tl_scene_counts(scene)) return TL_OK;
    tl_scene_put(scene, OUTCOME_SEES,
                 scene->world->model[TL_PART_TARGET] != NULL && scene->session == NULL);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    TL_CHECK(size->attacker >= QUERIES, err, TL_E_ARG, "%d rows of the attacker are asked",
             QUERIES);
    return TL_OK;
}

static double queries(const tl_size *size, const void *args)
{
    (void)size, (void)args;
    return QUERIES;
}

static const tl_metric metrics[] = {
    {.name = "sees_target", .about = "whether `run` has the target"},
    {.name = "outcome_sees", .about = "whether `outcome` has it, and no session"},
    {.name = "answered", .is_rate = true, .about = "queries that got one label"},
    {0}};

const tl_stage tl_stage_m2d_test_peek = {
    .name = "m2d.test_peek",
    .about = "looks for the target that it may only ask",
    .source = "none",
    .variant = "A stage of the tests.",
    .version = 1,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "none",
    .access = TL_KNOWS_LABELS,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_ATTACKER),
    .gives = TL_BIT(TL_PART_QUERY_LOG),
    .keeps = TL_BIT(TL_PART_QUERY_LOG),
    .metrics = metrics,
    .run = run,
    .outcome = outcome,
    .check = check,
    .queries = queries,
};
