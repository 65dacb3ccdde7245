#include "analysis/effect/design.h"

#include "analysis/table/schema.h"
#include "compute/core/hash.h"
#include "compute/core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FACTORS = 64 };

static int by_key(const void *a, const void *b)
{
    const tl_keyed_row *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

void tl_design_sort(tl_keyed_row *list, size_t count)
{
    qsort(list, count, sizeof *list, by_key);
}

/* --- levels and replicates --------------------------------------------------------------
 */

/* Numbers the distinct keys of `list` from 0 in the order of their first rows; other rows
 * get -1. \param number [rows] result \return how many keys there are */
static int number_keys(tl_keyed_row *list, size_t count, uint32_t rows, int32_t *number)
{
    for (uint32_t t = 0; t < rows; t++) number[t] = -1;
    tl_design_sort(list, count);
    uint32_t first = 0;
    for (size_t i = 0; i < count; i++) { /* here first: the first row of the same key */
        if (i == 0 || list[i].key != list[i - 1].key) first = list[i].row;
        number[list[i].row] = (int32_t)first;
    }
    int keys = 0;
    for (uint32_t t = 0; t < rows; t++) {
        if (number[t] < 0) continue;
        number[t] = (uint32_t)number[t] == t ? keys++ : number[number[t]];
    }
    return keys;
}

/* A key of row t's level, equal for equal levels; false if it has none. */
static bool level_key(const tl_column *column, uint32_t t, uint64_t *key)
{
    if (column->type == TL_COLUMN_TEXT) {
        const char *text = column->text[t];
        const tl_key whole = tl_key_of(text, strlen(text));
        memcpy(key, whole.byte, sizeof *key);
        return *text != '\0';
    }
    if (column->type == TL_COLUMN_REAL) {
        memcpy(key, &column->real[t], sizeof *key);
        return !isnan(column->real[t]);
    }
    *key = (uint64_t)(uint32_t)column->integer[t];
    return true;
}

static const char *level_text(const tl_column *column, uint32_t t, tl_arena *arena,
                              tl_err *err)
{
    char number[32];
    if (column->type == TL_COLUMN_TEXT) return column->text[t];
    if (column->type == TL_COLUMN_REAL)
        return tl_arena_text(arena, tl_text_shortest(column->real[t], number), err);
    return tl_arena_print(arena, err, "%d", (int)column->integer[t]);
}

/* Sets name and value of each level from its first row. */
static tl_status name_levels(tl_factor *f, uint32_t rows, tl_arena *arena, tl_err *err)
{
    int named = 0;
    for (uint32_t t = 0; t < rows && named < f->levels; t++) {
        const int l = f->level[t];
        if (l < named) continue;
        f->name[l] = level_text(f->column, t, arena, err);
        if (!f->name[l]) return TL_E_NOMEM;
        if (f->is_numeric) f->value[l] = f->column->real[t];
        named = l + 1;
    }
    return TL_OK;
}

/* Makes `reference` the first level, adding it if no row is at it. */
static void put_reference_first(tl_factor *f, const char *reference, uint32_t rows)
{
    int at = 0;
    while (at < f->levels && strcmp(f->name[at], reference) != 0) at++;
    for (uint32_t t = 0; t < rows; t++) {
        if (f->level[t] < 0 || f->level[t] > at) continue;
        f->level[t] = f->level[t] == at ? 0 : f->level[t] + 1;
    }
    const double value = at < f->levels ? f->value[at] : (double)NAN;
    memmove(f->name + 1, f->name, (size_t)at * sizeof *f->name);
    memmove(f->value + 1, f->value, (size_t)at * sizeof *f->value);
    f->name[0] = reference;
    f->value[0] = value;
    if (at == f->levels) f->levels++;
}

static tl_status add_factor(tl_design *d, const tl_column *column, tl_arena *arena,
                            tl_err *err)
{
    TL_CHECK(d->factors < MOST_FACTORS, err, TL_E_FORMAT, "more than %d factors",
             MOST_FACTORS);
    const uint32_t trials = d->table->trials;
    tl_factor *f = &d->factor[d->factors++];
    f->column = column;
    f->within = tl_column_attribute(column, TL_NAME_WITHIN);
    f->zip = tl_column_attribute(column, TL_NAME_ZIP);
    f->is_numeric =
        column->type == TL_COLUMN_REAL && tl_column_says(column, TL_NAME_FACTOR, TL_AXIS);
    TL_ALLOC(f->level, arena, trials, err);
    tl_keyed_row *list;
    size_t count = 0;
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        if (level_key(column, t, &list[count].key)) list[count++].row = t;
    }
    f->levels = number_keys(list, count, trials, f->level);
    tl_arena_rewind(arena, mark);
    TL_ALLOC(f->name, arena, f->levels + 1, err);
    TL_ALLOC(f->value, arena, f->levels + 1, err);
    TL_TRY(name_levels(f, trials, arena, err));
    const char *reference = tl_column_attribute(column, TL_NAME_REFERENCE);
    if (reference) put_reference_first(f, reference, trials);
    return TL_OK;
}

