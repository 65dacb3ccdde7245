#include "analysis/effect/gain.h"

#include "analysis/effect/design.h"
#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "analysis/table/schema.h"

#include <math.h>

enum { MOST_GAINS = 4096, MOST_LEVELS = 64 };
static const double CONFIDENCE = 0.95;

typedef struct estimator {
    const tl_table *table;
    int32_t *replicate; /* [trials] 0 .. replicates-1 */
    int replicates;
    double *sum;    /* [replicates] */
    double *trials; /* [replicates] */
    tl_gain *gain;
    int count;
} estimator;

/* Whether `column` is a number that the plan varies over all trials. */
static bool is_axis(const tl_column *column)
{
    return tl_column_says(column, TL_NAME_FACTOR, TL_AXIS) &&
           column->type == TL_COLUMN_REAL && !tl_column_attribute(column, TL_NAME_WITHIN);
}

static bool is_gain(const tl_column *column)
{
    return column->type == TL_COLUMN_REAL && column->low < 0.0 &&
           tl_column_attribute(column, TL_NAME_BETTER) &&
           !tl_column_says(column, TL_NAME_BETTER, TL_NEITHER);
}

/* Adds the mean of `metric` over the trials where `factor`, if any, is at `level`. */
static void add(estimator *e, const tl_column *metric, const tl_column *factor,
                double level)
{
    for (int r = 0; r < e->replicates; r++) e->sum[r] = e->trials[r] = 0.0;
    for (uint32_t t = 0; t < e->table->trials; t++) {
        if (factor && factor->real[t] != level) continue;
        if (isnan(metric->real[t])) continue;
        const int r = e->replicate[t];
        e->sum[r] += metric->real[t];
        e->trials[r] += 1.0;
    }
    int n = 0;
    for (int r = 0; r < e->replicates; r++) {
        if (e->trials[r] > 0.0) e->sum[n++] = e->sum[r] / e->trials[r];
    }
    if (n == 0 || e->count == MOST_GAINS) return;
    double mean, sd;
    tl_mean_sd(e->sum, n, &mean, &sd);
    const double half =
        n > 1 ? tl_t_quantile(0.5 + 0.5 * CONFIDENCE, n - 1) * sd / sqrt(n) : (double)NAN;
    e->gain[e->count++] = (tl_gain){.metric = metric->name,
                                    .factor = factor ? factor->name : NULL,
                                    .level = level,
                                    .replicates = n,
                                    .mean = mean,
                                    .low = mean - half,
                                    .high = mean + half};
}

/* One gain a level of the factor, levels in the order of the file. */
static void add_levels(estimator *e, const tl_column *metric, const tl_column *factor)
{
    double seen[MOST_LEVELS];
    int levels = 0;
    for (uint32_t t = 0; t < e->table->trials && levels < MOST_LEVELS; t++) {
        if (isnan(factor->real[t])) continue;
        int l = 0;
        while (l < levels && seen[l] != factor->real[t]) l++;
        if (l < levels) continue;
        seen[levels++] = factor->real[t];
        add(e, metric, factor, factor->real[t]);
    }
}

static void add_metric(estimator *e, const tl_column *metric)
{
    const char *above = tl_column_attribute(metric, TL_NAME_ABOVE);
    bool has_axis = false;
    for (int i = 0; i < e->table->columns; i++) {
        const tl_column *factor = &e->table->column[i];
        if (!is_axis(factor) || !tl_word_listed(above, factor->name)) continue;
        add_levels(e, metric, factor);
        has_axis = true;
    }
    if (!has_axis) add(e, metric, NULL, (double)NAN);
}

tl_status tl_gain_estimate(const tl_table *table, tl_arena *arena, tl_gain **gain,
                           int *count, tl_err *err)
{
    estimator e = {.table = table};
    TL_TRY(tl_replicates_number(table, arena, &e.replicate, &e.replicates, err));
    TL_ALLOC(e.gain, arena, MOST_GAINS, err);
    TL_ALLOC(e.sum, arena, e.replicates, err);
    TL_ALLOC(e.trials, arena, e.replicates, err);
    for (int i = 0; i < table->columns; i++) {
        if (is_gain(&table->column[i])) add_metric(&e, &table->column[i]);
    }
    *gain = e.gain;
    *count = e.count;
    return TL_OK;
}
