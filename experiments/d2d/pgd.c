/*
 * Adversarial examples by an attacker who has the target itself: projected gradient descent
 * on the test rows, from a random start. Source: see experiments/method/pgd_attack.h.
 */
#include "experiments/method/pgd_attack.h"

enum { SUCCESS, ROBUST_ACCURACY, ROBUST_LOSS };

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    const tl_pgd pgd = tl_pgd_of(scene, scene->args);
    const size_t count = (size_t)test->rows * (size_t)tl_shape_size(test->shape);
    tl_dataset moved = *test;
    tl_robustness sum;
    moved.input = tl_arena_take(scene->scratch, count, sizeof *moved.input, err);
    TL_TRY(tl_team_agree(scene->team, moved.input ? TL_OK : TL_E_NOMEM, err));
    TL_TRY(
        tl_pgd_attack(&pgd, target, test, scene->team, scene->scratch, moved.input, err));
    TL_TRY(
        tl_robustness_count(target, test, &moved, scene->team, scene->scratch, &sum, err));
    tl_scene_put_rate(scene, SUCCESS, sum.flipped, sum.correct);
    tl_scene_put_rate(scene, ROBUST_ACCURACY, sum.correct - sum.flipped, test->rows);
    tl_scene_put(scene, ROBUST_LOSS, sum.loss);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    return tl_pgd_check(size, err);
}

static double cost(const tl_size *size, const void *args)
{
    const tl_pgd_args *arg = args;
    /* A step is a forward pass and one back to the pixels; counting takes two passes. */
    return 2.0 * tl_model_flop(&size->setup.model) * size->test * (arg->steps + 1.0);
}

static const tl_param params[] = {TL_PGD_PARAMS(40), {0}};
static const tl_metric metrics[] = {
    {.name = "success",
     .label = "evasion success",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .is_success = true,
     .about =
         "share of correctly classified test rows that are misclassified once perturbed"},
    {.name = "robust_accuracy",
     .label = "robust accuracy",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .about = "share of test rows classified correctly, both before and after"},
    {.name = "robust_loss",
     .label = "robust loss",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .about = "mean cross-entropy on the perturbed test rows"},
    {0}};

const tl_stage tl_stage_d2d_pgd = {
    .name = "d2d.pgd",
    .about =
        "perturbs test images within a small box so that the target misclassifies them",
    .source = "Madry, Makelov, Schmidt, Tsipras, Vladu 2018, Towards deep learning models "
              "resistant to adversarial attacks",
    .variant = "Linf box on every test row, labels known; one random start, no restarts, a "
               "fixed step, and the last iterate counts, not the worst on the way. The "
               "gradient is that of the logit-scaled confidence, parallel to the cross-"
               "entropy's. Success is over rows classified correctly before; it is a lower "
               "bound on what the box allows and rises with `steps`: on one model .73 at "
               "10 and .78 at 40.",
    .version = 1,
    .flow = TL_D2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "adversarial examples",
    .access = TL_KNOWS_GRADIENTS | TL_KNOWS_WEIGHTS,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_TEST),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .check = check,
    .cost = cost,
};
