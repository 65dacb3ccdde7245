/*
 * Model extraction by training: the attacker queries the target and trains a surrogate on
 * the answers. A control model without access to the target is trained on the same rows
 * with their true labels; the surrogate's gain in agreement over it is due to the answers.
 * Rows recovered in an earlier round are among the queries, but the control model has as
 * many rows without them. Source: Tramer, Zhang, Juels, Reiter, Ristenpart 2016,
 * Stealing machine learning models via prediction APIs, section 4 (retraining); Orekondy,
 * Schiele, Fritz 2019, Knockoff nets, section 4.
 */
#include "experiments/method/controls.h"
#include "experiments/method/extraction.h"

#include "experiments/score/answers.h"
#include "experiments/score/score.h"
#include "experiments/stage/stage_training.h"

/* As `params` describes them. */
typedef struct arguments {
    int queries;
    tl_answers answers;
    tl_query_kind kind;
    int epochs;
} arguments;
enum { CONTROL_AGREEMENT = TL_EXTRACTION_OWN, CONTROL_ACCURACY, GAIN };

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_query_request request = {.count = arg->queries, .kind = arg->kind};
    tl_queries q = {0};
    float *answer = NULL;
    tl_status mine = tl_queries_make(scene, &request, &q, err);
    if (mine == TL_OK) {
        answer = tl_arena_take(scene->scratch,
                               (size_t)q.count * (size_t)scene->world->setup->model.classes,
                               sizeof *answer, err);
        if (!answer) mine = TL_E_NOMEM;
    }
    TL_TRY(tl_team_agree(scene->team, mine, err));
    const tl_question question = {.input = q.input, .rows = q.count, .kind = arg->answers};
    TL_TRY(tl_session_ask(scene->session, &question, scene->team, scene->scratch, answer,
                          err));
    /* Targets of a training are probabilities, whatever a defence has made of answers. */
    if (!tl_scene_counts(scene))
        tl_answers_normalise(answer, q.count, tl_session_classes(scene->session));
    const tl_recipe recipe = tl_extraction_recipe(scene->world->setup, arg->epochs);
    return tl_queries_train(scene, &q, answer, &recipe, err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    tl_reading target, surrogate, control;
    const tl_model *model;
    TL_TRY(tl_extraction_compare(scene, &target, &surrogate, err));
    if (scene->bank.count == 0) { /* noise has no true labels for a control model */
        tl_scene_put_all_missing(scene, CONTROL_AGREEMENT, GAIN, TL_WHY_NOT_APPLICABLE);
        return TL_OK;
    }
    TL_TRY(tl_scene_visit(scene, 0, &model, err));
    TL_TRY(tl_reading_make(model, test, scene->team, scene->scratch, &control, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const int agreement = tl_score_matches(target.guess, surrogate.guess, test->rows);
    const int by_control = tl_score_matches(target.guess, control.guess, test->rows);
    const int right = tl_score_matches(test->label, control.guess, test->rows);
    tl_scene_put_rate(scene, CONTROL_AGREEMENT, by_control, test->rows);
    tl_scene_put_rate(scene, CONTROL_ACCURACY, right, test->rows);
    tl_scene_put(scene, GAIN, (double)(agreement - by_control) / test->rows);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    TL_TRY(tl_queries_check(size, arg->kind, arg->queries, err));
    TL_TRY(tl_stage_training_check(size, err));
    return tl_extraction_check(size, err);
}

static int controls(const void *args)
{
    const arguments *arg = args;
    return arg->kind == TL_QUERY_NOISE ? 0 : 1;
}

static void control_args(const void *args, tl_value *value)
{
    const arguments *arg = args;
    tl_control_values(&(tl_control_args){arg->queries, (int)arg->kind, arg->epochs}, value);
}

/* With as many rows as queries, each is asked about unchanged. */
static bool answers_suffice(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    return arg->kind != TL_QUERY_NOISE && arg->queries <= size->attacker;
}

static double queries(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    (void)size;
    return arg->queries;
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    const tl_recipe recipe = tl_extraction_recipe(&size->setup, arg->epochs);
    return tl_train_flop(&size->setup.model, &recipe, arg->queries, 0) +
           tl_model_flop(tl_size_target(size)) * (arg->queries + size->test) +
           tl_model_flop(&size->setup.model) * 2.0 * size->test;
}

static const char *const answers[] = {"scores", "top1", NULL};
static const tl_param params[] = {
    {TL_ARG(arguments, queries), .type = TL_PARAM_INT, .fallback = 500, .low = 1,
     .high = 1e7, .about = "budget: images the attacker may ask about"},
    {TL_ARG(arguments, answers), .type = TL_PARAM_CHOICE, .choices = answers,
     .about = "what the service answers: all class probabilities, or the top class"},
    {TL_ARG(arguments, kind), .type = TL_PARAM_CHOICE, .choices = tl_query_kinds,
     .fallback = TL_QUERY_AUGMENTED,
     .about = "images asked about: the attacker's own alone (natural), beyond them "
              "shifted or mirrored copies of them (augmented; of tokens, "
              "with one in ten replaced), or noise"},
    {TL_ARG(arguments, epochs), .type = TL_PARAM_INT, .high = 100000,
     .about = "passes over the queries (0: as many as the recipe says)"},
    {0}};
static const tl_metric metrics[] = {
    TL_EXTRACTION_METRICS("twin_agreement", "twin_accuracy"),
    {.name = "twin_agreement",
     .is_rate = true,
     .can_be_missing = true,
     .about =
         "agreement of a control model without query access, trained on the same images "
         "with true labels"},
    {.name = "twin_accuracy",
     .is_rate = true,
     .can_be_missing = true,
     .of_bank = true,
     .about = "test accuracy of the control model"},
    {.name = "agreement_gain",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about =
         "gain over a control model without query access: difference of the agreements"},
    {0}};

const tl_stage tl_stage_m2m_model_extraction = {
    .name = "m2m.model_extraction",
    .about =
        "trains a surrogate on the target's answers, against a control model without access",
    .source =
        "Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning models "
        "via prediction APIs; Orekondy, Schiele, Fritz 2019, Knockoff nets",
    .variant = "Queries are chosen in advance, not adaptively, and each is asked once. The "
               "surrogate has the target's architecture and is trained once by the plan's "
               "recipe, its augmentation (recipe.shift, recipe.flip) and training-time "
               "defences included, without early stopping; so is the control, from the "
               "same initial weights, in the same order, on the same images with true "
               "labels. Soft answers are learned by cross-entropy. Rows recovered in an "
               "earlier round are queries of the surrogate alone.",
    .version = 1,
    .flow = TL_M2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model extraction",
    .access = TL_KNOWS_SCORES | TL_KNOWS_LABELS,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_TEST) |
             TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_QUERY_LOG),
    .keeps = TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_QUERY_LOG),
    .draws = true,
    .params = params,
    /* It never stops early. */
    .own_recipe = ((1U << TL_RECIPE_PARAMS) - 1) & ~(1U << TL_RECIPE_PATIENCE),
    .metrics = metrics,
    .bank = &tl_bank_controls,
    .bank_count = controls,
    .bank_args = control_args,
    .run = run,
    .outcome = outcome,
    .check = check,
    .answers_suffice = answers_suffice,
    .queries = queries,
    .cost = cost,
};
