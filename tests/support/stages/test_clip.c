/*
 * A training-time defence by hooks: each row's gradient is clipped, and noise added to
 * their sum. No privacy is claimed: batches are shuffled, not drawn.
 */
#include "experiments/stage/stage.h"

/* As `params` describes them. */
typedef struct arguments {
    double clip, noise;
} arguments;

static void alter(const void *args, tl_setup *setup)
{
    const arguments *arg = args;
    setup->recipe.hooks.clip_each = arg->clip;
    setup->recipe.hooks.noise = arg->noise;
}

static const tl_param params[] = {
    {TL_ARG(arguments, clip), .type = TL_PARAM_REAL, .fallback = 1, .high = 1e6,
     .about = "limit of the norm of a row's gradient"},
    {TL_ARG(arguments, noise), .type = TL_PARAM_REAL, .fallback = 0.5, .high = 100,
     .about = "standard deviation, in units of the limit"},
    {0}};

const tl_stage tl_stage_defense_test_clip = {
    .name = "defense.test_clip",
    .about = "clips each row's gradient and adds noise",
    .source = "none",
    .variant = "A stage of the tests.",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "none",
    .reads = TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SETUP),
    .params = params,
    .alter = alter,
};
