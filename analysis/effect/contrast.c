#include "analysis/effect/contrast.h"

#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_SIDES = 4, NO_SIDE = 255 };

bool tl_comparison_admits(const tl_design *design, const tl_comparison *compared,
                          uint32_t t)
{
    for (int i = 0; i < compared->conditions; i++) {
        const tl_factor *f = &design->factor[compared->at[i].factor];
        if (f->level[t] == compared->at[i].level) continue;
        bool is_elsewhere = false;
        for (int k = 0; k < 2 && compared->factor[k] >= 0; k++) {
            const char *name = design->factor[compared->factor[k]].column->name;
            is_elsewhere |= f->level[t] < 0 && f->within && strcmp(f->within, name) == 0;
        }
        if (!is_elsewhere) return false;
    }
    return true;
}

/* The side of a comparison that trial `t` is on: bit k is set if it is at the reference of
 * factor k. The last side is the reference of all. */
static int side_of(const tl_design *d, const tl_comparison *c, uint32_t t)
{
    int side = 0;
    if (!tl_comparison_admits(d, c, t)) return NO_SIDE;
    for (int k = 0; k < 2 && c->factor[k] >= 0; k++) {
        const int level = d->factor[c->factor[k]].level[t];
        if (level == c->reference[k])
            side |= 1 << k;
        else if (level != c->level[k])
            return NO_SIDE;
    }
    return side;
}

/* Weighs the cells list[begin, end) of one group; false if a side has none. */
static bool weigh_group(const tl_keyed_row *list, size_t begin, size_t end, int sides,
                        const unsigned char *side, tl_combination *out)
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
    unsigned char *side; /* [cells] */
    size_t count = 0;
    int groups = 0;
    TL_TRY(tl_combination_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, design->cells, err);
    TL_ALLOC(side, arena, design->cells, err);
    for (int c = 0; c < design->cells; c++) {
        const uint32_t t = design->first[c];
        side[c] = (unsigned char)side_of(design, compared, t);
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

/* Target `k` with values only where both have one and the conditions are met. */
static tl_status restricted(const tl_design *design, const tl_target *const target[2],
                            int k, const tl_comparison *compared, tl_arena *arena,
                            tl_target *out, tl_err *err)
{
    double *value;
    bool *has;
    TL_ALLOC(value, arena, design->table->trials, err);
    TL_ALLOC(has, arena, design->cells, err);
    for (uint32_t t = 0; t < design->table->trials; t++) {
        const bool is_there = !isnan(target[0]->value[t]) && !isnan(target[1]->value[t]) &&
                              tl_comparison_admits(design, compared, t);
        value[t] = is_there ? target[k]->value[t] : (double)NAN;
        has[design->cell[t]] |= is_there;
    }
    *out = *target[k];
    out->value = value;
    out->has = has;
    return TL_OK;
}

tl_status tl_round_measure(const tl_design *design, const tl_target *const target[2],
                           const tl_comparison *compared, tl_arena *arena,
                           tl_combination *cells, tl_differences *out, tl_err *err)
{
    tl_target both[2];
    tl_differences before;
    for (int k = 0; k < 2; k++)
        TL_TRY(restricted(design, target, k, compared, arena, &both[k], err));
    TL_TRY(tl_combination_take(design, arena, cells, err));
    for (int c = 0; c < design->cells; c++) {
        cells->is_used[c] = both[0].has[c];
        cells->used += both[0].has[c] ? 1 : 0;
    }
    for (int c = 0; c < design->cells; c++) {
        cells->weight[c] = cells->reference[c] = both[0].has[c] ? 1.0 / cells->used : 0.0;
    }
    TL_TRY(tl_combine(design, &both[0], cells, arena, out, err));
    TL_TRY(tl_combine(design, &both[1], cells, arena, &before, err));
    for (int r = 0; r < design->replicates; r++) {
        const double size = fabs(out->difference[r]) + fabs(before.difference[r]);
        const double sum = out->difference[r] - before.difference[r];
        out->difference[r] = tl_without_rounding(sum, size);
        out->reference[r] = before.reference[r];
        out->variance[r] += before.variance[r];
    }
    return TL_OK;
}

const char *tl_contrast_why_none(const tl_design *design, const tl_target *target,
                                 const tl_comparison *compared)
{
    for (int side = 0; side < 2; side++) {
        uint32_t rows = 0, values = 0, unresolvable = 0;
        for (uint32_t t = 0; t < design->table->trials; t++) {
            if (side_of(design, compared, t) != side) continue;
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
