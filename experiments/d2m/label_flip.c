/*
 * Label flip: relabels a fraction of the owner's rows, uniformly over the other classes.
 * Row i uses block i of the stage's stream, so a larger rate flips a superset of rows.
 * Source: Biggio, Nelson, Laskov 2011, Support vector machines under adversarial label
 * noise, section 3 (random flips).
 */
#include "experiments/stage/stage.h"

/* As `params` describes them. */
typedef struct arguments {
    double rate;
} arguments;
enum { METRIC_ROWS };

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    tl_dataset *out;
    TL_TRY(tl_dataset_copy(pool, TL_COPY_LABELS | TL_COPY_FLAGS, scene->keep, &out, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_rng rng = tl_scene_rng(scene, "rows");
    int flipped = 0;
    for (int i = 0; i < out->rows; i++) {
        uint32_t word[4];
        tl_rng_block(&rng, (uint64_t)i, word);
        if ((double)word[0] * 0x1p-32 >= arg->rate) continue;
        const uint32_t others = (uint32_t)out->classes - 1;
        const int32_t hop = 1 + (int32_t)((uint64_t)word[1] * others >> 32);
        out->label[i] = (out->label[i] + hop) % out->classes;
        out->flags[i] |= TL_ROW_POISONED;
        flipped += (out->flags[i] & TL_ROW_MEMBER) != 0;
    }
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put(scene, METRIC_ROWS, flipped);
    return TL_OK;
}

static const tl_param params[] = {{TL_ARG(arguments, rate), .type = TL_PARAM_REAL,
                                   .fallback = 0.1, .high = 1,
                                   .about = "fraction of rows to relabel"},
                                  {0}};
static const tl_metric metrics[] = {{.name = "rows",
                                     .label = "flipped rows",
                                     .about = "rows trained on whose label was flipped"},
                                    {0}};

const tl_stage tl_stage_d2m_label_flip = {
    .name = "d2m.label_flip",
    .about = "relabels a fraction of the training rows at random",
    .source =
        "Biggio, Nelson, Laskov 2011, Support vector machines under adversarial label noise",
    .variant = "Each row of the pool, member or not, is flipped with probability `rate` to "
               "a uniformly drawn other class: random noise, not an optimised choice. "
               "Flipped rows replace the originals, are judged in no membership test, and "
               "are in every shadow model if the target trains on them.",
    .version = 1,
    .flow = TL_D2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "poisoning",
    .access = TL_KNOWS_DATA,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
};
