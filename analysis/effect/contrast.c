/*
 * Rows at the reference are sorted by what a pair must share; each row at the level looks
 * its partner up.
 */
#include "analysis/effect/contrast.h"

#include "analysis/effect/interval.h"
#include "analysis/effect/statistics.h"
#include "analysis/table/schema.h"

#include <math.h>

static bool is_at(const tl_design *d, const tl_slice *s, int level, uint32_t t)
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

/* What a difference of two targets (or of one with itself) is made from. */
typedef struct pairing {
    const tl_design *design;
    const tl_target *target[2];
    double *used[2];      /* [trials] pairs that each measurement of a target is in */
    double *pairs, *size; /* [replicates] how many; the sum of the sizes of their values */
    tl_differences *out;
} pairing;

/* \param b equal to `a` where both sides are of one target */
static tl_status open_pairing(pairing *p, const tl_target *a, const tl_target *b,
                              tl_arena *arena, tl_err *err)
{
    const uint32_t trials = p->design->table->trials;
    p->target[0] = a;
    p->target[1] = b;
    TL_TAKE(p->pairs, arena, p->design->replicates, err);
    TL_TAKE(p->size, arena, p->design->replicates, err);
    TL_TAKE(p->used[0], arena, trials, err);
    p->used[1] = p->used[0];
    if (b != a) TL_TAKE(p->used[1], arena, trials, err);
    return TL_OK;
}

/* Adds the pair of row `t` of the first target and row `other` of the second. */
static void add_pair(pairing *p, uint32_t t, uint32_t other)
{
    const int r = p->design->replicate[t];
    const double x = p->target[0]->value[t], y = p->target[1]->value[other];
    p->out->difference[r] += x - y;
    p->out->reference[r] += y;
    p->size[r] += fabs(x) + fabs(y);
    p->used[0][p->target[0]->same[t]] += 1.0;
    p->used[1][p->target[1]->same[other]] += 1.0;
    p->pairs[r] += 1.0;
}

/* Adds the variance of a mean in which each measurement of a target is in used[t] pairs. */
static void add_variance(const pairing *p, int side)
{
    for (uint32_t t = 0; t < p->design->table->trials; t++) {
        const int r = p->design->replicate[t];
        if (p->used[side][t] <= 0.0) continue;
        const double weight = p->used[side][t] / p->pairs[r];
        p->out->variance[r] += weight * weight * tl_target_variance(p->target[side], t);
    }
}

static void close_pairing(const pairing *p)
{
    add_variance(p, 0);
    if (p->target[1] != p->target[0]) add_variance(p, 1);
    for (int r = 0; r < p->design->replicates; r++) {
        const double c = p->pairs[r] > 0.0 ? p->pairs[r] : (double)NAN;
        p->out->difference[r] = tl_without_rounding(p->out->difference[r], p->size[r]) / c;
        p->out->reference[r] /= c;
    }
}

tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                              const tl_slice *slice, tl_arena *arena, tl_differences *out,
                              tl_err *err)
{
    const uint32_t trials = design->table->trials;
    const double *value = target->value;
    pairing p = {.design = design, .out = out};
    tl_keyed_row *list;
    size_t count = 0;
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_TAKE(list, arena, trials, err);
    TL_TRY(open_pairing(&p, target, target, arena, err));
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->reference, t) || isnan(value[t])) continue;
        list[count++] = (tl_keyed_row){tl_design_key(design, slice->factor, t), t};
    }
    tl_design_sort(list, count);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->level, t) || isnan(value[t])) continue;
        const tl_keyed_row *other =
            partner(list, count, tl_design_key(design, slice->factor, t));
        if (other) add_pair(&p, t, other->row);
    }
    close_pairing(&p);
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

tl_status tl_lap_measure(const tl_design *design, const tl_target *later,
                         const tl_target *first, tl_arena *arena, tl_differences *out,
                         tl_err *err)
{
    pairing p = {.design = design, .out = out};
    TL_TRY(tl_differences_take(design, arena, out, err));
    const size_t mark = tl_arena_mark(arena);
    TL_TRY(open_pairing(&p, later, first, arena, err));
    for (uint32_t t = 0; t < design->table->trials; t++) {
        if (isnan(later->value[t]) || isnan(first->value[t])) continue;
        add_pair(&p, t, t);
    }
    close_pairing(&p);
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
                                 const tl_slice *slice)
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
        if (unresolvable == rows) return "metric unresolvable in every trial";
        return i ? "no trial at the reference has a value"
                 : "no trial at this level has a value";
    }
    return "no two trials differ in this factor alone";
}
