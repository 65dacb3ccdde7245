/*
 * Membership by one threshold on the loss: a row counts as a member if the target's loss on
 * it is small. Judged on clean members against clean non-members that went through the
 * same data stages and have no near-duplicate on the other side. Source: Yeom, Giacomelli,
 * Fredrikson, Jha 2018, Privacy risk in machine learning, adversary 2 (threshold: the
 * average training loss); advantage is true minus false positive rate.
 */
#include "experiments/method/membership.h"

#include "compute/nn/loss.h"

enum { AUC, ADVANTAGE, ACCURACY, TPR_1PCT, TPR_0P1PCT };

/* The threshold's hits and false alarms. Turns losses into scores. */
static void put_threshold(tl_scene *scene, const tl_candidates *s)
{
    double member_loss = 0.0, hits = 0.0, alarms = 0.0;
    for (int i = 0; i < s->rows->rows; i++) {
        if (s->member[i]) member_loss += s->score[i];
    }
    for (int i = 0; i < s->rows->rows; i++) {
        const bool is_taken = s->score[i] <= member_loss / s->members;
        if (is_taken && s->member[i]) hits += 1.0;
        if (is_taken && !s->member[i]) alarms += 1.0;
        s->score[i] = -s->score[i];
    }
    tl_scene_put(scene, ADVANTAGE, hits / s->members - alarms / s->others);
    tl_scene_put_rate(scene, ACCURACY, hits + s->others - alarms, s->rows->rows);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    tl_candidates s = {0};
    const tl_status mine =
        tl_candidates_gather(scene->world->data[TL_PART_POOL], scene->scratch, &s, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    TL_INVARIANT(s.rows != NULL);
    const int rows = s.rows->rows;
    TL_TRY(tl_model_logits(target, s.rows->input, rows, scene->team, scene->scratch,
                           s.logits, err));
    if (tl_scene_counts(scene)) {
        tl_candidates_store(scene, &s);
        return tl_candidates_put_auc(scene, AUC, &s, 0, err);
    }
    tl_cross_entropy(s.logits, s.rows->label, rows, s.rows->classes, s.score);
    if (s.members == 0 || s.others == 0) {
        tl_scene_put_all_missing(scene, AUC, TPR_0P1PCT, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    put_threshold(scene, &s);
    tl_candidates_store(scene, &s);
    TL_TRY(tl_candidates_put_auc(scene, AUC, &s, 0, err));
    TL_TRY(tl_candidates_put_tpr(scene, TPR_1PCT, &s, 0.01, err));
    return tl_candidates_put_tpr(scene, TPR_0P1PCT, &s, 0.001, err);
}

static double cost(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_model_flop(&size->setup.model) * size->pool;
}

static const tl_metric metrics[] = {
    {.name = "auc",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about = "area under the ROC curve of members against non-members by the loss"},
    {.name = "advantage",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .about = "true minus false positive rate at the mean training loss as threshold"},
    {.name = "accuracy",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of members and non-members classified correctly at that threshold"},
    {.name = "tpr_at_1pct",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "true positive rate at 1 % false positives; needs 1000 non-members"},
    {.name = "tpr_at_0p1pct",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
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
    .stores = TL_STORE_SCORES | TL_STORE_CURVES,
    .metrics = metrics,
    .run = run,
    .cost = cost,
    .max_ranks = tl_size_max_ranks_pool,
};
