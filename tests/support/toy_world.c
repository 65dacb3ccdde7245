#include "tests/support/toy_world.h"

#include "compute/data/roles.h"
#include "experiments/stage/part_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(tl_status status, const tl_err *err)
{
    if (status == TL_OK) return;
    fprintf(stderr, "toy world: %s\n", err->text);
    abort();
}

static void set_defaults(tl_setup_values *values)
{
    tl_params_defaults(tl_data_params, values->data);
    tl_params_defaults(tl_model_params, values->model);
    tl_params_defaults(tl_recipe_params, values->recipe);
    values->data[TL_DATA_POOL].number = 200;
    values->data[TL_DATA_KEEP].number = 0.5;
    values->data[TL_DATA_VALIDATION].number = 20;
    values->data[TL_DATA_ATTACKER].number = 500;
    values->data[TL_DATA_TEST].number = 130;
    values->data[TL_DATA_CLASSES].number = 3;
    values->model[TL_MODEL_WIDTH].number = 4;
    values->model[TL_MODEL_DEPTH].number = 2;
    values->recipe[TL_RECIPE_EPOCHS].number = 1;
    values->recipe[TL_RECIPE_BATCH].number = 32;
}

void toy_world_open(toy_world *toy, void (*change)(tl_setup_values *values))
{
    *toy = (toy_world){.arena = tl_arena_open(0), .seed = 1};
    set_defaults(&toy->values);
    if (change) change(&toy->values);
    tl_err err = {0};
    const tl_value *data = toy->values.data;
    const tl_source_want want = tl_setup_source_want(data);
    must(tl_source_open(data[TL_DATA_SOURCE].text, getenv("THREATLOOP_TEST_DATA"), &want,
                        &toy->arena, &toy->source, &err),
         &err);
    const tl_split split = tl_setup_split(data);
    tl_roles roles;
    must(tl_roles_draw(toy->source, &split, toy->seed, toy->replicate, &toy->arena, &roles,
                       &err),
         &err);
    toy->size = tl_setup_size(&toy->values, toy->source);
    toy->size.logs_queries = true;
    toy->world.data[TL_PART_POOL] = roles.pool;
    toy->world.data[TL_PART_VALIDATION] = roles.validation;
    toy->world.data[TL_PART_ATTACKER] = roles.attacker;
    toy->world.data[TL_PART_TEST] = roles.test;
    toy->world.setup = &toy->size.setup;
    toy->world.service = tl_service_plain();
}

void toy_world_close(toy_world *toy)
{
    tl_arena_close(&toy->arena);
}

void toy_defaults(const tl_stage *stage, tl_value *arg)
{
    memset(arg, 0, TL_MAX_PARAMS * sizeof *arg);
    tl_params_defaults(stage->params, arg);
}

/* Only what a stage declares: reading more is then a crash. */
static tl_world only(const tl_world *world, uint32_t parts, tl_arena *arena)
{
    tl_world out = {0};
    must(tl_world_put(&out, world, parts, arena, NULL), &(tl_err){0});
    return out;
}

static tl_scene scene_of(const toy_world *toy, toy_run *run, const tl_world *world,
                         const tl_team *team)
{
    return (tl_scene){.world = world,
                      .given = &run->given,
                      .value = run->arg,
                      .seed = toy->seed,
                      .replicate = toy->replicate,
                      .team = team,
                      .keep = &run->keep,
                      .scratch = &run->scratch,
                      .checkpoint = run->checkpoint,
                      .measure = run->measure,
                      .size = &toy->size,
                      .logs_queries = toy->size.logs_queries};
}

static void clear_measures(toy_run *run)
{
    for (int m = 0; m < TL_MAX_METRICS; m++) {
        run->measure[m] = (tl_measure){(double)NAN, 0.0, TL_WHY_NOT_RUN};
    }
}

/* --- banks ---------------------------------------------------------------------------- */

enum { TOY_BANK = 64 };

void toy_run_bank(const toy_world *toy, toy_run *run, int item, const tl_team *team)
{
    tl_arena lists = tl_arena_open(0);
    const bool is_control = item == tl_stage_banked(run->stage, run->arg);
    const tl_bank *bank = is_control ? run->stage->control : run->stage->bank;
    const tl_world world = only(&toy->world, bank->reads, &lists);
    tl_value own[TL_MAX_PARAMS];
    run->given = (tl_world){0};
    if (!is_control) tl_stage_bank_values(run->stage, run->arg, own);
    tl_scene scene = scene_of(toy, run, &world, team);
    scene.value = own;
    const tl_step step = {run->stage, TL_STEP_BANK, is_control ? 0 : item, bank};
    run->status = tl_step_run(&step, &scene, &run->err);
    tl_arena_close(&lists);
}

/* A trained bank. */
typedef struct toy_bank {
    int count;
    bool has_control;
    const tl_model *model[TOY_BANK]; /* the control comes last */
} toy_bank;

