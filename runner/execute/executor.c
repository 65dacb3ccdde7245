#include "runner/execute/executor.h"

#include "compute/core/clock.h"
#include "compute/core/text.h"
#include "compute/train/model_file.h"
#include "runner/execute/storing.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

/* seconds */
static const double TIMEOUT = 10.0, LONGEST_NAP = 0.25;

tl_status tl_executor_open(const tl_plan *plan, const tl_store *store, size_t cache_bytes,
                           tl_executor *out, tl_err *err)
{
    *out = (tl_executor){
        .plan = plan, .store = store, .cache = {.budget = cache_bytes}, .timeout = TIMEOUT};
    return tl_trial_new(&out->fixed, &out->trial, err);
}

void tl_executor_close(tl_executor *executor)
{
    tl_cache_close(&executor->cache);
    tl_arena_close(&executor->scratch);
    tl_arena_close(&executor->fixed);
}

static bool gives_model(const tl_trial_step *step)
{
    return tl_trial_gives_model(step->stage, step->kind);
}

/* The one model part a step gives; a bank step gives its model as a surrogate. */
static tl_part model_part(const tl_trial_step *step)
{
    if (step->kind == TL_STEP_BANK) return TL_PART_SURROGATE;
    return step->stage->gives & TL_BIT(TL_PART_TARGET) ? TL_PART_TARGET : TL_PART_SURROGATE;
}

static tl_status build_world(tl_executor *executor, int position, tl_cached *user,
                             tl_world *world, tl_err *err);

/* The scene of a step on the executor's team, with no metric measured yet. */
static tl_scene scene_of(tl_executor *executor, const tl_trial_step *step,
                         const tl_world *world, tl_cached *entry, tl_measure *measure)
{
    const int measures = tl_trial_metrics(step);
    for (int i = 0; i < measures; i++) {
        measure[i] = (tl_measure){(double)NAN, 0.0, TL_WHY_NOT_APPLICABLE};
    }
    return (tl_scene){.world = world,
                      .given = &entry->world,
                      .arg = step->arg,
                      .seed = executor->plan->seed,
                      .replicate = executor->trial->replicate,
                      .occurrence = step->occurrence,
                      .team = executor->team,
                      .keep = &entry->arena,
                      .scratch = &executor->scratch,
                      .measure = measure};
}

/* Draws the data of the replicate by role, with which every world begins. */
static tl_status draw_roles(tl_executor *executor, tl_cached *entry, tl_err *err)
{
    const tl_trial *trial = executor->trial;
    tl_roles roles;
    TL_TRY(tl_roles_draw(trial->source, &trial->split, executor->plan->seed,
                         trial->replicate, &entry->arena, &roles, err));
    entry->world.data[TL_PART_POOL] = roles.pool;
    entry->world.data[TL_PART_VALIDATION] = roles.validation;
    entry->world.data[TL_PART_ATTACKER] = roles.attacker;
    entry->world.data[TL_PART_TEST] = roles.test;
    return TL_OK;
}

/* Waits for the file of a finished step: this host's view of the folder may be seconds old.
 */
static tl_status await_file(const tl_executor *executor, const char *path, tl_err *err)
{
    double nap = 1e-3, waited = 0.0;
    int file;
    while ((file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0) {
        if (errno != ENOENT && errno != ESTALE) return TL_OK; /* reading it will fail */
        TL_CHECK(waited < executor->timeout, err, TL_E_MISSING, "%s: is missing", path);
        TL_CHECK(!tl_team_tick(executor->team), err, TL_E_STOP, "asked to stop");
        tl_sleep(nap);
        waited += nap;
        if (nap < LONGEST_NAP) nap *= 1.5;
    }
    (void)close(file);
    return TL_OK;
}

static tl_status load_model(tl_executor *executor, int position, tl_cached *entry,
                            tl_err *err)
{
    const tl_trial_step *step = &executor->trial->step[position];
    char path[TL_PATH_SPACE];
    tl_model *model;
    TL_TRY(tl_store_step_path(executor->store, &step->key, ".safetensors", path,
                              sizeof path, err));
    tl_status status = await_file(executor, path, err);
    if (status == TL_OK)
        status = tl_model_load(path, &step->key, &entry->arena, &model, err);
    if (status == TL_E_FORMAT || status == TL_E_MISSING) {
        executor->missing = position;
        return err->status = TL_E_MISSING;
    }
    TL_TRY(status);
    entry->world.model[model_part(step)] = model;
    return TL_OK;
}

/* Remakes, on this rank alone, the data that an earlier step gave. */
static tl_status remake_data(tl_executor *executor, int position, tl_cached *entry,
                             tl_err *err)
{
    const tl_trial_step *step = &executor->trial->step[position];
    tl_world world = {0};
    TL_TRY(build_world(executor, position, entry, &world, err));
    const tl_team alone = tl_team_alone_within(executor->team);
    tl_measure ignored[TL_MAX_METRICS];
    tl_scene scene = scene_of(executor, step, &world, entry, ignored);
    scene.team = &alone;
    return tl_step_run(&(tl_step){step->stage, step->kind, step->item}, &scene, err);
}

/* What step `position` gave, or the roles where it is negative: cached, loaded or remade.
 */
static tl_status find_given(tl_executor *executor, int position, tl_cached **given,
                            tl_err *err)
{
    const tl_trial *trial = executor->trial;
    const tl_trial_step *step = position < 0 ? NULL : &trial->step[position];
    const tl_key *key = step ? &step->key : &trial->root[TL_PART_POOL];
    tl_cached *entry = tl_cache_get(&executor->cache, key);
    if (!entry) {
        entry = tl_cache_make(&executor->cache, key, err);
        if (!entry) return TL_E_NOMEM;
        const tl_status status = !step ? draw_roles(executor, entry, err)
                                 : gives_model(step)
                                     ? load_model(executor, position, entry, err)
                                     : remake_data(executor, position, entry, err);
        if (status != TL_OK) {
            tl_cache_discard(entry);
            return status;
        }
        tl_cache_put(&executor->cache, entry);
    }
    *given = entry;
    return TL_OK;
}

/* Puts the version of `part` that step `from` gave into `world`; `user` rests on it. */
static tl_status find_part(tl_executor *executor, int from, tl_part part, tl_cached *user,
                           tl_world *world, tl_err *err)
{
    const tl_world start = {.setup = &executor->trial->size.setup,
                            .service = tl_service_plain()};
    if (from < 0 && !(TL_BIT(part) & TL_PARTS_DATA)) {
        tl_world_take(world, &start, part);
        return TL_OK;
    }
    tl_cached *given;
    TL_TRY(find_given(executor, from, &given, err));
    tl_cache_rest(user, given);
    tl_world_take(world, &given->world, part);
    return TL_OK;
}

static tl_status build_world(tl_executor *executor, int position, tl_cached *user,
                             tl_world *world, tl_err *err)
{
    const tl_trial_step *step = &executor->trial->step[position];
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(step->reads & TL_BIT(part))) continue;
        TL_TRY(find_part(executor, step->from[part], (tl_part)part, user, world, err));
    }
    if (step->kind != TL_STEP_RUN || step->bank_count == 0) return TL_OK;
    const tl_model **bank;
    TL_ALLOC(bank, &executor->scratch, step->bank_count, err);
    for (int i = 0; i < step->bank_count; i++) {
        tl_cached *given;
        TL_TRY(find_given(executor, step->bank_from + i, &given, err));
        bank[i] = given->world.model[TL_PART_SURROGATE];
    }
    world->bank = bank;
    world->banked = step->bank_count;
    return TL_OK;
}

