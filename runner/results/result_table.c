/*
 * Decodes the trials once more and looks up each of their steps in the graph by its key.
 * The columns are those of the sweep's list of steps with metrics: one look-up per step
 * places its values, and names are made once per column.
 */
#include "runner/results/result_table.h"

#include "analysis/report/label.h"
#include "analysis/table/schema.h"
#include "runner/results/downstream.h"
#include "runner/results/factors.h"
#include "runner/results/split_hashes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)TL_WHY_UNRESOLVABLE == (int)TL_REASON_UNRESOLVABLE, "flags of reasons");

/* The values of one metric. */
typedef struct values {
    double *value, *n; /* [trials]; n: of rates, else NULL */
    int32_t *why;      /* [trials] */
} values;

typedef struct collector {
    const tl_sweep *sweep;
    const tl_plan *plan;
    tl_arena *arena;
    tl_trial *trial;
    values *metric;      /* [columns of the sweep] */
    int32_t *status;     /* [trials] */
    tl_key *key, *split; /* [trials] */
    tl_split_hashes splits;
    tl_downstream downstream;
    tl_table *table;
    bool is_outlook; /* no step is looked up: all have values */
} collector;

static tl_status open_values(const collector *c, const tl_metric *spec, values *out,
                             tl_err *err)
{
    const uint32_t trials = c->plan->trials;
    TL_ALLOC(out->value, c->arena, trials, err);
    if (spec->is_rate) TL_ALLOC(out->n, c->arena, trials, err);
    TL_ALLOC(out->why, c->arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        out->value[t] = (double)NAN;
        if (out->n) out->n[t] = (double)NAN;
        out->why[t] = TL_WHY_NOT_APPLICABLE;
    }
    return TL_OK;
}

static const tl_why why_not[TL_STEP_STATES] = {
    [TL_STEP_WAITING] = TL_WHY_NOT_RUN, [TL_STEP_READY] = TL_WHY_NOT_RUN,
    [TL_STEP_RUNNING] = TL_WHY_NOT_RUN, [TL_STEP_DONE] = TL_WHY_NOT_RUN,
    [TL_STEP_FAILED] = TL_WHY_FAILED,   [TL_STEP_DIVERGED] = TL_WHY_FAILED,
    [TL_STEP_SKIPPED] = TL_WHY_SKIPPED, [TL_STEP_LOST] = TL_WHY_FAILED};

/* Numbers for the metrics of a step that was not run: of its content, so that they are
 * equal where the work is; none where its rows are too few. */
static void foresee(const collector *c, int position, int metrics, tl_measure *out)
{
    uint32_t word;
    const tl_trial_step *step = &c->trial->step[position];
    const tl_size size = tl_trial_size(c->trial, position);
    memcpy(&word, step->content.byte, sizeof word);
    for (int m = 0; m < metrics; m++) {
        const tl_metric *spec = &step->metrics[m];
        const bool is_told = !spec->has_rows_enough || spec->has_rows_enough(&size);
        const double value = 0.25 + 0.5 * ((double)word * 0x1p-32);
        out[m] = (tl_measure){value, 1.0, is_told ? TL_WHY_HAS_VALUE : TL_WHY_UNRESOLVABLE};
    }
}

static void put_step(collector *c, int position, uint32_t id)
{
    tl_measure all[TL_MAX_METRICS];
    const tl_trial_step *step = &c->trial->step[position];
    const uint32_t number = tl_measured_find(&c->sweep->measured, step);
    if (number == TL_NO_ENTRY) return;
    const tl_measured *place = &c->sweep->measured.one[number];
    if (c->is_outlook) foresee(c, position, place->metrics, all);
    const bool has_any =
        c->is_outlook || tl_sweep_measures(c->sweep, id, all) == place->metrics;
    const uint32_t t = c->trial->number;
    if (t % c->plan->replicates == 0)
        tl_downstream_mark(&c->downstream, c->trial, position, number);
    for (int m = 0; m < place->metrics; m++) {
        const values *to = &c->metric[place->first + m];
        to->why[t] = has_any ? all[m].why : (int32_t)why_not[c->sweep->outcome[id].state];
        if (to->why[t] != TL_WHY_HAS_VALUE) continue;
        to->value[t] = all[m].value;
        if (to->n) to->n[t] = all[m].n;
    }
}

