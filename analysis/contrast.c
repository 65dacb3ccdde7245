/*
 * Rows at the reference are sorted by what a pair must share; each row at the level looks
 * its partner up.
 */
#include "analysis/contrast.h"

#include "analysis/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNRESOLVABLE = 1 }; /* flag of <metric>_reason */
static const double CONFIDENCE = 0.95;

typedef struct match {
    uint64_t key;
    uint32_t row;
} match;

static int by_key(const void *a, const void *b)
{
    const match *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

bool tl_word_listed(const char *list, const char *word)
{
    const size_t length = strlen(word);
    if (length == 0) return false;
    for (const char *at = list; at && (at = strstr(at, word)) != NULL; at += length) {
        const bool begins = at == list || at[-1] == ' ';
        if (begins && (at[length] == ' ' || at[length] == '\0')) return true;
    }
    return false;
}

/* The mixing step of splitmix64. Source: Steele, Lea, Flood 2014. */
static uint64_t mixed(uint64_t key, int32_t word)
{
    key += UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)(uint32_t)word;
    key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
    return key ^ key >> 31;
}

/* What two rows must share to be a pair. */
static uint64_t pair_key(const tl_design *d, int own, uint32_t t)
{
    uint64_t key = mixed(0, d->replicate[t]);
    const char *name = d->factor[own].column->name;
    for (int f = 0; f < d->factors; f++) {
        const char *within = d->factor[f].within;
        if (f == own || (within && strcmp(within, name) == 0)) continue;
        key = mixed(key, d->factor[f].level[t]);
    }
    return key;
}

static tl_status group_shared(const tl_design *d, tl_arena *arena, tl_target *target,
                              tl_err *err)
{
    const uint32_t trials = d->table->trials;
    match *row;
    TL_TAKE(target->same, arena, trials, err);
    const size_t mark = tl_arena_mark(arena);
    TL_TAKE(row, arena, trials, err);
    uint32_t rows = 0;
    for (uint32_t t = 0; t < trials; t++) {
        if (isnan(target->metric->real[t])) continue;
        uint64_t key = mixed(1, d->replicate[t]);
        for (int f = 0; f < d->factors; f++) {
            if (!tl_word_listed(target->above, d->factor[f].column->name)) continue;
            key = mixed(key, d->factor[f].level[t]);
        }
        row[rows++] = (match){key, t};
    }
    qsort(row, rows, sizeof *row, by_key);
    for (uint32_t i = 0; i < rows; i++) {
        const bool is_new = i == 0 || row[i].key != row[i - 1].key;
        target->same[row[i].row] = is_new ? row[i].row : target->same[row[i - 1].row];
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

tl_status tl_target_open(const tl_design *design, const tl_column *metric, tl_arena *arena,
                         tl_target *out, tl_err *err)
{
    char name[192];
    *out = (tl_target){.metric = metric,
                       .above = tl_column_attribute(metric, "downstream_of")};
    (void)snprintf(name, sizeof name, "%s_n", metric->name);
    out->n = tl_table_find(design->table, name);
    if (out->n && out->n->type != TL_COLUMN_REAL) out->n = NULL;
    (void)snprintf(name, sizeof name, "%s_reason", metric->name);
    out->reason = tl_table_find(design->table, name);
    if (out->reason && out->reason->type != TL_COLUMN_FLAG) out->reason = NULL;
    return group_shared(design, arena, out, err);
}

static bool is_at(const tl_design *d, const tl_slice *s, int level, uint32_t t)
{
    const bool is_in = s->fixed < 0 || d->factor[s->fixed].level[t] == s->at;
    return is_in && d->factor[s->factor].level[t] == level;
}

static double binomial(const tl_target *target, uint32_t t)
{
    if (!target->n || !(target->n->real[t] > 0.0)) return 0.0;
    const double n = target->n->real[t];
    const double p = (n * target->metric->real[t] + 1.0) / (n + 2.0);
    return p > 0.0 && p < 1.0 ? p * (1.0 - p) / n : 0.0;
}

static const match *partner(const match *list, size_t count, uint64_t key)
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

tl_status tl_contrast_measure(const tl_design *design, const tl_target *target,
                              const tl_slice *slice, tl_arena *arena, tl_differences *out,
                              tl_err *err)
{
    const uint32_t trials = design->table->trials;
    const double *value = target->metric->real;
    match *list;
    double *pairs, *used; /* used [trials]: how often a measurement stands in a pair */
    size_t count = 0;
    TL_TAKE(out->difference, arena, design->replicates, err);
    TL_TAKE(out->reference, arena, design->replicates, err);
    TL_TAKE(out->variance, arena, design->replicates, err);
    const size_t mark = tl_arena_mark(arena);
    TL_TAKE(list, arena, trials, err);
    TL_TAKE(used, arena, trials, err);
    TL_TAKE(pairs, arena, design->replicates, err);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->reference, t) || isnan(value[t])) continue;
        list[count++] = (match){pair_key(design, slice->factor, t), t};
    }
    qsort(list, count, sizeof *list, by_key);
    for (uint32_t t = 0; t < trials; t++) {
        if (!is_at(design, slice, slice->level, t) || isnan(value[t])) continue;
        const match *other = partner(list, count, pair_key(design, slice->factor, t));
        if (!other) continue;
        const int r = design->replicate[t];
        out->difference[r] += value[t] - value[other->row];
        out->reference[r] += value[other->row];
        used[target->same[t]] += 1.0;
        used[target->same[other->row]] += 1.0;
        pairs[r] += 1.0;
    }
    for (uint32_t t = 0; t < trials; t++) {
        const int r = design->replicate[t];
        if (used[t] <= 0.0) continue;
        const double weight = used[t] / pairs[r];
        out->variance[r] += weight * weight * binomial(target, t);
    }
    for (int r = 0; r < design->replicates; r++) {
        const double c = pairs[r] > 0.0 ? pairs[r] : (double)NAN;
        out->difference[r] /= c;
        out->reference[r] /= c;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

void tl_contrast_subtract(tl_differences *a, const tl_differences *b, int replicates)
{
    for (int r = 0; r < replicates; r++) {
        a->difference[r] -= b->difference[r];
        a->variance[r] += b->variance[r];
    }
}

void tl_contrast_estimate(const tl_differences *d, int replicates, tl_effect *effect)
{
    int n = 0;
    double variance = 0.0, reference = 0.0, sd;
    for (int r = 0; r < replicates; r++) {
        if (isnan(d->difference[r])) continue;
        variance += d->variance[r];
        reference += d->reference[r];
        d->difference[n++] = d->difference[r];
    }
    effect->replicates = n;
    effect->low = effect->high = effect->p = effect->least_p = (double)NAN;
    effect->mean = effect->reference_mean = (double)NAN;
    if (n == 0) {
        effect->missing = "no replicate has a pair of trials with values";
        return;
    }
    tl_mean_sd(d->difference, n, &effect->mean, &sd);
    effect->reference_mean = reference / n;
    if (n < 2) {
        effect->missing = "an interval needs 2 replicates";
        return;
    }
    const double floor_sd = sqrt(variance / n);
    if (floor_sd > sd) effect->floor_sd = sd = floor_sd;
    const double half = tl_t_quantile(0.5 + 0.5 * CONFIDENCE, n - 1) * sd / sqrt(n);
    effect->low = effect->mean - half;
    effect->high = effect->mean + half;
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
            values += isnan(target->metric->real[t]) ? 0 : 1;
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
