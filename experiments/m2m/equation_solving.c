/*
 * Extraction by solving equations: the logarithm of each probability of softmax regression
 * is linear in the parameters, up to a constant per answer, so as many answers as a class
 * has parameters (the numbers of an image and one) determine them all. The mean over the
 * classes is subtracted from each answer, and the solution has parameters whose mean over
 * the classes is 0, which give the same answers.
 *
 * Queries are noise, uniform in 0..1, centred at its mean of 1/2: in images some pixels
 * never vary. An answer with a probability too small for single precision is not an
 * equation. Every member solves by LAPACK and gets the same bits, since later steps read
 * the surrogate; the error is measured before rounding to the model's single precision.
 *
 * Source: Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning models
 * via prediction APIs, section 4.1 (equation-solving attacks, multiclass LR).
 */
#include "experiments/method/queries.h"
#include "experiments/score/answers.h"
#include "experiments/score/reading.h"
#include "experiments/score/score.h"

#include "compute/linalg/linalg.h"
#include "compute/nn/head.h"
#include "compute/nn/layers/layer.h"
#include "compute/nn/loss.h"

#include <math.h>

enum { ARG_QUERIES, ARG_PRECISION };
enum { AGREEMENT, ACCURACY, PARAMETER_ERROR, SCORE_ERROR, EQUATIONS };
enum { MOST_UNKNOWNS = 4096 }; /* per class: 128 MiB of matrix, solved on one thread */
static const double CENTRE = 0.5;

static int unknowns_of(const tl_model_spec *spec)
{
    return tl_shape_size(spec->in) + 1;
}

static int queries_of(const tl_value *arg, const tl_model_spec *spec)
{
    const int asked = (int)arg[ARG_QUERIES].number;
    return asked > 0 ? asked : unknowns_of(spec);
}

/* --- the equations -------------------------------------------------------------------- */

typedef struct equations {
    int asked, count; /* queries, and those of them that are equations */
    int unknowns, classes;
    double *answer; /* [asked x classes]; then the right-hand sides */
    double *matrix; /* [asked x unknowns] */
    double *found;  /* [unknowns x classes] */
    tl_head head;   /* the truth */
} equations;

static tl_status take_room(tl_scene *scene, equations *e, tl_err *err)
{
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    e->asked = queries_of(scene->arg, &target->spec);
    e->unknowns = unknowns_of(&target->spec);
    e->classes = target->spec.classes;
    const size_t asked = (size_t)e->asked, unknowns = (size_t)e->unknowns;
    TL_ALLOC(e->answer, scene->scratch, asked * (size_t)e->classes, err);
    TL_ALLOC(e->matrix, scene->scratch, asked * unknowns, err);
    TL_ALLOC(e->found, scene->scratch, unknowns * (size_t)e->classes, err);
    return tl_head_of(target, scene->scratch, &e->head, err);
}

static bool is_equation(const double *answer, int classes)
{
    for (int c = 0; c < classes; c++) {
        if (!(answer[c] >= tl_answers_least())) return false;
    }
    return true;
}

/* Moves the answers that are equations to the front; their queries are the rows of the
 * matrix. */
static tl_status set_up(equations *e, const tl_queries *queries, tl_err *err)
{
    const size_t unknowns = (size_t)e->unknowns, classes = (size_t)e->classes;
    for (size_t i = 0; i < (size_t)e->asked; i++) {
        const double *answer = e->answer + i * classes;
        if (!is_equation(answer, e->classes)) continue;
        const size_t to = (size_t)e->count++;
        for (size_t c = 0; c < classes; c++) e->answer[to * classes + c] = answer[c];
        const float *x = queries->input + i * (unknowns - 1);
        double *line = e->matrix + to * unknowns;
        for (size_t j = 0; j + 1 < unknowns; j++) line[j] = (double)x[j] - CENTRE;
        line[unknowns - 1] = 1.0;
    }
    TL_CHECK(e->count >= e->unknowns, err, TL_E_NUMERIC,
             "%d of %d answers have no probability below %g, but a class has %d unknowns; "
             "raise queries",
             e->count, e->asked, tl_answers_least(), e->unknowns);
    tl_answers_log(e->answer, (size_t)e->count * classes);
    tl_centre_rows(e->answer, e->count, e->classes);
    return TL_OK;
}

