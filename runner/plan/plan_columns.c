/*
 * The columns that the result file of a plan will have: of every axis, and of every metric
 * that a trial may have, with its companions. Two of one name cannot stand in a file, which
 * would be found only when all is computed.
 */
#include "analysis/table/schema.h"
#include "runner/plan/plan_private.h"
#include "runner/plan/trial.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_METRICS = 4096, COLUMNS_OF_METRIC = 3 };

/* A column: what it is of, and where that stands in the plan. */
typedef struct column {
    const char *name, *of;
    const tl_yaml *at;
    int number; /* in the order in which they were added */
} column;

/* The gathering of columns. */
typedef struct gathering {
    tl_plan_reader *reader;
    tl_arena scratch; /* for names that are only compared */
    int columns;
    column *column; /* [room] */
    int metrics;
    const char **metric; /* [MAX_METRICS] */
} gathering;

/* Adds a column; its name is borrowed. */
static void add(gathering *g, const char *name, const char *of, const tl_yaml *at)
{
    g->column[g->columns] = (column){name, of, at, g->columns};
    g->columns++;
}

static tl_status add_companion(gathering *g, const char *name, const char *suffix,
                               const char *of, const tl_yaml *at, tl_err *err)
{
    const char *whole = tl_arena_print(&g->scratch, err, "%s%s", name, suffix);
    if (!whole) return TL_E_NOMEM;
    add(g, whole, of, at);
    return TL_OK;
}

static tl_status add_metrics(gathering *g, const tl_trial_step *step, tl_err *err)
{
    const tl_yaml *at = g->reader->body->instance_at[step->instance];
    const int metrics = tl_trial_metrics(step);
    TL_YAML_CHECK(g->metrics + metrics <= MAX_METRICS, at, err,
                  "the plan has more than %d metrics in all rounds; shorten its chains",
                  MAX_METRICS);
    for (int m = 0; m < metrics; m++) {
        char text[TL_METRIC_NAME];
        const char *of = step->stage->name;
        (void)tl_trial_metric_name(g->reader->plan, step, m, text);
        const char *name = tl_arena_text(&g->reader->plan->arena, text, err);
        if (!name) return TL_E_NOMEM;
        g->metric[g->metrics++] = name;
        add(g, name, of, at);
        TL_TRY(add_companion(g, name, TL_SUFFIX_REASON, of, at, err));
        if (step->metrics[m].is_rate)
            TL_TRY(add_companion(g, name, TL_SUFFIX_N, of, at, err));
    }
    return TL_OK;
}

/* Adds all metrics of a stage in `round`, judged `judgements` times before the end. */
static tl_status add_instance(gathering *g, int instance, int round, int judgements,
                              tl_err *err)
{
    const tl_stage *stage = g->reader->plan->instance[instance].stage;
    tl_trial_step step = {
        .stage = stage, .instance = instance, .round = round, .metrics = stage->metrics};
    TL_TRY(add_metrics(g, &step, err));
    step.kind = TL_STEP_JUDGE;
    step.metrics = stage->judge_metrics;
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(stage->judges & TL_BIT(part))) continue;
        step.item = part;
        for (step.judgement = 0; step.judgement <= judgements; step.judgement++) {
            TL_TRY(add_metrics(g, &step, err));
        }
    }
    return TL_OK;
}

static int most_judgements(const tl_plan_body *body)
{
    int most = 0;
    for (int c = 0; c < body->chains; c++) {
        int count = 0;
        for (int i = 0; i < body->chain[c]->links; i++) {
            count += body->chain[c]->link[i]->stage == NULL;
        }
        if (count > most) most = count;
    }
    return most;
}

/* By name, then as they were added: axes first. */
static int by_name(const void *a, const void *b)
{
    const column *one = a, *other = b;
    const int order = strcmp(one->name, other->name);
    return order != 0 ? order : one->number - other->number;
}

static tl_status gather(gathering *g, tl_err *err)
{
    const tl_plan_reader *reader = g->reader;
    tl_plan *plan = reader->plan;
    const int room = TL_MAX_AXES + TL_MAX_INNERS + COLUMNS_OF_METRIC * MAX_METRICS;
    TL_ALLOC(g->column, &g->scratch, room, err);
    TL_ALLOC(g->metric, &plan->arena, MAX_METRICS, err);
    for (int i = 0; i < plan->axes; i++)
        add(g, plan->axis[i].name, "the axis", reader->axis_at[i]);
    for (int i = 0; i < plan->inners; i++)
        add(g, plan->inner[i].name, "the axis", reader->axis_at[plan->inner[i].axis]);
    const int judgements = most_judgements(reader->body);
    const int rounds = tl_plan_most_rounds(reader);
    for (int i = 0; i < rounds * plan->instances; i++) {
        TL_TRY(
            add_instance(g, i % plan->instances, i / plan->instances + 1, judgements, err));
    }
    return TL_OK;
}

static tl_status check(gathering *g, tl_err *err)
{
    qsort(g->column, (size_t)g->columns, sizeof *g->column, by_name);
    for (int i = 1; i < g->columns; i++) {
        const column *one = &g->column[i - 1], *other = &g->column[i];
        TL_YAML_CHECK(
            strcmp(one->name, other->name) != 0, other->at, err,
            "%s and %s would both have the column %s of the result file; give one "
            "of them another name with `as: NAME`",
            one->of, other->of, one->name);
    }
    return TL_OK;
}

tl_status tl_plan_columns(tl_plan_reader *reader, tl_err *err)
{
    gathering g = {.reader = reader, .scratch = tl_arena_open(0)};
    tl_status status = gather(&g, err);
    if (status == TL_OK) status = check(&g, err);
    reader->metric = g.metric;
    reader->metrics = g.metrics;
    tl_arena_close(&g.scratch);
    return status;
}
