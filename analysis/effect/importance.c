/*
 * All sums are over cells: each has the sum, over the trials that have a value, of
 * distances from the mean of their replicate, and the number of these trials.
 */
#include "analysis/effect/importance.h"

#include "analysis/effect/target.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

/* A metric under way. */
typedef struct variation {
    const tl_design *design;
    const char *above;
    double *sum; /* [cells] */
    int *count;  /* [cells] */
    double total;
    int n, freedom; /* measurements, and what the total has */
    tl_arena *scratch;
} variation;

/* The sum of squares between the groups of cells that agree in some factors. */
typedef struct between {
    double squares;
    int groups;
} between;

/* Sets sums and counts of the metric's cells, and the total. */
static tl_status open_variation(const tl_design *d, const tl_column *metric,
                                tl_arena *scratch, variation *out, tl_err *err)
{
    double *mean; /* [replicates] */
    uint32_t *same;
    int *count;
    *out = (variation){.design = d,
                       .above = tl_column_attribute(metric, TL_NAME_ABOVE),
                       .scratch = scratch};
    TL_ALLOC(out->sum, scratch, d->cells, err);
    TL_ALLOC(out->count, scratch, d->cells, err);
    TL_ALLOC(mean, scratch, d->replicates, err);
    TL_ALLOC(count, scratch, d->replicates, err);
    TL_TRY(tl_target_shared(d, metric, scratch, &same, err));
    for (uint32_t t = 0; t < d->table->trials; t++) {
        if (!isfinite(metric->real[t]) || same[t] != t) continue;
        mean[d->replicate[t]] += metric->real[t];
        count[d->replicate[t]]++;
    }
    for (int r = 0; r < d->replicates; r++) {
        if (count[r] == 0) continue;
        mean[r] /= count[r];
        out->n += count[r];
        out->freedom += count[r] - 1;
    }
    double size = 0.0;
    for (uint32_t t = 0; t < d->table->trials; t++) {
        if (!isfinite(metric->real[t]) || same[t] != t) continue;
        const double apart = metric->real[t] - mean[d->replicate[t]];
        out->sum[d->cell[t]] += apart;
        out->count[d->cell[t]]++;
        out->total += apart * apart;
        size += metric->real[t] * metric->real[t];
    }
    out->total = tl_without_rounding(out->total, size);
    return TL_OK;
}

/* Sums over the cells at each pair of levels of two factors. */
typedef struct levels {
    size_t width;  /* of a row: the second factor's levels */
    size_t places; /* pairs of levels; a factor without a level counts as at one more */
    double *sum, *count; /* [places] */
} levels;

/* Sums by the levels of factors a and b, -1 for none. */
static tl_status sum_levels(const variation *v, int a, int b, levels *out, tl_err *err)
{
    const tl_factor *x = &v->design->factor[a];
    const tl_factor *y = b < 0 ? NULL : &v->design->factor[b];
    out->width = y ? (size_t)y->levels + 1 : 1;
    out->places = ((size_t)x->levels + 1) * out->width;
    TL_ALLOC(out->sum, v->scratch, out->places, err);
    TL_ALLOC(out->count, v->scratch, out->places, err);
    for (int c = 0; c < v->design->cells; c++) {
        const uint32_t t = tl_design_first(v->design, (uint32_t)c);
        const size_t column = y ? (size_t)(y->level[t] + 1) : 0;
        const size_t at = (size_t)(x->level[t] + 1) * out->width + column;
        out->sum[at] += v->sum[c];
        out->count[at] += v->count[c];
    }
    return TL_OK;
}

static tl_status find_between(const variation *v, int a, int b, between *out, tl_err *err)
{
    levels of;
    *out = (between){0};
    const size_t mark = tl_arena_mark(v->scratch);
    TL_TRY(sum_levels(v, a, b, &of, err));
    for (size_t i = 0; i < of.places; i++) {
        if (of.count[i] <= 0.0) continue;
        out->squares += of.sum[i] * of.sum[i] / of.count[i];
        out->groups++;
    }
    tl_arena_rewind(v->scratch, mark);
    return TL_OK;
}

