/*
 * The registry: the stages that TL_STAGES_DEF lists. Another program links its own copy of
 * this file, compiled with a longer list, before the library's.
 */
#include "experiments/stage/stage.h"

#include <string.h>

#ifndef TL_STAGES_DEF
#define TL_STAGES_DEF "experiments/stages.def"
#endif

#define TL_STAGE(folder, file) extern const tl_stage tl_stage_##folder##_##file;
#include TL_STAGES_DEF
#undef TL_STAGE

#define TL_STAGE(folder, file) PLACE_##folder##_##file,
enum {
#include TL_STAGES_DEF
    STAGES
};
#undef TL_STAGE

const tl_stage *const *tl_stages(int *count)
{
#define TL_STAGE(folder, file) &tl_stage_##folder##_##file,
    static const tl_stage *const all[STAGES] = {
#include TL_STAGES_DEF
    };
#undef TL_STAGE
    *count = STAGES;
    return all;
}

const tl_stage *tl_stage_find(const char *name)
{
    int count;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(all[i]->name, name) == 0) return all[i];
    }
    return NULL;
}
