/*
 * Self-influence of training rows on the trained target: the rise of each row's loss had
 * the row been left out, predicted from the last layer's gradient and the curvature of the
 * other rows (experiments/score/self_influence.h). A row that the model knows from others
 * has little, a memorised one much: odd rows, wrong labels, poison. The layers before the
 * last are held fixed.
 *
 * The curvature sums over all rows trained on, poisoned ones too; membership is judged on
 * clean rows, by the same formula. From TL_LINALG_SOLVE_SPD_FROM parameters of the last
 * layer on ScaLAPACK solves, and every row's influence is rounded to 6 digits before it is
 * used.
 *
 * Source: Koh, Liang 2017; Feldman, Zhang 2020; see experiments/score/self_influence.h.
 */
#include "experiments/score/score.h"
#include "experiments/score/self_influence.h"
#include "experiments/stage/stage.h"

#include "compute/core/sort.h"
#include "compute/linalg/linalg.h"
#include "compute/nn/head.h"
#include "compute/nn/loss.h"
#include "compute/nn/probe.h"

#include <float.h>
#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    double damping;
} arguments;
enum {
    MEMBERS,
    LARGEST,
    TOP_SHARE,
    LOSS_CORRELATION,
    NON_MEMBERS,
    MEMBERSHIP_AUC,
    POISONED,
    POISON_AUC,
    POISON_PRECISION,
    LAMBDA
};
enum { MOST_PARAMS = 6144 /* of the last layer: 288 MiB of curvature */ };

/* The pool as the last layer sees it. */
typedef struct rows_seen {
    tl_influence of;
    float *single;       /* [rows x features] */
    double *feature;     /* [rows x width] */
    double *probability; /* [rows x classes] */
    bool *is_trained;    /* [rows] */
    double *self;        /* [rows] */
} rows_seen;

/* Some of the rows, for statistics. */
typedef struct sample {
    double *x, *y; /* [rows] */
    bool *is_positive;
    int count;
} sample;

static int width_of(const tl_model_spec *spec)
{
    /* All heads have a bias except those of tokens, which are tied. */
    return tl_model_features_size(spec) + !tl_model_reads_tokens(spec->kind);
}

static tl_status take_room(tl_scene *scene, rows_seen *s, sample *room, tl_head *head,
                           tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const size_t rows = (size_t)pool->rows, width = (size_t)width_of(&target->spec);
    TL_TRY(tl_head_of(target, scene->scratch, head, err));
    TL_INVARIANT(head->width + head->has_bias == (int)width);
    TL_ALLOC(s->single, scene->scratch, rows * (size_t)head->width, err);
    TL_ALLOC(s->feature, scene->scratch, rows * width, err);
    TL_ALLOC(s->probability, scene->scratch, rows * (size_t)pool->classes, err);
    TL_ALLOC(s->is_trained, scene->scratch, rows, err);
    TL_ALLOC(s->self, scene->scratch, rows, err);
    TL_ALLOC(room->x, scene->scratch, rows, err);
    TL_ALLOC(room->y, scene->scratch, rows, err);
    TL_ALLOC(room->is_positive, scene->scratch, rows, err);
    s->of = (tl_influence){.rows = pool->rows,
                           .width = (int)width,
                           .classes = pool->classes,
                           .feature = s->feature,
                           .probability = s->probability,
                           .label = pool->label,
                           .is_trained = s->is_trained,
                           .trained = tl_scene_counts(scene) ? scene->size->members : 0,
                           .damping = arg->damping};
    return TL_OK;
}

static tl_status look(tl_scene *scene, rows_seen *s, const tl_head *head, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const size_t width = (size_t)s->of.width, features = (size_t)head->width;
    TL_TRY(tl_model_features(scene->world->model[TL_PART_TARGET], pool->input, pool->rows,
                             scene->team, scene->scratch, s->single, err));
    if (tl_scene_counts(scene)) return TL_OK;
    tl_head_logits(head, s->single, pool->rows, s->probability);
    tl_softmax_double(s->probability, pool->rows, pool->classes, s->probability);
    for (size_t i = 0; i < (size_t)pool->rows; i++) {
        double *to = s->feature + i * width;
        for (size_t j = 0; j < features; j++) {
            to[j] = (double)s->single[i * features + j];
        }
        if (width > features) to[features] = 1.0;
        s->is_trained[i] = (pool->flags[i] & TL_ROW_MEMBER) != 0;
        s->of.trained += s->is_trained[i];
    }
    return TL_OK;
}

/* --- statistics ----------------------------------------------------------------------- */

