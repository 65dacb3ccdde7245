#include "analysis/effect/gain.h"

#include "analysis/effect/components.h"
#include "analysis/effect/interval.h"
#include "analysis/effect/pooled.h"
#include "analysis/effect/statistics.h"
#include "analysis/table/schema.h"

#include <math.h>

enum { MOST_GAINS = 4096, MOST_LEVELS = 64 };

typedef struct estimator {
    tl_design design;
    tl_arena *arena;  /* for the gains */
    tl_arena scratch; /* for one metric */
    tl_gain *gain;
    int count;
} estimator;

static bool is_gain(const tl_column *column)
{
    return column->type == TL_COLUMN_REAL && column->low < 0.0 &&
           tl_column_attribute(column, TL_NAME_BETTER) &&
           !tl_column_says(column, TL_NAME_BETTER, TL_NEITHER);
}

/* Sets the numbers from the means of replicates; overwrites the arrays of `d`. */
static void conclude(const tl_differences *d, int replicates, tl_gain *out)
{
    double sd;
    int n = 0;
    for (int r = 0; r < replicates; r++) {
        if (isnan(d->difference[r])) continue;
        d->variance[n] = d->variance[r];
        d->difference[n++] = d->difference[r];
    }
    out->replicates = n;
    out->left_out = replicates - n;
    out->mean = out->low = out->high = (double)NAN;
    if (n > 0) tl_mean_sd(d->difference, n, &out->mean, &sd);
    if (n < 2) return;
    const tl_interval interval = tl_interval_of(d->difference, d->variance, n);
    out->low = interval.low;
    out->high = interval.high;
}

/* Adds the mean over all cells with values where factor f, if any (-1: none), is at
 * `level`. */
static tl_status add(estimator *e, const tl_target *target, int f, int level, tl_err *err)
{
    const tl_design *d = &e->design;
    const int own[2] = {f, -1};
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_combination cells;
    tl_differences means;
    TL_TRY(tl_combination_take((size_t)d->cells, &e->scratch, &cells, err));
    for (int c = 0; c < d->cells; c++) {
        const uint32_t t = tl_design_first(d, (uint32_t)c);
        const bool is_at = f < 0 || d->factor[f].level[t] == level;
        if (is_at && target->has[c]) cells.cell[cells.used++].cell = (uint32_t)c;
    }
    for (int i = 0; i < cells.used; i++) cells.cell[i].weight = 1.0 / cells.used;
    if (cells.used == 0 || e->count == MOST_GAINS) {
        tl_arena_rewind(&e->scratch, mark);
        return TL_OK;
    }
    tl_gain *gain = &e->gain[e->count++];
    *gain = (tl_gain){.metric = target->metric->name};
    if (f >= 0) gain->factor = d->factor[f].column->name;
    if (f >= 0) gain->level = d->factor[f].name[level];
    TL_TRY(tl_pooled_name(d, target, own, &cells, e->arena, &gain->pooled, err));
    TL_TRY(tl_combine(d, target, &cells, &e->scratch, &means, err));
    TL_TRY(tl_differences_by_draw(d, &means, &e->scratch, err));
    conclude(&means, d->draws, gain);
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

/* One gain a level of each factor of its kind that the metric depends on. \param any result
 */
static tl_status add_levels(estimator *e, const tl_target *target, bool is_numeric,
                            bool *any, tl_err *err)
{
    *any = false;
    for (int f = 0; f < e->design.factors; f++) {
        const tl_factor *factor = &e->design.factor[f];
        if (factor->is_numeric != is_numeric || factor->within || factor->levels < 2)
            continue;
        if (!tl_word_listed(target->above, factor->column->name)) continue;
        for (int l = 0; l < factor->levels && l < MOST_LEVELS; l++)
            TL_TRY(add(e, target, f, l, err));
        *any = true;
    }
    return TL_OK;
}

static tl_status add_metric(estimator *e, const tl_column *metric, tl_err *err)
{
    tl_target target;
    bool any;
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_target_open(&e->design, metric, &e->scratch, &target, err));
    TL_TRY(add_levels(e, &target, true, &any, err));
    if (!any) TL_TRY(add_levels(e, &target, false, &any, err));
    if (!any) TL_TRY(add(e, &target, -1, 0, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

static tl_status estimate(estimator *e, const tl_table *table, tl_err *err)
{
    TL_TRY(tl_design_open(table, e->arena, &e->design, err));
    TL_ALLOC(e->gain, e->arena, MOST_GAINS, err);
    for (int i = 0; i < table->columns; i++) {
        if (is_gain(&table->column[i])) TL_TRY(add_metric(e, &table->column[i], err));
    }
    return TL_OK;
}

tl_status tl_gain_estimate(const tl_table *table, tl_arena *arena, tl_gain **gain,
                           int *count, tl_err *err)
{
    estimator e = {.arena = arena, .scratch = tl_arena_open(0)};
    const tl_status status = estimate(&e, table, err);
    tl_arena_close(&e.scratch);
    TL_TRY(status);
    *gain = e.gain;
    *count = e.count;
    return TL_OK;
}
