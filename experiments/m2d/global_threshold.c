/*
 * Membership by one threshold on the loss: a row counts as a member if the target's loss on
 * it is small. Judged on clean members against clean non-members that went through the
 * same data stages and have no near-duplicate on the other side. Source: Yeom, Giacomelli,
 * Fredrikson, Jha 2018, Privacy risk in machine learning, adversary 2 (threshold: the
 * average training loss); advantage is true minus false positive rate.
 */
#include "experiments/method/membership.h"

#include <math.h>

enum { ADVANTAGE = TL_MEMBERSHIP_OWN, ACCURACY };

static tl_status run(tl_scene *scene, tl_err *err)
{
    tl_candidates *s = NULL;
    const tl_status mine =
        tl_candidates_gather(scene->world->data[TL_PART_POOL], scene->scratch, &s, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    TL_INVARIANT(s != NULL);
    scene->found = s;
    /* The answers themselves are the scores. */
    s->plain = s->score;
    s->control = s->control_score;
    TL_TRY(tl_candidates_ask(scene, s, TL_STATISTIC_MINUS_LOSS, err));
    return tl_membership_scored(s, TL_OK, err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const tl_candidates *s = scene->found;
    if (tl_scene_counts(scene)) return tl_membership_put(scene, s, err);
    double sum = 0.0, hits = 0.0;
    for (int i = 0; i < s->rows->rows; i++) {
        if (s->member[i]) sum += s->score[i];
    }
    const double threshold = sum / s->members;
    for (int i = 0; i < s->rows->rows; i++) {
        hits += (s->score[i] >= threshold) == s->member[i];
    }
    tl_membership_put_advantage(scene, ADVANTAGE, s,
                                nextafter(threshold, -(double)INFINITY));
    tl_scene_put_rate(scene, ACCURACY, hits,
                      s->members > 0 && s->others > 0 ? s->rows->rows : 0);
    return tl_membership_put(scene, s, err);
}

static const tl_metric metrics[] = {
    TL_MEMBERSHIP_METRICS,
    TL_ADVANTAGE_METRIC("at the mean training loss as threshold"),
    {.name = "accuracy",
     .label = "attack accuracy",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of members and non-members classified correctly at that threshold"},
    {0}};

const tl_stage tl_stage_m2d_global_threshold = {
    .name = "m2d.global_threshold",
    .about = "membership inference by one threshold on the target's loss",
    .source = "Yeom, Giacomelli, Fredrikson, Jha 2018, Privacy risk in machine learning: "
              "analyzing the connection to overfitting",
    .variant = TL_MEMBERSHIP_VARIANT
    "The threshold is the target's mean loss on the members judged, which this "
    "attacker knows; auc needs none. The loss is read from scores in single "
    "precision, by the true label.",
    .version = 2,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "membership inference",
    .access = TL_KNOWS_SCORES,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_QUERY_LOG),
    .stores = TL_STORE_SCORES | TL_STORE_CURVES,
    .draws = true, /* in its control */
    .metrics = metrics,
    .control = &tl_bank_membership_controls,
    .run = run,
    .outcome = outcome,
    .answers_suffice = tl_answers_suffice,
    .queries = tl_membership_queries,
};
