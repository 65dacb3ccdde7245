/*
 * Rows at the reference are sorted by what a pair must share; each row at the level looks
 * its partner up.
 */
#include "analysis/effect/contrast.h"

#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"

#include <math.h>

enum { UNRESOLVABLE = 1 }; /* flag of <metric>_reason */

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

/* Adds the variance of a mean in which measurement t of `target` stands used[t] times. */
static void add_variance(const tl_design *design, const tl_target *target,
                         const double *used, const double *pairs, double *variance)
{
    for (uint32_t t = 0; t < design->table->trials; t++) {
        const int r = design->replicate[t];
        if (used[t] <= 0.0) continue;
        const double weight = used[t] / pairs[r];
        variance[r] += weight * weight * tl_target_variance(target, t);
    }
}

tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                              const tl_comparison *slice, tl_arena *arena,
                              tl_differences *out, tl_err *err)
{
    const uint32_t trials = design->table->trials;
    const double *value = target->value;
    tl_keyed_row *list;
    double *pairs, *size, *used; /* used [trials]: how often a measurement is in a pair */
    size_t count = 0;
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_TAKE(list, arena, trials, err);
    TL_TAKE(used, arena, trials, err);
    TL_TAKE(pairs, arena, design->replicates, err);
    TL_TAKE(size, arena, design->replicates, err);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->reference, t) || isnan(value[t])) continue;
        list[count++] = (tl_keyed_row){tl_design_key(design, slice->factor, t), t};
    }
    tl_design_sort(list, count);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->level, t) || isnan(value[t])) continue;
        const tl_keyed_row *other =
            partner(list, count, tl_design_key(design, slice->factor, t));
        if (!other) continue;
        const int r = design->replicate[t];
        out->difference[r] += value[t] - value[other->row];
        out->reference[r] += value[other->row];
        size[r] += fabs(value[t]) + fabs(value[other->row]);
        used[target->same[t]] += 1.0;
        used[target->same[other->row]] += 1.0;
        pairs[r] += 1.0;
    }
    add_variance(design, target, used, pairs, out->variance);
    for (int r = 0; r < design->replicates; r++) {
        const double c = pairs[r] > 0.0 ? pairs[r] : (double)NAN;
        out->difference[r] = tl_without_rounding(out->difference[r], size[r]) / c;
        out->reference[r] /= c;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

tl_status tl_lap_measure(const tl_design *design, const tl_target *later,
                         const tl_target *first, tl_arena *arena, tl_differences *out,
                         tl_err *err)
{
    const uint32_t trials = design->table->trials;
    double *pairs, *size, *used[2];
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_TAKE(pairs, arena, design->replicates, err);
    TL_TAKE(size, arena, design->replicates, err);
    for (int i = 0; i < 2; i++) TL_TAKE(used[i], arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        const int r = design->replicate[t];
        if (isnan(later->value[t]) || isnan(first->value[t])) continue;
        out->difference[r] += later->value[t] - first->value[t];
        out->reference[r] += first->value[t];
        size[r] += fabs(later->value[t]) + fabs(first->value[t]);
        used[0][later->same[t]] += 1.0;
        used[1][first->same[t]] += 1.0;
        pairs[r] += 1.0;
    }
    add_variance(design, later, used[0], pairs, out->variance);
    add_variance(design, first, used[1], pairs, out->variance);
    for (int r = 0; r < design->replicates; r++) {
        const double c = pairs[r] > 0.0 ? pairs[r] : (double)NAN;
        out->difference[r] = tl_without_rounding(out->difference[r], size[r]) / c;
        out->reference[r] /= c;
    }
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
    effect->low = effect->high = effect->p = effect->least_p = (double)NAN;
    effect->mean = effect->reference_mean = (double)NAN;
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
            unresolvable += target->reason && target->reason->integer[t] == UNRESOLVABLE;
        }
        if (values > 0) continue;
        if (rows == 0) return "no trial of the plan is at this level";
        if (unresolvable == rows) return "metric unresolvable in every trial";
        return i ? "no trial at the reference has a value"
                 : "no trial at this level has a value";
    }
    return "no two trials differ in this factor alone";
}
