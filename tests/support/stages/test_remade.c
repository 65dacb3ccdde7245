/*
 * Gives data that it does not keep, so that they are made again on every rank that reads
 * them: noise on the attacker's rows, drawn row by row.
 */
#include "experiments/stage/stage.h"

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const size_t size = (size_t)tl_shape_size(own->shape);
    tl_dataset *out;
    TL_TRY(tl_dataset_copy(own, TL_COPY_INPUTS, scene->keep, &out, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_rng noise = tl_scene_rng(scene, "noise");
    for (int i = 0; i < out->rows && out->vocabulary == 0; i++) {
        tl_rng rng = tl_rng_sub(&noise, (uint64_t)i);
        float *x = out->input + (size_t)i * size;
        for (size_t j = 0; j < size; j++) {
            x[j] = 0.5f * x[j] + 0.5f * (float)tl_rng_uniform(&rng);
        }
    }
    scene->given->data[TL_PART_ATTACKER] = out;
    return TL_OK;
}

const tl_stage tl_stage_d2d_test_remade = {
    .name = "d2d.test_remade",
    .about = "adds noise to the attacker's rows and does not keep them",
    .source = "none",
    .variant = "A stage of the tests.",
    .version = 1,
    .flow = TL_D2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "none",
    .access = TL_KNOWS_DATA,
    .reads = TL_BIT(TL_PART_ATTACKER),
    .gives = TL_BIT(TL_PART_ATTACKER),
    .draws = true,
    .run = run,
};
