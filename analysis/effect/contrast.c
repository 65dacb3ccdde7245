#include "analysis/effect/contrast.h"

#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_SIDES = 4 };

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

/* The cells of side `s`: bit k is set if it is at the reference of factor k. The last side
 * is the reference of all. */
static tl_grouped_range side_at(const tl_grouping *grouping, const tl_comparison *c, int s)
{
    int level[2] = {0, 0};
    for (int k = 0; k < 2 && c->factor[k] >= 0; k++)
        level[k] = s >> k & 1 ? c->reference[k] : c->level[k];
    return tl_grouping_at(grouping, level);
}

static int sides_of(const tl_comparison *compared)
{
    return compared->factor[1] < 0 ? 2 : MOST_SIDES;
}

/* A comparison of a target under way. */
typedef struct weighing {
    const tl_design *design;
    const tl_target *target;
    const tl_comparison *compared;
    tl_grouped_range side[MOST_SIDES]; /* what is left of each */
    int sides;
    tl_combination *out;
} weighing;

/* Whether the cell is compared. */
static bool is_in(const weighing *w, uint32_t cell)
{
    if (!w->target->has[cell]) return false;
    return w->compared->conditions == 0 ||
           tl_comparison_admits(w->design, w->compared, tl_design_first(w->design, cell));
}

/* Moves all sides to the next group that each of them has cells in; false at the end. */
static bool next_group(weighing *w)
{
    uint32_t group = 0;
    for (int s = 0, agreed = 0; agreed < w->sides; s = (s + 1) % w->sides) {
        tl_grouped_range *side = &w->side[s];
        while (side->at < side->end && side->at->group < group) side->at++;
        if (side->at == side->end) return false;
        agreed = side->at->group == group ? agreed + 1 : 1;
        group = side->at->group;
    }
    return true;
}

/* Adds the cells of the group that all sides are at; false if one side has none to compare.
 * Moves behind the group. */
static bool weigh_group(weighing *w)
{
    const uint32_t group = w->side[0].at->group;
    int count[MOST_SIDES] = {0}, least = w->out->used;
    tl_grouped_range side[MOST_SIDES];
    for (int s = 0; s < w->sides; s++) {
        side[s] = w->side[s];
        while (w->side[s].at < side[s].end && w->side[s].at->group == group)
            count[s] += is_in(w, w->side[s].at++->cell);
        side[s].end = w->side[s].at;
        if (count[s] < least || s == 0) least = count[s];
    }
    if (least == 0) return false;
    for (int s = 0; s < w->sides; s++) {
        const double share = 1.0 / count[s];
        for (; side[s].at < side[s].end; side[s].at++) {
            if (!is_in(w, side[s].at->cell)) continue;
            w->out->cell[w->out->used++] =
                (tl_weighted_cell){.cell = side[s].at->cell,
                                   .weight = s == 0 || s == 3 ? share : -share,
                                   .reference = s == w->sides - 1 ? share : 0.0};
        }
    }
    return true;
}

tl_status tl_contrast_weigh(const tl_design *design, const tl_grouping *grouping,
                            const tl_target *target, const tl_comparison *compared,
                            tl_arena *arena, tl_combination *out, tl_err *err)
{
    weighing w = {.design = design,
                  .target = target,
                  .compared = compared,
                  .sides = sides_of(compared),
                  .out = out};
    size_t most = 0;
    int groups = 0;
    for (int s = 0; s < w.sides; s++) {
        w.side[s] = side_at(grouping, compared, s);
        most += (size_t)(w.side[s].end - w.side[s].at);
    }
    TL_TRY(tl_combination_take(most, arena, out, err));
    while (next_group(&w)) groups += weigh_group(&w) ? 1 : 0;
    for (int i = 0; i < out->used; i++) {
        out->cell[i].weight /= groups;
        out->cell[i].reference /= groups;
    }
    tl_combination_sort(out);
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
    TL_TRY(tl_combination_mean(design, &both[0], arena, cells, err));
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

/* What the trials of one side have. */
typedef struct side_count {
    uint32_t rows, values, unresolvable;
} side_count;

static side_count count_side(const tl_design *design, const tl_grouping *grouping,
                             const tl_target *target, const tl_comparison *compared, int s)
{
    side_count count = {0};
    const tl_grouped_range side = side_at(grouping, compared, s);
    for (const tl_grouped_cell *one = side.at; one < side.end; one++) {
        for (uint32_t i = design->begin[one->cell]; i < design->begin[one->cell + 1]; i++) {
            const uint32_t t = design->trial[i];
            if (!tl_comparison_admits(design, compared, t)) continue;
            count.rows++;
            count.values += isnan(target->value[t]) ? 0 : 1;
            count.unresolvable +=
                target->reason && target->reason->integer[t] == TL_REASON_UNRESOLVABLE;
        }
    }
    return count;
}

const char *tl_contrast_why_none(const tl_design *design, const tl_grouping *grouping,
                                 const tl_target *target, const tl_comparison *compared)
{
    for (int side = 0; side < 2; side++) {
        const side_count count = count_side(design, grouping, target, compared, side);
        if (count.values > 0) continue;
        if (count.rows == 0) return "no trial of the plan is at this level";
        if (count.unresolvable == count.rows)
            return "the metric has too few cases in every trial";
        return side ? "no trial at the reference has a value"
                    : "no trial at this level has a value";
    }
    return "no two trials differ in this factor alone";
}
