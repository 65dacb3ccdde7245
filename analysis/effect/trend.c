/*
 * The trend of a metric along a numeric axis. A row's weight in its replicate's slope is (x
 * - mean x of its group) / sum of squares: slopes and variances follow from it.
 */
#include "analysis/effect/trend.h"

#include "compute/core/sort.h"

#include <math.h>

static const double DECADE = 10.0;

bool tl_trend_exists(const tl_factor *factor)
{
    return factor->is_numeric && factor->levels >= 3;
}

bool tl_trend_is_by_rank(const tl_factor *factor)
{
    double least = (double)INFINITY, most = 0.0;
    for (int l = 0; l < factor->levels; l++) {
        const double size = fabs(factor->value[l]);
        if (size > most) most = size;
        if (size > 0.0 && size < least) least = size;
    }
    return most > DECADE * least;
}

/* The position of each level on the scale. \param x [levels] result */
static void place_levels(const tl_factor *factor, tl_ranked *sorted, double *x)
{
    const bool is_by_rank = tl_trend_is_by_rank(factor);
    for (int l = 0; l < factor->levels; l++) {
        x[l] = factor->value[l];
        sorted[l] = (tl_ranked){factor->value[l], (uint32_t)l};
    }
    if (!is_by_rank) return;
    tl_sort_ascending(sorted, (size_t)factor->levels);
    for (int l = 0; l < factor->levels; l++) x[sorted[l].number] = l;
}

/* The rows that can be compared, those of one group together. */
static size_t gather(const tl_design *d, const tl_target *target, int f, tl_keyed_row *list)
{
    size_t count = 0;
    for (uint32_t t = 0; t < d->table->trials; t++) {
        if (d->factor[f].level[t] < 0 || isnan(target->value[t])) continue;
        list[count++] = (tl_keyed_row){tl_design_key(d, f, t), t};
    }
    tl_design_sort(list, count);
    return count;
}

/* Sets each row's distance from the mean of its group. \param x [levels] positions \param
 * off [trials] result */
static void centre(const tl_factor *factor, const double *x, const tl_keyed_row *list,
                   size_t count, double *off)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        double sum = 0.0;
        for (end = begin; end < count && list[end].key == list[begin].key; end++) {
            sum += x[factor->level[list[end].row]];
        }
        const double middle = sum / (double)(end - begin);
        for (size_t i = begin; i < end; i++) {
            off[list[i].row] = x[factor->level[list[i].row]] - middle;
        }
    }
}

/* The first three levels, plus 1, at which a replicate has values; 0: none. */
typedef struct levels_seen {
    int level[3];
} levels_seen;

static void see_level(levels_seen *seen, int level)
{
    for (int i = 0; i < 3; i++) {
        if (seen->level[i] == 0) seen->level[i] = level + 1;
        if (seen->level[i] == level + 1) return;
    }
}

tl_status tl_trend_measure(const tl_design *design, const tl_target *target, int factor,
                           tl_arena *arena, tl_differences *out, tl_err *err)
{
    const tl_factor *f = &design->factor[factor];
    const uint32_t trials = design->table->trials;
    tl_keyed_row *list;
    double *off, *squares, *size, *rows, *x;
    tl_ranked *sorted;
    double *weight; /* [trials] of a distinct measurement */
    levels_seen *seen;
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, trials, err);
    TL_ALLOC(off, arena, trials, err);
    TL_ALLOC(weight, arena, trials, err);
    TL_ALLOC(squares, arena, design->replicates, err);
    TL_ALLOC(size, arena, design->replicates, err);
    TL_ALLOC(rows, arena, design->replicates, err);
    TL_ALLOC(seen, arena, design->replicates, err);
    TL_ALLOC(x, arena, f->levels, err);
    TL_ALLOC(sorted, arena, f->levels, err);
    const size_t count = gather(design, target, factor, list);
    place_levels(f, sorted, x);
    centre(f, x, list, count, off);
    for (size_t i = 0; i < count; i++) {
        const uint32_t t = list[i].row;
        const int r = design->replicate[t];
        squares[r] += off[t] * off[t];
        rows[r] += 1.0;
        size[r] += fabs(off[t] * target->value[t]);
        out->difference[r] += off[t] * target->value[t];
        out->reference[r] += target->value[t];
        weight[target->same[t]] += off[t];
        see_level(&seen[r], f->level[t]);
    }
    for (uint32_t t = 0; t < trials; t++) {
        const int r = design->replicate[t];
        if (weight[t] == 0.0 || squares[r] <= 0.0) continue;
        const double share = weight[t] / squares[r];
        out->variance[r] += share * share * tl_target_variance(target, t);
    }
    for (int r = 0; r < design->replicates; r++) {
        const bool is_there = seen[r].level[2] > 0 && squares[r] > 0.0;
        const double sum = tl_without_rounding(out->difference[r], size[r]);
        out->difference[r] = is_there ? sum / squares[r] : (double)NAN;
        out->reference[r] /= rows[r] > 0.0 ? rows[r] : (double)NAN;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}