/* Whether any two levels of a and b meet as often as their frequencies say. */
static tl_status find_crossed(const variation *v, int a, int b, bool *out, tl_err *err)
{
    levels both, of_a, of_b;
    const size_t mark = tl_arena_mark(v->scratch);
    TL_TRY(sum_levels(v, a, b, &both, err));
    TL_TRY(sum_levels(v, a, -1, &of_a, err));
    TL_TRY(sum_levels(v, b, -1, &of_b, err));
    *out = true;
    for (size_t i = 0; i < both.places; i++) {
        const double expected = of_a.count[i / both.width] * of_b.count[i % both.width];
        *out &= both.count[i] * v->n == expected;
    }
    tl_arena_rewind(v->scratch, mark);
    return TL_OK;
}

/* The list under way; it moves as it grows. */
typedef struct collector {
    tl_arena *arena;
    tl_importance *list;
    int count, room;
} collector;

static tl_status append(collector *c, tl_importance one, tl_err *err)
{
    if (c->count == c->room) {
        tl_importance *more;
        const int room = c->room ? 2 * c->room : 64;
        TL_ALLOC(more, c->arena, room, err);
        if (c->count > 0) memcpy(more, c->list, (size_t)c->count * sizeof *more);
        c->list = more;
        c->room = room;
    }
    c->list[c->count++] = one;
    return TL_OK;
}

static int index_of(const tl_design *d, const char *name)
{
    for (int f = 0; f < d->factors; f++)
        if (strcmp(d->factor[f].column->name, name) == 0) return f;
    return -1;
}

/* What each factor has of the metric. */
typedef struct main_effects {
    between *of;    /* [factors] groups 0: not above the metric, or one level */
    bool *is_alone; /* [factors] */
} main_effects;

/* Whether factor f has a part in the metric, and few enough levels. */
static bool is_counted(const variation *v, int f)
{
    const tl_factor *factor = &v->design->factor[f];
    return tl_word_listed(v->above, factor->column->name) &&
           tl_factor_has_contrasts(factor);
}

/* Sets what each factor has, beyond the choice that it is within. */
static tl_status find_mains(const variation *v, main_effects *m, tl_err *err)
{
    const tl_design *d = v->design;
    TL_ALLOC(m->of, v->scratch, d->factors, err);
    TL_ALLOC(m->is_alone, v->scratch, d->factors, err);
    for (int f = 0; f < d->factors; f++) {
        const tl_factor *factor = &d->factor[f];
        const int home = factor->within ? index_of(d, factor->within) : -1;
        between base = {.groups = 1}, *one = &m->of[f];
        if (!is_counted(v, f) || (home >= 0 && !is_counted(v, home))) continue;
        TL_TRY(find_between(v, f, home, one, err));
        if (home >= 0) TL_TRY(find_between(v, home, -1, &base, err));
        one->squares = tl_without_rounding(one->squares - base.squares, v->total);
        one->groups -= base.groups - 1;
        m->is_alone[f] = true;
        for (int k = 0; k < d->factors && m->is_alone[f]; k++) {
            if (k == f || k == home || d->factor[k].within || !is_counted(v, k)) continue;
            TL_TRY(find_crossed(v, home < 0 ? f : home, k, &m->is_alone[f], err));
        }
    }
    return TL_OK;
}

static tl_status add_pair(collector *c, const variation *v, const main_effects *m, int a,
                          int b, const char *metric, tl_err *err)
{
    const tl_factor *x = &v->design->factor[a], *y = &v->design->factor[b];
    bool is_pair = m->of[a].groups > 1 && m->of[b].groups > 1 && !x->within && !y->within &&
                   !tl_factors_zipped(x, y);
    if (is_pair) TL_TRY(find_crossed(v, a, b, &is_pair, err));
    if (!is_pair) return TL_OK;
    between both;
    TL_TRY(find_between(v, a, b, &both, err));
    const double squares = both.squares - m->of[a].squares - m->of[b].squares;
    const int freedom = both.groups - m->of[a].groups - m->of[b].groups + 1;
    const char *name =
        tl_arena_print(c->arena, err, "%s:%s", x->column->name, y->column->name);
    if (!name) return TL_E_NOMEM;
    return append(
        c,
        (tl_importance){metric, name, tl_without_rounding(squares, v->total) / v->total,
                        (double)freedom / v->freedom, m->is_alone[a] && m->is_alone[b]},
        err);
}

