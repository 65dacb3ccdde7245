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
#include "experiments/method/controls.h"
#include "experiments/method/pgd_attack.h"

/* As `params` describes them. */
typedef struct arguments {
    tl_pgd_args pgd;
    int queries;
} arguments;
enum { SUCCESS, CONTROL_SUCCESS, GAIN, OWN_SUCCESS };

/* What was made on each model: the test rows, perturbed. */
typedef struct examples {
    tl_dataset by_surrogate, by_control;
} examples;

static tl_status take_room(tl_scene *scene, examples **out, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const size_t count = (size_t)test->rows * (size_t)tl_shape_size(test->shape);
    examples *e;
    TL_ALLOC_RECORDS(e, scene->scratch, 1, err);
    *e = (examples){*test, *test};
    TL_ALLOC(e->by_surrogate.input, scene->scratch, count, err);
    TL_ALLOC(e->by_control.input, scene->scratch, count, err);
    *out = e;
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const tl_model *surrogate = scene->world->model[TL_PART_SURROGATE], *control;
    const tl_pgd pgd = tl_pgd_of(scene, &arg->pgd);
    examples *e = NULL;
    TL_TRY(tl_team_agree(scene->team, take_room(scene, &e, err), err));
    TL_INVARIANT(e != NULL);
    scene->found = e;
    TL_TRY(tl_pgd_attack(&pgd, surrogate, test, scene->team, scene->scratch,
                         e->by_surrogate.input, err));
    const size_t mark = tl_arena_mark(scene->scratch);
    TL_TRY(tl_scene_visit(scene, 0, &control, err));
    TL_TRY(tl_pgd_attack(&pgd, control, test, scene->team, scene->scratch,
                         e->by_control.input, err));
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    const tl_model *surrogate = scene->world->model[TL_PART_SURROGATE];
    const examples *e = scene->found;
    const tl_team *team = scene->team;
    tl_arena *scratch = scene->scratch;
    tl_robustness copied, own, plain;
    TL_TRY(
        tl_robustness_count(target, test, &e->by_surrogate, team, scratch, &copied, err));
    TL_TRY(
        tl_robustness_count(surrogate, test, &e->by_surrogate, team, scratch, &own, err));
    TL_TRY(tl_robustness_count(target, test, &e->by_control, team, scratch, &plain, err));
    tl_scene_put_rate(scene, SUCCESS, copied.flipped, copied.correct);
    tl_scene_put_rate(scene, CONTROL_SUCCESS, plain.flipped, plain.correct);
    tl_scene_put_rate(scene, OWN_SUCCESS, own.flipped, own.correct);
    tl_scene_put_if(scene, GAIN, copied.correct > 0.0,
                    (copied.flipped - plain.flipped) / copied.correct, TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    TL_TRY(tl_pgd_check(size, err));
    TL_CHECK(
        size->attacker > 0, err, TL_E_ARG,
        "the control model is trained on the attacker's rows: set data.split.attacker, "
        "or attacker_from_pool with official splits");
    return TL_OK;
}

static void control_args(const void *args, tl_value *value)
{
    const arguments *arg = args;
    tl_control_values(&(tl_control_args){arg->queries, TL_QUERY_AUGMENTED, 0}, value);
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    /* As for d2d.pgd, on two models, counted three times. */
    return size->test *
           (tl_model_flop(tl_size_surrogate(size)) * (4.0 * arg->pgd.steps + 3) +
            tl_model_flop(tl_size_target(size)) * 3.0);
}

static const tl_param params[] = {
    TL_PGD_PARAMS(40),
    {TL_ARG(arguments, queries), .type = TL_PARAM_INT, .fallback = 500, .low = 1,
     .high = 1e7,
     .about =
         "rows the control model is trained on: the queries of m2m.model_extraction, as "
         "many as these, with true labels"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "success",
     .label = "transfer success",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .is_success = true,
     .about =
         "share of test rows the target classifies correctly that it misclassifies once "
         "perturbed on the surrogate"},
    {.name = "twin_success",
     .label = "transfer success, control model",
     .is_rate = true,
     .can_be_missing = true,
     .about = "the same for examples made on a control model without query access"},
    {.name = "gain",
     .label = "transfer gain by access",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .is_success = true,
     .about =
         "gain over a control model without query access: difference of the successes"},
    {.name = "own_success",
     .label = "success on the own surrogate",
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
    .variant = "As d2d.pgd, made on the surrogate with the true labels; no augmentation of "
               "the queries by the surrogate's Jacobian as in the source. Control: the "
               "same on a model trained on `queries` of the attacker's rows with true "
               "labels, by the plan's recipe. With another `queries`, `kind` or `epochs` "
               "in m2m.model_extraction, or with recovered rows among its queries, the "
               "gain is not due to the answers alone.",
    .version = 2,
    .flow = TL_D2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "adversarial examples",
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_TEST),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = &tl_bank_controls,
    .bank_args = control_args,
    .run = run,
    .outcome = outcome,
    .check = check,
    .cost = cost,
};
