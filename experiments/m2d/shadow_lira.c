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
#include "experiments/method/membership.h"
#include "experiments/score/likelihood_ratio.h"
#include "experiments/stage/stage_training.h"

#include "compute/nn/loss.h"

enum { ARG_MODELS, ARG_VARIANT, ARG_VARIANCE };
enum { ONLINE, OFFLINE };
enum { FIXED, PER_EXAMPLE };
enum { AUC, ADVANTAGE, TPR_1PCT, TPR_0P1PCT, TARGETED_AUC, AUC_GAIN };

/* Whether shadow model `model` trains on the clean row that came from `origin`: by origin,
 * not place, so that halves stay the same where rows were added or removed. */
static bool is_drawn(const tl_rng *halves, int model, uint32_t origin)
{
    const tl_rng own = tl_rng_sub(halves, (uint64_t)model);
    uint32_t word[4];
    tl_rng_block(&own, origin, word);
    return (word[0] & 1U) != 0;
}

/* --- a shadow model ------------------------------------------------------------------- */

static tl_status choose(tl_scene *scene, tl_train_rows *out, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    int *row;
    TL_ALLOC(row, scene->scratch, pool->rows, err);
    *out = (tl_train_rows){.input = pool->input, .label = pool->label, .row = row};
    if (tl_scene_counts(scene)) {
        out->rows = pool->rows;
        return TL_OK;
    }
    const tl_rng halves = tl_scene_rng(scene, "halves");
    for (int i = 0; i < pool->rows; i++) {
        const bool is_in = pool->flags[i] & TL_ROW_POISONED
                               ? (pool->flags[i] & TL_ROW_MEMBER) != 0
                               : is_drawn(&halves, scene->bank_item, pool->origin[i]);
        if (is_in) row[out->rows++] = i;
    }
    return TL_OK;
}

static tl_status run_shadow(tl_scene *scene, tl_err *err)
{
    /* Trained as the target is: shadow models without early stopping would be more
     * overfitted, and more confident. So the attacker gets the owner's validation rows, as
     * the strongest attacker would have them; no model trains on them. */
    tl_stage_training training = {.spec = &scene->world->setup->model,
                                  .recipe = &scene->world->setup->recipe,
                                  .validation = scene->world->data[TL_PART_VALIDATION],
                                  .is_numbered = true};
    const tl_status mine = choose(scene, &training.rows, err);
    return tl_stage_train(scene, &training, mine, TL_PART_SURROGATE, NULL, err);
}

/* --- the test ------------------------------------------------------------------------- */

/* Confidences of the shadow models in the candidates. */
typedef struct shadows {
    int models, rows;
    double *confidence; /* [models x rows] */
    bool *in;           /* [models x rows] trained on it */
} shadows;

static tl_status take_room(tl_scene *scene, tl_candidates *candidates, shadows *s,
                           tl_err *err)
{
    TL_TRY(tl_candidates_gather(scene->world->data[TL_PART_POOL], scene->scratch,
                                candidates, err));
    s->models = scene->world->banked;
    s->rows = candidates->rows->rows;
    const size_t count = (size_t)s->models * (size_t)s->rows;
    TL_ALLOC(s->confidence, scene->scratch, count, err);
    TL_ALLOC(s->in, scene->scratch, count, err);
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_rng halves = tl_scene_rng(scene, "halves");
    for (size_t i = 0; i < count; i++) {
        const int model = (int)(i / (size_t)s->rows);
        s->in[i] = is_drawn(&halves, model, candidates->rows->origin[i % (size_t)s->rows]);
    }
    return TL_OK;
}

static tl_status ask(tl_scene *scene, const tl_model *model,
                     const tl_candidates *candidates, double *confidence, tl_err *err)
{
    const tl_dataset *rows = candidates->rows;
    TL_TRY(tl_model_logits(model, rows->input, rows->rows, scene->team, scene->scratch,
                           candidates->logits, err));
    if (tl_scene_counts(scene)) return TL_OK;
    tl_confidence(candidates->logits, rows->label, rows->rows, rows->classes, confidence);
    return TL_OK;
}

/* Turns confidences of the target into scores. */
static tl_status score_rows(tl_scene *scene, const shadows *s, double *score, tl_err *err)
{
    const tl_lira test = {.scoring = TL_LIRA_ALL,
                          .is_online = (int)scene->arg[ARG_VARIANT].number == ONLINE,
                          .has_own_sd =
                              (int)scene->arg[ARG_VARIANCE].number == PER_EXAMPLE};
    const tl_shadow_values values = {s->models, s->rows, s->confidence, s->in};
    return tl_lira_score(&test, &values, score, scene->scratch, score, err);
}

