#include "analysis/effect/combination.h"

#include <math.h>
#include <stdlib.h>

tl_status tl_combination_take(size_t most, tl_arena *arena, tl_combination *out,
                              tl_err *err)
{
    *out = (tl_combination){0};
    TL_ALLOC(out->cell, arena, most, err);
    return TL_OK;
}

static int by_cell(const void *a, const void *b)
{
    const tl_weighted_cell *x = a, *y = b;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

void tl_combination_sort(tl_combination *cells)
{
    qsort(cells->cell, (size_t)cells->used, sizeof *cells->cell, by_cell);
}

tl_status tl_combination_mean(const tl_design *design, const tl_target *target,
                              tl_arena *arena, tl_combination *out, tl_err *err)
{
    TL_TRY(tl_combination_take((size_t)design->cells, arena, out, err));
    for (int c = 0; c < design->cells; c++) {
        if (target->has[c]) out->cell[out->used++].cell = (uint32_t)c;
    }
    for (int i = 0; i < out->used; i++)
        out->cell[i].weight = out->cell[i].reference = 1.0 / out->used;
    return TL_OK;
}

/* Adds the values of one cell, and the variance of measurements that are each of one trial;
 * of others, notes their weights. */
static void add_cell(const tl_design *design, const tl_target *target,
                     const tl_weighted_cell *one, int *found, double *size,
                     tl_differences *out)
{
    for (uint32_t i = design->begin[one->cell]; i < design->begin[one->cell + 1]; i++) {
        const uint32_t t = design->trial[i];
        const int32_t r = design->replicate[t];
        if (isnan(target->value[t])) continue;
        const double share = one->weight * target->value[t];
        found[r]++;
        size[r] += fabs(share);
        out->difference[r] += share;
        out->reference[r] += one->reference * target->value[t];
        if (target->same)
            target->share[target->same[t]] += one->weight;
        else if (target->variance)
            out->variance[r] += one->weight * one->weight * target->variance[t];
    }
}

/* Adds the variance of each measurement noted in one cell, once. */
static void add_variance(const tl_design *design, const tl_target *target, uint32_t cell,
                         tl_differences *out)
{
    for (uint32_t i = design->begin[cell]; i < design->begin[cell + 1]; i++) {
        const uint32_t t = design->trial[i];
        if (isnan(target->value[t])) continue;
        double *weight = &target->share[target->same[t]];
        if (*weight == 0.0) continue;
        out->variance[design->replicate[t]] += *weight * *weight * target->variance[t];
        *weight = 0.0;
    }
}

tl_status tl_combine(const tl_design *design, const tl_target *target,
                     const tl_combination *cells, tl_arena *arena, tl_differences *out,
                     tl_err *err)
{
    double *size;
    int *found; /* [replicates] cells with a value */
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(size, arena, design->replicates, err);
    TL_ALLOC(found, arena, design->replicates, err);
    for (int i = 0; i < cells->used; i++)
        add_cell(design, target, &cells->cell[i], found, size, out);
    for (int i = 0; i < cells->used && target->same; i++)
        add_variance(design, target, cells->cell[i].cell, out);
    for (int r = 0; r < design->replicates; r++) {
        const bool is_complete = cells->used > 0 && found[r] == cells->used;
        const double sum = tl_without_rounding(out->difference[r], size[r]);
        out->difference[r] = is_complete ? sum : (double)NAN;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}