/* Trains the bank; its models live in `arena`, outside the run's own budget. */
static tl_status train_bank(const toy_world *toy, const toy_run *run, const tl_team *team,
                            tl_arena *arena, toy_bank *out, tl_err *err)
{
    out->count = tl_stage_banked(run->stage, run->arg);
    out->has_control = tl_stage_is_controlled(run->stage, &toy->size);
    if (out->count + out->has_control > TOY_BANK) abort();
    for (int i = 0; i < out->count + out->has_control; i++) {
        toy_run item = {.stage = run->stage, .arg = run->arg, .keep = *arena};
        toy_run_bank(toy, &item, i, team);
        *arena = item.keep;
        tl_arena_close(&item.scratch);
        if (item.status != TL_OK) *err = item.err;
        TL_TRY(item.status);
        out->model[i] = item.given.model[TL_PART_SURROGATE];
    }
    return TL_OK;
}

/* A copy, as a file would give it. */
static tl_status read_bank(void *self, int item, const tl_team *team, tl_arena *arena,
                           const tl_model **model, tl_err *err)
{
    const toy_bank *bank = self;
    const tl_model *from = bank->model[item];
    tl_model *copy = NULL;
    const tl_status mine = tl_model_new(&from->spec, arena, &copy, err);
    TL_TRY(tl_team_agree(team, mine, err));
    memcpy(copy->param, from->param, from->params * sizeof *from->param);
    *model = copy;
    return TL_OK;
}

void toy_run_stage(const toy_world *toy, toy_run *run, const tl_team *team)
{
    tl_arena banked = tl_arena_open(0);
    toy_bank bank;
    const tl_world world = only(&toy->world, run->stage->reads, &banked);
    clear_measures(run);
    run->given = (tl_world){0};
    must(train_bank(toy, run, team, &banked, &bank, &run->err), &run->err);
    tl_scene scene = scene_of(toy, run, &world, team);
    scene.bank = (tl_bank_reader){.count = bank.count,
                                  .has_control = bank.has_control,
                                  .read = read_bank,
                                  .self = &bank};
    scene.samples = run->samples;
    const tl_step step = {run->stage, TL_STEP_RUN, 0, NULL};
    run->status = tl_step_run(&step, &scene, &run->err);
    tl_arena_close(&banked);
}

void toy_run_judge(const toy_world *toy, toy_run *run, tl_part part, const tl_team *team)
{
    tl_arena lists = tl_arena_open(0);
    const tl_world world =
        only(&toy->world, run->stage->judge_reads | TL_BIT(part), &lists);
    clear_measures(run);
    tl_scene scene = scene_of(toy, run, &world, team);
    const tl_step step = {run->stage, TL_STEP_JUDGE, (int)part, NULL};
    run->status = tl_step_run(&step, &scene, &run->err);
    tl_arena_close(&lists);
}

void toy_run_close(toy_run *run)
{
    tl_arena_close(&run->keep);
    tl_arena_close(&run->scratch);
}

static toy_run begin(const char *name, const tl_value *arg, tl_value *defaults)
{
    const tl_stage *stage = tl_stage_find(name);
    if (!stage) abort();
    toy_defaults(stage, defaults);
    return (toy_run){.stage = stage, .arg = arg ? arg : defaults};
}

static void end(toy_run *run, tl_measure *measure)
{
    must(run->status, &run->err);
    if (measure) memcpy(measure, run->measure, sizeof run->measure);
    tl_arena_close(&run->scratch);
}

void toy_do(toy_world *toy, const char *name, const tl_value *arg, tl_measure *measure)
{
    tl_value defaults[TL_MAX_PARAMS];
    toy_run run = begin(name, arg, defaults);
    const tl_team alone = tl_team_alone();
    run.keep = toy->arena; /* what is given lives as long as the world */
    toy_run_stage(toy, &run, &alone);
    toy->arena = run.keep;
    must(tl_world_put(&toy->world, &run.given, UINT32_MAX, &toy->arena, NULL),
         &(tl_err){0});
    end(&run, measure);
}

void toy_set(const char *name, tl_value *arg, const char *param, double number)
{
    const tl_stage *stage = tl_stage_find(name);
    const int at = stage ? tl_params_find(stage->params, param) : -1;
    if (at < 0) abort();
    arg[at].number = number;
}

double toy_metric(const char *name, const tl_measure *measure, const char *metric)
{
    const tl_stage *stage = tl_stage_find(name);
    if (!stage) abort();
    for (int m = 0; stage->metrics[m].name; m++) {
        if (strcmp(stage->metrics[m].name, metric) == 0) return measure[m].value;
    }
    abort();
}

void toy_judge(toy_world *toy, const char *name, const tl_value *arg, tl_part part,
               tl_measure *measure)
{
    tl_value defaults[TL_MAX_PARAMS];
    toy_run run = begin(name, arg, defaults);
    const tl_team alone = tl_team_alone();
    toy_run_judge(toy, &run, part, &alone);
    end(&run, measure);
    tl_arena_close(&run.keep);
}
