/*
 * Model extraction by training: the attacker queries the target and trains a surrogate on
 * the answers. A control model without access to the target is trained on the same rows
 * with their true labels; the surrogate's gain in agreement over it is due to the answers.
 * Rows recovered in an earlier round are among the queries, but the control model has as
 * many rows without them. Source: Tramer, Zhang, Juels, Reiter, Ristenpart 2016,
 * Stealing machine learning models via prediction APIs, section 4 (retraining); Orekondy,
 * Schiele, Fritz 2019, Knockoff nets, section 4.
 */
#include "experiments/method/queries.h"

#include "experiments/score/reading.h"
#include "experiments/score/score.h"

enum { ARG_QUERIES, ARG_ANSWERS, ARG_KIND, ARG_EPOCHS };
enum { AGREEMENT, ACCURACY, CONTROL_AGREEMENT, CONTROL_ACCURACY, GAIN };

static tl_recipe recipe_of(const tl_scene *scene)
{
    tl_recipe recipe = scene->world->setup->recipe;
    const int epochs = (int)scene->arg[ARG_EPOCHS].number;
    if (epochs > 0) recipe.epochs = epochs;
    return recipe;
}

static tl_status run_control(tl_scene *scene, tl_err *err)
{
    const tl_recipe recipe = recipe_of(scene);
    return tl_queries_train_control(scene, (int)scene->arg[ARG_QUERIES].number,
                                    (tl_query_kind)(int)scene->arg[ARG_KIND].number,
                                    &recipe, err);
}

static tl_status compare(tl_scene *scene, const tl_model *surrogate, tl_err *err)
{
    const tl_world *world = scene->world;
    const tl_dataset *test = world->data[TL_PART_TEST];
    const int rows = test->rows, models = 2 + world->banked;
    const tl_model *model[3] = {world->model[TL_PART_TARGET], surrogate};
    tl_reading by[3];
    if (world->banked > 0) model[2] = world->bank[0]; /* the control model */
    for (int i = 0; i < models; i++) {
        TL_TRY(tl_reading_make(model[i], test, scene->team, scene->scratch, &by[i], err));
    }
    if (tl_scene_counts(scene)) return TL_OK;
    const int agreement = tl_score_matches(by[0].guess, by[1].guess, rows);
    const int right = tl_score_matches(test->label, by[1].guess, rows);
    tl_scene_put_rate(scene, AGREEMENT, agreement, rows);
    tl_scene_put_rate(scene, ACCURACY, right, rows);
    if (world->banked == 0) { /* noise has no true labels for a control model */
        tl_scene_put_all_missing(scene, CONTROL_AGREEMENT, GAIN, TL_WHY_NOT_APPLICABLE);
        return TL_OK;
    }
    const int control = tl_score_matches(by[0].guess, by[2].guess, rows);
    const int control_right = tl_score_matches(test->label, by[2].guess, rows);
    tl_scene_put_rate(scene, CONTROL_AGREEMENT, control, rows);
    tl_scene_put_rate(scene, CONTROL_ACCURACY, control_right, rows);
    tl_scene_put(scene, GAIN, (double)(agreement - control) / rows);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_query_request request = {.count = (int)scene->arg[ARG_QUERIES].number,
                                      .kind =
                                          (tl_query_kind)(int)scene->arg[ARG_KIND].number};
    tl_queries q = {0};
    tl_status mine = tl_queries_make(scene, &request, &q, err);
    float *answer = NULL;
    if (mine == TL_OK) {
        answer = tl_arena_take(scene->scratch,
                               (size_t)q.count * (size_t)scene->world->setup->model.classes,
                               sizeof *answer, err);
        if (!answer) mine = TL_E_NOMEM;
    }
    TL_TRY(tl_team_agree(scene->team, mine, err));
    const tl_question question = {
        .input = q.input,
        .rows = q.count,
        .kind = (tl_answers)(int)scene->arg[ARG_ANSWERS].number,
    };
    TL_TRY(tl_service_ask(scene->world->service, scene->world->model[TL_PART_TARGET],
                          &question, scene->team, scene->scratch, answer, err));
    const tl_recipe recipe = recipe_of(scene);
    TL_TRY(tl_queries_train(scene, &q, answer, &recipe, err));
    return compare(scene, scene->given->model[TL_PART_SURROGATE], err);
}

static tl_status check(const tl_size *size, const tl_value *arg, tl_err *err)
{
    TL_TRY(tl_queries_check(size, (tl_query_kind)(int)arg[ARG_KIND].number,
                            (int)arg[ARG_QUERIES].number, err));
    TL_CHECK(
        size->test > 0, err, TL_E_ARG,
        "surrogate and target are compared on the test rows, but data.split.test is 0");
    return TL_OK;
}

static int controls(const tl_value *arg)
{
    return (int)arg[ARG_KIND].number == TL_QUERY_NOISE ? 0 : 1;
}

static double train_cost(const tl_size *size, const tl_value *arg)
{
    tl_recipe recipe = size->setup.recipe;
    if (arg[ARG_EPOCHS].number > 0) recipe.epochs = (int)arg[ARG_EPOCHS].number;
    return tl_train_flop(&size->setup.model, &recipe, (int)arg[ARG_QUERIES].number, 0);
}

static double cost(const tl_size *size, const tl_value *arg)
{
    return train_cost(size, arg) +
           tl_model_flop(&size->setup.model) * (arg[ARG_QUERIES].number + 3.0 * size->test);
}

static const char *const answers[] = {"scores", "top1", NULL};
static const char *const kinds[] = {"natural", "augmented", "noise", NULL};
static const tl_param params[] = {
    {.name = "queries",
     .type = TL_PARAM_INT,
     .fallback = 500,
     .low = 1,
     .high = 1e7,
     .about = "budget: images the attacker may ask about"},
    {.name = "answers",
     .type = TL_PARAM_CHOICE,
     .choices = answers,
     .about = "what the service answers: all class probabilities, or the top class"},
    {.name = "kind",
     .type = TL_PARAM_CHOICE,
     .choices = kinds,
     .fallback = TL_QUERY_AUGMENTED,
     .about = "images asked about: the attacker's own alone (natural), beyond them "
              "shifted or mirrored copies of them (augmented; of tokens, "
              "with one in ten replaced), or noise"},
    {.name = "epochs",
     .type = TL_PARAM_INT,
     .high = 100000,
     .about = "passes over the queries (0: as many as the recipe says)"},
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
    {.name = "twin_agreement",
     .is_rate = true,
     .can_be_missing = true,
     .about =
         "agreement of a control model without query access, trained on the same images "
         "with true labels"},
    {.name = "twin_accuracy",
     .is_rate = true,
     .can_be_missing = true,
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
    .version = 1,
    .flow = TL_M2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model extraction",
    .access = TL_KNOWS_SCORES | TL_KNOWS_LABELS,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SERVICE) | TL_BIT(TL_PART_ATTACKER) |
             TL_BIT(TL_PART_TEST) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SURROGATE),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = {.count = controls,
             .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
             .args = 1U << ARG_QUERIES | 1U << ARG_KIND | 1U << ARG_EPOCHS,
             .run = run_control,
             .cost = train_cost},
    .run = run,
    .check = check,
    .cost = cost,
    .max_ranks = tl_size_max_ranks_training,
};
