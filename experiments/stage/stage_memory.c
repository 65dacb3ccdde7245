#include "experiments/stage/stage_memory.h"

#include "experiments/stage/part_table.h"

#include <math.h>
#include <stdint.h>

/* A world with sizes and no contents. */
typedef struct stand_in {
    tl_arena fixed, keep, scratch;
    tl_dataset data[TL_PARTS];
    tl_world world;
    int count;               /* of the stage's bank */
    const tl_model *banked;  /* the first model of the bank */
    const tl_model *control; /* the stage's */
} stand_in;

static tl_status fill_world(const tl_size *size, stand_in *s, tl_err *err)
{
    static const tl_mark mark;
    static const tl_marks marks = {.count = 1, .mark = &mark};
    static const tl_client_log client;
    static const tl_query_log query_log = {.clients = 1, .client = &client};
    const int rows[TL_PARTS] = {[TL_PART_POOL] = size->pool,
                                [TL_PART_VALIDATION] = size->validation,
                                [TL_PART_ATTACKER] = size->attacker,
                                [TL_PART_TEST] = size->test,
                                [TL_PART_RECOVERED] = size->attacker};
    tl_model *target, *surrogate;
    TL_TRY(tl_model_outline(tl_size_target(size), &s->fixed, &target, err));
    TL_TRY(tl_model_outline(tl_size_surrogate(size), &s->fixed, &surrogate, err));
    tl_model *start = NULL;
    if (size->setup.starts_from_file)
        TL_TRY(tl_model_outline(&size->setup.model, &s->fixed, &start, err));
    s->world =
        (tl_world){.setup = &size->setup,
                   .start = start,
                   .service = tl_service_plain(),
                   .marks = &marks,
                   .query_log = &query_log,
                   .model = {[TL_PART_TARGET] = target, [TL_PART_SURROGATE] = surrogate}};
    for (int part = 0; part < TL_PARTS; part++) {
        s->data[part] = (tl_dataset){.shape = size->shape,
                                     .classes = size->classes,
                                     .vocabulary = size->vocabulary,
                                     .rows = rows[part]};
        if (TL_PARTS_DATA & TL_BIT(part)) s->world.data[part] = &s->data[part];
    }
    return TL_OK;
}

/* A model of the bank, or the control, as it would be read from its file. */
static tl_status read_bank(void *self, int item, const tl_team *team, tl_arena *arena,
                           const tl_model **model, tl_err *err)
{
    const stand_in *s = self;
    const tl_model *like = item < s->count ? s->banked : s->control;
    tl_model *read;
    (void)team;
    TL_TRY(tl_model_new(&like->spec, arena, &read, err));
    *model = read;
    return TL_OK;
}

/* A model of a bank by its params, as its step would give it. */
static tl_status make_banked(const tl_stage *stage, const tl_bank *bank,
                             const tl_scene *scene, const tl_value *value, stand_in *s,
                             const tl_model **out, tl_err *err)
{
    tl_world given = {0}, world = *scene->world;
    tl_setup setup = scene->size->setup;
    tl_scene own = *scene;
    setup.model = *tl_size_banked(scene->size);
    world.setup = &setup;
    own.world = &world;
    own.keep = own.scratch = &s->fixed;
    own.given = &given;
    own.value = value;
    TL_TRY(tl_step_run(&(tl_step){stage, TL_STEP_BANK, 0, bank}, &own, err));
    *out = given.model[TL_PART_SURROGATE];
    return TL_OK;
}

/* What stage->run finds of its bank and control. */
static tl_status fill_bank(const tl_stage *stage, tl_scene *scene, stand_in *s, tl_err *err)
{
    tl_value value[TL_MAX_PARAMS];
    s->count = tl_stage_banked(stage, scene->value);
    scene->bank =
        (tl_bank_reader){.count = s->count,
                         .has_control = tl_stage_is_controlled(stage, scene->size),
                         .read = read_bank,
                         .self = s};
    if (s->count > 0) {
        tl_stage_bank_values(stage, scene->value, value);
        TL_TRY(make_banked(stage, stage->bank, scene, value, s, &s->banked, err));
    }
    if (!scene->bank.has_control) return TL_OK;
    return make_banked(stage, stage->control, scene, NULL, s, &s->control, err);
}

static tl_status count(const tl_step *step, tl_scene *scene, stand_in *s)
{
    TL_TRY(fill_world(scene->size, s, NULL));
    if (step->kind == TL_STEP_RUN) TL_TRY(fill_bank(step->stage, scene, s, NULL));
    return tl_step_run(step, scene, NULL);
}

/* Of the log of all queries that it may ask, which is kept where a stage reads it. */
static double bytes_of_log(const tl_step *step, const tl_scene *scene)
{
    if (step->kind != TL_STEP_RUN || !scene->logs_queries || !tl_stage_asks(step->stage))
        return 0.0;
    return tl_stage_queries(step->stage, scene->size, scene->value) *
           tl_shape_size(scene->size->shape) * sizeof(float);
}

static double bytes_kept(const tl_step *step, const tl_world *given)
{
    const bool is_bank = step->kind == TL_STEP_BANK;
    const uint32_t keeps = is_bank ? TL_BIT(TL_PART_SURROGATE)
                                   : (step->kind == TL_STEP_RUN ? step->stage->keeps : 0);
    double bytes = 0.0;
    for (int part = 0; part < TL_PARTS; part++) {
        const tl_part_ops *ops = tl_part_of((tl_part)part);
        if (keeps & TL_BIT(part) && ops->has(given, (tl_part)part))
            bytes += ops->bytes(given, (tl_part)part);
    }
    return bytes;
}

double tl_stage_memory(const tl_step *step, const tl_value *value, const tl_size *size,
                       const tl_team *team, double *kept)
{
    stand_in s = {.fixed = tl_arena_counter(),
                  .keep = tl_arena_counter(),
                  .scratch = tl_arena_counter()};
    tl_world given = {0};
    tl_measure measure[TL_MAX_METRICS];
    const tl_checkpoint checkpoint = {0};
    tl_scene scene = {.world = &s.world,
                      .given = &given,
                      .value = value,
                      .team = team,
                      .keep = &s.keep,
                      .scratch = &s.scratch,
                      .checkpoint = &checkpoint,
                      .measure = measure,
                      .size = size,
                      .logs_queries = size->logs_queries};
    const tl_status status = count(step, &scene, &s);
    if (kept) *kept = bytes_kept(step, &given) + bytes_of_log(step, &scene);
    tl_arena_close(&s.fixed);
    tl_arena_close(&s.keep);
    tl_arena_close(&s.scratch);
    if (status != TL_OK) return (double)INFINITY;
    return (double)s.keep.peak + (double)s.scratch.peak;
}