bool tl_factor_has_contrasts(const tl_factor *factor)
{
    return factor->levels <= TL_MOST_LEVELS;
}

/* Numbers the replicates of `table` from 0 in order of appearance. */
static tl_status number_replicates(const tl_table *table, tl_arena *arena, int32_t **of,
                                   int *count, tl_err *err)
{
    const tl_column *column = tl_table_find(table, TL_NAME_REPLICATE);
    TL_CHECK(column && column->type == TL_COLUMN_INT, err, TL_E_FORMAT,
             "the table has no column '" TL_NAME_REPLICATE "'");
    TL_ALLOC(*of, arena, table->trials, err);
    tl_keyed_row *list;
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, table->trials, err);
    for (uint32_t t = 0; t < table->trials; t++) {
        list[t] = (tl_keyed_row){(uint64_t)(uint32_t)column->integer[t], t};
    }
    *count = number_keys(list, table->trials, table->trials, *of);
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

double tl_without_rounding(double sum, double scale)
{
    return isfinite(scale) && fabs(sum) <= 1e-12 * scale ? 0.0 : sum;
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

/* The choice that a factor belongs to: the one it is within, or itself. */
static const char *home(const tl_factor *factor)
{
    return factor->within ? factor->within : factor->column->name;
}

bool tl_factors_zipped(const tl_factor *a, const tl_factor *b)
{
    if (!a->zip || !b->zip || strcmp(a->zip, b->zip) != 0) return false;
    return strcmp(home(a), home(b)) != 0;
}

/* Whether a comparison of factor `own` moves factor f too. */
static bool moves(const tl_design *design, int own, int f)
{
    const char *within = design->factor[f].within;
    if (own < 0) return false;
    if (f == own || (within && strcmp(within, design->factor[own].column->name) == 0))
        return true;
    return tl_factors_zipped(&design->factor[own], &design->factor[f]);
}

uint64_t tl_design_key(const tl_design *design, const int own[2], uint32_t t)
{
    uint64_t key = mixed(0, 0);
    for (int f = 0; f < design->factors; f++) {
        if (moves(design, own[0], f) || moves(design, own[1], f)) continue;
        key = mixed(key, design->factor[f].level[t]);
    }
    return key;
}

/* Numbers the cells. Trials of one replicate at equal levels, which a sampled sweep can
 * have, are told apart by their order. */
static tl_status number_cells(tl_design *d, tl_arena *arena, tl_err *err)
{
    static const int none[2] = {-1, -1};
    const uint32_t trials = d->table->trials;
    tl_keyed_row *list;
    uint64_t *levels;
    TL_ALLOC(d->cell, arena, trials, err);
    TL_ALLOC(d->first, arena, trials, err);
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, trials, err);
    TL_ALLOC(levels, arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        levels[t] = tl_design_key(d, none, t);
        list[t] = (tl_keyed_row){mixed(levels[t], d->replicate[t]), t};
    }
    tl_design_sort(list, trials);
    int32_t before = 0; /* trials of the same replicate at the same levels */
    for (uint32_t i = 0; i < trials; i++) {
        before = i > 0 && list[i].key == list[i - 1].key ? before + 1 : 0;
        levels[list[i].row] = mixed(levels[list[i].row], before);
    }
    for (uint32_t t = 0; t < trials; t++) list[t] = (tl_keyed_row){levels[t], t};
    d->cells = number_keys(list, trials, trials, d->cell);
    tl_arena_rewind(arena, mark);
    for (uint32_t t = trials; t > 0; t--) d->first[d->cell[t - 1]] = t - 1;
    return TL_OK;
}

