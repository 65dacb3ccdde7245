/*
 * Theft of the hidden width and of the output layer. Answers of a model whose last layer
 * maps h features to more than h classes lie in a space of h dimensions, however many
 * queries are asked: of their singular values the first h are large and the others are
 * rounding, or the noise that a defence adds. The width is where their logarithms fall
 * most, and the right singular vectors up to there span the columns of the output layer:
 * the layer itself, up to a linear map of the features, which no answer reveals.
 *
 * What shifts the width by one. A bias of the output layer adds a dimension; subtracting
 * the mean answer removes it (head: affine). With a layer norm before an output layer
 * without bias (gpt), features are a shift plus a part with mean 0 before the gains: h
 * dimensions, but h-1 once the mean is subtracted, or while the shift is still zero. Units
 * behind a ReLU that never fire on the queries add no dimension. Probabilities determine
 * logits up to a constant per answer; with row means subtracted, the columns of the layer
 * are known up to their means, and are compared without them.
 *
 * Singular values below 1e-10 of the largest count as that, so that the fall does not
 * depend on how answers were rounded. A dimension that features avoid, as above, holds
 * their rounding in single precision, about 1e-7: the fall to it remains the largest. From
 * TL_LINALG_SVD_FROM answers and classes on ScaLAPACK decomposes them, and all metrics are
 * computed from numbers rounded to 6 digits.
 *
 * Source: Carlini, Paleka, Dvijotham, Steinke, Hayase, Cooper, Lee, Jagielski, Nasr, Conmy,
 * Wallace, Rolnick, Tramer 2024, Stealing part of a production language model, section 4.
 */
#include "experiments/method/queries.h"
#include "experiments/score/answers.h"

#include "compute/linalg/linalg.h"
#include "compute/nn/head.h"
#include "compute/nn/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As `params` describes them. */
typedef struct arguments {
    int queries;
    int answers;
    int head;
    double noise;
    tl_precision precision;
    tl_query_kind kind;
} arguments;
enum { WIDTH, EXACT, NEAR, EXCESS, GAP, SMALLEST_COSINE, MEAN_COSINE, ERROR };
enum { LOGITS, SCORES };                                      /* answers */
enum { LINEAR, AFFINE };                                      /* head */
enum { LEAST_QUERIES = 4 };                                   /* three values, two gaps */
static const double LEAST_ERROR = 1e-12, LEAST_VALUE = 1e-10; /* below is rounding */

/* By default as many as the classes: more than the width, whatever it is. */
static int queries_of(const arguments *arg, int classes)
{
    const int asked = arg->queries;
    if (asked > 0) return asked;
    return classes > LEAST_QUERIES ? classes : LEAST_QUERIES;
}

/* --- the answers ---------------------------------------------------------------------- */

typedef struct theft {
    int rows, classes;
    tl_team alone;  /* what decides the width comes from LAPACK, whatever its size */
    double *answer; /* [rows x classes] */
    double *value, *u, *vt; /* of the answers: [r], [rows x r], [r x classes] */
    int found;              /* the width; 0: all answers are the same */
    /* The truth, and what is compared with it. */
    int width;
    tl_head head;
    double *layer;    /* [classes x width] its weights, as far as answers reveal */
    double *basis;    /* [classes x width] orthonormal, of the same span */
    double *small;    /* [width] its singular values */
    double *small_vt; /* [width x width] */
    double *product;  /* [r x width] of what was found and the truth */
    double *cosine;   /* [width] */
} theft;

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static tl_status take_room(tl_scene *scene, theft **out, tl_err *err)
{
    theft *t;
    TL_ALLOC_RECORDS(t, scene->scratch, 1, err);
    t->classes = scene->world->setup->model.classes;
    t->rows = queries_of(scene->args, t->classes);
    t->alone = tl_team_alone_within(scene->team);
    const size_t rows = (size_t)t->rows, classes = (size_t)t->classes;
    const size_t r = (size_t)smaller(t->rows, t->classes);
    TL_ALLOC(t->answer, scene->scratch, rows * classes, err);
    TL_ALLOC(t->value, scene->scratch, r, err);
    TL_ALLOC(t->u, scene->scratch, rows * r, err);
    TL_ALLOC(t->vt, scene->scratch, r * classes, err);
    *out = t;
    return TL_OK;
}