static int32_t worse_flag(int32_t flag, tl_step_state state)
{
    static const int32_t flag_of[TL_STEP_STATES] = {
        [TL_STEP_WAITING] = TL_TRIAL_PLANNED, [TL_STEP_READY] = TL_TRIAL_PLANNED,
        [TL_STEP_RUNNING] = TL_TRIAL_PLANNED, [TL_STEP_DONE] = TL_TRIAL_DONE,
        [TL_STEP_FAILED] = TL_TRIAL_FAILED,   [TL_STEP_DIVERGED] = TL_TRIAL_DIVERGED,
        [TL_STEP_SKIPPED] = TL_TRIAL_SKIPPED, [TL_STEP_LOST] = TL_TRIAL_LOST};
    static const int weight[] = {
        [TL_TRIAL_DONE] = 0,     [TL_TRIAL_RUNNING] = 1, [TL_TRIAL_PLANNED] = 2,
        [TL_TRIAL_SKIPPED] = 3,  [TL_TRIAL_TIMEOUT] = 4, [TL_TRIAL_LOST] = 5,
        [TL_TRIAL_DIVERGED] = 6, [TL_TRIAL_FAILED] = 7};
    const int32_t other = flag_of[state];
    return weight[other] > weight[flag] ? other : flag;
}

static tl_status put_trial(collector *c, uint32_t number, tl_err *err)
{
    tl_trial_decode(c->plan, number, c->trial);
    tl_hash hash = {0};
    int32_t flag = TL_TRIAL_DONE;
    for (int i = 0; i < c->trial->steps; i++) {
        const tl_trial_step *step = &c->trial->step[i];
        const uint32_t id = c->is_outlook ? 0 : tl_graph_find(c->sweep->graph, &step->key);
        TL_INVARIANT(id != TL_NO_STEP);
        tl_hash_key(&hash, &step->content);
        flag = worse_flag(flag, (tl_step_state)c->sweep->outcome[id].state);
        put_step(c, i, id);
    }
    c->status[number] = flag;
    c->key[number] = tl_hash_end(&hash);
    if (c->is_outlook) return TL_OK;
    return tl_split_hashes_find(&c->splits, c->trial, &c->split[number], err);
}

/* From the second round on, names the same metric of the first. */
static tl_status describe_round(const collector *c, const tl_measured *place, int m,
                                tl_column *column, tl_err *err)
{
    char name[TL_METRIC_NAME];
    tl_trial_step first = place->step;
    if (first.round < 2) return TL_OK;
    first.round = 1;
    if (tl_measured_find(&c->sweep->measured, &first) == TL_NO_ENTRY) return TL_OK;
    const char *round = tl_arena_print(c->arena, err, "%d", place->step.round);
    const char *same =
        tl_arena_text(c->arena, tl_trial_metric_name(c->plan, &first, m, name), err);
    if (!round || !same) return TL_E_NOMEM;
    tl_column_describe(column, TL_NAME_ROUND, round);
    tl_column_describe(column, TL_NAME_FIRST_ROUND, same);
    return TL_OK;
}

/* Names the column of the control of a metric. */
static tl_status describe_control(const collector *c, const tl_measured *place, int m,
                                  tl_column *column, tl_err *err)
{
    char made[TL_METRIC_NAME];
    const tl_metric *all = place->step.metrics;
    for (int k = 0; all[m].control && k < place->metrics; k++) {
        if (strcmp(all[k].name, all[m].control) != 0) continue;
        const char *name = tl_trial_metric_name(c->plan, &place->step, k, made);
        const char *kept = tl_arena_text(c->arena, name, err);
        if (!kept) return TL_E_NOMEM;
        tl_column_describe(column, TL_NAME_CONTROL, kept);
    }
    return TL_OK;
}

static tl_status add_cases(const collector *c, const char *metric, const char *name,
                           const values *from, tl_err *err)
{
    const char *about =
        tl_arena_print(c->arena, err, "cases that %s is a share of", metric);
    if (!about) return TL_E_NOMEM;
    tl_table_add(c->table, name, TL_COLUMN_REAL, "1", about)->real = from->n;
    return TL_OK;
}