/* Member 0 saves the model; the others learn how that went. */
static tl_status keep_model(tl_executor *executor, const tl_trial_step *step,
                            const tl_world *given, const tl_team *team, tl_err *err)
{
    tl_status mine = TL_OK;
    if (team->rank == 0) {
        const tl_model *model = given->model[model_part(step)];
        TL_INVARIANT(model != NULL);
        char path[TL_PATH_SPACE];
        mine = tl_store_model_path(executor->store, &step->key, path, sizeof path, err);
        if (mine == TL_OK) mine = tl_model_save(model, &step->key, path, err);
        if (mine == TL_OK) tl_store_checkpoint_drop(executor->store, &step->key);
    }
    return tl_team_agree(team, mine, err);
}

/* Agrees on whether every member has its world; if some lack a model, on which one. */
static tl_status agree_on_world(tl_executor *executor, tl_status mine, const tl_team *team,
                                tl_err *err)
{
    const tl_status status = tl_team_agree(team, mine, err);
    if (status != TL_E_MISSING) return status;
    if (mine != TL_E_MISSING) executor->missing = -1;
    const tl_err first = *err;
    int *all = tl_arena_take(&executor->scratch, (size_t)team->size, sizeof *all, err);
    TL_TRY(tl_team_agree(team, all ? TL_OK : TL_E_NOMEM, err));
    all[team->rank] = executor->missing;
    TL_TRY(tl_team_gather(team, all, sizeof *all, err));
    for (int i = team->size; i-- > 0;)
        if (all[i] >= 0)
            executor->missing = all[i]; /* the first member's, as is the text */
    *err = first;
    return status;
}

static tl_status run_step(tl_executor *executor, int position, const tl_team *team,
                          tl_cached *entry, tl_measure *measure, tl_err *err)
{
    const tl_trial_step *step = &executor->trial->step[position];
    tl_world world = {0};
    const tl_status found = build_world(executor, position, entry, &world, err);
    TL_TRY(agree_on_world(executor, found, team, err));

    tl_store_checkpoint space = {executor->store, step->key};
    const tl_checkpoint checkpoint =
        tl_store_checkpoint_of(&space, executor->checkpoint_every);
    tl_scene scene = scene_of(executor, step, &world, entry, measure);
    scene.checkpoint = gives_model(step) ? &checkpoint : NULL;
    TL_TRY(tl_storing_run(executor->plan, executor->store, step, &scene, err));
    if (gives_model(step)) TL_TRY(keep_model(executor, step, &entry->world, team, err));
    return TL_OK;
}

tl_status tl_executor_run(tl_executor *executor, uint32_t number, int position,
                          const tl_team *team, tl_measure *measure, int *measures,
                          tl_err *err)
{
    tl_trial_decode(executor->plan, number, executor->trial);
    TL_INVARIANT(position < executor->trial->steps);
    const tl_trial_step *step = &executor->trial->step[position];
    *measures = tl_trial_metrics(step);
    executor->team = team;
    tl_cache_step(&executor->cache);
    tl_cached *entry = tl_cache_make(&executor->cache, &step->key, err);
    TL_TRY(tl_team_agree(team, entry ? TL_OK : TL_E_NOMEM, err));
    const size_t mark = tl_arena_mark(&executor->scratch);
    const tl_status status = run_step(executor, position, team, entry, measure, err);
    tl_arena_rewind(&executor->scratch, mark);
    const bool gives =
        gives_model(step) || (step->kind == TL_STEP_RUN && step->stage->gives != 0);
    if (status == TL_OK && gives && !tl_cache_get(&executor->cache, &step->key)) {
        tl_cache_put(&executor->cache, entry);
    } else {
        tl_cache_discard(entry);
    }
    return status;
}