static tl_status take_truth(tl_scene *scene, theft *t, tl_err *err)
{
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    const size_t classes = (size_t)t->classes;
    const size_t width = (size_t)tl_model_features_size(&target->spec);
    t->width = (int)width;
    TL_ALLOC(t->layer, scene->scratch, classes * width, err);
    TL_ALLOC(t->basis, scene->scratch, classes * width, err);
    TL_ALLOC(t->small, scene->scratch, width, err);
    TL_ALLOC(t->small_vt, scene->scratch, width * width, err);
    TL_ALLOC(t->product, scene->scratch, (size_t)smaller(t->rows, t->classes) * width, err);
    TL_ALLOC(t->cosine, scene->scratch, width, err);
    return tl_head_of(target, scene->scratch, &t->head, err);
}

static void add_noise(const tl_scene *scene, const theft *t)
{
    const arguments *arg = scene->args;
    const double sd = arg->noise;
    const tl_rng noise = tl_scene_rng(scene, "noise");
    for (int i = 0; i < t->rows && sd > 0.0; i++) {
        tl_rng rng = tl_rng_sub(&noise, (uint64_t)i);
        double *line = t->answer + (size_t)i * (size_t)t->classes;
        for (int c = 0; c < t->classes; c++) line[c] += sd * tl_rng_normal(&rng);
    }
}

static tl_status ask(tl_scene *scene, theft *t, tl_err *err)
{
    const arguments *arg = scene->args;
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_query_request request = {.count = t->rows, .kind = arg->kind};
    tl_queries queries = {0};
    TL_TRY(
        tl_team_agree(scene->team, tl_queries_make(scene, &request, &queries, err), err));
    const bool scores = arg->answers == SCORES;
    const tl_question question = {.input = queries.input,
                                  .rows = t->rows,
                                  .kind = scores ? TL_ANSWER_SCORES : TL_ANSWER_LOGITS,
                                  .precision = arg->precision};
    TL_TRY(tl_session_ask_exactly(scene->session, &question, scene->team, scene->scratch,
                                  t->answer, err));
    tl_arena_rewind(scene->scratch, mark);
    if (tl_scene_counts(scene)) return TL_OK;
    if (scores) tl_answers_log(t->answer, (size_t)t->rows * (size_t)t->classes);
    add_noise(scene, t);
    if (scores) tl_centre_rows(t->answer, t->rows, t->classes);
    if (arg->head == AFFINE) tl_centre_columns(t->answer, t->rows, t->classes);
    return TL_OK;
}

/* --- the width ------------------------------------------------------------------------ */

/* Each mean subtracted costs a dimension, whose rounding is no gap. */
static int dimensions(const arguments *arg, int rows, int classes)
{
    return smaller(rows - (arg->head == AFFINE), classes - (arg->answers == SCORES));
}

/* Where the values fall most; 0 where all of them are 0. \param gap result, nat */
static int find_width(const arguments *arg, const theft *t, double *gap)
{
    const int most = dimensions(arg, t->rows, t->classes);
    const double least = LEAST_VALUE * t->value[0];
    int found = 0;
    *gap = 0.0;
    for (int i = 0; i + 1 < most && least > 0.0; i++) {
        const double here = fmax(t->value[i], least);
        const double next = fmax(t->value[i + 1], least);
        const double fall = log(here / next);
        if (found > 0 && fall <= *gap) continue;
        found = i + 1;
        *gap = fall;
    }
    return found;
}

/* --- the layer ------------------------------------------------------------------------ */

/* The weights as far as answers reveal them, and an orthonormal basis of their span. */
static tl_status prepare_truth(tl_scene *scene, theft *t, tl_err *err)
{
    const arguments *arg = scene->args;
    const size_t count = (size_t)t->classes * (size_t)t->width;
    TL_INVARIANT(t->layer && t->head.weight);
    if (!tl_scene_counts(scene)) {
        memcpy(t->layer, t->head.weight, count * sizeof *t->layer);
        if (arg->answers == SCORES) tl_centre_columns(t->layer, t->classes, t->width);
    }
    const tl_svd svd = {.value = t->small, .u = t->basis, .vt = t->small_vt};
    return tl_linalg_svd(&t->alone, tl_matrix_of(t->layer, t->classes, t->width), svd,
                         scene->scratch, err);
}

/* out [found x width] = the first `found` right vectors times `x` [classes x width]. */
static void project(const theft *t, int found, const double *x, double *out)
{
    const size_t width = (size_t)t->width, classes = (size_t)t->classes;
    memset(out, 0, (size_t)found * width * sizeof *out);
    for (size_t f = 0; f < (size_t)found; f++) {
        for (size_t c = 0; c < classes; c++) {
            const double v = t->vt[f * classes + c];
            for (size_t i = 0; i < width; i++) out[f * width + i] += v * x[c * width + i];
        }
    }
}