static double loss_of(const rows_seen *s, int row)
{
    const double *p = s->probability + (size_t)row * (size_t)s->of.classes;
    return -log(fmax(p[s->of.label[row]], DBL_MIN));
}

/* Gathers the rows whose flags, masked, are `wanted`: x is their influence, y their loss;
 * those with the flag `positive` are positive. */
static void gather(sample *of, const rows_seen *s, const tl_dataset *pool, unsigned mask,
                   unsigned wanted, unsigned positive)
{
    of->count = 0;
    for (int i = 0; i < pool->rows; i++) {
        if ((pool->flags[i] & mask) != wanted) continue;
        of->x[of->count] = s->self[i];
        of->is_positive[of->count] = (pool->flags[i] & positive) != 0;
        of->y[of->count++] = loss_of(s, i);
    }
}

static void put_mean(tl_scene *scene, int metric, const sample *of, tl_why why)
{
    double sum = 0.0;
    for (int i = 0; i < of->count; i++) sum += of->x[i];
    tl_scene_put_if(scene, metric, of->count > 0, sum / of->count, why);
}

/* The largest, and the share of the top hundredth of the rows; sorts x. */
static void put_largest(tl_scene *scene, sample *of)
{
    const int top = (of->count + 99) / 100;
    double all = 0.0, most = 0.0, largest = 0.0;
    tl_sort_doubles(of->x, (size_t)of->count);
    for (int i = of->count - 1; i >= 0; i--) { /* from the largest */
        all += of->x[i];
        if (i >= of->count - top) most += of->x[i];
    }
    if (of->count > 0) largest = of->x[of->count - 1];
    tl_scene_put_if(scene, LARGEST, of->count > 0, largest, TL_WHY_UNRESOLVABLE);
    tl_scene_put_if(scene, TOP_SHARE, of->count >= 100 && all > 0.0, fmin(most / all, 1.0),
                    TL_WHY_UNRESOLVABLE);
}

