/*
 * A cell's weight in the slope is (x - mean x of its group) / sum of squares.
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

/* The cells that can be compared, those of one group together. */
static size_t gather(const tl_design *d, const tl_target *target,
                     const tl_comparison *compared, tl_keyed_row *list)
{
    const int f = compared->factor[0], own[2] = {f, -1};
    size_t count = 0;
    for (int c = 0; c < d->cells; c++) {
        const uint32_t t = tl_design_first(d, (uint32_t)c);
        if (d->factor[f].level[t] < 0 || !target->has[c]) continue;
        if (!tl_comparison_admits(d, compared, t)) continue;
        list[count++] = (tl_keyed_row){tl_design_key(d, own, t), (uint32_t)c};
    }
    tl_design_sort(list, count);
    return count;
}

/* Sets each cell's weight to its distance from the mean of its group; a group of one level
 * has no slope and is not used. \param position [cells] */
static void centre(const tl_keyed_row *list, size_t count, const double *position,
                   tl_combination *out)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        double sum = 0.0;
        bool differs = false;
        for (end = begin; end < count && list[end].key == list[begin].key; end++) {
            sum += position[list[end].row];
            differs |= position[list[end].row] != position[list[begin].row];
        }
        for (size_t i = begin; i < end && differs; i++) {
            const double distance = position[list[i].row] - sum / (double)(end - begin);
            out->cell[out->used++] =
                (tl_weighted_cell){.cell = list[i].row, .weight = distance};
        }
    }
}

/* How many levels, up to 3, the cells in use have. */
static int count_levels(const tl_design *d, int f, const tl_combination *cells)
{
    int seen[3], levels = 0;
    for (int i = 0; i < cells->used && levels < 3; i++) {
        const int level = d->factor[f].level[tl_design_first(d, cells->cell[i].cell)];
        int k = 0;
        while (k < levels && seen[k] != level) k++;
        if (k == levels) seen[levels++] = level;
    }
    return levels;
}

tl_status tl_trend_weigh(const tl_design *design, const tl_target *target,
                         const tl_comparison *compared, tl_arena *arena,
                         tl_combination *out, tl_err *err)
{
    const int factor = compared->factor[0];
    const tl_factor *f = &design->factor[factor];
    tl_keyed_row *list;
    tl_ranked *sorted;
    double *x, *position, squares = 0.0;
    TL_TRY(tl_combination_take((size_t)design->cells, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, design->cells, err);
    TL_ALLOC(position, arena, design->cells, err);
    TL_ALLOC(x, arena, f->levels, err);
    TL_ALLOC(sorted, arena, f->levels, err);
    const size_t count = gather(design, target, compared, list);
    place_levels(f, sorted, x);
    for (size_t i = 0; i < count; i++) {
        position[list[i].row] = x[f->level[tl_design_first(design, list[i].row)]];
    }
    centre(list, count, position, out);
    tl_combination_sort(out);
    for (int i = 0; i < out->used; i++)
        squares += out->cell[i].weight * out->cell[i].weight;
    if (count_levels(design, factor, out) < 3 || squares <= 0.0) out->used = 0;
    for (int i = 0; i < out->used; i++) {
        out->cell[i].weight /= squares;
        out->cell[i].reference = 1.0 / out->used;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}
