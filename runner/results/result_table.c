/*
 * Trials are decoded once more, and each of their steps is looked up in the graph by its
 * key. A metric's column is found by what the step is (instance, kind, item, judgement,
 * round), so names are made once a column and not once a value.
 */
#include "runner/results/result_table.h"

#include "runner/results/factors.h"
#include "runner/results/split_hashes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 1024, REASON_WORDS = 6 };

/* One metric of one kind of step. */
typedef struct metric_column {
    int instance, kind, item, judgement, lap, metric;
    const tl_metric *spec;
    const tl_stage *stage;
    char name[TL_METRIC_NAME];
    double *value, *n; /* n: of rates, else NULL */
    int32_t *why;
    bool has_missing;
    uint32_t example; /* first trial that has it, and the step's position there */
    int position;
    const char *above; /* the factors it depends on, once they are known */
} metric_column;

typedef struct collector {
    const tl_sweep *sweep;
    const tl_plan *plan;
    tl_arena *arena;
    tl_trial *trial;
    int metrics;
    metric_column *metric; /* [MAX_COLUMNS] */
    int32_t *status;       /* [trials] */
    tl_key *key, *split;   /* [trials] */
    tl_split_hashes splits;
    tl_table *table;
} collector;

/* Words of the status column, in the order of its flags. */
static const char status_words[] =
    "planned running done failed lost timeout diverged skipped";
enum {
    FLAG_PLANNED,
    FLAG_RUNNING,
    FLAG_DONE,
    FLAG_FAILED,
    FLAG_LOST,
    FLAG_TIMEOUT,
    FLAG_DIVERGED,
    FLAG_SKIPPED
};

static bool is_same_column(const metric_column *column, const tl_trial_step *step, int m)
{
    return column->instance == step->instance && column->kind == (int)step->kind &&
           column->item == (step->kind == TL_STEP_JUDGE ? step->item : 0) &&
           column->judgement == step->judgement && column->lap == step->lap &&
           column->metric == m;
}

static tl_status find_column(collector *c, int position, int m, metric_column **out,
                             tl_err *err)
{
    const tl_trial_step *step = &c->trial->step[position];
    for (int i = 0; i < c->metrics; i++) {
        *out = &c->metric[i];
        if (is_same_column(*out, step, m)) return TL_OK;
    }
    TL_CHECK(c->metrics < MAX_COLUMNS, err, TL_E_SPACE, "more than %d metrics in one plan",
             MAX_COLUMNS);
    metric_column *column = &c->metric[c->metrics++];
    *column = (metric_column){.instance = step->instance,
                              .kind = (int)step->kind,
                              .item = step->kind == TL_STEP_JUDGE ? step->item : 0,
                              .judgement = step->judgement,
                              .lap = step->lap,
                              .metric = m,
                              .spec = &step->metrics[m],
                              .stage = step->stage,
                              .example = c->trial->number,
                              .position = position};
    (void)tl_trial_metric_name(c->plan, step, m, column->name);
    const uint32_t trials = c->plan->trials;
    TL_TAKE(column->value, c->arena, trials, err);
    if (column->spec->is_rate) TL_TAKE(column->n, c->arena, trials, err);
    TL_TAKE(column->why, c->arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        column->value[t] = (double)NAN;
        if (column->n) column->n[t] = (double)NAN;
        column->why[t] = TL_WHY_NOT_APPLICABLE;
    }
    *out = column;
    return TL_OK;
}

static tl_why why_not(tl_step_state state)
{
    switch (state) {
    case TL_STEP_FAILED:
    case TL_STEP_DIVERGED:
    case TL_STEP_LOST:
        return TL_WHY_FAILED;
    case TL_STEP_SKIPPED:
        return TL_WHY_SKIPPED;
    default:
        return TL_WHY_NOT_RUN;
    }
}

static tl_status put_step(collector *c, int position, uint32_t id, tl_err *err)
{
    tl_measure all[TL_MAX_METRICS];
    const tl_trial_step *step = &c->trial->step[position];
    if (step->kind == TL_STEP_BANK) return TL_OK;
    const int metrics = tl_trial_metrics(step);
    const bool has_any = tl_sweep_measures(c->sweep, id, all) == metrics;
    const tl_step_state state = (tl_step_state)c->sweep->outcome[id].state;
    const uint32_t t = c->trial->number;
    for (int m = 0; m < metrics; m++) {
        metric_column *column;
        TL_TRY(find_column(c, position, m, &column, err));
        const tl_measure *measure = has_any ? &all[m] : NULL;
        column->why[t] = measure ? measure->why : (int32_t)why_not(state);
        if (!measure || measure->why != TL_WHY_HAS_VALUE) continue;
        column->value[t] = measure->value;
        if (column->n) column->n[t] = measure->n;
    }
    return TL_OK;
}

