#include "analysis/effect/target.h"

#include "analysis/table/schema.h"

#include <math.h>
#include <stdio.h>

/* Sorts the cells by the levels of the factors above the metric. */
static tl_status sort_by_above(const tl_design *d, const char *above, tl_arena *arena,
                               tl_keyed_row **out, tl_err *err)
{
    TL_ALLOC(*out, arena, d->cells, err);
    for (int c = 0; c < d->cells; c++) {
        const uint32_t t = tl_design_first(d, (uint32_t)c);
        uint64_t key = tl_design_mix(1, 0);
        for (int f = 0; f < d->factors; f++) {
            if (!tl_word_listed(above, d->factor[f].column->name)) continue;
            key = tl_design_mix(key, d->factor[f].level[t]);
        }
        (*out)[c] = (tl_keyed_row){key, (uint32_t)c};
    }
    tl_design_sort(*out, (size_t)d->cells);
    return TL_OK;
}

/* Sets `same` of the trials in list[begin, end), cells that share their measurements.
 * \param first scratch [replicates], 0 before and after */
static void share_group(const tl_design *d, const double *value, const tl_keyed_row *list,
                        int begin, int end, uint32_t *first, uint32_t *same)
{
    for (int k = begin; k < end; k++) {
        const uint32_t c = list[k].row;
        for (uint32_t i = d->begin[c]; i < d->begin[c + 1]; i++) {
            const uint32_t t = d->trial[i];
            uint32_t *known = &first[d->replicate[t]]; /* 1 + the first trial */
            if (isnan(value[t])) continue;
            if (*known == 0) *known = t + 1;
            same[t] = *known - 1;
        }
    }
    for (int k = begin; k < end; k++) {
        const uint32_t c = list[k].row;
        for (uint32_t i = d->begin[c]; i < d->begin[c + 1]; i++)
            first[d->replicate[d->trial[i]]] = 0;
    }
}

tl_status tl_target_shared(const tl_design *design, const tl_column *metric,
                           tl_arena *arena, uint32_t **same, tl_err *err)
{
    const char *above = tl_column_attribute(metric, TL_NAME_ABOVE);
    tl_keyed_row *list;
    uint32_t *first;
    TL_ALLOC(*same, arena, design->table->trials, err);
    const size_t mark = tl_arena_mark(arena);
    TL_TRY(sort_by_above(design, above, arena, &list, err));
    TL_ALLOC(first, arena, design->replicates, err);
    for (int begin = 0, end; begin < design->cells; begin = end) {
        for (end = begin; end < design->cells && list[end].key == list[begin].key;) end++;
        share_group(design, metric->real, list, begin, end, first, *same);
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

/* The column METRICsuffix, or NULL if there is none of that type. */
static const tl_column *beside(const tl_design *design, const tl_column *metric,
                               const char *suffix, tl_column_type type)
{
    char name[192];
    (void)snprintf(name, sizeof name, "%s%s", metric->name, suffix);
    const tl_column *column = tl_table_find(design->table, name);
    return column && column->type == type ? column : NULL;
}

/* Row t's hits and other cases, half a case added to each; false if it is not a rate. */
static bool cases(const tl_target *target, uint32_t t, double *hits, double *others)
{
    if (!target->n || !(target->n->real[t] > 0.0)) return false;
    const double n = target->n->real[t];
    *hits = n * target->metric->real[t] + 0.5;
    *others = n - n * target->metric->real[t] + 0.5;
    return *hits > 0.0 && *others > 0.0;
}

double tl_target_variance(const tl_target *target, uint32_t t)
{
    double hits, others, slope = 1.0;
    if (!cases(target, t, &hits, &others)) return 0.0;
    const double n = target->n->real[t], d = 1.0 / fmax(n, 2.0);
    const double half = 0.5 * d * (1.0 - d) / n;
    if (target->scale == TL_SCALE_LOG) slope = (n + 0.5) / hits;
    if (target->scale == TL_SCALE_LOGIT) slope = (n + 1.0) * (n + 1.0) / (hits * others);
    return half * slope * slope;
}

/* Sets the variance of each trial. */
static tl_status find_variances(const tl_design *design, tl_target *target, tl_arena *arena,
                                tl_err *err)
{
    double *variance;
    TL_ALLOC(variance, arena, design->table->trials, err);
    for (uint32_t t = 0; t < design->table->trials; t++)
        variance[t] = tl_target_variance(target, t);
    target->variance = variance;
    return TL_OK;
}

tl_status tl_target_open(const tl_design *design, const tl_column *metric, tl_arena *arena,
                         tl_target *out, tl_err *err)
{
    const uint32_t trials = design->table->trials;
    *out = (tl_target){.metric = metric,
                       .value = metric->real,
                       .above = tl_column_attribute(metric, TL_NAME_ABOVE)};
    out->n = beside(design, metric, TL_SUFFIX_N, TL_COLUMN_REAL);
    out->reason = beside(design, metric, TL_SUFFIX_REASON, TL_COLUMN_FLAG);
    bool *has;
    TL_ALLOC(has, arena, design->cells, err);
    for (uint32_t t = 0; t < trials; t++) has[design->cell[t]] |= !isnan(metric->real[t]);
    out->has = has;
    if (!out->n) return TL_OK;
    TL_TRY(find_variances(design, out, arena, err));
    bool depends_on_all = true;
    for (int f = 0; f < design->factors; f++)
        depends_on_all &= tl_word_listed(out->above, design->factor[f].column->name);
    if (depends_on_all) return TL_OK;
    TL_ALLOC(out->share, arena, trials, err);
    return tl_target_shared(design, metric, arena, &out->same, err);
}

/* Row t's value on the scale. */
static double scaled(const tl_target *target, tl_scale scale, uint32_t t)
{
    double hits = target->value[t], others = 1.0 - hits;
    if (isnan(hits)) return hits;
    const bool is_rate = cases(target, t, &hits, &others);
    if (scale == TL_SCALE_LOGIT) return log(hits / others);
    return log(is_rate ? hits / (target->n->real[t] + 0.5) : hits);
}

tl_status tl_target_scaled(const tl_design *design, const tl_target *target, tl_scale scale,
                           tl_arena *arena, tl_target *out, tl_err *err)
{
    double *value;
    TL_ALLOC(value, arena, design->table->trials, err);
    for (uint32_t t = 0; t < design->table->trials; t++)
        value[t] = scaled(target, scale, t);
    *out = *target;
    out->value = value;
    out->scale = scale;
    return target->n ? find_variances(design, out, arena, err) : TL_OK;
}
