/*
 * The account of a run: one row per step, with its cost and its ranks.
 */
#include "runner/results/result_table.h"

#include "analysis/table/schema.h"

#include <math.h>

enum { COLUMNS = 8 };

typedef struct account {
    double *seconds, *flop;
    int32_t *first, *width, *trial, *state;
    const char **stage;
    tl_key *key;
} account;

static tl_status take(account *a, uint32_t steps, tl_arena *arena, tl_err *err)
{
    TL_ALLOC(a->seconds, arena, steps, err);
    TL_ALLOC(a->flop, arena, steps, err);
    TL_ALLOC(a->first, arena, steps, err);
    TL_ALLOC(a->width, arena, steps, err);
    TL_ALLOC(a->trial, arena, steps, err);
    TL_ALLOC(a->state, arena, steps, err);
    TL_ALLOC(a->stage, arena, steps, err);
    TL_ALLOC(a->key, arena, steps, err);
    return TL_OK;
}

/* Names the kinds of steps. \param name  [3 x instances] result */
static tl_status name_kinds(const tl_plan *plan, const char **name, tl_arena *arena,
                            tl_err *err)
{
    static const char *const kind[] = {"", ".bank", ".judge"};
    for (int k = 0; k < 3 * plan->instances; k++) {
        name[k] = tl_arena_print(arena, err, "%s%s", plan->instance[k / 3].stage->name,
                                 kind[k % 3]);
        if (!name[k]) return TL_E_NOMEM;
    }
    return TL_OK;
}

static tl_status fill(const tl_sweep *sweep, account *a, tl_arena *arena, tl_err *err)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    const char **name;
    TL_ALLOC(name, arena, 3 * (size_t)sweep->plan->instances, err);
    TL_TRY(name_kinds(sweep->plan, name, arena, err));
    for (uint32_t id = 0; id < steps; id++) {
        const tl_graph_step *step = tl_graph_step_at(sweep->graph, id);
        const tl_outcome *outcome = &sweep->outcome[id];
        a->seconds[id] = outcome->width > 0 ? (double)outcome->seconds : (double)NAN;
        a->flop[id] = (double)step->cost;
        a->first[id] = outcome->first;
        a->width[id] = outcome->width;
        a->trial[id] = (int32_t)step->trial;
        a->state[id] = (int32_t)outcome->state;
        a->stage[id] = name[step->kind];
        a->key[id] = step->key;
    }
    return TL_OK;
}

tl_status tl_collect_note(tl_table *table, tl_arena *arena, const char *name,
                          const char *text, tl_err *err)
{
    tl_attribute *list;
    TL_ALLOC(list, arena, table->attributes + 1, err);
    for (int i = 0; i < table->attributes; i++) list[i] = table->attribute[i];
    list[table->attributes++] = (tl_attribute){name, text};
    table->attribute = list;
    return TL_OK;
}

static void put_columns(const account *a, tl_table *table)
{
    tl_column *stage =
        tl_table_add(table, "stage", TL_COLUMN_TEXT, NULL, "stage of the step");
    stage->is_coordinate = true;
    stage->text = a->stage;
    tl_table_add(table, "step_key", TL_COLUMN_KEY, NULL,
                 "key of the step, as in the journal")
        ->key = a->key;
    tl_table_add(table, "first_trial", TL_COLUMN_INT, "1",
                 "first trial that wants the step")
        ->integer = a->trial;
    tl_column *state =
        tl_table_add(table, "state", TL_COLUMN_FLAG, NULL, "outcome of the step");
    state->integer = a->state;
    state->flag_meanings = "waiting ready running done failed diverged skipped lost";
    tl_table_add(table, "seconds", TL_COLUMN_REAL, "s", "wall time of the step")->real =
        a->seconds;
    tl_table_add(table, "flop", TL_COLUMN_REAL, "1",
                 "floating point operations, as declared")
        ->real = a->flop;
    tl_table_add(table, "first_rank", TL_COLUMN_INT, "1", "first rank of the team")
        ->integer = a->first;
    tl_table_add(table, "team_width", TL_COLUMN_INT, "1", "ranks of the team")->integer =
        a->width;
}

tl_status tl_collect_run(const tl_sweep *sweep, const tl_run_facts *facts, tl_arena *arena,
                         tl_table **out, tl_err *err)
{
    account a;
    const uint32_t steps = tl_graph_steps(sweep->graph);
    TL_TRY(tl_table_new(arena, steps, COLUMNS, out, err));
    TL_TRY(take(&a, steps, arena, err));
    TL_TRY(fill(sweep, &a, arena, err));
    put_columns(&a, *out);
    (*out)->dimension = "step";
    const tl_attribute all[] = {
        {TL_NAME_TITLE,
         tl_arena_print(arena, err, TL_ACCOUNT_TITLE "%s", sweep->plan->name)},
        {TL_NAME_SOURCE, TL_PROGRAM " " TL_VERSION},
        {TL_NAME_SEED,
         tl_arena_print(arena, err, "%llu", (unsigned long long)sweep->plan->seed)},
        {"ranks", tl_arena_print(arena, err, "%d", facts->ranks)},
        {"seconds", tl_arena_print(arena, err, "%.3f", facts->seconds)},
        {"build", facts->head}};
    return tl_table_describe(*out, all, sizeof all / sizeof *all, arena, err);
}