static int32_t worse_flag(int32_t flag, tl_step_state state)
{
    static const int32_t flag_of[TL_STEP_STATES] = {
        [TL_STEP_WAITING] = FLAG_PLANNED, [TL_STEP_READY] = FLAG_PLANNED,
        [TL_STEP_RUNNING] = FLAG_PLANNED, [TL_STEP_DONE] = FLAG_DONE,
        [TL_STEP_FAILED] = FLAG_FAILED,   [TL_STEP_DIVERGED] = FLAG_DIVERGED,
        [TL_STEP_SKIPPED] = FLAG_SKIPPED, [TL_STEP_LOST] = FLAG_LOST};
    static const int weight[] = {
        [FLAG_DONE] = 0,    [FLAG_RUNNING] = 1, [FLAG_PLANNED] = 2,  [FLAG_SKIPPED] = 3,
        [FLAG_TIMEOUT] = 4, [FLAG_LOST] = 5,    [FLAG_DIVERGED] = 6, [FLAG_FAILED] = 7};
    const int32_t other = flag_of[state];
    return weight[other] > weight[flag] ? other : flag;
}

static tl_status put_trial(collector *c, uint32_t number, tl_err *err)
{
    tl_trial_decode(c->plan, number, c->trial);
    tl_hash hash = {0};
    int32_t flag = FLAG_DONE;
    for (int i = 0; i < c->trial->steps; i++) {
        const tl_trial_step *step = &c->trial->step[i];
        const uint32_t id = tl_graph_find(c->sweep->graph, &step->key);
        TL_INVARIANT(id != TL_NO_STEP);
        tl_hash_key(&hash, &step->content);
        flag = worse_flag(flag, (tl_step_state)c->sweep->outcome[id].state);
        TL_TRY(put_step(c, i, id, err));
    }
    c->status[number] = flag;
    c->key[number] = tl_hash_end(&hash);
    return tl_split_hashes_find(&c->splits, c->trial, &c->split[number], err);
}

static tl_column *add_column(collector *c, const char *name, tl_column_type type)
{
    TL_INVARIANT(c->table->columns < 4 * MAX_COLUMNS);
    tl_column *column = &c->table->column[c->table->columns++];
    *column = (tl_column){.name = name, .type = type};
    return column;
}

