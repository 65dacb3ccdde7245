/*
 * Relative membership inference (RMIA): a row counts as a member in so far as its
 * likelihood under the target, relative to models of the bank of halves, stands out among
 * rows that nobody trained on, the attacker's own. `scoring` names whose arithmetic is
 * used: see relative_membership.h. LeakPro's own setting is gamma 2 and a .33, on
 * probabilities at temperature 2, which is not applied here. Source: Zarifzadeh, Liu,
 * Shokri 2024, Low-cost high-power membership inference attacks, algorithm 1.
 */
#include "experiments/method/halves.h"
#include "experiments/method/shadows.h"
#include "experiments/score/relative_membership.h"

/* As `params` describes them. */
typedef struct arguments {
    tl_shadow_args bank;
    int variant;
    tl_relative_scoring scoring;
    double gamma, a;
    int population;
} arguments;
enum { ONLINE, OFFLINE };
enum { AUC_GAIN = TL_MEMBERSHIP_OWN };

static int population_of(const arguments *arg, int attacker)
{
    return arg->population > 0 && arg->population < attacker ? arg->population : attacker;
}

/* The attacker's rows that come from the source. They come first; what it recovered from
 * models is no population. Official splits may leave fewer than the plan counts on. */
static int own_rows(const tl_scene *scene)
{
    const tl_dataset *all = scene->world->data[TL_PART_ATTACKER];
    const int most = all->rows < scene->size->attacker ? all->rows : scene->size->attacker;
    int rows = 0;
    if (tl_scene_counts(scene)) return most;
    while (rows < most && !(all->flags[rows] & TL_ROW_RECOVERED)) rows++;
    return rows;
}

/* What target, control and shadow models say of rows that target and shadow models did not
 * train on. \param control result: of the control, which did; NULL without one */
static tl_status ask_population(tl_scene *scene, tl_relative_rows *out,
                                const double **control, tl_err *err)
{
    const arguments *arg = scene->args;
    tl_dataset z = *scene->world->data[TL_PART_ATTACKER];
    z.rows = population_of(arg, own_rows(scene));
    float *answer = tl_arena_take(scene->scratch, (size_t)z.rows * (size_t)z.classes,
                                  sizeof *answer, err);
    double *value = NULL;
    if (answer)
        value = tl_arena_take(scene->scratch, 2 * (size_t)z.rows, sizeof *value, err);
    TL_TRY(tl_team_agree(scene->team, value ? TL_OK : TL_E_NOMEM, err));
    TL_TRY(tl_membership_ask(scene, scene->session, &z, TL_STATISTIC_PROBABILITY, answer,
                             value, err));
    *control = scene->bank.has_control ? value + z.rows : NULL;
    if (*control)
        TL_TRY(tl_membership_ask_control(scene, &z, TL_STATISTIC_PROBABILITY, answer,
                                         value + z.rows, err));
    TL_TRY(tl_shadows_ask(scene, &z, TL_STATISTIC_PROBABILITY, arg->bank.adaptive, answer,
                          &out->shadows, err));
    out->shadows.in = NULL;
    out->target = value;
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    tl_candidates *s = NULL;
    tl_relative_rows rows, population;
    const double *control;
    TL_TRY(tl_shadows_test(scene, TL_STATISTIC_PROBABILITY, &arg->bank, &s, &rows.shadows,
                           err));
    TL_TRY(ask_population(scene, &population, &control, err));
    rows.target = s->plain;
    const tl_relative test = {.scoring = arg->scoring,
                              .is_online = arg->variant == ONLINE,
                              .gamma = arg->gamma,
                              .a = arg->a};
    TL_TRY(tl_membership_scored(
        s, tl_relative_score(&test, &rows, &population, scene->scratch, s->score, err),
        err));
    if (!s->is_scored || !s->has_control) return TL_OK;
    rows.target = s->control;
    population.target = control;
    return tl_relative_score(&test, &rows, &population, scene->scratch, s->control_score,
                             err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const tl_candidates *s = scene->found;
    TL_TRY(tl_membership_put(scene, s, err));
    return tl_membership_put_gain(scene, AUC_GAIN, s, err);
}

static double queries(const tl_size *size, const void *args)
{
    return (double)size->pool + population_of(args, size->attacker);
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    return tl_model_flop(&size->setup.model) * queries(size, args) *
           (1.0 + arg->bank.models + 1.0 /* the control */);
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    TL_CHECK(size->attacker > 0, err, TL_E_ARG,
             "rows are compared with the attacker's own: set data.split.attacker, or "
             "attacker_from_pool with official splits");
    TL_CHECK(arg->scoring != TL_RELATIVE_PRIVACY_METER || arg->variant == OFFLINE, err,
             TL_E_ARG,
             "scoring: privacy_meter has no online variant; set variant: offline");
    return TL_OK;
}

static const char *const variants[] = {"online", "offline", NULL};
static const char *const scorings[] = {"paper", "privacy_meter", "leakpro", NULL};
static const tl_param params[] = {
    TL_SHADOW_PARAMS,
    {TL_ARG(arguments, variant), .type = TL_PARAM_CHOICE, .choices = variants,
     .fallback = OFFLINE,
     .about = "how a row's likelihood without the target is estimated: by models with and "
              "without it (online), or by those without it alone (offline)"},
    {TL_ARG(arguments, scoring), .type = TL_PARAM_CHOICE, .choices = scorings,
     .about = "whose arithmetic: the paper's, Privacy Meter's or LeakPro's"},
    {TL_ARG(arguments, gamma), .type = TL_PARAM_REAL, .fallback = 1, .low = 0.01,
     .high = 100, .about = "least ratio by which a row must stand out from another"},
    {TL_ARG(arguments, a), .type = TL_PARAM_REAL, .fallback = 0.3, .high = 1,
     .about = "offline: slope of the likelihood with a row over that without it"},
    {TL_ARG(arguments, population), .type = TL_PARAM_INT, .high = 1e7,
     .about = "rows to compare with, of the attacker's first (0: all of them)"},
    {0}};
static const tl_metric metrics[] = {TL_MEMBERSHIP_METRICS, TL_MEMBERSHIP_GAIN_METRIC, {0}};

const tl_stage tl_stage_m2d_rmia = {
    .name = "m2d.rmia",
    .about = "membership inference by likelihoods relative to other rows and models",
    .source = "Zarifzadeh, Liu, Shokri 2024, Low-cost high-power membership inference "
              "attacks",
    .variant = TL_MEMBERSHIP_VARIANT TL_SHADOW_VARIANT
    "The population is the attacker's own rows, on which neither target nor "
    "shadow models trained; recovered rows are not in it. The model of "
    "auc_without_access has trained on it, which lowers all its scores. Offline is the "
    "default. `scoring: paper` takes plain means where the authors' code trims "
    "them, and probabilities are those the service answers, at temperature 1.",
    .version = 1,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "membership inference",
    .access = TL_KNOWS_DATA | TL_KNOWS_SCORES,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_ATTACKER),
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
    .check = check,
    .answers_suffice = tl_answers_suffice,
    .queries = queries,
    .cost = cost,
};