tl_status tl_design_open(const tl_table *table, tl_arena *arena, tl_design *out,
                         tl_err *err)
{
    *out = (tl_design){.table = table};
    TL_ALLOC(out->factor, arena, MOST_FACTORS, err);
    TL_TRY(number_replicates(table, arena, &out->replicate, &out->replicates, err));
    for (int i = 0; i < table->columns; i++) {
        const tl_column *column = &table->column[i];
        if (!tl_column_attribute(column, TL_NAME_FACTOR)) continue;
        TL_TRY(add_factor(out, column, arena, err));
    }
    return number_cells(out, arena, err);
}

tl_status tl_differences_take(const tl_design *design, tl_arena *arena, tl_differences *out,
                              tl_err *err)
{
    TL_ALLOC(out->difference, arena, design->replicates, err);
    TL_ALLOC(out->reference, arena, design->replicates, err);
    TL_ALLOC(out->variance, arena, design->replicates, err);
    return TL_OK;
}

/* --- metrics ------------------------------------------------------------------------- */

static tl_status group_shared(const tl_design *d, tl_arena *arena, tl_target *target,
                              tl_err *err)
{
    const uint32_t trials = d->table->trials;
    tl_keyed_row *row;
    TL_ALLOC(target->same, arena, trials, err);
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(row, arena, trials, err);
    uint32_t rows = 0;
    for (uint32_t t = 0; t < trials; t++) {
        if (isnan(target->value[t])) continue;
        uint64_t key = mixed(1, d->replicate[t]);
        for (int f = 0; f < d->factors; f++) {
            if (!tl_word_listed(target->above, d->factor[f].column->name)) continue;
            key = mixed(key, d->factor[f].level[t]);
        }
        row[rows++] = (tl_keyed_row){key, t};
    }
    tl_design_sort(row, rows);
    for (uint32_t i = 0; i < rows; i++) {
        const bool is_new = i == 0 || row[i].key != row[i - 1].key;
        target->same[row[i].row] = is_new ? row[i].row : target->same[row[i - 1].row];
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

/* The column METRICsuffix, or NULL if there is none of that type. */
static const tl_column *beside(const tl_design *design, const tl_column *metric,
                               const char *suffix, tl_column_type type)
{
    char name[192];
    (void)snprintf(name, sizeof name, "%s%s", metric->name, suffix);
    const tl_column *column = tl_table_find(design->table, name);
    return column && column->type == type ? column : NULL;
}

tl_status tl_target_open(const tl_design *design, const tl_column *metric, tl_arena *arena,
                         tl_target *out, tl_err *err)
{
    *out = (tl_target){.metric = metric,
                       .value = metric->real,
                       .above = tl_column_attribute(metric, TL_NAME_ABOVE)};
    out->n = beside(design, metric, TL_SUFFIX_N, TL_COLUMN_REAL);
    out->reason = beside(design, metric, TL_SUFFIX_REASON, TL_COLUMN_FLAG);
    bool *has;
    TL_ALLOC(has, arena, design->cells, err);
    for (uint32_t t = 0; t < design->table->trials; t++)
        has[design->cell[t]] |= !isnan(metric->real[t]);
    out->has = has;
    return group_shared(design, arena, out, err);
}

/* Row t's hits and other cases, half a case added to each; false if it is not a rate. */
static bool cases(const tl_target *target, uint32_t t, double *hits, double *others)
{
    if (!target->n || !(target->n->real[t] > 0.0)) return false;
    const double n = target->n->real[t];
    *hits = n * target->metric->real[t] + 0.5;
    *others = n - n * target->metric->real[t] + 0.5;
    return *hits > 0.0 && *others > 0.0;
}

tl_status tl_target_logit(const tl_design *design, const tl_target *target, tl_arena *arena,
                          tl_target *out, tl_err *err)
{
    double *value;
    TL_ALLOC(value, arena, design->table->trials, err);
    for (uint32_t t = 0; t < design->table->trials; t++) {
        double hits = target->value[t], others = 1.0 - hits;
        if (!isnan(hits)) (void)cases(target, t, &hits, &others);
        value[t] = log(hits / others);
    }
    *out = *target;
    out->value = value;
    out->is_logit = true;
    return TL_OK;
}

double tl_target_variance(const tl_target *target, uint32_t t)
{
    double hits, others;
    if (!cases(target, t, &hits, &others)) return 0.0;
    const double n = target->n->real[t], d = 1.0 / fmax(n, 2.0);
    const double half = 0.5 * d * (1.0 - d) / n;
    if (!target->is_logit) return half;
    const double slope = (n + 1.0) * (n + 1.0) / (hits * others); /* of the log odds */
    return half * slope * slope;
}
