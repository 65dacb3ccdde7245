/*
 * Model inversion by an attacker who has the target's weights: images of each class are
 * made by gradient ascent and given to the attacker. Source: see
 * experiments/method/image_ascent.h.
 */
#include "experiments/method/reconstruction.h"

static tl_status run(tl_scene *scene, tl_err *err)
{
    return tl_inversion_run(scene, TL_PART_TARGET, err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    return tl_inversion_outcome(scene, TL_PART_TARGET, err);
}

const tl_stage tl_stage_m2d_inversion = {
    .name = "m2d.inversion",
    .about =
        "reconstructs images of each class from the target and measures what they leak",
    .source = "Fredrikson, Jha, Ristenpart 2015, Model inversion attacks that exploit "
              "confidence information and basic countermeasures; Mahendran, Vedaldi 2015",
    .variant = TL_INVERSION_VARIANT "The gradient is that of the target's own weights.",
    .version = 2,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model inversion",
    .access = TL_KNOWS_GRADIENTS | TL_KNOWS_WEIGHTS,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_ATTACKER),
    .gives = TL_BIT(TL_PART_RECOVERED),
    .keeps = TL_BIT(TL_PART_RECOVERED),
    .stores = TL_STORE_IMAGES,
    .draws = true,
    .params = tl_inversion_params,
    .metrics = tl_inversion_metrics,
    .bank = &tl_bank_evaluators,
    .run = run,
    .outcome = outcome,
    .check = tl_inversion_check,
    .cost = tl_inversion_cost,
    .max_ranks = tl_inversion_max_ranks,
};
