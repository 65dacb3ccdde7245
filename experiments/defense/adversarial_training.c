/*
 * Adversarial training: the owner trains on perturbed images in place of its own, made anew
 * in every batch against the current weights. It alters the recipe, so shadow and control
 * models, who imitate it, are trained so too. Source: Madry, Makelov, Schmidt, Tsipras,
 * Vladu 2018, Towards deep learning models resistant to adversarial attacks, equation 2.1.
 */
#include "experiments/method/pgd_attack.h"

#include "compute/train/adversarial.h"

static void alter(const void *args, tl_setup *setup)
{
    const tl_pgd_args *arg = args;
    const tl_adversarial adversarial = {
        .radius = arg->eps,
        .steps = arg->steps,
        .step = arg->step > 0.0 ? arg->step : 2.5 * arg->eps / arg->steps,
        .is_random = true,
        .high = 1.0};
    /* What it refuses, `check` has refused with the line of the plan. */
    (void)!tl_adversarial_set(&adversarial, &setup->recipe.hooks, NULL);
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const tl_pgd_args *arg = args;
    const tl_hooks *hooks = &size->setup.recipe.hooks;
    TL_CHECK(
        arg->eps > 0.0 && arg->steps > 0, err, TL_E_ARG,
        "eps is %g and steps are %d, but adversarial training needs both above 0; leave "
        "the stage out to train plainly",
        arg->eps, arg->steps);
    TL_CHECK(!hooks->name, err, TL_E_ARG,
             "the recipe already has %s, and one training takes one such defence",
             hooks->name ? hooks->name : "");
    TL_CHECK(size->setup.model.splits <= 1, err, TL_E_ARG,
             "a split model cannot be trained adversarially; set model.splits: 0");
    return TL_OK;
}

static const tl_param params[] = {TL_PGD_PARAMS(10), {0}};

const tl_stage tl_stage_defense_adversarial_training = {
    .name = "defense.adversarial_training",
    .about = "trains on images that are perturbed against the current weights",
    .source = "Madry, Makelov, Schmidt, Tsipras, Vladu 2018, Towards deep learning models "
              "resistant to adversarial attacks",
    .variant = "Every row is replaced by a perturbed one, none is trained on clean; one "
               "random start per row and batch, the last iterate counts. The recipe is "
               "altered for all who use it: surrogates, controls, shadow models and "
               "evaluators are trained so too. Fewer steps than an attack takes can hide "
               "weakness: attack with more.",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "adversarial training",
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SETUP),
    .params = params,
    .alter = alter,
    .check = check,
};
