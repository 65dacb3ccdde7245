#include "runner/sweep/sweep_time.h"

#include "compute/core/clock.h"
#include "compute/train/train_timer.h"
#include "runner/sweep/model_size.h"

#include <math.h>

enum { MOST_TRAININGS = 16, MOST_UPDATES = 256 };
static const double EPOCH_FLOP = 1e8;

/* A training, and its times on one core. */
typedef struct pace {
    tl_setup setup;
    double update_flop;      /* of the passes of an update */
    double shard, optimizer; /* s: a shard's passes; the rest of an update */
    double start;            /* s to build the model */
} pace;

/* --- timing --------------------------------------------------------------------------- */

/* Core seconds of an update on `shards` shards, one after the other, and to build the model
 * (`start`). */
static tl_status time_update(const tl_setup *setup, int shards, double *seconds,
                             double *start, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    tl_recipe recipe = setup->recipe;
    recipe.batch = tl_recipe_shard_rows(&setup->recipe);
    recipe.shards = 1;
    recipe.accumulate = shards;
    recipe.patience = 0;
    /* Enough updates per epoch that its overhead does not count. */
    const int rows = recipe.batch * shards;
    const double flop = tl_model_train_flop(&setup->model) * rows;
    const int updates =
        flop * MOST_UPDATES < EPOCH_FLOP ? MOST_UPDATES : (int)(EPOCH_FLOP / flop) + 1;
    tl_timer_data data;
    tl_model *model;
    const tl_team alone = tl_team_alone();
    const tl_timed_training timed = {
        .recipe = &recipe, .data = &data, .team = &alone, .blocks = 1};
    tl_rate rate;
    tl_status status = tl_timer_draw(&setup->model, rows * updates, &arena, &data, err);
    const double begin = tl_cpu_seconds();
    if (status == TL_OK) status = tl_timer_model(&setup->model, &arena, &model, err);
    if (status == TL_OK) {
        *start = tl_cpu_seconds() - begin;
        status = tl_train_time(model, &timed, &arena, &rate, NULL, err);
    }
    if (status == TL_OK) *seconds = rate.row_cpu * rows;
    tl_arena_close(&arena);
    return status;
}

static tl_status time_pace(pace *p, tl_err *err)
{
    const tl_recipe *recipe = &p->setup.recipe;
    double one, two;
    TL_TRY(time_update(&p->setup, 1, &one, &p->start, err));
    TL_TRY(time_update(&p->setup, 2, &two, &p->start, err));
    p->shard = fmin(fmax(two - one, 0.0), one);
    p->optimizer = one - p->shard;
    const double rows =
        (double)recipe->batch * (recipe->accumulate ? recipe->accumulate : 1);
    p->update_flop = tl_model_train_flop(&p->setup.model) * rows;
    return TL_OK;
}

/* Whether the epochs of two trainings take equally long. */
static bool is_like(const tl_setup *a, const tl_setup *b)
{
    const tl_recipe *r = &a->recipe, *s = &b->recipe;
    return tl_model_is_same(&a->model, &b->model) && r->batch == s->batch &&
           r->shards == s->shards && r->accumulate == s->accumulate &&
           r->optimizer == s->optimizer && r->recompute == s->recompute &&
           r->zero == s->zero && (r->clip > 0.0) == (s->clip > 0.0) &&
           (r->dropout > 0.0) == (s->dropout > 0.0) &&
           (r->average > 0.0) == (s->average > 0.0) &&
           tl_recipe_augments(r) == tl_recipe_augments(s) &&
           tl_hooks_cost_same(&r->hooks, &s->hooks);
}

typedef struct paces {
    pace one[MOST_TRAININGS];
    int count;
} paces;

static pace *find_pace(paces *all, const tl_setup *setup)
{
    for (int i = 0; i < all->count; i++) {
        if (is_like(&all->one[i].setup, setup)) return &all->one[i];
    }
    return NULL;
}

