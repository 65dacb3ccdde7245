/*
 * Reads two models and data, and measures their contents: 48 bits of a hash of each.
 */
#include "experiments/stage/part_table.h"
#include "experiments/stage/stage.h"

static tl_status run(tl_scene *scene, tl_err *err)
{
    static const tl_part part[] = {TL_PART_TARGET, TL_PART_SURROGATE, TL_PART_ATTACKER};
    (void)err;
    if (tl_scene_counts(scene)) return TL_OK;
    for (int i = 0; i < (int)(sizeof part / sizeof *part); i++) {
        tl_hash hash = {0};
        tl_part_of(part[i])->hash(scene->world, part[i], &hash);
        const tl_key key = tl_hash_end(&hash);
        double bits = 0.0;
        for (int b = 0; b < 6; b++) bits = 256.0 * bits + key.byte[b];
        tl_scene_put(scene, i, bits);
    }
    return TL_OK;
}

static const tl_metric metrics[] = {{.name = "target", .about = "hash of the target"},
                                    {.name = "surrogate", .about = "hash of the surrogate"},
                                    {.name = "attacker", .about = "hash of its rows"},
                                    {0}};

const tl_stage tl_stage_measure_test_parts = {
    .name = "measure.test_parts",
    .about = "measures the contents of two models and data",
    .source = "none",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE) | TL_BIT(TL_PART_ATTACKER),
    .metrics = metrics,
    .run = run,
    .max_ranks = tl_ranks_one,
};
