/*
 * Rows at the reference are sorted by the key that a pair shares; each row at the level
 * looks up its partner.
 */
#include "analysis/effect/contrast.h"

#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"
#include "analysis/table/schema.h"

#include <math.h>

static bool is_at(const tl_design *d, const tl_comparison *s, int level, uint32_t t)
{
    const bool is_in = s->fixed < 0 || d->factor[s->fixed].level[t] == s->at;
    return is_in && d->factor[s->factor].level[t] == level;
}

static const tl_keyed_row *partner(const tl_keyed_row *list, size_t count, uint64_t key)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (list[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && list[low].key == key ? &list[low] : NULL;
}

/* Pairs of rows: the value of target[0] minus that of target[1]. */
typedef struct pairs {
    const tl_target *target[2];
    uint32_t (*row)[2]; /* [count] */
    size_t count;
} pairs;

/* Per replicate the mean over its pairs, and the binomial variance of that mean. */
static tl_status average(const tl_design *design, const pairs *p, tl_arena *arena,
                         tl_differences *out, tl_err *err)
{
    const uint32_t trials = design->table->trials;
    double *size, *each, *used[2]; /* used [trials]: pairs that a measurement is in */
    TL_ALLOC(size, arena, design->replicates, err);
    TL_ALLOC(each, arena, design->replicates, err);
    TL_ALLOC(used[0], arena, trials, err);
    used[1] = used[0];
    if (p->target[1] != p->target[0]) TL_ALLOC(used[1], arena, trials, err);
    for (size_t i = 0; i < p->count; i++) {
        const int r = design->replicate[p->row[i][0]];
        const double x = p->target[0]->value[p->row[i][0]];
        const double y = p->target[1]->value[p->row[i][1]];
        out->difference[r] += x - y;
        out->reference[r] += y;
        size[r] += fabs(x) + fabs(y);
        for (int k = 0; k < 2; k++) used[k][p->target[k]->same[p->row[i][k]]] += 1.0;
        each[r] += 1.0;
    }
    for (int k = 0; k < (used[1] == used[0] ? 1 : 2); k++) {
        for (uint32_t t = 0; t < trials; t++) {
            const int r = design->replicate[t];
            if (used[k][t] <= 0.0) continue;
            const double weight = used[k][t] / each[r];
            out->variance[r] += weight * weight * tl_target_variance(p->target[k], t);
        }
    }
    for (int r = 0; r < design->replicates; r++) {
        const double c = each[r] > 0.0 ? each[r] : (double)NAN;
        out->difference[r] = tl_without_rounding(out->difference[r], size[r]) / c;
        out->reference[r] /= c;
    }
    return TL_OK;
}

tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                              const tl_comparison *slice, tl_arena *arena,
                              tl_differences *out, tl_err *err)
{
    const uint32_t trials = design->table->trials;
    pairs p = {.target = {target, target}};
    tl_keyed_row *list;
    size_t count = 0;
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, trials, err);
    TL_ALLOC(p.row, arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->reference, t) || isnan(target->value[t])) continue;
        list[count++] = (tl_keyed_row){tl_design_key(design, slice->factor, t), t};
    }
    tl_design_sort(list, count);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->level, t) || isnan(target->value[t])) continue;
        const tl_keyed_row *other =
            partner(list, count, tl_design_key(design, slice->factor, t));
        if (!other) continue;
        p.row[p.count][0] = t;
        p.row[p.count++][1] = other->row;
    }
    TL_TRY(average(design, &p, arena, out, err));
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

tl_status tl_round_measure(const tl_design *design, const tl_target *later,
                           const tl_target *first, tl_arena *arena, tl_differences *out,
                           tl_err *err)
{
    pairs p = {.target = {later, first}};
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(p.row, arena, design->table->trials, err);
    for (uint32_t t = 0; t < design->table->trials; t++) {
        if (isnan(later->value[t]) || isnan(first->value[t])) continue;
        p.row[p.count][0] = p.row[p.count][1] = t;
        p.count++;
    }
    TL_TRY(average(design, &p, arena, out, err));
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

void tl_contrast_subtract(tl_differences *a, const tl_differences *b, int replicates)
{
    for (int r = 0; r < replicates; r++) {
        const double size = fabs(a->difference[r]) + fabs(b->difference[r]);
        a->difference[r] = tl_without_rounding(a->difference[r] - b->difference[r], size);
        a->variance[r] += b->variance[r];
    }
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
    if (n == 0) {
        effect->missing = "no replicate has a pair of trials with values";
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
                                 const tl_comparison *slice)
{
    const int side[] = {slice->level, slice->reference};
    for (int i = 0; i < 2; i++) {
        uint32_t rows = 0, values = 0, unresolvable = 0;
        for (uint32_t t = 0; t < design->table->trials; t++) {
            if (!is_at(design, slice, side[i], t)) continue;
            rows++;
            values += isnan(target->value[t]) ? 0 : 1;
            unresolvable +=
                target->reason && target->reason->integer[t] == TL_REASON_UNRESOLVABLE;
        }
        if (values > 0) continue;
        if (rows == 0) return "no trial of the plan is at this level";
        if (unresolvable == rows) return "the metric has too few cases in every trial";
        return i ? "no trial at the reference has a value"
                 : "no trial at this level has a value";
    }
    return "no two trials differ in this factor alone";
}
