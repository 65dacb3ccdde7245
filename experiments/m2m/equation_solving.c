/*
 * Extraction by solving equations: the logarithm of each probability of softmax regression
 * is linear in the parameters, up to a constant per answer, so as many answers as a class
 * has parameters (the numbers of an image and one) determine them all. The mean over the
 * classes is subtracted from each answer, and the solution has parameters whose mean over
 * the classes is 0, which give the same answers.
 *
 * Queries are noise, uniform in 0..1, centred at its mean of 1/2: in images some pixels
 * never vary. An answer with a probability too small for single precision is not an
 * equation; where a service leaves fewer equations than unknowns, all answers are used, and
 * such a probability counts as the least. Every member solves by LAPACK and gets the same
 * bits, since later steps read the surrogate; the error is measured before rounding to the
 * model's single precision.
 *
 * Source: Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning models
 * via prediction APIs, section 4.1 (equation-solving attacks, multiclass LR).
 */
#include "experiments/method/extraction.h"
#include "experiments/method/queries.h"
#include "experiments/score/answers.h"

#include "compute/linalg/linalg.h"
#include "compute/nn/head.h"
#include "compute/nn/layers/layer.h"
#include "compute/nn/loss.h"

#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    int queries;
    tl_precision precision;
} arguments;
enum { PARAMETER_ERROR = TL_EXTRACTION_OWN, SCORE_ERROR, EQUATIONS };
enum { MOST_UNKNOWNS = 4096 }; /* per class: 128 MiB of matrix, solved on one thread */
static const double CENTRE = 0.5;

static int unknowns_of(const tl_model_spec *spec)
{
    return tl_shape_size(spec->in) + 1;
}

static int queries_of(const arguments *arg, const tl_model_spec *spec)
{
    const int asked = arg->queries;
    return asked > 0 ? asked : unknowns_of(spec);
}

/* --- the equations -------------------------------------------------------------------- */

typedef struct equations {
    int asked, count; /* queries, and those of them that are equations */
    int unknowns, classes;
    double *answer; /* [asked x classes]; then the right-hand sides */
    double *matrix; /* [asked x unknowns] */
    double *found;  /* [unknowns x classes] */
} equations;

static tl_status take_room(tl_scene *scene, equations **out, tl_model **surrogate,
                           tl_err *err)
{
    const tl_model_spec *spec = &scene->world->setup->model;
    equations *e;
    TL_ALLOC_RECORDS(e, scene->scratch, 1, err);
    e->asked = queries_of(scene->args, spec);
    e->unknowns = unknowns_of(spec);
    e->classes = spec->classes;
    const size_t asked = (size_t)e->asked, unknowns = (size_t)e->unknowns;
    TL_ALLOC(e->answer, scene->scratch, asked * (size_t)e->classes, err);
    TL_ALLOC(e->matrix, scene->scratch, asked * unknowns, err);
    TL_ALLOC(e->found, scene->scratch, unknowns * (size_t)e->classes, err);
    *out = e;
    return tl_model_new(spec, scene->keep, surrogate, err);
}

static bool is_equation(const double *answer, int classes)
{
    for (int c = 0; c < classes; c++) {
        if (!(answer[c] >= tl_answers_least())) return false;
    }
    return true;
}

/* Moves the answers that are equations to the front, or all of them where these are too
 * few; their queries are the rows of the matrix. \return how many are equations */
static int set_up(equations *e, const tl_queries *queries)
{
    const size_t unknowns = (size_t)e->unknowns, classes = (size_t)e->classes;
    int whole = 0;
    for (int i = 0; i < e->asked; i++) {
        whole += is_equation(e->answer + (size_t)i * classes, e->classes);
    }
    for (size_t i = 0; i < (size_t)e->asked; i++) {
        const double *answer = e->answer + i * classes;
        if (whole >= e->unknowns && !is_equation(answer, e->classes)) continue;
        const size_t to = (size_t)e->count++;
        for (size_t c = 0; c < classes; c++) e->answer[to * classes + c] = answer[c];
        const float *x = queries->input + i * (unknowns - 1);
        double *line = e->matrix + to * unknowns;
        for (size_t j = 0; j + 1 < unknowns; j++) line[j] = (double)x[j] - CENTRE;
        line[unknowns - 1] = 1.0;
    }
    tl_answers_log(e->answer, (size_t)e->count * classes);
    tl_centre_rows(e->answer, e->count, e->classes);
    return whole;
}

