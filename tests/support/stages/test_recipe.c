/*
 * A training-time defence by the recipe: fewer epochs and smoother labels. It has no `run`.
 */
#include "experiments/stage/stage.h"

/* As `params` describes them. */
typedef struct arguments {
    double smoothing;
    int fewer;
} arguments;

static void alter(const void *args, tl_setup *setup)
{
    const arguments *arg = args;
    setup->recipe.label_smoothing = arg->smoothing;
    setup->recipe.epochs -= arg->fewer;
    if (setup->recipe.epochs < 0) setup->recipe.epochs = 0;
}

static const tl_param params[] = {{TL_ARG(arguments, smoothing), .type = TL_PARAM_REAL,
                                   .fallback = 0.2, .high = 0.9,
                                   .about = "label smoothing"},
                                  {TL_ARG(arguments, fewer), .type = TL_PARAM_INT,
                                   .fallback = 1, .high = 100, .about = "epochs fewer"},
                                  {0}};

const tl_stage tl_stage_defense_test_recipe = {
    .name = "defense.test_recipe",
    .about = "trains for fewer epochs, on smoother labels",
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
