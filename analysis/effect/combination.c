#include "analysis/effect/combination.h"

#include <math.h>

tl_status tl_combination_take(const tl_design *design, tl_arena *arena, tl_combination *out,
                              tl_err *err)
{
    *out = (tl_combination){0};
    TL_ALLOC(out->weight, arena, design->cells, err);
    TL_ALLOC(out->reference, arena, design->cells, err);
    TL_ALLOC(out->is_used, arena, design->cells, err);
    return TL_OK;
}

tl_status tl_combine(const tl_design *design, const tl_target *target,
                     const tl_combination *cells, tl_arena *arena, tl_differences *out,
                     tl_err *err)
{
    const uint32_t trials = design->table->trials;
    double *size, *weight; /* weight [trials] of a distinct measurement */
    int *found;            /* [replicates] cells with a value */
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(size, arena, design->replicates, err);
    TL_ALLOC(found, arena, design->replicates, err);
    TL_ALLOC(weight, arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        const int32_t cell = design->cell[t], r = design->replicate[t];
        if (!cells->is_used[cell] || isnan(target->value[t])) continue;
        const double share = cells->weight[cell] * target->value[t];
        found[r]++;
        size[r] += fabs(share);
        out->difference[r] += share;
        out->reference[r] += cells->reference[cell] * target->value[t];
        weight[target->same[t]] += cells->weight[cell];
    }
    for (uint32_t t = 0; t < trials; t++) {
        if (weight[t] == 0.0) continue;
        const double variance = tl_target_variance(target, t);
        out->variance[design->replicate[t]] += weight[t] * weight[t] * variance;
    }
    for (int r = 0; r < design->replicates; r++) {
        const bool is_complete = cells->used > 0 && found[r] == cells->used;
        const double sum = tl_without_rounding(out->difference[r], size[r]);
        out->difference[r] = is_complete ? sum : (double)NAN;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}
