/*
 * Model inversion by an attacker who has only a copy of the target: inverts the surrogate;
 * leakage is still measured on the target's training rows. Source: see
 * experiments/method/image_ascent.h.
 */
#include "experiments/method/reconstruction.h"

static tl_status run(tl_scene *scene, tl_err *err)
{
    return tl_inversion_run(scene, TL_PART_SURROGATE, err);
}

static tl_status outcome(tl_scene *scene, tl_err *err)
{
    return tl_inversion_outcome(scene, TL_PART_SURROGATE, err);
}

const tl_stage tl_stage_m2d_surrogate_inversion = {
    .name = "m2d.surrogate_inversion",
    .about =
        "reconstructs images of each class from the surrogate and measures what they leak",
    .source = "Fredrikson, Jha, Ristenpart 2015, Model inversion attacks that exploit "
              "confidence information and basic countermeasures; Mahendran, Vedaldi 2015",
    .variant = TL_INVERSION_VARIANT
    "The gradient is the surrogate's, and leakage is measured against the rows "
    "the target trained on.",
    .version = 2,
    .flow = TL_M2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model inversion",
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_ATTACKER),
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