/* Lists the trainings of all steps, before any is timed. */
static tl_status list_paces(const tl_sweep *sweep, tl_trial *trial, paces *all, tl_err *err)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        const tl_graph_step *step = tl_graph_step_at(sweep->graph, id);
        if (id > 0 && step->trial == trial->number) continue;
        tl_trial_decode(sweep->plan, step->trial, trial);
        for (int k = 0; k < trial->setups; k++) {
            const tl_setup *setup = &trial->setup[k];
            if (find_pace(all, setup)) continue;
            TL_CHECK(all->count < MOST_TRAININGS, err, TL_E_ARG,
                     "the plan has more than %d trainings of different speed: too many to "
                     "time them all; leave out --measure",
                     MOST_TRAININGS);
            all->one[all->count++].setup = *setup;
        }
    }
    return TL_OK;
}

/* --- adding up ------------------------------------------------------------------------ */

/* Seconds that work of `flop` takes in a team of `ranks`. */
static double seconds_of(const pace *p, double flop, bool trains, int ranks)
{
    const tl_recipe *recipe = &p->setup.recipe;
    const int shards = tl_recipe_shards(recipe);
    const double passes = p->shard * shards * (recipe->accumulate ? recipe->accumulate : 1);
    const bool is_sliced = recipe->zero || p->setup.model.splits > 1;
    double update = passes / ranks;
    if (trains) update += is_sliced ? p->optimizer / ranks : p->optimizer;
    const double start = trains ? p->start : 0.0;
    return start + (p->update_flop > 0.0 ? flop / p->update_flop * update : 0.0);
}

/* Sets path [steps] to the seconds of each step in its largest team. \return the sum of all
 * steps on one rank, s */
static double time_steps(const tl_sweep *sweep, tl_trial *trial, paces *all, double *path)
{
    double work = 0.0;
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        const tl_graph_step *step = tl_graph_step_at(sweep->graph, id);
        if (id == 0 || step->trial != trial->number)
            tl_trial_decode(sweep->plan, step->trial, trial);
        const tl_trial_step *own = &trial->step[step->position];
        const pace *p = find_pace(all, &trial->setup[own->setup]);
        TL_INVARIANT(p != NULL);
        const bool trains = tl_trial_trains(own->stage, own->kind);
        int team = 1;
        while (team * 2 <= step->max_ranks && team * 2 <= sweep->plan->ranks) team *= 2;
        path[id] = seconds_of(p, (double)step->cost, trains, team);
        work += seconds_of(p, (double)step->cost, trains, 1);
    }
    return work;
}

/* The longest path; parents come before their children. */
static double longest_path(const tl_sweep *sweep, double *path)
{
    double longest = 0.0;
    for (uint32_t id = tl_graph_steps(sweep->graph); id-- > 0;) {
        int children;
        const uint32_t *child = tl_graph_children(sweep->graph, id, &children);
        double after = 0.0;
        for (int i = 0; i < children; i++) {
            if (path[child[i]] > after) after = path[child[i]];
        }
        path[id] += after;
        if (path[id] > longest) longest = path[id];
    }
    return longest;
}

static tl_status measure(const tl_sweep *sweep, tl_arena *arena, tl_plan_time *out,
                         tl_err *err)
{
    paces *all;
    double *path;
    tl_trial *trial;
    TL_ALLOC(all, arena, 1, err);
    TL_ALLOC(path, arena, tl_graph_steps(sweep->graph), err);
    TL_TRY(tl_trial_new(arena, &trial, err));
    TL_TRY(list_paces(sweep, trial, all, err));
    for (int i = 0; i < all->count; i++) TL_TRY(time_pace(&all->one[i], err));
    out->trainings = all->count;
    out->core_seconds = time_steps(sweep, trial, all, path);
    const double longest = longest_path(sweep, path);
    const double shared = out->core_seconds / sweep->plan->ranks;
    out->seconds = longest > shared ? longest : shared;
    return TL_OK;
}

tl_status tl_plan_time_measure(const tl_sweep *sweep, tl_plan_time *out, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    *out = (tl_plan_time){0};
    const tl_status status = measure(sweep, &arena, out, err);
    tl_arena_close(&arena);
    return status;
}
