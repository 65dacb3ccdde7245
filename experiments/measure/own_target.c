/*
 * The target that a plan brings, a model from a file or recorded answers: passes it on once
 * its accuracy on the test rows is measured, and is as the owner says. Wrong preparation of
 * the data (another range of pixels, order of channels or numbering of classes) would
 * otherwise go unnoticed, and every attack be on a model that knows nothing.
 */
#include "experiments/method/target_reading.h"
#include "experiments/score/score.h"

#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    double accuracy;
} arguments;
enum { ACCURACY, LOSS };

static const double TOLERANCE = 0.01;

static tl_status check_accuracy(const tl_scene *scene, double found, tl_err *err)
{
    const arguments *arg = scene->args;
    TL_CHECK(
        arg->accuracy == 0.0 || fabs(found - arg->accuracy) <= TOLERANCE, err, TL_E_ARG,
        "the target is right on %.4f of the %d test rows, but accuracy says %.4g: is it "
        "trained on inputs as they are here (pixels 0 to 1, planes of channels, no "
        "normalisation), and are classes numbered as in the data?",
        found, scene->world->data[TL_PART_TEST]->rows, arg->accuracy);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_world *world = scene->world;
    const tl_dataset *test = world->data[TL_PART_TEST];
    tl_reading reading;
    TL_TRY(tl_target_read(scene, test, &reading, err));
    scene->given->model[TL_PART_TARGET] = world->model[TL_PART_TARGET];
    scene->given->recorded = world->recorded;
    if (tl_scene_counts(scene)) return TL_OK;
    double loss = 0.0;
    for (int i = 0; i < test->rows; i++) loss += reading.loss[i] / test->rows;
    const int right = tl_score_matches(reading.guess, test->label, test->rows);
    tl_scene_put_rate(scene, ACCURACY, right, test->rows);
    tl_scene_put(scene, LOSS, loss);
    return check_accuracy(scene, (double)right / test->rows, err);
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "the target is checked on the test rows, but data.split.test is 0");
    return TL_OK;
}

static const tl_param params[] = {
    {TL_ARG(arguments, accuracy), .type = TL_PARAM_REAL, .high = 1,
     .about = "its accuracy on the test rows as the owner knows it; another, by more than "
              ".01, fails the step (0: it is not compared)"},
    {0}};

static const tl_metric metrics[] = {
    {.name = "accuracy",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .about = "accuracy of the target as it was brought, on the test rows"},
    {.name = "loss",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .about = "its mean cross-entropy on the test rows"},
    {0}};

const tl_stage tl_stage_measure_own_target = {
    .name = "measure.own_target",
    .about = "checks the target that model.file or target.answers brings; comes first of "
             "itself",
    .source = "none: accuracy on held-out rows",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_TEST),
    .gives = TL_BIT(TL_PART_TARGET),
    .keeps = TL_BIT(TL_PART_TARGET),
    .params = params,
    .metrics = metrics,
    .run = run,
    .check = check,
    .answers_suffice = tl_answers_suffice,
};