static tl_status ask(tl_scene *scene, equations *e, tl_err *err)
{
    const arguments *arg = scene->args;
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_query_request request = {.count = e->asked, .kind = TL_QUERY_NOISE};
    tl_queries queries = {0};
    TL_TRY(
        tl_team_agree(scene->team, tl_queries_make(scene, &request, &queries, err), err));
    const tl_question question = {.input = queries.input,
                                  .rows = e->asked,
                                  .kind = TL_ANSWER_SCORES,
                                  .precision = arg->precision};
    TL_TRY(tl_session_ask_exactly(scene->session, &question, scene->team, scene->scratch,
                                  e->answer, err));
    e->count = tl_scene_counts(scene) ? e->asked : 0;
    if (tl_arena_counted(scene->scratch, mark)) return TL_OK;
    tl_scene_put(scene, EQUATIONS, set_up(e, &queries));
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

/* Relative distance of what was found from the true parameters, centred over the classes.
 */
static double parameter_error(const equations *e, tl_head *truth)
{
    const size_t classes = (size_t)e->classes, inputs = (size_t)e->unknowns - 1;
    double off = 0.0, all = 0.0;
    tl_centre_columns(truth->weight, e->classes, truth->width);
    tl_centre_columns(truth->bias, e->classes, 1);
    for (size_t c = 0; c < classes; c++) {
        for (size_t j = 0; j <= inputs; j++) {
            const double right =
                j < inputs ? truth->weight[c * inputs + j] : truth->bias[c];
            const double d = e->found[j * classes + c] - right;
            off += d * d;
            all += right * right;
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

/* Largest difference of a probability on a test row. Turns logits into probabilities. */
static double score_error(const tl_dataset *test, tl_reading *a, tl_reading *b)
{
    double largest = 0.0;
    tl_softmax(a->logits, test->rows, test->classes, a->logits);
    tl_softmax(b->logits, test->rows, test->classes, b->logits);
    for (size_t i = 0; i < (size_t)test->rows * (size_t)test->classes; i++) {
        largest = fmax(largest, fabs((double)a->logits[i] - (double)b->logits[i]));
    }
    return largest;
}

/* --- the stage ------------------------------------------------------------------------ */

static tl_status run(tl_scene *scene, tl_err *err)
{
    equations *e = NULL;
    tl_model *surrogate = NULL;
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &e, &surrogate, err), err));
    TL_INVARIANT(e != NULL);
    scene->found = e;
    scene->given->model[TL_PART_SURROGATE] = surrogate;
    TL_TRY(ask(scene, e, err));
    TL_TRY(solve(scene, e, err));
    if (!tl_scene_counts(scene)) set_parameters(e, surrogate);
    return TL_OK;
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const equations *e = scene->found;
    tl_head truth = {0};
    tl_reading target, surrogate;
    const tl_status mine =
        tl_head_of(scene->world->model[TL_PART_TARGET], scene->scratch, &truth, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    TL_TRY(tl_extraction_compare(scene, &target, &surrogate, err));
    if (tl_scene_counts(scene)) return TL_OK;
    tl_scene_put(scene, PARAMETER_ERROR, parameter_error(e, &truth));
    tl_scene_put(scene, SCORE_ERROR,
                 score_error(scene->world->data[TL_PART_TEST], &target, &surrogate));
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    const tl_model_spec *spec = &size->setup.model;
    const int unknowns = unknowns_of(spec), asked = queries_of(arg, spec);
    TL_CHECK(
        spec->kind == TL_MODEL_LINEAR, err, TL_E_ARG,
        "equation solving needs model.kind linear; the answers of a %s are not linear in "
        "its parameters",
        tl_model_kind_name(spec->kind));
    TL_TRY(tl_extraction_check(size, err));
    TL_CHECK(
        unknowns <= MOST_UNKNOWNS, err, TL_E_ARG,
        "an image of %d numbers makes %d unknowns per class; at most %d can be solved for",
        unknowns - 1, unknowns, MOST_UNKNOWNS);
    TL_CHECK(asked >= unknowns, err, TL_E_ARG,
             "%d queries are too few: an image of %d numbers makes %d unknowns per class",
             asked, unknowns - 1, unknowns);
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    const tl_model_spec *spec = &size->setup.model;
    const int asked = queries_of(arg, spec);
    return tl_linalg_cost(TL_LINALG_LEAST_SQUARES, asked, unknowns_of(spec),
                          spec->classes) +
           tl_model_flop(spec) * (2.0 * asked + 2.0 * size->test);
}

static double queries(const tl_size *size, const void *args)
{
    return queries_of(args, &size->setup.model);
}

static const char *const precisions[] = {"double", "single", NULL};
static const tl_param params[] = {
    {TL_ARG(arguments, queries), .type = TL_PARAM_INT, .high = 1e6,
     .about = "answers asked for (0: as many as a class has unknowns, the numbers of an "
              "image and one)"},
    {TL_ARG(arguments, precision), .type = TL_PARAM_CHOICE, .choices = precisions,
     .about =
         "of the answers: probabilities in double precision, or in single as the model "
         "computes"},
    {0}};
static const tl_metric metrics[] = {
    TL_EXTRACTION_METRICS(NULL, NULL),
    {.name = "parameter_error",
     .label = "error of the parameters",
     .better = TL_BETTER_HIGHER,
     .about = "distance of the solution from the target's parameters, relative to them, "
              "means over the classes taken off (Frobenius); before it is rounded to "
              "single precision"},
    {.name = "score_error",
     .label = "error of the scores",
     .better = TL_BETTER_HIGHER,
     .high = 1,
     .about = "largest difference of a probability of surrogate and target on a test row, "
              "both computed in single precision"},
    {.name = "equations",
     .label = "equations solved",
     .about = "answers in which every probability has all digits of single precision"},
    {0}};

const tl_stage tl_stage_m2m_equation_solving = {
    .name = "m2m.equation_solving",
    .about = "solves for the parameters of a linear target from its answers",
    .source = "Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning "
              "models via prediction APIs",
    .variant = "Queries are uniform noise, chosen in advance; least squares by LAPACK on "
               "the logarithms of the scores, centred over classes. Of the parameters only "
               "what answers reveal is compared: means over classes are taken off. "
               "Agreement is near 1 long before parameters are exact: read "
               "parameter_error.",
    .version = 1,
    .flow = TL_M2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model extraction",
    .access = TL_KNOWS_SCORES,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_TEST) |
             TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_QUERY_LOG),
    .keeps = TL_BIT(TL_PART_SURROGATE),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .outcome = outcome,
    .check = check,
    .queries = queries,
    .cost = cost,
    .max_ranks = tl_ranks_one,
};
