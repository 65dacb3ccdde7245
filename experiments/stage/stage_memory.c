#include "experiments/stage/stage_memory.h"

#include <math.h>

/* A scene of sizes without contents. */
typedef struct stand_in {
    tl_arena fixed, keep, scratch;
    tl_dataset data[TL_PARTS];
    tl_marks marks;
    tl_world world, given;
    tl_measure measure[TL_MAX_METRICS];
    tl_checkpoint checkpoint;
    tl_team team;
    tl_scene scene;
} stand_in;

static tl_status open_scene(const tl_stage *stage, const tl_value *arg, const tl_size *size,
                            stand_in *s, tl_err *err)
{
    const int rows[TL_PARTS] = {[TL_PART_POOL] = size->pool,
                                [TL_PART_VALIDATION] = size->validation,
                                [TL_PART_ATTACKER] = size->attacker,
                                [TL_PART_TEST] = size->test,
                                [TL_PART_RECOVERED] = size->attacker};
    *s = (stand_in){
        .fixed = tl_arena_counter(),
        .keep = tl_arena_counter(),
        .scratch = tl_arena_counter(),
        .team = tl_team_counted(size->is_first ? 0 : 1, size->ranks, size->has_solvers),
        .world = {.setup = &size->setup, .service = tl_service_plain()}};
    s->scene = (tl_scene){.world = &s->world,
                          .given = &s->given,
                          .arg = arg,
                          .stage = stage->name,
                          .team = &s->team,
                          .keep = &s->keep,
                          .scratch = &s->scratch,
                          .checkpoint = &s->checkpoint,
                          .measure = s->measure,
                          .size = size};
    s->world.marks = &s->marks;
    tl_model *model;
    TL_TRY(tl_model_outline(&size->setup.model, &s->fixed, &model, err));
    for (int part = 0; part < TL_PARTS; part++) {
        if (TL_PARTS_MODEL & TL_BIT(part)) s->world.model[part] = model;
        if (!(TL_PARTS_DATA & TL_BIT(part))) continue;
        s->data[part] = (tl_dataset){.shape = size->shape,
                                     .classes = size->classes,
                                     .vocabulary = size->vocabulary,
                                     .rows = rows[part]};
        s->world.data[part] = &s->data[part];
    }
    return TL_OK;
}

/* The models that stage->run finds in its bank. */
static tl_status fill_bank(const tl_stage *stage, stand_in *s, tl_err *err)
{
    const int count = stage->bank.count ? stage->bank.count(s->scene.arg) : 0;
    const tl_model **bank;
    TL_ALLOC_RECORDS(bank, &s->fixed, count, err);
    if (count > 0) {
        tl_scene scene = s->scene;
        scene.keep = scene.scratch = &s->fixed;
        TL_TRY(stage->bank.run(&scene, err));
    }
    for (int i = 0; i < count; i++) bank[i] = s->given.model[TL_PART_SURROGATE];
    s->world.bank = bank;
    s->world.banked = count;
    return TL_OK;
}

static tl_status count(const tl_stage *stage, tl_step_kind kind, tl_part part, stand_in *s)
{
    switch (kind) {
    case TL_STEP_BANK:
        return stage->bank.run(&s->scene, NULL);
    case TL_STEP_JUDGE:
        return stage->judge(&s->scene, part, NULL);
    case TL_STEP_RUN:
        TL_TRY(fill_bank(stage, s, NULL));
    }
    return stage->run(&s->scene, NULL);
}

double tl_stage_memory(const tl_stage *stage, tl_step_kind kind, tl_part part,
                       const tl_value *arg, const tl_size *size)
{
    stand_in s;
    tl_status status = open_scene(stage, arg, size, &s, NULL);
    if (status == TL_OK) status = count(stage, kind, part, &s);
    tl_arena_close(&s.fixed);
    tl_arena_close(&s.keep);
    tl_arena_close(&s.scratch);
    if (status == TL_E_SPACE) return (double)INFINITY;
    return (double)s.keep.peak + (double)s.scratch.peak;
}