static void describe(tl_column *column, const char *name, const char *text)
{
    if (!text || !*text) return;
    TL_INVARIANT(column->attributes < TL_COLUMN_ATTRIBUTES);
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

/* From the second round on, says which metric is the same in the first. */
static tl_status describe_lap(const collector *c, const metric_column *m, tl_column *column,
                              tl_err *err)
{
    if (m->lap < 2) return TL_OK;
    char suffix[24];
    (void)snprintf(suffix, sizeof suffix, "_round%d", m->lap);
    const int length = (int)(strlen(m->name) - strlen(suffix));
    const char *first = tl_arena_print(c->arena, err, "%.*s", length, m->name);
    const char *lap = tl_arena_text(c->arena, suffix + strlen("_round"), err);
    if (!first || !lap) return TL_E_SPACE;
    for (int i = 0; i < c->metrics; i++) {
        if (strcmp(c->metric[i].name, first) != 0) continue;
        describe(column, "round", lap);
        describe(column, "first_round", first);
    }
    return TL_OK;
}

/* Sets the factors above a metric; other metrics of its step have the same. */
static tl_status find_above(collector *c, metric_column *m, tl_err *err)
{
    for (const metric_column *other = c->metric; other < m; other++) {
        if (other->example != m->example || other->position != m->position) continue;
        m->above = other->above;
        return TL_OK;
    }
    return tl_factors_above(c->plan, c->trial, m->example, m->position, c->arena, &m->above,
                            err);
}

static tl_status add_metric(collector *c, metric_column *m, tl_err *err)
{
    static const char *const better[] = {"none", "higher", "lower"};
    char access[64];
    tl_column *column = add_column(c, m->name, TL_COLUMN_REAL);
    column->real = m->value;
    describe(column, "units", tl_units(m->spec->units));
    describe(column, "long_name", m->spec->about);
    describe(column, "flow", tl_flow_name(m->stage->flow));
    describe(column, "role", tl_role_name(m->stage->role));
    describe(column, "taxonomy_threat", m->stage->taxonomy);
    describe(column, "access",
             tl_arena_text(c->arena, tl_access_text(m->stage->access, access), err));
    describe(column, "references", m->stage->source);
    describe(column, "better", better[m->spec->better]);
    column->low = m->spec->low;
    column->high = m->spec->high;
    TL_TRY(describe_lap(c, m, column, err));
    TL_TRY(find_above(c, m, err));
    describe(column, "downstream_of", m->above);

    bool has_missing = m->spec->can_be_missing;
    for (uint32_t t = 0; t < c->plan->trials; t++) {
        if (m->why[t] != TL_WHY_HAS_VALUE) has_missing = true;
    }
    char *reason = tl_arena_print(c->arena, err, "%s_reason", m->name);
    char *number = tl_arena_print(c->arena, err, "%s_n", m->name);
    if (!reason || !number) return TL_E_SPACE;
    const char *ancillary = tl_arena_print(
        c->arena, err, "%s%s%s", m->spec->is_rate ? number : "",
        m->spec->is_rate && has_missing ? " " : "", has_missing ? reason : "");
    if (!ancillary) return TL_E_SPACE;
    describe(column, "ancillary_variables", ancillary);
    if (m->spec->is_rate) {
        tl_column *n = add_column(c, number, TL_COLUMN_REAL);
        n->real = m->n;
        describe(n, "units", "1");
        describe(n, "long_name",
                 tl_arena_print(c->arena, err, "cases that %s is a share of", m->name));
    }
    if (has_missing) {
        tl_column *why = add_column(c, reason, TL_COLUMN_FLAG);
        why->integer = m->why;
        why->flag_meanings =
            tl_arena_print(c->arena, err, "%s %s %s %s %s %s",
                           tl_why_name(TL_WHY_HAS_VALUE), tl_why_name(TL_WHY_UNRESOLVABLE),
                           tl_why_name(TL_WHY_NOT_APPLICABLE), tl_why_name(TL_WHY_FAILED),
                           tl_why_name(TL_WHY_SKIPPED), tl_why_name(TL_WHY_NOT_RUN));
        if (!why->flag_meanings) return TL_E_SPACE;
        describe(why, "long_name",
                 tl_arena_print(c->arena, err, "why %s has no value", m->name));
    }
    return TL_OK;
}

static tl_status add_fixed(collector *c, tl_err *err)
{
    const uint32_t trials = c->plan->trials;
    int32_t *replicate;
    TL_TAKE(replicate, c->arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        replicate[t] = (int32_t)(c->plan->first_replicate + t % c->plan->replicates);
    }
    tl_column *column = add_column(c, "replicate", TL_COLUMN_INT);
    column->is_coordinate = true;
    column->integer = replicate;
    describe(column, "units", "1");
    describe(column, "long_name", "replicate: names the random numbers that were drawn");

    column = add_column(c, "status", TL_COLUMN_FLAG);
    column->integer = c->status;
    column->flag_meanings = status_words;
    describe(column, "long_name", "what the trial came to");

    column = add_column(c, "trial_key", TL_COLUMN_KEY);
    column->key = c->key;
    describe(column, "long_name", "hash of the keys of all steps of the trial");
    column = add_column(c, "split_hash", TL_COLUMN_KEY);
    column->key = c->split;
    describe(column, "long_name", "hash of which source row went to which role");
    return TL_OK;
}

static tl_status open_collector(const tl_sweep *sweep, tl_arena *arena, collector *c,
                                tl_err *err)
{
    const uint32_t trials = sweep->plan->trials;
    *c = (collector){.sweep = sweep,
                     .plan = sweep->plan,
                     .arena = arena,
                     .splits = {.plan = sweep->plan}};
    TL_TRY(tl_trial_new(arena, &c->trial, err));
    TL_TAKE(c->metric, arena, MAX_COLUMNS, err);
    TL_TAKE(c->status, arena, trials, err);
    TL_TAKE(c->key, arena, trials, err);
    TL_TAKE(c->split, arena, trials, err);
    TL_TAKE(c->table, arena, 1, err);
    TL_TAKE(c->table->column, arena, 4 * MAX_COLUMNS, err);
    c->table->trials = trials;
    return TL_OK;
}

tl_status tl_collect_results(const tl_sweep *sweep, tl_arena *arena, tl_table **out,
                             tl_err *err)
{
    collector c;
    TL_TRY(open_collector(sweep, arena, &c, err));
    tl_status status = TL_OK;
    for (uint32_t t = 0; status == TL_OK && t < sweep->plan->trials; t++) {
        status = put_trial(&c, t, err);
    }
    tl_split_hashes_close(&c.splits);
    TL_TRY(status);
    TL_TRY(tl_factors_columns(c.plan, arena, c.table, err));
    TL_TRY(add_fixed(&c, err));
    for (int i = 0; i < c.metrics; i++) TL_TRY(add_metric(&c, &c.metric[i], err));
    TL_TRY(tl_factors_globals(c.plan, c.trial, arena, c.table, err));
    *out = c.table;
    return TL_OK;
}
