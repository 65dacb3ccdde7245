#include "experiments/method/membership.h"

#include "experiments/method/controls.h"
#include "experiments/score/answers.h"
#include "experiments/score/roc.h"
#include "experiments/score/score.h"
#include "experiments/stage/scene_store.h"
#include "experiments/stage/stage_training.h"

#include <math.h>

/* The control among the models that the attacker asks, far behind its shadow models. */
enum { CONTROL_COPY = 1 << 20 };

tl_status tl_candidates_gather(const tl_dataset *pool, tl_arena *arena, tl_candidates **out,
                               tl_err *err)
{
    int *row, rows = pool->rows;
    tl_candidates *s;
    TL_ALLOC(row, arena, pool->rows, err);
    if (!tl_arena_counts(arena)) tl_dataset_select(pool, TL_ROW_UNJUDGED, 0, row, &rows);
    TL_ALLOC_RECORDS(s, arena, 1, err);
    *out = s;
    TL_TRY(tl_dataset_pick(pool, row, rows, arena, &s->rows, err));
    TL_ALLOC(s->answer, arena, (size_t)rows * (size_t)pool->classes, err);
    TL_ALLOC(s->plain, arena, rows, err);
    TL_ALLOC(s->score, arena, rows, err);
    TL_ALLOC(s->control, arena, rows, err);
    TL_ALLOC(s->control_score, arena, rows, err);
    TL_ALLOC(s->member, arena, rows, err);
    if (tl_arena_counts(arena)) return TL_OK;
    for (int i = 0; i < rows; i++) {
        s->member[i] = (s->rows->flags[i] & TL_ROW_MEMBER) != 0;
        s->members += s->member[i];
    }
    s->others = rows - s->members;
    return TL_OK;
}

/* --- the control ---------------------------------------------------------------------- */

static tl_status train_control(tl_scene *scene, tl_err *err)
{
    tl_stage_training training = {.spec = &scene->world->setup->model,
                                  .recipe = &scene->world->setup->recipe,
                                  .validation = scene->world->data[TL_PART_VALIDATION],
                                  .start = scene->world->start};
    const tl_status mine = tl_control_rows(scene, &training.rows, err);
    return tl_stage_train(scene, &training, mine, TL_PART_SURROGATE, NULL, err);
}

static double control_cost(const tl_size *size, const void *args)
{
    (void)args;
    return tl_train_flop(&size->setup.model, &size->setup.recipe, size->attacker,
                         size->validation);
}

const tl_bank tl_bank_membership_controls = {
    .name = "membership_controls",
    .about = "a model trained as the target, on the attacker's rows, without access to any "
             "that are judged",
    .version = 1,
    .draws_as = "train",
    .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_VALIDATION) | TL_BIT(TL_PART_SETUP),
    .imitates = TL_BIT(TL_PART_TARGET),
    .run = train_control,
    .cost = control_cost,
};

/* --- answers -------------------------------------------------------------------------- */

tl_status tl_membership_ask(tl_scene *scene, tl_session *session, const tl_dataset *rows,
                            tl_statistic statistic, float *answer, double *out, tl_err *err)
{
    const tl_question question = {
        .input = rows->input, .rows = rows->rows, .kind = TL_ANSWER_SCORES};
    TL_TRY(tl_session_ask(session, &question, scene->team, scene->scratch, answer, err));
    if (tl_scene_counts(scene)) return TL_OK;
    switch (statistic) {
    case TL_STATISTIC_CONFIDENCE:
        tl_answers_confidence(answer, rows->label, rows->rows, rows->classes, out);
        break;
    case TL_STATISTIC_MINUS_LOSS:
        tl_answers_loss(answer, rows->label, rows->rows, rows->classes, out);
        for (int i = 0; i < rows->rows; i++) out[i] = -out[i];
        break;
    case TL_STATISTIC_PROBABILITY:
        tl_answers_probability(answer, rows->label, rows->rows, rows->classes, out);
        break;
    }
    return TL_OK;
}

