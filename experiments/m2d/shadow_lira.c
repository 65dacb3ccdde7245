/*
 * Likelihood-ratio membership test (LiRA): compares the target's confidence in a row's
 * label with that of shadow models trained with the row, and without it. The models are
 * the bank of halves; what is not said to be plain differs between programs that bear the
 * test's name, so `scoring` names whose arithmetic is used: see likelihood_ratio.h. Source:
 * Carlini, Chien, Nasr, Song, Terzis, Tramer 2022, Membership inference attacks from first
 * principles, sections IV and V, algorithm 1.
 */
#include "experiments/method/halves.h"
#include "experiments/method/shadows.h"
#include "experiments/score/likelihood_ratio.h"

/* As `params` describes them. */
typedef struct arguments {
    tl_shadow_args bank;
    int variant;
    int variance;
    tl_lira_scoring scoring;
} arguments;
enum { ONLINE, OFFLINE };
enum { FIXED, PER_EXAMPLE };
enum { ADVANTAGE = TL_MEMBERSHIP_OWN, AUC_GAIN };

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    tl_candidates *s = NULL;
    tl_shadow_values shadows;
    TL_TRY(tl_shadows_test(scene, TL_STATISTIC_CONFIDENCE, &arg->bank, &s, &shadows, err));
    const tl_lira test = {.scoring = arg->scoring,
                          .is_online = arg->variant == ONLINE,
                          .has_own_sd = arg->variance == PER_EXAMPLE};
    TL_TRY(tl_membership_scored(
        s, tl_lira_score(&test, &shadows, s->plain, scene->scratch, s->score, err), err));
    if (!s->is_scored || !s->has_control) return TL_OK;
    return tl_lira_score(&test, &shadows, s->control, scene->scratch, s->control_score,
                         err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_candidates *s = scene->found;
    TL_TRY(tl_membership_put(scene, s, err));
    TL_TRY(tl_membership_put_gain(scene, AUC_GAIN, s, err));
    if (tl_scene_counts(scene)) return TL_OK;
    if (arg->variant == ONLINE)
        tl_membership_put_advantage(scene, ADVANTAGE, s, 0.0);
    else /* the offline score has no threshold of its own */
        tl_scene_put_missing(scene, ADVANTAGE, TL_WHY_NOT_APPLICABLE);
    return TL_OK;
}

static const char *const variants[] = {"online", "offline", NULL};
static const char *const variances[] = {"fixed", "per_example", NULL};
static const char *const scorings[] = {"all", "carlini", "pooled", "leakpro", NULL};
static const tl_param params[] = {
    TL_SHADOW_PARAMS,
    {TL_ARG(arguments, variant), .type = TL_PARAM_CHOICE, .choices = variants,
     .about = "likelihood ratio of models with and without the row (online), or the "
              "density without it alone (offline)"},
    {TL_ARG(arguments, variance), .type = TL_PARAM_CHOICE, .choices = variances,
     .about = "one standard deviation for all rows, better with few models, or one each"},
    {TL_ARG(arguments, scoring), .type = TL_PARAM_CHOICE, .choices = scorings,
     .about = "whose arithmetic: all values of a row, as many as the row with the fewest "
              "has (carlini, the authors' code), TF-Privacy's (pooled), or LeakPro's"},
    {0}};
static const tl_metric metrics[] = {
    TL_MEMBERSHIP_METRICS,
    TL_ADVANTAGE_METRIC("at a likelihood ratio of 1; online only"),
    TL_MEMBERSHIP_GAIN_METRIC,
    {0}};

const tl_stage tl_stage_m2d_shadow_lira = {
    .name = "m2d.shadow_lira",
    .about = "membership inference by likelihood ratios over shadow models",
    .source = "Carlini, Chien, Nasr, Song, Terzis, Tramer 2022, Membership inference "
              "attacks from first principles",
    .variant = TL_MEMBERSHIP_VARIANT TL_SHADOW_VARIANT
    "With `scoring: all` the centre of a density is the median of all of a "
    "row's values, where the paper says mean; with one deviation for all rows, "
    "online, that of the models with the row serves both densities, as in the "
    "authors' code. Offline is the density itself, two-sided, where the paper "
    "has a one-sided test. The authors' code cuts every row to the number of "
    "values of the row with the fewest (`scoring: carlini`): up to .046 of AUC "
    "at 12 models.",
    .version = 2,
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
