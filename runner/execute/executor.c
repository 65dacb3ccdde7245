#include "runner/execute/executor.h"

#include "compute/core/clock.h"
#include "compute/core/file.h"
#include "compute/core/text.h"
#include "experiments/stage/part_table.h"
#include "runner/execute/storing.h"

#include <errno.h>
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

static tl_status build_world(tl_executor *executor, int position, tl_cached *user,
                             tl_world *world, tl_err *err);

/* The scene of a step on the executor's team, with no metric measured yet. */
static tl_scene scene_of(tl_executor *executor, int position, const tl_world *world,
                         tl_cached *entry, tl_measure *measure)
{
    const tl_trial_step *step = &executor->trial->step[position];
    const int measures = tl_trial_metrics(step);
    for (int i = 0; i < measures; i++) {
        measure[i] = (tl_measure){(double)NAN, 0.0, TL_WHY_NOT_APPLICABLE};
    }
    return (tl_scene){.world = world,
                      .given = &entry->world,
                      .value = step->arg,
                      .seed = executor->plan->seed,
                      .replicate = tl_trial_stream(executor->trial, step),
                      .occurrence = step->occurrence,
                      .team = executor->team,
                      .keep = &entry->arena,
                      .scratch = &executor->scratch,
                      .measure = measure,
                      .logs_queries = executor->plan->logs_queries};
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

/* Draws the data of the replicate by role, with which every world begins. */
static tl_status draw_roles(tl_executor *executor, tl_cached *entry, tl_err *err)
{
    const tl_trial *trial = executor->trial;
    tl_roles roles;
    TL_TRY(tl_roles_draw(trial->source, &trial->split, executor->plan->seed, trial->draw,
                         &entry->arena, &roles, err));
    entry->world.data[TL_PART_POOL] = roles.pool;
    entry->world.data[TL_PART_VALIDATION] = roles.validation;
    entry->world.data[TL_PART_ATTACKER] = roles.attacker;
    entry->world.data[TL_PART_TEST] = roles.test;
    return TL_OK;
}

/* Reads the target that the plan brings. */
static tl_status read_own_target(tl_executor *executor, tl_cached *entry, tl_err *err)
{
    const tl_trial *trial = executor->trial;
    const tl_setup_values *values = &trial->values;
    const tl_own_model *own =
        tl_plan_own_model(executor->plan, values->model[TL_MODEL_FILE].text);
    entry->world.recorded = tl_plan_own_answers(
        executor->plan, values->target[TL_TARGET_ANSWERS].text, trial->source);
    if (!own) return TL_OK;
    tl_model *model;
    TL_TRY(tl_own_model_read(own, &trial->setup[0].model, &entry->arena, &model, err));
    entry->world.model[TL_PART_TARGET] = model;
    return TL_OK;
}

/* Waits for the file of a finished step: this host's view of the folder may be seconds old.
 */
static tl_status await_file(const tl_executor *executor, const char *path, tl_err *err)
{
    double nap = 1e-3, waited = 0.0;
    int file;
    while (tl_file_open(&executor->store->folder, path, &file, NULL, NULL) != TL_OK) {
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

/* Loads a kept part of a step. */
static tl_status load_part(tl_executor *executor, int position, tl_part part,
                           tl_world *world, tl_arena *arena, tl_err *err)
{
    const tl_trial_step *step = &executor->trial->step[position];
    char path[TL_PATH_SPACE];
    TL_TRY(tl_store_part_path(executor->store, &step->key, part, path, sizeof path, err));
    tl_status status = await_file(executor, path, err);
    if (status == TL_OK) {
        status = tl_part_of(part)->load(world, part, &step->key, &executor->store->folder,
                                        path, arena, err);
    }
    if (status == TL_E_FORMAT || status == TL_E_MISSING) {
        executor->missing = position;
        return err->status = TL_E_MISSING;
    }
    return status;
}

/* --- what is read of a bank ----------------------------------------------------------- */

/* The bank of a step. */
typedef struct bank {
    tl_executor *executor;
    int position;
} bank;

/* Reads one model from its file, around the cache: a bank has hundreds, each of them read
 * once in a while. */
static tl_status read_banked(void *self, int item, const tl_team *team, tl_arena *arena,
                             const tl_model **model, tl_err *err)
{
    const bank *b = self;
    tl_executor *executor = b->executor;
    const int at = executor->trial->step[b->position].bank_from + item;
    tl_world found = {0};
    const tl_status mine = load_part(executor, at, TL_PART_SURROGATE, &found, arena, err);
    *model = found.model[TL_PART_SURROGATE];
    return agree_on_world(executor, mine, team, err);
}

static tl_bank_reader reader_of(bank *b)
{
    const tl_trial_step *step = &b->executor->trial->step[b->position];
    if (step->kind != TL_STEP_RUN || step->bank_count == 0) return (tl_bank_reader){0};
    return (tl_bank_reader){.count = step->bank_count - step->has_control,
                            .has_control = step->has_control,
                            .occurrence =
                                b->executor->trial->step[step->bank_from].occurrence,
                            .read = read_banked,
                            .self = b};
}

/* Remakes, on this rank alone, what an earlier step gave. */
static tl_status remake(tl_executor *executor, int position, tl_cached *entry, tl_err *err)
{
    const tl_trial_step *step = &executor->trial->step[position];
    tl_world world = {0};
    TL_TRY(build_world(executor, position, entry, &world, err));
    const tl_team alone = tl_team_alone_within(executor->team);
    tl_measure ignored[TL_MAX_METRICS];
    const tl_size size = tl_trial_size(executor->trial, position);
    tl_scene scene = scene_of(executor, position, &world, entry, ignored);
    bank own = {executor, position};
    scene.bank = reader_of(&own);
    scene.size = &size;
    scene.team = &alone;
    return tl_step_run(&(tl_step){step->stage, step->kind, step->item, step->bank}, &scene,
                       err);
}

/* Brings a part that step `position` gave into its entry: loaded or remade. */
static tl_status fill(tl_executor *executor, int position, tl_part part, tl_cached *entry,
                      tl_err *err)
{
    if (position < 0 && part == TL_PART_TARGET)
        return read_own_target(executor, entry, err);
    if (position < 0) return draw_roles(executor, entry, err);
    const tl_trial_step *step = &executor->trial->step[position];
    if (tl_trial_keeps(executor->plan, step->stage, step->kind) & TL_BIT(part))
        return load_part(executor, position, part, &entry->world, &entry->arena, err);
    return remake(executor, position, entry, err);
}

/* The entry of step `position`, or of what is there from the start where it is negative,
 * with its `part`. */
static tl_status find_given(tl_executor *executor, int position, tl_part part,
                            tl_cached **given, tl_err *err)
{
    const tl_trial *trial = executor->trial;
    const tl_part root = part == TL_PART_TARGET ? part : TL_PART_POOL;
    const tl_key *key = position < 0 ? &trial->root[root] : &trial->step[position].key;
    tl_cached *entry = tl_cache_get(&executor->cache, key);
    const bool is_new = !entry;
    if (is_new) entry = tl_cache_make(&executor->cache, key, err);
    if (!entry) return TL_E_NOMEM;
    tl_status status = TL_OK;
    if (!tl_part_of(part)->has(&entry->world, part))
        status = fill(executor, position, part, entry, err);
    if (is_new && status == TL_OK) tl_cache_put(&executor->cache, entry);
    if (is_new && status != TL_OK) tl_cache_discard(entry);
    TL_TRY(status);
    *given = entry;
    return TL_OK;
}

/* Puts what step `from` gave of `part` into `world`; `user` rests on it. */
static tl_status find_part(tl_executor *executor, int from, tl_part part, tl_cached *user,
                           tl_world *world, tl_err *err)
{
    const tl_world start = {.service = tl_service_plain()};
    if (from < 0 && !(TL_BIT(part) & (TL_PARTS_DATA | TL_BIT(TL_PART_TARGET))))
        return tl_world_put(world, &start, TL_BIT(part), &user->arena, err);
    tl_cached *given;
    TL_TRY(find_given(executor, from, part, &given, err));
    TL_TRY(tl_cache_rest(user, given, err));
    return tl_world_put(world, &given->world, TL_BIT(part), &user->arena, err);
}

/* The model that a training begins with, from the plan's file. */
static tl_status find_start(tl_executor *executor, tl_cached *user, tl_world *world,
                            tl_err *err)
{
    tl_world start = {0};
    TL_TRY(find_part(executor, -1, TL_PART_TARGET, user, &start, err));
    world->start = start.model[TL_PART_TARGET];
    return TL_OK;
}

static tl_status build_world(tl_executor *executor, int position, tl_cached *user,
                             tl_world *world, tl_err *err)
{
    const tl_trial *trial = executor->trial;
    const tl_trial_step *step = &trial->step[position];
    for (int p = 0; p < TL_PARTS; p++) {
        const tl_part part = (tl_part)p;
        if (!(step->reads & TL_BIT(part))) continue;
        if (part == TL_PART_SETUP) { /* known from the plan, alterations included */
            world->setup = &trial->setup[step->setup];
            if (world->setup->starts_from_file)
                TL_TRY(find_start(executor, user, world, err));
            continue;
        }
        int giver[TL_TRIAL_RUNS];
        const int givers = tl_trial_givers(trial, step, part, giver);
        for (int i = 0; i < givers; i++) {
            TL_TRY(find_part(executor, giver[i], part, user, world, err));
        }
    }
    return TL_OK;
}

/* --- the step itself ------------------------------------------------------------------ */

/* Member 0 saves what is kept; the others learn how that went. */
static tl_status keep_parts(tl_executor *executor, const tl_trial_step *step,
                            const tl_world *given, const tl_team *team, tl_err *err)
{
    const uint32_t keeps = tl_trial_keeps(executor->plan, step->stage, step->kind);
    tl_status mine = TL_OK;
    if (keeps == 0) return TL_OK;
    if (team->rank == 0) {
        mine = tl_store_make_folder(executor->store, &step->key, err);
        for (int p = 0; p < TL_PARTS && mine == TL_OK; p++) {
            const tl_part part = (tl_part)p;
            char path[TL_PATH_SPACE];
            if (!(keeps & TL_BIT(part))) continue;
            TL_INVARIANT(tl_part_of(part)->has(given, part));
            mine = tl_store_part_path(executor->store, &step->key, part, path, sizeof path,
                                      err);
            if (mine == TL_OK)
                mine = tl_part_of(part)->save(given, part, &step->key,
                                              &executor->store->folder, path, err);
        }
        if (mine == TL_OK) tl_store_checkpoint_drop(executor->store, &step->key);
    }
    return tl_team_agree(team, mine, err);
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
    const tl_size size = tl_trial_size(executor->trial, position);
    tl_scene scene = scene_of(executor, position, &world, entry, measure);
    bank own = {executor, position};
    scene.bank = reader_of(&own);
    scene.size = &size;
    scene.checkpoint = tl_trial_trains(step->stage, step->kind) ? &checkpoint : NULL;
    TL_TRY(tl_storing_run(executor->plan, executor->store, step, &scene, err));
    return keep_parts(executor, step, &entry->world, team, err);
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
    /* Models of a bank are read from their files (read_banked), never from here. */
    const bool is_wanted = step->kind != TL_STEP_BANK &&
                           tl_trial_gives(executor->plan, step->stage, step->kind) != 0;
    if (status == TL_OK && is_wanted && !tl_cache_get(&executor->cache, &step->key)) {
        tl_cache_put(&executor->cache, entry);
    } else {
        tl_cache_discard(entry);
    }
    return status;
}