tl_status tl_membership_ask_control(tl_scene *scene, const tl_dataset *rows,
                                    tl_statistic statistic, float *answer, double *out,
                                    tl_err *err)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_model *control;
    tl_session *session = NULL;
    TL_TRY(tl_scene_visit_control(scene, &control, err));
    const tl_status mine = tl_session_own(scene->session, control, CONTROL_COPY, true,
                                          scene->scratch, &session, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    TL_TRY(tl_membership_ask(scene, session, rows, statistic, answer, out, err));
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

tl_status tl_candidates_ask(tl_scene *scene, tl_candidates *candidates,
                            tl_statistic statistic, tl_err *err)
{
    const tl_dataset *rows = candidates->rows;
    TL_TRY(tl_membership_ask(scene, scene->session, rows, statistic, candidates->answer,
                             candidates->plain, err));
    candidates->has_control = scene->bank.has_control;
    if (!candidates->has_control) return TL_OK;
    return tl_membership_ask_control(scene, rows, statistic, candidates->answer,
                                     candidates->control, err);
}

tl_status tl_membership_scored(tl_candidates *candidates, tl_status status, tl_err *err)
{
    candidates->is_scored = status == TL_OK;
    if (status != TL_E_ARG) return status;
    if (err) *err = (tl_err){0};
    return TL_OK;
}

/* --- metrics -------------------------------------------------------------------------- */

/* AUC over the candidates whose flags have all bits of `flags`; NaN: unresolvable.
 * \param found how many there are; may be NULL */
static tl_status auc_of(tl_scene *scene, const tl_candidates *candidates,
                        const double *score, unsigned flags, double *auc, int *found,
                        tl_err *err)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const int rows = candidates->rows->rows;
    double *chosen;
    bool *member;
    int count = 0;
    TL_ALLOC(chosen, scene->scratch, rows, err);
    TL_ALLOC(member, scene->scratch, rows, err);
    for (int i = 0; i < rows && !tl_scene_counts(scene); i++) {
        if ((candidates->rows->flags[i] & flags) != flags) continue;
        chosen[count] = score[i];
        member[count++] = candidates->member[i];
    }
    if (tl_scene_counts(scene)) count = rows;
    if (found) *found = count;
    TL_TRY(tl_score_auc(chosen, member, count, scene->scratch, auc, err));
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

/* Non-members that a true positive rate at `limit` needs: 10 of them raise a false alarm.
 */
static double others_for(double limit)
{
    return 10.0 / limit;
}

bool tl_membership_tells_1pct(const tl_size *size)
{
    return size->pool - size->members >= others_for(0.01);
}

bool tl_membership_tells_0p1pct(const tl_size *size)
{
    return size->pool - size->members >= others_for(0.001);
}

bool tl_membership_has_control(const tl_size *size)
{
    return size->attacker > 0;
}

static tl_status put_tpr(tl_scene *scene, int metric, const tl_candidates *candidates,
                         double limit, tl_err *err)
{
    double tpr;
    if (candidates->members == 0 || candidates->others < others_for(limit)) {
        tl_scene_put_missing(scene, metric, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    TL_TRY(tl_score_tpr(candidates->score, candidates->member, candidates->rows->rows,
                        limit, scene->scratch, &tpr, err));
    tl_scene_put_rate(scene, metric, tpr * candidates->members, candidates->members);
    return TL_OK;
}

/* Stores the scores and their curve, where the plan wants them. */
static void store(const tl_scene *scene, const tl_candidates *candidates)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_dataset *rows = candidates->rows;
    tl_roc roc;
    tl_err why = {0};
    if (tl_scene_stores(scene, TL_STORE_SCORES))
        tl_scene_store_scores(scene, &(tl_scores){.name = "",
                                                  .rows = rows->rows,
                                                  .row = rows->origin,
                                                  .score = candidates->score,
                                                  .member = candidates->member,
                                                  .label = rows->label,
                                                  .flags = rows->flags});
    if (!tl_scene_stores(scene, TL_STORE_CURVES) && !tl_scene_counts(scene)) return;
    const tl_status status = tl_score_roc(candidates->score, candidates->member, rows->rows,
                                          scene->scratch, &roc, &why);
    if (status != TL_OK)
        tl_scene_store_failed(scene, &why);
    else if (!tl_scene_counts(scene) && roc.points > 0)
        tl_scene_store_curve(scene, &(tl_curve){"roc", roc.points, roc.x, roc.y});
    tl_arena_rewind(scene->scratch, mark);
}

tl_status tl_membership_put(tl_scene *scene, const tl_candidates *candidates, tl_err *err)
{
    double auc;
    int targeted;
    if (!candidates->is_scored && !tl_scene_counts(scene)) {
        tl_scene_put_all_missing(scene, TL_MEMBERSHIP_AUC, TL_MEMBERSHIP_WITHOUT_ACCESS,
                                 TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    store(scene, candidates);
    const double *score = candidates->score;
    TL_TRY(auc_of(scene, candidates, score, 0, &auc, NULL, err));
    if (tl_scene_counts(scene)) return TL_OK; /* the others take no more */
    tl_scene_put_if(scene, TL_MEMBERSHIP_AUC, isfinite(auc), auc, TL_WHY_UNRESOLVABLE);
    TL_TRY(auc_of(scene, candidates, score, TL_ROW_TARGETED, &auc, &targeted, err));
    tl_scene_put_if(scene, TL_MEMBERSHIP_TARGETED_AUC, isfinite(auc), auc,
                    targeted > 0 ? TL_WHY_UNRESOLVABLE : TL_WHY_NOT_APPLICABLE);
    if (candidates->has_control) {
        TL_TRY(auc_of(scene, candidates, candidates->control_score, 0, &auc, NULL, err));
        tl_scene_put_if(scene, TL_MEMBERSHIP_WITHOUT_ACCESS, isfinite(auc), auc,
                        TL_WHY_UNRESOLVABLE);
    } else {
        tl_scene_put_missing(scene, TL_MEMBERSHIP_WITHOUT_ACCESS, TL_WHY_NOT_APPLICABLE);
    }
    TL_TRY(put_tpr(scene, TL_MEMBERSHIP_TPR_1PCT, candidates, 0.01, err));
    return put_tpr(scene, TL_MEMBERSHIP_TPR_0P1PCT, candidates, 0.001, err);
}

tl_status tl_membership_put_gain(tl_scene *scene, int metric,
                                 const tl_candidates *candidates, tl_err *err)
{
    double plain;
    TL_TRY(auc_of(scene, candidates, candidates->plain, 0, &plain, NULL, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_measure *auc = &scene->measure[TL_MEMBERSHIP_AUC];
    tl_scene_put_if(scene, metric, auc->why == TL_WHY_HAS_VALUE, auc->value - plain,
                    (tl_why)auc->why);
    return TL_OK;
}

void tl_membership_put_advantage(tl_scene *scene, int metric,
                                 const tl_candidates *candidates, double threshold)
{
    double hits = 0.0, alarms = 0.0;
    if (!candidates->is_scored || candidates->members == 0 || candidates->others == 0) {
        tl_scene_put_missing(scene, metric, TL_WHY_UNRESOLVABLE);
        return;
    }
    for (int i = 0; i < candidates->rows->rows; i++) {
        if (!(candidates->score[i] > threshold)) continue;
        if (candidates->member[i])
            hits += 1.0;
        else
            alarms += 1.0;
    }
    tl_scene_put(scene, metric, hits / candidates->members - alarms / candidates->others);
}

double tl_membership_queries(const tl_size *size, const void *args)
{
    (void)args;
    return size->pool;
}