static tl_status ask(tl_scene *scene, equations *e, tl_err *err)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_query_request request = {.count = e->asked, .kind = TL_QUERY_NOISE};
    tl_queries queries = {0};
    TL_TRY(
        tl_team_agree(scene->team, tl_queries_make(scene, &request, &queries, err), err));
    const tl_question question = {.input = queries.input,
                                  .rows = e->asked,
                                  .kind = TL_ANSWER_SCORES,
                                  .precision =
                                      (tl_precision)(int)scene->arg[ARG_PRECISION].number};
    TL_TRY(tl_service_ask_exactly(scene->world->service,
                                  scene->world->model[TL_PART_TARGET], &question,
                                  scene->team, scene->scratch, e->answer, err));
    e->count = tl_scene_counts(scene) ? e->asked : 0;
    if (tl_arena_counted(scene->scratch, mark)) return TL_OK;
    TL_TRY(tl_team_agree(scene->team, set_up(e, &queries, err), err));
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

/* The last unknown is the logit of an image of 1/2; from it follows the bias. */
static tl_status solve(tl_scene *scene, equations *e, tl_err *err)
{
    const size_t classes = (size_t)e->classes, inputs = (size_t)e->unknowns - 1;
    const tl_team alone = tl_team_alone_within(scene->team);
    const tl_status mine = tl_linalg_least_squares(
        &alone, tl_matrix_of(e->matrix, e->count, e->unknowns),
        tl_matrix_of(e->answer, e->count, e->classes), e->found, scene->scratch, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    if (tl_scene_counts(scene)) return TL_OK;
    double *bias = e->found + inputs * classes;
    for (size_t j = 0; j < inputs; j++) {
        for (size_t c = 0; c < classes; c++) bias[c] -= CENTRE * e->found[j * classes + c];
    }
    return TL_OK;
}

/* --- the result ------------------------------------------------------------------ */

/* Relative distance from the true parameters, centred over the classes. */
static double parameter_error(equations *e)
{
    const size_t classes = (size_t)e->classes, inputs = (size_t)e->unknowns - 1;
    double off = 0.0, all = 0.0;
    tl_centre_columns(e->head.weight, e->classes, e->head.width);
    tl_centre_columns(e->head.bias, e->classes, 1);
    for (size_t c = 0; c < classes; c++) {
        for (size_t j = 0; j <= inputs; j++) {
            const double truth =
                j < inputs ? e->head.weight[c * inputs + j] : e->head.bias[c];
            const double d = e->found[j * classes + c] - truth;
            off += d * d;
            all += truth * truth;
        }
    }
    return all > 0.0 ? sqrt(off / all) : (double)NAN;
}

static void set_parameters(const equations *e, tl_model *surrogate)
{
    const size_t classes = (size_t)e->classes, inputs = (size_t)e->unknowns - 1;
    const tl_layer *last = &surrogate->layer[surrogate->layers - 1];
    TL_INVARIANT(last->weights == classes * inputs && last->biases == classes);
    for (size_t c = 0; c < classes; c++) {
        float *weight = surrogate->param + last->weight + c * inputs;
        for (size_t j = 0; j < inputs; j++) weight[j] = (float)e->found[j * classes + c];
        surrogate->param[last->bias + c] = (float)e->found[inputs * classes + c];
    }
}

static tl_status compare(tl_scene *scene, const tl_model *surrogate, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const tl_model *model[2] = {scene->world->model[TL_PART_TARGET], surrogate};
    const int rows = test->rows, classes = test->classes;
    tl_reading by[2];
    for (int i = 0; i < 2; i++) {
        TL_TRY(tl_reading_make(model[i], test, scene->team, scene->scratch, &by[i], err));
        if (tl_scene_counts(scene)) continue;
        tl_softmax(by[i].logits, rows, classes, by[i].logits);
    }
    if (tl_scene_counts(scene)) return TL_OK;
    double largest = 0.0;
    for (size_t i = 0; i < (size_t)rows * (size_t)classes; i++) {
        largest = fmax(largest, fabs((double)by[0].logits[i] - (double)by[1].logits[i]));
    }
    const int agreement = tl_score_matches(by[0].guess, by[1].guess, rows);
    const int right = tl_score_matches(test->label, by[1].guess, rows);
    tl_scene_put_rate(scene, AGREEMENT, agreement, rows);
    tl_scene_put_rate(scene, ACCURACY, right, rows);
    tl_scene_put(scene, SCORE_ERROR, largest);
    return TL_OK;
}

/* --- the stage ------------------------------------------------------------------------ */

static tl_status run(tl_scene *scene, tl_err *err)
{
    equations e = {0};
    tl_model *surrogate = NULL;
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &e, err), err));
    const tl_model_spec *spec = &scene->world->model[TL_PART_TARGET]->spec;
    const tl_status made = tl_model_new(spec, scene->keep, &surrogate, err);
    TL_TRY(tl_team_agree(scene->team, made, err));
    TL_TRY(ask(scene, &e, err));
    TL_TRY(solve(scene, &e, err));
    if (tl_scene_counts(scene)) return compare(scene, surrogate, err);
    set_parameters(&e, surrogate);
    scene->given->model[TL_PART_SURROGATE] = surrogate;
    tl_scene_put(scene, EQUATIONS, e.count);
    tl_scene_put(scene, PARAMETER_ERROR, parameter_error(&e));
    return compare(scene, surrogate, err);
}