/* At a likelihood ratio of 1; the offline score has no threshold of its own. */
static void put_advantage(tl_scene *scene, const tl_candidates *s)
{
    double hits = 0.0, alarms = 0.0;
    if ((int)scene->arg[ARG_VARIANT].number != ONLINE) {
        tl_scene_put_missing(scene, ADVANTAGE, TL_WHY_NOT_APPLICABLE);
        return;
    }
    if (s->members == 0 || s->others == 0) {
        tl_scene_put_missing(scene, ADVANTAGE, TL_WHY_UNRESOLVABLE);
        return;
    }
    for (int i = 0; i < s->rows->rows; i++) {
        if (s->score[i] > 0.0 && s->member[i]) hits += 1.0;
        if (s->score[i] > 0.0 && !s->member[i]) alarms += 1.0;
    }
    tl_scene_put(scene, ADVANTAGE, hits / s->members - alarms / s->others);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    tl_candidates candidates = {0};
    shadows s = {0};
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &candidates, &s, err), err));
    TL_INVARIANT(candidates.rows != NULL && s.in != NULL);
    TL_TRY(ask(scene, scene->world->model[TL_PART_TARGET], &candidates, candidates.score,
               err));
    for (int m = 0; m < s.models; m++) {
        TL_TRY(ask(scene, scene->world->bank[m], &candidates,
                   s.confidence + (size_t)m * (size_t)s.rows, err));
    }
    /* Confidence falls as the loss rises: this is the AUC of one threshold for all rows. */
    TL_TRY(tl_candidates_put_auc(scene, AUC_GAIN, &candidates, 0, err));
    TL_TRY(score_rows(scene, &s, candidates.score, err));
    if (tl_scene_counts(scene)) return TL_OK; /* the other metrics take no more */
    put_advantage(scene, &candidates);
    TL_TRY(tl_candidates_put_auc(scene, AUC, &candidates, 0, err));
    const tl_measure *auc = &scene->measure[AUC], *plain = &scene->measure[AUC_GAIN];
    if (auc->why == TL_WHY_HAS_VALUE)
        tl_scene_put(scene, AUC_GAIN, auc->value - plain->value);
    TL_TRY(tl_candidates_put_auc(scene, TARGETED_AUC, &candidates, TL_ROW_TARGETED, err));
    TL_TRY(tl_candidates_put_tpr(scene, TPR_1PCT, &candidates, 0.01, err));
    return tl_candidates_put_tpr(scene, TPR_0P1PCT, &candidates, 0.001, err);
}

static int models(const tl_value *arg)
{
    return (int)arg[ARG_MODELS].number;
}

static double shadow_cost(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_train_flop(&size->setup.model, &size->setup.recipe, size->pool / 2,
                         size->validation);
}

static double cost(const tl_size *size, const tl_value *arg)
{
    return tl_model_flop(&size->setup.model) * size->pool * (1.0 + models(arg));
}

static int max_ranks(const tl_size *size, const tl_value *arg)
{
    const int test = tl_size_max_ranks_pool(size, arg),
              train = tl_size_max_ranks_training(size, arg);
    return test < train ? test : train;
}

static const char *const variants[] = {"online", "offline", NULL};
static const char *const variances[] = {"fixed", "per_example", NULL};
static const tl_param params[] = {
    {.name = "models",
     .type = TL_PARAM_INT,
     .fallback = 16,
     .low = 2,
     .high = 256,
     .about = "shadow models; a larger bank holds the models of a smaller one"},
    {.name = "variant",
     .type = TL_PARAM_CHOICE,
     .choices = variants,
     .about = "likelihood ratio of models with and without the row (online), or the "
              "density without it alone (offline)"},
    {.name = "variance",
     .type = TL_PARAM_CHOICE,
     .choices = variances,
     .about = "one standard deviation for all rows, better with few models, or one each"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "auc",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about = "area under the ROC curve of members against non-members"},
    {.name = "advantage",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .about = "true minus false positive rate at a likelihood ratio of 1; online only"},
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
    {.name = "targeted_auc",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about = "AUC over the rows that a poisoner targeted"},
    {.name = "auc_gain",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about = "AUC minus that of one threshold on the loss for all rows"},
    {0}};

const tl_stage tl_stage_m2d_shadow_lira = {
    .name = "m2d.shadow_lira",
    .about = "membership inference by likelihood ratios over shadow models",
    .source = "Carlini, Chien, Nasr, Song, Terzis, Tramer 2022, Membership inference "
              "attacks from first principles",
    .version = 1,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "membership inference",
    .access = TL_KNOWS_DATA | TL_KNOWS_SCORES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = {.count = models,
             .reads =
                 TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) | TL_BIT(TL_PART_SETUP),
             .run = run_shadow,
             .cost = shadow_cost},
    .run = run,
    .cost = cost,
    .max_ranks = max_ranks,
};
