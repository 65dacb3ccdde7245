#include "experiments/stage/stage_memory.h"

#include <math.h>

/* A world with sizes and no contents. */
typedef struct stand_in {
    tl_arena fixed, keep, scratch;
    tl_dataset data[TL_PARTS];
    tl_world world;
} stand_in;

static tl_status fill_world(const tl_size *size, stand_in *s, tl_err *err)
{
    static const tl_marks marks;
    const int rows[TL_PARTS] = {[TL_PART_POOL] = size->pool,
                                [TL_PART_VALIDATION] = size->validation,
                                [TL_PART_ATTACKER] = size->attacker,
                                [TL_PART_TEST] = size->test,
                                [TL_PART_RECOVERED] = size->attacker};
    tl_model *model;
    TL_TRY(tl_model_outline(&size->setup.model, &s->fixed, &model, err));
    s->world = (tl_world){.setup = &size->setup,
                          .service = tl_service_plain(),
                          .marks = &marks,
                          .model = {[TL_PART_TARGET] = model, [TL_PART_SURROGATE] = model}};
    for (int part = 0; part < TL_PARTS; part++) {
        s->data[part] = (tl_dataset){.shape = size->shape,
                                     .classes = size->classes,
                                     .vocabulary = size->vocabulary,
                                     .rows = rows[part]};
        if (TL_PARTS_DATA & TL_BIT(part)) s->world.data[part] = &s->data[part];
    }
    return TL_OK;
}

/* The models that stage->run finds in its bank. */
static tl_status fill_bank(const tl_stage *stage, const tl_scene *scene, stand_in *s,
                           tl_err *err)
{
    const int count = stage->bank.count ? stage->bank.count(scene->arg) : 0;
    const tl_model **bank;
    tl_scene own = *scene;
    own.keep = own.scratch = &s->fixed;
    TL_ALLOC_RECORDS(bank, &s->fixed, count, err);
    if (count > 0) TL_TRY(stage->bank.run(&own, err));
    for (int i = 0; i < count; i++) bank[i] = own.given->model[TL_PART_SURROGATE];
    s->world.bank = bank;
    s->world.banked = count;
    return TL_OK;
}

static tl_status count(const tl_stage *stage, tl_step_kind kind, tl_part part,
                       tl_scene *scene, stand_in *s)
{
    TL_TRY(fill_world(scene->size, s, NULL));
    if (kind == TL_STEP_BANK) return stage->bank.run(scene, NULL);
    if (kind == TL_STEP_JUDGE) return stage->judge(scene, part, NULL);
    TL_TRY(fill_bank(stage, scene, s, NULL));
    return stage->run(scene, NULL);
}

double tl_stage_memory(const tl_stage *stage, tl_step_kind kind, tl_part part,
                       const tl_value *arg, const tl_size *size, const tl_team *team)
{
    stand_in s = {.fixed = tl_arena_counter(),
                  .keep = tl_arena_counter(),
                  .scratch = tl_arena_counter()};
    tl_world given = {0};
    tl_measure measure[TL_MAX_METRICS];
    const tl_checkpoint checkpoint = {0};
    tl_scene scene = {.world = &s.world,
                      .given = &given,
                      .arg = arg,
                      .stage = stage->name,
                      .team = team,
                      .keep = &s.keep,
                      .scratch = &s.scratch,
                      .checkpoint = &checkpoint,
                      .measure = measure,
                      .size = size};
    const tl_status status = count(stage, kind, part, &scene, &s);
    tl_arena_close(&s.fixed);
    tl_arena_close(&s.keep);
    tl_arena_close(&s.scratch);
    if (status != TL_OK) return (double)INFINITY;
    return (double)s.keep.peak + (double)s.scratch.peak;
}