static tl_status add_reason(const collector *c, const char *metric, const char *name,
                            const values *from, tl_err *err)
{
    const char *about = tl_arena_print(c->arena, err, "why %s has no value", metric);
    const char *meanings =
        tl_arena_print(c->arena, err, "%s %s %s %s %s %s", tl_why_name(TL_WHY_HAS_VALUE),
                       tl_why_name(TL_WHY_UNRESOLVABLE), tl_why_name(TL_WHY_NOT_APPLICABLE),
                       tl_why_name(TL_WHY_FAILED), tl_why_name(TL_WHY_SKIPPED),
                       tl_why_name(TL_WHY_NOT_RUN));
    if (!about || !meanings) return TL_E_NOMEM;
    tl_column *column = tl_table_add(c->table, name, TL_COLUMN_FLAG, NULL, about);
    column->integer = from->why;
    column->flag_meanings = meanings;
    return TL_OK;
}

static bool has_missing(const collector *c, const tl_metric *spec, const values *from)
{
    if (spec->can_be_missing) return true;
    for (uint32_t t = 0; t < c->plan->trials; t++) {
        if (from->why[t] != TL_WHY_HAS_VALUE) return true;
    }
    return false;
}

/* Whether another instance has a metric of the same label. */
static bool is_shared_label(const collector *c, const tl_measured *place, const char *label)
{
    for (uint32_t i = 0; i < c->sweep->measured.count; i++) {
        const tl_measured *other = &c->sweep->measured.one[i];
        if (other->step.instance == place->step.instance) continue;
        for (int m = 0; m < other->metrics; m++) {
            const char *its = other->step.metrics[m].label;
            if (its && strcmp(its, label) == 0) return true;
        }
    }
    return false;
}

/* A short name for people, in which the parts that distinguish the names of metrics are:
 * instance, part judged, judge and round. */
static tl_status describe_label(const collector *c, const tl_measured *place, int m,
                                tl_column *column, tl_err *err)
{
    const tl_trial_step *step = &place->step;
    const char *label = step->metrics[m].label;
    const bool has_part = step->kind == TL_STEP_JUDGE && step->item != TL_PART_TARGET;
    const char *instance =
        tl_label_in_words(c->arena, c->plan->instance[step->instance].name);
    char judge[32] = "", round[32] = "";
    if (!label) return TL_OK;
    if (step->kind == TL_STEP_JUDGE && step->judgement > 0)
        (void)snprintf(judge, sizeof judge, ", judge %d", step->judgement);
    if (step->round > 1) (void)snprintf(round, sizeof round, ", round %d", step->round);
    const bool has_instance = is_shared_label(c, place, label);
    const char *whole =
        tl_arena_print(c->arena, err, "%s%s%s%s%s%s%s", label, has_instance ? ", " : "",
                       has_instance ? instance : "", has_part ? ", " : "",
                       has_part ? tl_part_name((tl_part)step->item) : "", judge, round);
    if (!whole) return TL_E_NOMEM;
    tl_column_describe(column, TL_NAME_LABEL, whole);
    return TL_OK;
}