static tl_status add_metric(collector *c, const tl_design *d, const tl_column *metric,
                            tl_arena *scratch, tl_err *err)
{
    variation v;
    main_effects m;
    TL_TRY(open_variation(d, metric, scratch, &v, err));
    if (v.total <= 0.0) return TL_OK;
    TL_TRY(find_mains(&v, &m, err));
    for (int f = 0; f < d->factors; f++) {
        if (m.of[f].groups < 2) continue;
        const double share = m.of[f].squares / v.total;
        const double chance = (double)(m.of[f].groups - 1) / v.freedom;
        TL_TRY(append(c,
                      (tl_importance){metric->name, d->factor[f].column->name, share,
                                      chance, m.is_alone[f]},
                      err));
    }
    for (int a = 0; a < d->factors; a++)
        for (int b = a + 1; b < d->factors; b++)
            TL_TRY(add_pair(c, &v, &m, a, b, metric->name, err));
    return TL_OK;
}

static tl_status estimate(collector *c, const tl_table *table, tl_arena *scratch,
                          tl_err *err)
{
    tl_design design;
    TL_TRY(tl_design_open(table, scratch, &design, err));
    for (int i = 0; i < table->columns; i++) {
        const tl_column *metric = &table->column[i];
        if (metric->type != TL_COLUMN_REAL || !tl_column_attribute(metric, TL_NAME_BETTER))
            continue;
        const size_t mark = tl_arena_mark(scratch);
        TL_TRY(add_metric(c, &design, metric, scratch, err));
        tl_arena_rewind(scratch, mark);
    }
    return TL_OK;
}

tl_status tl_importance_estimate(const tl_table *table, tl_arena *arena,
                                 tl_importance **list, int *count, tl_err *err)
{
    collector c = {.arena = arena};
    tl_arena scratch = tl_arena_open(0);
    const tl_status status = estimate(&c, table, &scratch, err);
    tl_arena_close(&scratch);
    *list = c.list;
    *count = c.count;
    return status;
}

tl_status tl_importance_table(const tl_importance *list, int count, tl_arena *arena,
                              tl_table **out, tl_err *err)
{
    const char **metric, **factor;
    double *share, *chance;
    int32_t *alone;
    tl_table *table;
    TL_TRY(tl_table_new(arena, (uint32_t)count, 5, &table, err));
    TL_ALLOC(metric, arena, count, err);
    TL_ALLOC(factor, arena, count, err);
    TL_ALLOC(share, arena, count, err);
    TL_ALLOC(chance, arena, count, err);
    TL_ALLOC(alone, arena, count, err);
    for (int i = 0; i < count; i++) {
        metric[i] = list[i].metric;
        factor[i] = list[i].factor;
        share[i] = list[i].share;
        chance[i] = list[i].chance;
        alone[i] = list[i].is_alone;
    }
    tl_table_add(table, "metric", TL_COLUMN_TEXT, NULL, "what was measured")->text = metric;
    tl_table_add(table, "factor", TL_COLUMN_TEXT, NULL,
                 "what was varied; two for an interaction, as a:b")
        ->text = factor;
    tl_table_add(table, "share", TL_COLUMN_REAL, "1",
                 "of the sum of squares within replicates")
        ->real = share;
    tl_table_add(table, "chance", TL_COLUMN_REAL, "1",
                 "the share expected of a factor without effect")
        ->real = chance;
    tl_column *column =
        tl_table_add(table, "adds_up", TL_COLUMN_FLAG, NULL,
                     "whether the levels of all factors are met equally often");
    column->integer = alone;
    column->flag_meanings = "no yes";
    table->dimension = "importance";
    *out = table;
    return TL_OK;
}