/* Principal angles between what was found and the truth: the singular values of the
 * product of their bases are the cosines (Bjorck, Golub 1973). */
static tl_status put_cosines(tl_scene *scene, const theft *t, int found, tl_err *err)
{
    const int angles = smaller(found, t->width);
    const tl_svd svd = {.value = t->cosine};
    double sum = 0.0;
    if (!tl_scene_counts(scene)) project(t, found, t->basis, t->product);
    TL_TRY(tl_linalg_svd(&t->alone, tl_matrix_of(t->product, found, t->width), svd,
                         scene->scratch, err));
    if (tl_scene_counts(scene)) return TL_OK;
    for (int i = 0; i < angles; i++) sum += fmin(t->cosine[i], 1.0);
    tl_scene_put(scene, SMALLEST_COSINE, fmin(t->cosine[angles - 1], 1.0));
    tl_scene_put(scene, MEAN_COSINE, sum / angles);
    return TL_OK;
}

/* The layer minus its projection onto the span found: the least-squares error over all
 * maps of the recovered layer. */
static void put_error(tl_scene *scene, const theft *t, int found)
{
    const size_t width = (size_t)t->width, classes = (size_t)t->classes;
    project(t, found, t->layer, t->product);
    double off = 0.0, all = 0.0;
    for (size_t c = 0; c < classes; c++) {
        double *left = t->basis + c * width; /* no longer needed */
        memcpy(left, t->layer + c * width, width * sizeof *left);
        for (size_t f = 0; f < (size_t)found; f++) {
            const double v = t->vt[f * classes + c];
            for (size_t i = 0; i < width; i++) left[i] -= v * t->product[f * width + i];
        }
        for (size_t i = 0; i < width; i++) {
            off += left[i] * left[i];
            all += t->layer[c * width + i] * t->layer[c * width + i];
        }
    }
    tl_scene_put(scene, ERROR, fmax(sqrt(off / all), LEAST_ERROR));
}

/* --- the stage ------------------------------------------------------------------------ */