/* \param above  factors that the metrics of the place are downstream of */
static tl_status add_metric(const collector *c, const tl_measured *place, int m,
                            const char *above, tl_err *err)
{
    static const char *const better[] = {TL_NEITHER, TL_HIGHER, TL_LOWER};
    const tl_metric *spec = &place->step.metrics[m];
    const tl_stage *stage = place->step.stage;
    const values *from = &c->metric[place->first + m];
    char access[64], made[TL_METRIC_NAME];
    (void)tl_trial_metric_name(c->plan, &place->step, m, made);
    const char *name = tl_arena_text(c->arena, made, err);
    const char *reason = tl_arena_print(c->arena, err, "%s" TL_SUFFIX_REASON, made);
    const char *cases = tl_arena_print(c->arena, err, "%s" TL_SUFFIX_N, made);
    const char *knows = tl_arena_text(c->arena, tl_access_text(stage->access, access), err);
    if (!name || !reason || !cases || !knows) return TL_E_NOMEM;
    const bool is_flagged = has_missing(c, spec, from);
    const char *beside =
        tl_arena_print(c->arena, err, "%s%s%s", spec->is_rate ? cases : "",
                       spec->is_rate && is_flagged ? " " : "", is_flagged ? reason : "");
    if (!beside) return TL_E_NOMEM;

    tl_column *column =
        tl_table_add(c->table, name, TL_COLUMN_REAL, tl_units(spec->units), spec->about);
    column->real = from->value;
    column->low = spec->low;
    column->high = spec->is_rate ? 1.0 : spec->high;
    column->is_success = spec->is_success && stage->role == TL_ROLE_ATTACK;
    TL_TRY(describe_label(c, place, m, column, err));
    tl_column_describe(column, TL_NAME_FLOW, tl_flow_name(stage->flow));
    tl_column_describe(column, TL_NAME_ROLE, tl_role_name(stage->role));
    tl_column_describe(column, TL_NAME_THREAT, stage->taxonomy);
    tl_column_describe(column, TL_NAME_ACCESS, knows);
    tl_column_describe(column, TL_NAME_REFERENCES, stage->source);
    tl_column_describe(column, TL_NAME_BETTER, better[spec->better]);
    TL_TRY(describe_round(c, place, m, column, err));
    TL_TRY(describe_control(c, place, m, column, err));
    tl_column_describe(column, TL_NAME_ABOVE, above);
    tl_column_describe(column, TL_NAME_ANCILLARY, beside);
    if (spec->is_rate) TL_TRY(add_cases(c, name, cases, from, err));
    return is_flagged ? add_reason(c, name, reason, from, err) : TL_OK;
}

static tl_status add_metrics(const collector *c, tl_err *err)
{
    const tl_measured_list *steps = &c->sweep->measured;
    for (uint32_t i = 0; i < steps->count; i++) {
        const tl_measured *place = &steps->one[i];
        const char *above[2]; /* by tl_downstream_of */
        for (int of = 0; of < 2; of++) {
            TL_TRY(tl_downstream_factors(&c->downstream, i, (tl_downstream_of)of, c->arena,
                                         &above[of], err));
        }
        for (int m = 0; m < place->metrics; m++) {
            const bool of_bank = place->step.metrics[m].of_bank;
            TL_TRY(add_metric(c, place, m, above[of_bank ? 1 : 0], err));
        }
    }
    return TL_OK;
}

/* The coordinate of the dimension: trials of one plan with other replicates have other
 * numbers, and those of later replicates larger ones. */
static tl_status add_index(const collector *c, tl_err *err)
{
    const uint32_t trials = c->plan->trials;
    const double first = (double)c->plan->first_replicate * c->plan->cells;
    const bool is_int = first + trials <= INT32_MAX;
    tl_column *column =
        tl_table_add(c->table, TL_NAME_TRIAL, is_int ? TL_COLUMN_INT : TL_COLUMN_REAL, "1",
                     "number of the trial among all replicates of the plan");
    int32_t *whole = NULL;
    double *real = NULL;
    if (is_int) TL_ALLOC(whole, c->arena, trials, err);
    if (!is_int) TL_ALLOC(real, c->arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        if (is_int) whole[t] = (int32_t)first + (int32_t)t;
        if (!is_int) real[t] = first + t;
    }
    column->integer = whole;
    column->real = real;
    return TL_OK;
}

/* The two parts of a crossed replicate. */
static tl_status add_crossed(const collector *c, const int32_t *replicate, tl_err *err)
{
    const int32_t seeds = (int32_t)c->plan->seeds;
    int32_t *draw, *seed;
    if (seeds < 2) return TL_OK;
    TL_ALLOC(draw, c->arena, c->plan->trials, err);
    TL_ALLOC(seed, c->arena, c->plan->trials, err);
    for (uint32_t t = 0; t < c->plan->trials; t++) {
        draw[t] = replicate[t] / seeds;
        seed[t] = replicate[t] % seeds;
    }
    tl_column *column =
        tl_table_add(c->table, TL_NAME_DATA_DRAW, TL_COLUMN_INT, "1",
                     "data draw: names the splits, and what was drawn of data alone");
    column->is_coordinate = true;
    column->integer = draw;
    column = tl_table_add(c->table, TL_NAME_TRAINING_SEED, TL_COLUMN_INT, "1",
                          "training seed within the data draw: names all else drawn");
    column->is_coordinate = true;
    column->integer = seed;
    return TL_OK;
}

