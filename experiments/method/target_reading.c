#include "experiments/method/target_reading.h"

tl_status tl_target_read(tl_scene *scene, const tl_dataset *data, tl_reading *out,
                         tl_err *err)
{
    const tl_world *world = scene->world;
    if (world->recorded)
        return tl_reading_recorded(world->recorded, data, scene->team, scene->scratch, out,
                                   err);
    return tl_reading_make(world->model[TL_PART_TARGET], data, scene->team, scene->scratch,
                           out, err);
}