static tl_status check(const tl_size *size, const tl_value *arg, tl_err *err)
{
    const tl_model_spec *spec = &size->setup.model;
    const int unknowns = unknowns_of(spec), asked = queries_of(arg, spec);
    TL_CHECK(
        spec->kind == TL_MODEL_LINEAR, err, TL_E_ARG,
        "equation solving needs model.kind linear; the answers of a %s are not linear in "
        "its parameters",
        tl_model_kind_name(spec->kind));
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "surrogate and target are compared on the test rows, but data.split.test is "
             "0");
    TL_CHECK(
        unknowns <= MOST_UNKNOWNS, err, TL_E_ARG,
        "an image of %d numbers makes %d unknowns per class; at most %d can be solved for",
        unknowns - 1, unknowns, MOST_UNKNOWNS);
    TL_CHECK(asked >= unknowns, err, TL_E_ARG,
             "%d queries are too few: an image of %d numbers makes %d unknowns per class",
             asked, unknowns - 1, unknowns);
    return TL_OK;
}

static double cost(const tl_size *size, const tl_value *arg)
{
    const tl_model_spec *spec = &size->setup.model;
    const int asked = queries_of(arg, spec);
    return tl_linalg_cost(TL_LINALG_LEAST_SQUARES, asked, unknowns_of(spec),
                          spec->classes) +
           tl_model_flop(spec) * (2.0 * asked + 2.0 * size->test);
}

static const char *const precisions[] = {"double", "single", NULL};
static const tl_param params[] = {
    {.name = "queries",
     .type = TL_PARAM_INT,
     .high = 1e6,
     .about = "answers asked for (0: as many as a class has unknowns, the numbers of an "
              "image and one)"},
    {.name = "precision",
     .type = TL_PARAM_CHOICE,
     .choices = precisions,
     .about =
         "of the answers: probabilities in double precision, or in single as the model "
         "computes"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "agreement",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .about = "share of test rows that surrogate and target put in the same class"},
    {.name = "accuracy",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .about = "test accuracy of the surrogate"},
    {.name = "parameter_error",
     .better = TL_BETTER_HIGHER,
     .about = "distance of the solution from the target's parameters, relative to them, "
              "means over the classes taken off (Frobenius); before it is rounded to "
              "single precision"},
    {.name = "score_error",
     .better = TL_BETTER_HIGHER,
     .high = 1,
     .about = "largest difference of a probability of surrogate and target on a test row, "
              "both computed in single precision"},
    {.name = "equations",
     .about = "answers in which every probability has all digits of single precision"},
    {0}};

const tl_stage tl_stage_m2m_equation_solving = {
    .name = "m2m.equation_solving",
    .about = "solves for the parameters of a linear target from its answers",
    .source = "Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning "
              "models via prediction APIs",
    .version = 1,
    .flow = TL_M2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model extraction",
    .access = TL_KNOWS_SCORES,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SERVICE) | TL_BIT(TL_PART_ATTACKER) |
             TL_BIT(TL_PART_TEST) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SURROGATE),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .check = check,
    .cost = cost,
};