static tl_status add_fixed(const collector *c, tl_err *err)
{
    const uint32_t trials = c->plan->trials;
    int32_t *replicate;
    TL_ALLOC(replicate, c->arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        replicate[t] = (int32_t)(c->plan->first_replicate + t % c->plan->replicates);
    }
    tl_column *column = tl_table_add(c->table, TL_NAME_REPLICATE, TL_COLUMN_INT, "1",
                                     "replicate: names the random numbers that were drawn");
    column->is_coordinate = true;
    column->integer = replicate;
    TL_TRY(add_crossed(c, replicate, err));
    column = tl_table_add(c->table, TL_NAME_STATUS, TL_COLUMN_FLAG, NULL,
                          "outcome of the trial");
    column->integer = c->status;
    column->flag_meanings = TL_STATUS_WORDS;
    tl_table_add(c->table, TL_NAME_TRIAL_KEY, TL_COLUMN_KEY, NULL,
                 "hash of the keys of all steps of the trial")
        ->key = c->key;
    tl_table_add(c->table, TL_NAME_SPLIT_HASH, TL_COLUMN_KEY, NULL,
                 "hash of which source row went to which role")
        ->key = c->split;
    return TL_OK;
}

static tl_status open_collector(const tl_sweep *sweep, tl_arena *arena, collector *c,
                                tl_err *err)
{
    enum { FIXED = 7, EACH = 3 /* metric, cases, reason */ };
    const tl_plan *plan = sweep->plan;
    const tl_measured_list *steps = &sweep->measured;
    *c =
        (collector){.sweep = sweep, .plan = plan, .arena = arena, .splits = {.plan = plan}};
    TL_TRY(tl_trial_new(arena, &c->trial, err));
    TL_TRY(tl_downstream_new(plan, steps, arena, &c->downstream, err));
    TL_ALLOC(c->metric, arena, steps->columns, err);
    for (uint32_t i = 0; i < steps->count; i++) {
        const tl_measured *place = &steps->one[i];
        for (int m = 0; m < place->metrics; m++)
            TL_TRY(
                open_values(c, &place->step.metrics[m], &c->metric[place->first + m], err));
    }
    TL_ALLOC(c->status, arena, plan->trials, err);
    TL_ALLOC(c->key, arena, plan->trials, err);
    TL_ALLOC(c->split, arena, plan->trials, err);
    const int room = plan->axes + plan->inners + FIXED + EACH * steps->columns;
    return tl_table_new(arena, plan->trials, room, &c->table, err);
}

static tl_status collect(const tl_sweep *sweep, bool is_outlook, tl_arena *arena,
                         tl_table **out, tl_err *err)
{
    collector c;
    TL_TRY(open_collector(sweep, arena, &c, err));
    c.is_outlook = is_outlook;
    tl_status status = TL_OK;
    for (uint32_t t = 0; status == TL_OK && t < sweep->plan->trials; t++) {
        status = put_trial(&c, t, err);
    }
    tl_split_hashes_close(&c.splits);
    TL_TRY(status);
    TL_TRY(tl_factors_columns(c.plan, arena, c.table, err));
    TL_TRY(add_index(&c, err));
    TL_TRY(add_fixed(&c, err));
    TL_TRY(add_metrics(&c, err));
    TL_TRY(tl_factors_globals(c.plan, c.trial, arena, c.table, err));
    *out = c.table;
    return TL_OK;
}

tl_status tl_collect_results(const tl_sweep *sweep, tl_arena *arena, tl_table **out,
                             tl_err *err)
{
    return collect(sweep, false, arena, out, err);
}

tl_status tl_collect_outlook(const tl_sweep *sweep, tl_arena *arena, tl_table **out,
                             tl_err *err)
{
    tl_plan first = *sweep->plan; /* what is borrowed from it outlives this copy */
    tl_sweep of_first = *sweep;
    first.replicates = 1;
    first.trials = first.cells;
    of_first.plan = &first;
    return collect(&of_first, true, arena, out, err);
}
