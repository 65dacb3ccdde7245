#include "analysis/effect/contrast.h"

#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"
#include "analysis/table/schema.h"

#include <math.h>

enum { MOST_SIDES = 4, NO_SIDE = -1 };

/* The side of a comparison that trial `t` is on: bit k is set if it is at the reference of
 * factor k. The last side is the reference of all. */
static int side_of(const tl_design *d, const tl_comparison *c, uint32_t t)
{
    int side = 0;
    for (int k = 0; k < 2 && c->factor[k] >= 0; k++) {
        const int level = d->factor[c->factor[k]].level[t];
        if (level < 0) return NO_SIDE; /* a reference that no trial is at may be -1 */
        if (level == c->reference[k])
            side |= 1 << k;
        else if (level != c->level[k])
            return NO_SIDE;
    }
    return side;
}

/* Weighs the cells list[begin, end) of one group; false if a side has none. */
static bool weigh_group(const tl_keyed_row *list, size_t begin, size_t end, int sides,
                        const signed char *side, tl_combination *out)
{
    int count[MOST_SIDES] = {0};
    for (size_t i = begin; i < end; i++) count[side[list[i].row]]++;
    for (int s = 0; s < sides; s++) {
        if (count[s] == 0) return false;
    }
    for (size_t i = begin; i < end; i++) {
        const uint32_t cell = list[i].row;
        const int s = side[cell];
        const double share = 1.0 / count[s];
        out->weight[cell] = s == 0 || s == 3 ? share : -share;
        out->reference[cell] = s == sides - 1 ? share : 0.0;
        out->is_used[cell] = true;
        out->used++;
    }
    return true;
}

tl_status tl_contrast_weigh(const tl_design *design, const tl_target *target,
                            const tl_comparison *compared, tl_arena *arena,
                            tl_combination *out, tl_err *err)
{
    tl_keyed_row *list;
    signed char *side; /* [cells] */
    size_t count = 0;
    int groups = 0;
    TL_TRY(tl_combination_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, design->cells, err);
    TL_ALLOC(side, arena, design->cells, err);
    for (int c = 0; c < design->cells; c++) {
        const uint32_t t = design->first[c];
        side[c] = (signed char)side_of(design, compared, t);
        if (!target->has[c] || side[c] == NO_SIDE) continue;
        const uint64_t key = tl_design_key(design, compared->factor, t);
        list[count++] = (tl_keyed_row){key, (uint32_t)c};
    }
    tl_design_sort(list, count);
    const int sides = compared->factor[1] < 0 ? 2 : MOST_SIDES;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && list[end].key == list[begin].key;) end++;
        groups += weigh_group(list, begin, end, sides, side, out) ? 1 : 0;
    }
    for (int c = 0; c < design->cells && groups > 0; c++) {
        out->weight[c] /= groups;
        out->reference[c] /= groups;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

/* The target with values only where `other` has one too. */
static tl_status restricted(const tl_design *design, const tl_target *target,
                            const tl_target *other, tl_arena *arena, tl_target *out,
                            tl_err *err)
{
    double *value;
    bool *has;
    TL_ALLOC(value, arena, design->table->trials, err);
    TL_ALLOC(has, arena, design->cells, err);
    for (uint32_t t = 0; t < design->table->trials; t++) {
        value[t] = isnan(other->value[t]) ? (double)NAN : target->value[t];
        has[design->cell[t]] |= !isnan(value[t]);
    }
    *out = *target;
    out->value = value;
    out->has = has;
    return TL_OK;
}

tl_status tl_round_measure(const tl_design *design, const tl_target *later,
                           const tl_target *first, tl_arena *arena, tl_differences *out,
                           tl_err *err)
{
    tl_target both[2];
    tl_combination cells;
    tl_differences before;
    TL_TRY(restricted(design, later, first, arena, &both[0], err));
    TL_TRY(restricted(design, first, later, arena, &both[1], err));
    TL_TRY(tl_combination_take(design, arena, &cells, err));
    for (int c = 0; c < design->cells; c++) {
        cells.is_used[c] = both[0].has[c];
        cells.used += both[0].has[c] ? 1 : 0;
    }
    for (int c = 0; c < design->cells; c++) {
        cells.weight[c] = cells.reference[c] = both[0].has[c] ? 1.0 / cells.used : 0.0;
    }
    TL_TRY(tl_combine(design, &both[0], &cells, arena, out, err));
    TL_TRY(tl_combine(design, &both[1], &cells, arena, &before, err));
    for (int r = 0; r < design->replicates; r++) {
        const double size = fabs(out->difference[r]) + fabs(before.difference[r]);
        const double sum = out->difference[r] - before.difference[r];
        out->difference[r] = tl_without_rounding(sum, size);
        out->reference[r] = before.reference[r];
        out->variance[r] += before.variance[r];
    }
    return TL_OK;
}

void tl_contrast_estimate(const tl_differences *d, int replicates, tl_effect *effect)
{
    int n = 0;
    double reference = 0.0;
    for (int r = 0; r < replicates; r++) {
        if (isnan(d->difference[r])) continue;
        reference += d->reference[r];
        d->variance[n] = d->variance[r];
        d->difference[n++] = d->difference[r];
    }
    effect->replicates = n;
    effect->left_out = replicates - n;
    if (n == 0) {
        effect->missing = "no replicate has a value in every cell that it compares";
        return;
    }
    double sd;
    tl_mean_sd(d->difference, n, &effect->mean, &sd);
    effect->reference_mean = reference / n;
    if (n < 2) {
        effect->missing = "an interval needs 2 replicates";
        return;
    }
    const tl_interval interval = tl_interval_of(d->difference, d->variance, n);
    effect->interval = interval.kind;
    effect->floor_sd = interval.floor_sd;
    effect->low = interval.low;
    effect->high = interval.high;
    effect->p = tl_sign_flip_p(d->difference, n);
    effect->least_p = tl_least_p(n);
}

const char *tl_contrast_why_none(const tl_design *design, const tl_target *target,
                                 const tl_comparison *compared)
{
    const tl_comparison one = {.factor = {compared->factor[0], -1},
                               .level = {compared->level[0]},
                               .reference = {compared->reference[0]}};
    for (int side = 0; side < 2; side++) {
        uint32_t rows = 0, values = 0, unresolvable = 0;
        for (uint32_t t = 0; t < design->table->trials; t++) {
            if (side_of(design, &one, t) != side) continue;
            rows++;
            values += isnan(target->value[t]) ? 0 : 1;
            unresolvable +=
                target->reason && target->reason->integer[t] == TL_REASON_UNRESOLVABLE;
        }
        if (values > 0) continue;
        if (rows == 0) return "no trial of the plan is at this level";
        if (unresolvable == rows) return "the metric has too few cases in every trial";
        return side ? "no trial at the reference has a value"
                    : "no trial at this level has a value";
    }
    return "no two trials differ in this factor alone";
}
