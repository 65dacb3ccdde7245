/*
 * Likelihood-ratio membership test (LiRA): compares the target's confidence in a row's
 * label with that of shadow models trained with the row, and without it. Each shadow model
 * is trained by the plan's recipe on its own random half of the pool's clean rows; poisoned
 * rows that the target trains on are in all of them, and nobody is judged on those.
 *
 * As in the authors' code the statistic is the logit-scaled confidence, the mean of a
 * normal density is estimated by the median, "fixed" uses one standard deviation for all
 * rows (and, online, that of the values with the row for both densities), and "offline"
 * scores by the two-sided density of the values without the row alone. Unlike there, all
 * values of a row are used, not as many as the row with the fewest has. Source: Carlini,
 * Chien, Nasr, Song, Terzis, Tramer 2022, Membership inference attacks from first
 * principles, sections IV and V, algorithm 1; code: privacy/research/mi_lira_2021.
 */
#include "experiments/method/halves.h"
#include "experiments/method/shadows.h"

#include "compute/core/sort.h"

#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    tl_shadow_args bank;
    int variant;
    int variance;
} arguments;
enum { ONLINE, OFFLINE };
enum { FIXED, PER_EXAMPLE };
enum { ADVANTAGE = TL_MEMBERSHIP_OWN, AUC_GAIN };

/* --- the densities -------------------------------------------------------------------- */

/* A normal density. */
typedef struct normal {
    double mean, sd;
} normal;

/* Confidences of the shadow models in the candidates. */
typedef struct shadows {
    int models, rows;
    const double *confidence; /* [models x rows] */
    const bool *in;           /* [models x rows] trained on it */
    double *value;            /* [models] scratch: values of one row */
} shadows;

static double log_density(const normal *n, double x)
{
    const double sd = n->sd + 1e-30, off = (x - n->mean) / sd;
    return -log(sd) - 0.5 * off * off;
}

/* Mean and standard deviation of all values with, or without, their row. */
static normal fit_all(const shadows *s, bool in)
{
    const size_t count = (size_t)s->models * (size_t)s->rows;
    double n = 0.0, sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (s->in[i] != in) continue;
        n += 1.0;
        sum += s->confidence[i];
    }
    const double mean = n > 0.0 ? sum / n : 0.0;
    for (size_t i = 0; i < count; i++) {
        const double off = s->confidence[i] - mean;
        if (s->in[i] == in) squares += off * off;
    }
    return (normal){mean, n > 0.0 ? sqrt(squares / n) : 0.0};
}

static double deviation(const double *x, int n)
{
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < n; i++) sum += x[i];
    for (int i = 0; i < n; i++) squares += (x[i] - sum / n) * (x[i] - sum / n);
    return sqrt(squares / n);
}

/* Density of a row's values with, or without, it. Mean or deviation come from `all` where
 * too few models have it, or lack it. */
static normal fit_row(const shadows *s, int row, bool in, const normal *all,
                      bool has_own_sd)
{
    int n = 0;
    for (int m = 0; m < s->models; m++) {
        const size_t at = (size_t)m * (size_t)s->rows + (size_t)row;
        if (s->in[at] == in) s->value[n++] = s->confidence[at];
    }
    if (n == 0) return *all;
    const double median = tl_median(s->value, (size_t)n);
    const double own = has_own_sd ? deviation(s->value, n) : 0.0;
    return (normal){median, own > 0.0 ? own : all->sd};
}

/* Turns the target's confidences into scores. */
static void score_rows(const arguments *arg, const shadows *s,
                       const tl_candidates *candidates)
{
    const bool is_online = arg->variant == ONLINE;
    const bool has_own_sd = arg->variance == PER_EXAMPLE;
    const normal all_in = fit_all(s, true);
    normal all_out = fit_all(s, false);
    if (is_online && !has_own_sd) all_out.sd = all_in.sd;
    for (int r = 0; r < s->rows; r++) {
        const double x = candidates->plain[r];
        const normal out = fit_row(s, r, false, &all_out, has_own_sd);
        candidates->score[r] = -log_density(&out, x);
        if (!is_online) continue;
        const normal in = fit_row(s, r, true, &all_in, has_own_sd);
        candidates->score[r] += log_density(&in, x);
    }
}

/* --- the test ------------------------------------------------------------------------- */

static tl_status take_room(tl_scene *scene, tl_candidates **s, double **value, tl_err *err)
{
    TL_TRY(tl_candidates_gather(scene->world->data[TL_PART_POOL], scene->scratch, s, err));
    TL_ALLOC(*value, scene->scratch, scene->bank.count, err);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    tl_candidates *s = NULL;
    double *value = NULL;
    tl_shadow_values values;
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &s, &value, err), err));
    TL_INVARIANT(s && value);
    TL_TRY(tl_membership_ask(scene, scene->session, s->rows, TL_STATISTIC_CONFIDENCE,
                             s->answer, s->plain, err));
    TL_TRY(tl_shadows_ask(scene, s->rows, TL_STATISTIC_CONFIDENCE, arg->bank.adaptive,
                          s->answer, &values, err));
    scene->found = s;
    if (tl_scene_counts(scene)) return TL_OK;
    const shadows own = {values.models, values.rows, values.value, values.in, value};
    score_rows(arg, &own, s);
    return TL_OK;
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
static const tl_param params[] = {
    TL_SHADOW_PARAMS,
    {TL_ARG(arguments, variant), .type = TL_PARAM_CHOICE, .choices = variants,
     .about = "likelihood ratio of models with and without the row (online), or the "
              "density without it alone (offline)"},
    {TL_ARG(arguments, variance), .type = TL_PARAM_CHOICE, .choices = variances,
     .about = "one standard deviation for all rows, better with few models, or one each"},
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
    .version = 2,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "membership inference",
    .access = TL_KNOWS_DATA | TL_KNOWS_SCORES,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_QUERY_LOG),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = &tl_bank_halves,
    .bank_count = tl_shadows_count,
    .run = run,
    .outcome = outcome,
    .queries = tl_membership_queries,
    .cost = tl_shadows_cost,
};
