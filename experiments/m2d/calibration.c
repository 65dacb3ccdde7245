/*
 * Membership by calibrated confidence: how much more confident the target is in a row than
 * models of the bank of halves that were trained without it, so that an easy row is no
 * member merely for being easy. Source: Watson, Guo, Cormode, Sablayrolles 2022, On the
 * importance of difficulty calibration in membership inference attacks, section 4.
 */
#include "experiments/method/halves.h"
#include "experiments/method/shadows.h"
#include "experiments/score/difficulty_calibration.h"

/* As `params` describes them. */
typedef struct arguments {
    tl_shadow_args bank;
    int statistic;
} arguments;
enum { LOSS, CONFIDENCE };
enum { ADVANTAGE = TL_MEMBERSHIP_OWN, AUC_GAIN };

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_statistic statistic =
        arg->statistic == LOSS ? TL_STATISTIC_MINUS_LOSS : TL_STATISTIC_CONFIDENCE;
    tl_candidates *s = NULL;
    tl_shadow_values shadows;
    TL_TRY(tl_shadows_test(scene, statistic, &arg->bank, &s, &shadows, err));
    TL_TRY(tl_membership_scored(
        s, tl_calibrated_score(&shadows, s->plain, scene->scratch, s->score, err), err));
    if (!s->is_scored || !s->has_control) return TL_OK;
    return tl_calibrated_score(&shadows, s->control, scene->scratch, s->control_score, err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const tl_candidates *s = scene->found;
    TL_TRY(tl_membership_put(scene, s, err));
    TL_TRY(tl_membership_put_gain(scene, AUC_GAIN, s, err));
    if (!tl_scene_counts(scene)) tl_membership_put_advantage(scene, ADVANTAGE, s, 0.0);
    return TL_OK;
}

static const char *const statistics[] = {"loss", "confidence", NULL};
static const tl_param params[] = {
    TL_SHADOW_PARAMS,
    {TL_ARG(arguments, statistic), .type = TL_PARAM_CHOICE, .choices = statistics,
     .about = "what is calibrated: the loss, or the logit-scaled confidence"},
    {0}};
static const tl_metric metrics[] = {
    TL_MEMBERSHIP_METRICS,
    TL_ADVANTAGE_METRIC("where the target is as confident as the others"),
    TL_MEMBERSHIP_GAIN_METRIC,
    {0}};

const tl_stage tl_stage_m2d_calibration = {
    .name = "m2d.calibration",
    .about = "membership inference by the loss, calibrated by how hard a row is",
    .source = "Watson, Guo, Cormode, Sablayrolles 2022, On the importance of difficulty "
              "calibration in membership inference attacks",
    .variant = TL_MEMBERSHIP_VARIANT TL_SHADOW_VARIANT
    "The target's value minus the mean over the models that lack the row; the "
    "authors have one such model, trained on other data of the attacker's. A "
    "row that every model has takes the mean of the other rows.",
    .version = 1,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "membership inference",
    .access = TL_KNOWS_DATA | TL_KNOWS_SCORES,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_QUERY_LOG),
    .stores = TL_STORE_SCORES | TL_STORE_CURVES,
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = &tl_bank_halves,
    .bank_count = tl_shadows_count,
    .control = &tl_bank_membership_controls,
    .run = run,
    .outcome = outcome,
    .answers_suffice = tl_answers_suffice,
    .queries = tl_membership_queries,
    .cost = tl_shadows_cost,
};
