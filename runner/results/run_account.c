/*
 * The account of a run: one row a step, with what it cost and who did it.
 */
#include "runner/results/result_table.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 8, GLOBALS = 5 };

typedef struct account {
    double *seconds, *flop;
    int32_t *first, *width, *trial, *state;
    const char **stage;
    tl_key *key;
} account;

static tl_status take(account *a, uint32_t steps, tl_arena *arena, tl_err *err)
{
    TL_TAKE(a->seconds, arena, steps, err);
    TL_TAKE(a->flop, arena, steps, err);
    TL_TAKE(a->first, arena, steps, err);
    TL_TAKE(a->width, arena, steps, err);
    TL_TAKE(a->trial, arena, steps, err);
    TL_TAKE(a->state, arena, steps, err);
    TL_TAKE(a->stage, arena, steps, err);
    TL_TAKE(a->key, arena, steps, err);
    return TL_OK;
}

/* What steps of each kind are called. \param name [3 x instances] */
static tl_status name_kinds(const tl_plan *plan, const char **name, tl_arena *arena,
                            tl_err *err)
{
    static const char *const kind[] = {"", ".bank", ".judge"};
    for (int k = 0; k < 3 * plan->instances; k++) {
        name[k] = tl_arena_print(arena, err, "%s%s", plan->instance[k / 3].stage->name,
                                 kind[k % 3]);
        if (!name[k]) return TL_E_SPACE;
    }
    return TL_OK;
}

static tl_status fill(const tl_sweep *sweep, account *a, tl_arena *arena, tl_err *err)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    const char **name;
    TL_TAKE(name, arena, 3 * (size_t)sweep->plan->instances, err);
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
    TL_TAKE(list, arena, table->attributes + 1, err);
    for (int i = 0; i < table->attributes; i++) list[i] = table->attribute[i];
    list[table->attributes++] = (tl_attribute){name, text};
    table->attribute = list;
    return TL_OK;
}

static void put_columns(const account *a, tl_column *out)
{
    const tl_column column[COLUMNS] = {
        {.name = "stage",
         .type = TL_COLUMN_TEXT,
         .is_coordinate = true,
         .text = a->stage,
         .attributes = 1,
         .attribute = {{"long_name", "stage of the step"}}},
        {.name = "step_key",
         .type = TL_COLUMN_KEY,
         .key = a->key,
         .attributes = 1,
         .attribute = {{"long_name", "key of the step, as in the journal"}}},
        {.name = "first_trial",
         .type = TL_COLUMN_INT,
         .integer = a->trial,
         .attributes = 2,
         .attribute = {{"units", "1"}, {"long_name", "first trial that wants the step"}}},
        {.name = "state",
         .type = TL_COLUMN_FLAG,
         .integer = a->state,
         .flag_meanings = "waiting ready running done failed diverged skipped lost",
         .attributes = 1,
         .attribute = {{"long_name", "what the step came to"}}},
        {.name = "seconds",
         .type = TL_COLUMN_REAL,
         .real = a->seconds,
         .attributes = 2,
         .attribute = {{"units", "s"}, {"long_name", "wall time of the step"}}},
        {.name = "flop",
         .type = TL_COLUMN_REAL,
         .real = a->flop,
         .attributes = 2,
         .attribute = {{"units", "1"},
                       {"long_name", "floating point operations, as declared"}}},
        {.name = "first_rank",
         .type = TL_COLUMN_INT,
         .integer = a->first,
         .attributes = 2,
         .attribute = {{"units", "1"}, {"long_name", "first rank of the team"}}},
        {.name = "team_width",
         .type = TL_COLUMN_INT,
         .integer = a->width,
         .attributes = 2,
         .attribute = {{"units", "1"}, {"long_name", "ranks of the team"}}}};
    memcpy(out, column, sizeof column);
}

tl_status tl_collect_run(const tl_sweep *sweep, const tl_run_facts *facts, tl_arena *arena,
                         tl_table **out, tl_err *err)
{
    account a;
    tl_table *table;
    tl_attribute *global;
    TL_TAKE(table, arena, 1, err);
    TL_TAKE(table->column, arena, COLUMNS, err);
    TL_TAKE(global, arena, GLOBALS, err);
    TL_TRY(take(&a, tl_graph_steps(sweep->graph), arena, err));
    TL_TRY(fill(sweep, &a, arena, err));
    put_columns(&a, table->column);
    const tl_attribute all[GLOBALS] = {
        {"title", tl_arena_print(arena, err, "account of a run of %s", sweep->plan->name)},
        {"source", "threatloop " TL_VERSION},
        {"ranks", tl_arena_print(arena, err, "%d", facts->ranks)},
        {"seconds", tl_arena_print(arena, err, "%.3f", facts->seconds)},
        {"build", facts->head}};
    for (int i = 0; i < GLOBALS; i++) {
        TL_CHECK(all[i].text, err, TL_E_SPACE, "no memory left for the account");
        global[i] = all[i];
    }
    table->dimension = "step";
    table->trials = tl_graph_steps(sweep->graph);
    table->columns = COLUMNS;
    table->attribute = global;
    table->attributes = GLOBALS;
    *out = table;
    return TL_OK;
}