static tl_status run(tl_scene *scene, tl_err *err)
{
    theft *t = NULL;
    double gap;
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &t, err), err));
    TL_INVARIANT(t != NULL);
    scene->found = t;
    TL_TRY(ask(scene, t, err));
    const tl_svd svd = {.value = t->value, .u = t->u, .vt = t->vt};
    TL_TRY(tl_linalg_svd(&t->alone, tl_matrix_of(t->answer, t->rows, t->classes), svd,
                         scene->scratch, err));
    if (tl_scene_counts(scene)) return TL_OK;
    t->found = find_width(scene->args, t, &gap);
    if (t->found == 0) {
        tl_scene_put_all_missing(scene, WIDTH, ERROR, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    tl_scene_put(scene, WIDTH, t->found);
    tl_scene_put(scene, GAP, gap);
    return TL_OK;
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    theft *t = scene->found;
    if (tl_scene_counts(scene))
        t->found = smaller(t->rows, t->classes);
    else if (t->found == 0)
        return TL_OK;
    TL_TRY(tl_team_agree(scene->team, take_truth(scene, t, err), err));
    TL_TRY(prepare_truth(scene, t, err));
    TL_TRY(put_cosines(scene, t, t->found, err));
    if (tl_scene_counts(scene)) return TL_OK;
    tl_scene_put_rate(scene, EXACT, t->found == t->width, 1);
    tl_scene_put_rate(scene, NEAR, abs(t->found - t->width) <= 1, 1);
    tl_scene_put(scene, EXCESS, t->found - t->width);
    put_error(scene, t, t->found);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    const int width = tl_model_features_size(&size->setup.model);
    const int classes = size->setup.model.classes;
    const int asked = queries_of(arg, classes);
    const bool scores = arg->answers == SCORES;
    TL_CHECK(classes > width + scores, err, TL_E_ARG,
             "the output layer maps %d features to %d classes, which hides their number: "
             "there must be more classes than features%s",
             width, classes, scores ? ", by two where answers are scores" : "");
    TL_CHECK(asked >= LEAST_QUERIES, err, TL_E_ARG,
             "%d queries are too few to see where singular values fall; the least is %d",
             asked, LEAST_QUERIES);
    return tl_queries_check(size, arg->kind, asked, err);
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    const tl_model_spec *model = &size->setup.model;
    const int width = tl_model_features_size(model), classes = model->classes;
    const int rows = queries_of(arg, classes);
    return tl_model_flop(model) * rows + 2.0 * rows * (double)classes * width +
           tl_linalg_cost(TL_LINALG_SVD, rows, classes, 0) +
           tl_linalg_cost(TL_LINALG_SVD, classes, width, 0) +
           6.0 * classes * (double)width * width;
}

static bool wants_logits(const void *args)
{
    const arguments *arg = args;
    return arg->answers == LOGITS;
}

static double queries(const tl_size *size, const void *args)
{
    return queries_of(args, size->setup.model.classes);
}

static const char *const answers[] = {"logits", "scores", NULL};
static const char *const heads[] = {"linear", "affine", NULL};
static const char *const precisions[] = {"double", "single", NULL};
static const tl_param params[] = {
    {TL_ARG(arguments, queries), .type = TL_PARAM_INT, .high = 1e5,
     .about = "answers asked for (0: as many as there are classes, which is enough for any "
              "width that shows)"},
    {TL_ARG(arguments, answers), .type = TL_PARAM_CHOICE, .choices = answers,
     .about =
         "what the service answers: logits, or all class probabilities, whose logarithms "
         "are logits up to a constant per answer"},
    {TL_ARG(arguments, head), .type = TL_PARAM_CHOICE, .choices = heads,
     .about =
         "output layer that the attacker assumes: without bias (gpt, llama), or with one "
         "(mlp, cnn, resnet), which subtracting the mean answer removes"},
    {TL_ARG(arguments, noise), .type = TL_PARAM_REAL, .high = 1e6, .units = "nat",
     .about = "standard deviation of normal noise in each logit, or log-probability, of an "
              "answer: a defence"},
    {TL_ARG(arguments, precision), .type = TL_PARAM_CHOICE, .choices = precisions,
     .about = "of the answers: the last layer in double precision, from features in "
              "single, or all of it in single as the model computes"},
    {TL_ARG(arguments, kind), .type = TL_PARAM_CHOICE, .choices = tl_query_kinds,
     .fallback = TL_QUERY_NOISE, .about = "kind of queries, as in m2m.model_extraction"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "width",
     .label = "width found",
     .can_be_missing = true,
     .about = "hidden width that was found: where the singular values of the answers fall "
              "most"},
    {.name = "exact",
     .label = "width found exactly",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "whether it is the true one"},
    {.name = "near",
     .label = "width found within 1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "whether it is the true one or differs by one, as it may where the output "
              "layer has a bias or follows a layer norm"},
    {.name = "excess",
     .label = "width found minus width",
     .can_be_missing = true,
     .about = "width that was found minus the true one"},
    {.name = "gap",
     .label = "gap of singular values",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .can_be_missing = true,
     .about = "fall of the logarithm of the singular values there; values below "
              "1e-10 of the largest count as that"},
    {.name = "smallest_cosine",
     .label = "smallest cosine of output layers",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .about = "of the principal angles between what the columns of the output layer span "
              "and what was recovered, as many as the smaller of the two has dimensions"},
    {.name = "mean_cosine",
     .label = "mean cosine of output layers",
     .better = TL_BETTER_LOWER,
     .high = 1,
     .can_be_missing = true,
     .about = "of all these angles"},
    {.name = "error",
     .label = "error of the output layer",
     .better = TL_BETTER_HIGHER,
     .can_be_missing = true,
     .about = "of the recovered output layer, after the linear map of features that fits "
              "best, relative to the true one (Frobenius); at least 1e-12"},
    {0}};

const tl_stage tl_stage_m2m_hidden_size = {
    .name = "m2m.hidden_size",
    .about =
        "finds the hidden width and the output layer in the singular values of answers",
    .source = "Carlini, Paleka, Dvijotham, Steinke, Hayase, Cooper, Lee, Jagielski, Nasr, "
              "Conmy, Wallace, Rolnick, Tramer 2024, Stealing part of a production "
              "language model",
    .variant =
        "The service answers all logits, or all scores, of chosen queries; the "
        "authors' ways to recover logits from top-k answers or a bias are not used. "
        "The width is where logarithms of singular values fall most: a layer norm, "
        "units that never fire, or a wrong `head` shift it by one, so read `near` "
        "and `excess` beside `exact`. The output layer is found up to a linear map of the "
        "features, and compared after the best one.",
    .version = 2,
    .flow = TL_M2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model extraction",
    .access = TL_KNOWS_SCORES | TL_KNOWS_LOGITS,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_QUERY_LOG),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .outcome = outcome,
    .check = check,
    .wants_logits = wants_logits,
    .queries = queries,
    .cost = cost,
    .max_ranks = tl_ranks_one,
};
