#include "experiments/stage/scene.h"

#include <math.h>

bool tl_scene_counts(const tl_scene *scene)
{
    return tl_arena_counts(scene->scratch);
}

tl_rng tl_scene_rng(const tl_scene *scene, const char *purpose)
{
    return tl_rng_stream(scene->seed, scene->replicate, scene->stage, scene->occurrence,
                         purpose);
}

tl_status tl_scene_visit(tl_scene *scene, int item, const tl_model **model, tl_err *err)
{
    TL_INVARIANT(item >= 0 && item < scene->bank.count);
    return scene->bank.read(scene->bank.self, item, scene->team, scene->scratch, model,
                            err);
}

tl_status tl_scene_visit_control(tl_scene *scene, const tl_model **model, tl_err *err)
{
    const tl_bank_reader *bank = &scene->bank;
    TL_INVARIANT(bank->has_control);
    return bank->read(bank->self, bank->count, scene->team, scene->scratch, model, err);
}

void tl_scene_put(tl_scene *scene, int metric, double value)
{
    scene->measure[metric] = (tl_measure){value, 0.0, TL_WHY_HAS_VALUE};
}

void tl_scene_put_rate(tl_scene *scene, int metric, double hits, double n)
{
    tl_scene_put_if(scene, metric, n > 0.0, hits / n, TL_WHY_UNRESOLVABLE);
    if (n > 0.0) scene->measure[metric].n = n;
}

void tl_scene_put_missing(tl_scene *scene, int metric, tl_why why)
{
    scene->measure[metric] = (tl_measure){(double)NAN, 0.0, (int32_t)why};
}

void tl_scene_put_all_missing(tl_scene *scene, int first, int last, tl_why why)
{
    for (int m = first; m <= last; m++) tl_scene_put_missing(scene, m, why);
}

void tl_scene_put_if(tl_scene *scene, int metric, bool has_value, double value, tl_why why)
{
    if (has_value)
        tl_scene_put(scene, metric, value);
    else
        tl_scene_put_missing(scene, metric, why);
}