static tl_status put_correlation(tl_scene *scene, const sample *of, tl_err *err)
{
    double correlation;
    TL_TRY(tl_score_rank_correlation(of->x, of->y, of->count, scene->scratch, &correlation,
                                     err));
    tl_scene_put_if(scene, LOSS_CORRELATION, isfinite(correlation), correlation,
                    TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

/* Clean members against clean non-members: members have less influence. */
static tl_status put_membership(tl_scene *scene, sample *of, const rows_seen *s,
                                tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    double auc;
    gather(of, s, pool, TL_ROW_UNJUDGED, 0, TL_ROW_MEMBER);
    for (int i = 0; i < of->count; i++) of->x[i] = -of->x[i];
    TL_TRY(tl_score_auc(of->x, of->is_positive, of->count, scene->scratch, &auc, err));
    tl_scene_put_if(scene, MEMBERSHIP_AUC, isfinite(auc), auc, TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

/* Poisoned members among all members: do they rank first? */
static tl_status put_poison(tl_scene *scene, sample *of, const rows_seen *s, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    int poisoned = 0, caught = 0;
    tl_ranked *order;
    double auc;
    TL_ALLOC(order, scene->scratch, pool->rows, err);
    if (tl_scene_counts(scene))
        return tl_score_auc(of->x, of->is_positive, pool->rows, scene->scratch, &auc, err);
    gather(of, s, pool, TL_ROW_MEMBER, TL_ROW_MEMBER, TL_ROW_POISONED);
    for (int i = 0; i < of->count; i++) {
        order[i] = (tl_ranked){of->x[i], (uint32_t)i};
        poisoned += of->is_positive[i];
    }
    if (poisoned == 0 || poisoned == of->count) {
        tl_scene_put_all_missing(scene, POISON_AUC, POISON_PRECISION,
                                 TL_WHY_NOT_APPLICABLE);
        return TL_OK;
    }
    tl_sort_descending(order, (size_t)of->count);
    for (int i = 0; i < poisoned; i++) caught += of->is_positive[order[i].number];
    TL_TRY(tl_score_auc(of->x, of->is_positive, of->count, scene->scratch, &auc, err));
    tl_scene_put(scene, POISON_AUC, auc);
    tl_scene_put_rate(scene, POISON_PRECISION, caught, poisoned);
    return TL_OK;
}

static tl_status put_all(tl_scene *scene, const rows_seen *s, sample *of, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const unsigned judged = TL_ROW_UNJUDGED | TL_ROW_MEMBER;
    const unsigned bad = TL_ROW_POISONED | TL_ROW_MEMBER;
    if (tl_scene_counts(scene)) return put_poison(scene, of, s, err); /* takes the most */
    gather(of, s, pool, judged, 0, 0);
    put_mean(scene, NON_MEMBERS, of, TL_WHY_UNRESOLVABLE);
    gather(of, s, pool, bad, bad, 0);
    put_mean(scene, POISONED, of, TL_WHY_NOT_APPLICABLE);
    gather(of, s, pool, judged, TL_ROW_MEMBER, 0);
    put_mean(scene, MEMBERS, of, TL_WHY_UNRESOLVABLE);
    TL_TRY(put_correlation(scene, of, err));
    put_largest(scene, of);
    TL_TRY(put_membership(scene, of, s, err));
    return put_poison(scene, of, s, err);
}

/* --- the stage ------------------------------------------------------------------------ */

static tl_status run(tl_scene *scene, tl_err *err)
{
    rows_seen s = {0};
    sample room = {0};
    tl_head head = {0};
    double lambda;
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &s, &room, &head, err), err));
    TL_INVARIANT(room.x && room.y && room.is_positive);
    TL_TRY(look(scene, &s, &head, err));
    TL_TRY(tl_influence_self(&s.of, scene->team, scene->scratch, s.self, &lambda, err));
    if (lambda <= 0.0) { /* the model is certain of every row */
        tl_scene_put_all_missing(scene, MEMBERS, LAMBDA, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    tl_scene_put(scene, LAMBDA, lambda);
    return tl_team_agree(scene->team, put_all(scene, &s, &room, err), err);
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    const int width = width_of(&size->setup.model), classes = size->setup.model.classes;
    const double params = (double)width * classes;
    TL_CHECK(params <= MOST_PARAMS, err, TL_E_ARG,
             "influence solves for the parameters of the last layer, here %dx%d = %.0f; at "
             "most %d",
             width, classes, params, MOST_PARAMS);
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    const tl_model_spec *spec = &size->setup.model;
    return tl_model_flop(spec) * size->pool +
           tl_influence_cost(size->pool, size->members, width_of(spec), spec->classes);
}

static const tl_param params[] = {
    {TL_ARG(arguments, damping), .type = TL_PARAM_REAL, .fallback = 1e-2,
     .low_is_open = true, .high = 1e6,
     .about = "added to every eigenvalue of the curvature, in units of their mean"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "members",
     .label = "self-influence of members",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .can_be_missing = true,
     .about =
         "mean self-influence of clean members: predicted rise of the loss of a row that "
         "is left out"},
    {.name = "largest",
     .label = "largest self-influence",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .can_be_missing = true,
     .about = "largest self-influence of a clean member"},
    {.name = "top_share",
     .label = "share of the top 1 %",
     .high = 1,
     .can_be_missing = true,
     .about = "share of the clean members' self-influence that the hundredth of them with "
              "the most has; from 100 on"},
    {.name = "loss_correlation",
     .label = "correlation with the loss",
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .about = "rank correlation of self-influence and loss over clean members (Spearman)"},
    {.name = "non_members",
     .label = "self-influence of non-members",
     .units = "nat",
     .can_be_missing = true,
     .about =
         "the same mean of clean non-members: predicted fall of the loss of a row that "
         "is added"},
    {.name = "membership_auc",
     .label = "membership AUC of influence",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .about = "probability that a clean member has less self-influence than a clean "
              "non-member"},
    {.name = "poisoned",
     .label = "self-influence of poison",
     .units = "nat",
     .can_be_missing = true,
     .about = "mean self-influence of poisoned members"},
    {.name = "poison_auc",
     .label = "poison AUC of influence",
     .better = TL_BETTER_HIGHER,
     .high = 1,
     .can_be_missing = true,
     .about = "probability that a poisoned member has more self-influence than another "
              "member"},
    {.name = "poison_precision",
     .label = "poison in the top rows",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of poisoned rows among as many members with the most self-influence"},
    {.name = "lambda",
     .label = "damping",
     .can_be_missing = true,
     .about =
         "damping as added to the curvature, which is summed over the rows trained on"},
    {0}};

const tl_stage tl_stage_measure_influence = {
    .name = "measure.influence",
    .about = "how much each training row is memorised: its influence on its own loss",
    .source =
        "Koh, Liang 2017, Understanding black-box predictions via influence functions; "
        "Martens 2010, Deep learning via Hessian-free optimization; Feldman, Zhang "
        "2020, What neural networks memorize and why",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "memorisation",
    .access = TL_KNOWS_TRUTH,
    .wants = TL_WANTS_IMAGES, /* a row of tokens has a loss a position, and a tied head */
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_POOL),
    .params = params,
    .metrics = metrics,
    .run = run,
    .check = check,
    .cost = cost,
};
