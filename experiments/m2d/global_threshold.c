/*
 * Membership by one threshold on the loss: a row is taken for a member if the target's loss
 * on it is small. Judged on clean members against clean non-members that went through the
 * same data stages and have no near-duplicate on the other side. Source: Yeom, Giacomelli,
 * Fredrikson, Jha 2018, Privacy risk in machine learning, adversary 2 (threshold: the
 * average training loss); advantage is true minus false positive rate.
 */
#include "experiments/stage.h"

#include "compute/nn/loss.h"
#include "experiments/score.h"

enum { AUC, ADVANTAGE, ACCURACY, TPR_1PCT, TPR_0P1PCT };

typedef struct suspects {
    tl_dataset *rows;
    float *logits;
    double *score;
    bool *member;
} suspects;

static tl_status gather(tl_scene *scene, suspects *out, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    int *row, rows;
    TL_TAKE(row, scene->scratch, pool->rows, err);
    tl_dataset_select(pool, TL_ROW_UNJUDGED, 0, row, &rows);
    TL_TRY(tl_dataset_pick(pool, row, rows, scene->scratch, &out->rows, err));
    TL_TAKE(out->logits, scene->scratch, (size_t)rows * (size_t)pool->classes, err);
    TL_TAKE(out->score, scene->scratch, rows, err);
    TL_TAKE(out->member, scene->scratch, rows, err);
    return TL_OK;
}

/* TPR at a low rate of false alarms needs enough non-members to have ten of them. */
static tl_status put_tpr(tl_scene *scene, int metric, const suspects *s, int non_members,
                         int members, double limit, tl_err *err)
{
    double tpr;
    if (members == 0 || non_members < 10.0 / limit) {
        tl_scene_put_missing(scene, metric, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    TL_TRY(
        tl_score_tpr(s->score, s->member, s->rows->rows, limit, scene->scratch, &tpr, err));
    tl_scene_put_rate(scene, metric, tpr * members, members);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    suspects s = {0};
    TL_TRY(tl_team_agree(scene->team, gather(scene, &s, err), err));
    TL_INVARIANT(s.rows != NULL);
    const int rows = s.rows->rows;
    TL_TRY(tl_model_logits(target, s.rows->pixel, rows, scene->team, scene->scratch,
                           s.logits, err));
    tl_cross_entropy(s.logits, s.rows->label, rows, s.rows->classes, s.score);
    int members = 0;
    double member_loss = 0.0;
    for (int i = 0; i < rows; i++) {
        s.member[i] = (s.rows->flags[i] & TL_ROW_MEMBER) != 0;
        members += s.member[i];
        if (s.member[i]) member_loss += s.score[i];
    }
    const int others = rows - members;
    if (members == 0 || others == 0) {
        for (int m = AUC; m <= TPR_0P1PCT; m++)
            tl_scene_put_missing(scene, m, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    double hits = 0.0, alarms = 0.0, auc;
    for (int i = 0; i < rows; i++) {
        const bool is_taken = s.score[i] <= member_loss / members;
        if (is_taken && s.member[i]) hits += 1.0;
        if (is_taken && !s.member[i]) alarms += 1.0;
        s.score[i] = -s.score[i];
    }
    TL_TRY(tl_score_auc(s.score, s.member, rows, scene->scratch, &auc, err));
    tl_scene_put(scene, AUC, auc);
    tl_scene_put(scene, ADVANTAGE, hits / members - alarms / others);
    tl_scene_put_rate(scene, ACCURACY, hits + others - alarms, rows);
    TL_TRY(put_tpr(scene, TPR_1PCT, &s, others, members, 0.01, err));
    return put_tpr(scene, TPR_0P1PCT, &s, others, members, 0.001, err);
}

static double cost(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_model_flop(&size->setup.model) * size->pool;
}

static double memory(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_size_data_memory(size, size->pool) +
           tl_model_logits_memory(&size->setup.model, size->pool) +
           (4.0 * size->classes + 32.0) * size->pool;
}

static int widest(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    int width = 1;
    while (2 * width * TL_INFER_ROWS <= size->pool && width < 64) width *= 2;
    return width;
}

static const tl_metric metrics[] = {
    {.name = "auc",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .about = "area under the ROC curve of members against non-members by the loss"},
    {.name = "advantage",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .about = "true minus false positive rate at the mean training loss as threshold"},
    {.name = "accuracy",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "share of members and non-members told right at that threshold"},
    {.name = "tpr_at_1pct",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "true positive rate at 1 % false positives; needs 1000 non-members"},
    {.name = "tpr_at_0p1pct",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "true positive rate at 0.1 % false positives; needs 10000 non-members"},
    {0}};

const tl_stage tl_stage_m2d_global_threshold = {
    .name = "m2d.global_threshold",
    .about = "membership inference by one threshold on the target's loss",
    .source = "Yeom, Giacomelli, Fredrikson, Jha 2018, Privacy risk in machine learning: "
              "analyzing the connection to overfitting",
    .version = 1,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "membership inference",
    .access = TL_KNOWS_SCORES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_POOL),
    .metrics = metrics,
    .run = run,
    .cost = cost,
    .memory = memory,
    .widest = widest,
};
