/*
 * Adversarial examples by an attacker who has a copy of the target: made on the surrogate
 * and applied to the target. The control is examples made the same way on a model without
 * access to the target: trained by the plan's recipe on the queries of m2m.model_extraction
 * with their true labels, from the same initial weights and in the same order. The gain
 * over it is due to the answers alone if the extraction leaves `kind` and `epochs` at their
 * defaults and no recovered rows have joined the attacker's (the control model ignores
 * them).
 * Source: Papernot, McDaniel, Goodfellow, Jha, Celik, Swami 2017, Practical black-box
 * attacks against machine learning, section 4; Juuti, Szyller, Marchal, Asokan 2019, PRADA,
 * section 4; the examples: see experiments/method/pgd_attack.h.
 */
#include "experiments/method/pgd_attack.h"
#include "experiments/method/queries.h"

enum { ARG_QUERIES = TL_PGD_PARAMS };
enum { SUCCESS, CONTROL_SUCCESS, GAIN, OWN_SUCCESS };

/* --- the control model ---------------------------------------------------------------- */

/* The model that the extraction would train on true labels instead of answers. */
static tl_status run_control(tl_scene *scene, tl_err *err)
{
    return tl_queries_train_control(scene, (int)scene->arg[ARG_QUERIES].number,
                                    TL_QUERY_AUGMENTED, &scene->world->setup->recipe, err);
}

/* --- the attack ----------------------------------------------------------------------- */

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_world *world = scene->world;
    const tl_dataset *test = world->data[TL_PART_TEST];
    const tl_model *target = world->model[TL_PART_TARGET];
    const tl_model *surrogate = world->model[TL_PART_SURROGATE], *control = world->bank[0];
    const tl_pgd pgd = tl_pgd_of(scene);
    const tl_team *team = scene->team;
    tl_arena *scratch = scene->scratch;
    const size_t count = (size_t)test->rows * (size_t)tl_shape_size(test->shape);
    tl_dataset moved = *test;
    tl_robustness copied, own, plain;
    moved.input = tl_arena_take(scratch, count, sizeof *moved.input, err);
    TL_TRY(tl_team_agree(team, moved.input ? TL_OK : TL_E_NOMEM, err));
    TL_TRY(tl_pgd_attack(&pgd, surrogate, test, team, scratch, moved.input, err));
    TL_TRY(tl_robustness_count(target, test, &moved, team, scratch, &copied, err));
    TL_TRY(tl_robustness_count(surrogate, test, &moved, team, scratch, &own, err));
    TL_TRY(tl_pgd_attack(&pgd, control, test, team, scratch, moved.input, err));
    TL_TRY(tl_robustness_count(target, test, &moved, team, scratch, &plain, err));
    tl_scene_put_rate(scene, SUCCESS, copied.flipped, copied.correct);
    tl_scene_put_rate(scene, CONTROL_SUCCESS, plain.flipped, plain.correct);
    tl_scene_put_rate(scene, OWN_SUCCESS, own.flipped, own.correct);
    tl_scene_put_if(scene, GAIN, copied.correct > 0.0,
                    (copied.flipped - plain.flipped) / copied.correct, TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

static tl_status check(const tl_size *size, const tl_value *arg, tl_err *err)
{
    (void)arg;
    TL_TRY(tl_pgd_check(size, err));
    TL_CHECK(
        size->attacker > 0, err, TL_E_ARG,
        "the control model is trained on the attacker's rows: set data.split.attacker, "
        "or attacker_from_pool with official splits");
    return TL_OK;
}

static double control_cost(const tl_size *size, const tl_value *arg)
{
    return tl_train_flop(&size->setup.model, &size->setup.recipe,
                         (int)arg[ARG_QUERIES].number, 0);
}

static double cost(const tl_size *size, const tl_value *arg)
{
    /* As for d2d.pgd, on two models, counted three times. */
    return tl_model_flop(&size->setup.model) * size->test *
           (4.0 * arg[TL_PGD_STEPS].number + 6.0);
}

static int max_ranks(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    const int most = tl_train_max_ranks(&size->setup.model, &size->setup.recipe);
    return tl_infer_max_ranks(size->test, most);
}

static const tl_param params[] = {
    TL_PGD_PARAM_LIST,
    {.name = "queries",
     .type = TL_PARAM_INT,
     .fallback = 500,
     .low = 1,
     .high = 1e7,
     .about =
         "rows the control model is trained on: the queries of m2m.model_extraction, as "
         "many as these, with true labels"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "success",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .is_success = true,
     .about =
         "share of test rows the target classifies correctly that it misclassifies once "
         "perturbed on the surrogate"},
    {.name = "twin_success",
     .is_rate = true,
     .can_be_missing = true,
     .about = "the same for examples made on a control model without query access"},
    {.name = "gain",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about =
         "gain over a control model without query access: difference of the successes"},
    {.name = "own_success",
     .is_rate = true,
     .can_be_missing = true,
     .about = "success of the surrogate's examples on the surrogate itself"},
    {0}};

const tl_stage tl_stage_d2d_transfer_pgd = {
    .name = "d2d.transfer_pgd",
    .about =
        "attacks the target with examples made on the surrogate, against a control model",
    .source = "Papernot, McDaniel, Goodfellow, Jha, Celik, Swami 2017, Practical black-box "
              "attacks against machine learning; Madry, Makelov, Schmidt, Tsipras, Vladu "
              "2018",
    .version = 2,
    .flow = TL_D2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "adversarial examples",
    .access = TL_KNOWS_LABELS,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_TEST),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = {.count = tl_bank_of_one,
             .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
             .args = 1U << ARG_QUERIES,
             .draws_as = "m2m.model_extraction",
             .run = run_control,
             .cost = control_cost},
    .run = run,
    .check = check,
    .cost = cost,
    .max_ranks = max_ranks,
};
