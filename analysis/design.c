#include "analysis/design.h"

#include "compute/core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FACTORS = 64, MOST_REPLICATES = 4096 };

static const char *level_text(const tl_column *column, uint32_t t, tl_arena *arena,
                              tl_err *err)
{
    char number[32];
    if (column->type == TL_COLUMN_TEXT) return column->text[t];
    if (column->type == TL_COLUMN_REAL) {
        if (isnan(column->real[t])) return "";
        return tl_arena_text(arena, tl_text_shortest(column->real[t], number), err);
    }
    return tl_arena_print(arena, err, "%d", (int)column->integer[t]);
}

static tl_status add_factor(tl_design *d, const tl_column *column, tl_arena *arena,
                            tl_err *err)
{
    TL_CHECK(d->factors < MOST_FACTORS, err, TL_E_FORMAT, "more than %d factors",
             MOST_FACTORS);
    tl_factor *f = &d->factor[d->factors++];
    f->column = column;
    f->within = tl_column_attribute(column, "within");
    f->zip = tl_column_attribute(column, "zip");
    f->is_numeric = column->type == TL_COLUMN_REAL &&
                    strcmp(tl_column_attribute(column, "factor"), "axis") == 0;
    TL_TAKE(f->level, arena, d->table->trials, err);
    const char *reference = tl_column_attribute(column, "reference");
    if (reference) f->name[f->levels++] = reference;
    for (uint32_t t = 0; t < d->table->trials; t++) {
        const char *text = level_text(column, t, arena, err);
        if (!text) return TL_E_SPACE;
        f->level[t] = -1;
        if (!*text) continue;
        int l = 0;
        while (l < f->levels && strcmp(f->name[l], text) != 0) l++;
        TL_CHECK(l < TL_MOST_LEVELS, err, TL_E_FORMAT, "factor %s has more than %d levels",
                 column->name, TL_MOST_LEVELS);
        if (l == f->levels) {
            if (f->is_numeric) f->value[l] = column->real[t];
            f->name[f->levels++] = text;
        }
        f->level[t] = l;
    }
    return TL_OK;
}

static tl_status read_replicates(tl_design *d, tl_arena *arena, tl_err *err)
{
    const tl_column *column = tl_table_find(d->table, "replicate");
    int32_t *number;
    TL_CHECK(column && column->type == TL_COLUMN_INT, err, TL_E_FORMAT,
             "the table has no column 'replicate'");
    TL_TAKE(d->replicate, arena, d->table->trials, err);
    TL_TAKE(number, arena, MOST_REPLICATES, err);
    for (uint32_t t = 0; t < d->table->trials; t++) {
        int r = 0;
        while (r < d->replicates && number[r] != column->integer[t]) r++;
        TL_CHECK(r < MOST_REPLICATES, err, TL_E_FORMAT, "more than %d replicates",
                 MOST_REPLICATES);
        if (r == d->replicates) number[d->replicates++] = column->integer[t];
        d->replicate[t] = r;
    }
    return TL_OK;
}

tl_status tl_design_open(const tl_table *table, tl_arena *arena, tl_design *out,
                         tl_err *err)
{
    *out = (tl_design){.table = table};
    TL_TAKE(out->factor, arena, MOST_FACTORS, err);
    TL_TRY(read_replicates(out, arena, err));
    for (int i = 0; i < table->columns; i++) {
        const tl_column *column = &table->column[i];
        if (!tl_column_attribute(column, "factor")) continue;
        TL_TRY(add_factor(out, column, arena, err));
    }
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

/* The choice that a factor belongs to: the one it is within, else itself. */
static const char *home(const tl_factor *factor)
{
    return factor->within ? factor->within : factor->column->name;
}

bool tl_factors_zipped(const tl_factor *a, const tl_factor *b)
{
    if (!a->zip || !b->zip || strcmp(a->zip, b->zip) != 0) return false;
    return strcmp(home(a), home(b)) != 0;
}

uint64_t tl_design_key(const tl_design *design, int own, uint32_t t)
{
    uint64_t key = mixed(0, design->replicate[t]);
    const char *name = design->factor[own].column->name;
    for (int f = 0; f < design->factors; f++) {
        const char *within = design->factor[f].within;
        if (f == own || (within && strcmp(within, name) == 0)) continue;
        if (tl_factors_zipped(&design->factor[own], &design->factor[f])) continue;
        key = mixed(key, design->factor[f].level[t]);
    }
    return key;
}

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

tl_status tl_differences_take(const tl_design *design, tl_arena *arena, tl_differences *out,
                              tl_err *err)
{
    TL_TAKE(out->difference, arena, design->replicates, err);
    TL_TAKE(out->reference, arena, design->replicates, err);
    TL_TAKE(out->variance, arena, design->replicates, err);
    return TL_OK;
}

/* --- metrics ------------------------------------------------------------------------- */

static tl_status group_shared(const tl_design *d, tl_arena *arena, tl_target *target,
                              tl_err *err)
{
    const uint32_t trials = d->table->trials;
    tl_keyed_row *row;
    TL_TAKE(target->same, arena, trials, err);
    const size_t mark = tl_arena_mark(arena);
    TL_TAKE(row, arena, trials, err);
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

tl_status tl_target_open(const tl_design *design, const tl_column *metric, tl_arena *arena,
                         tl_target *out, tl_err *err)
{
    char name[192];
    *out = (tl_target){.metric = metric,
                       .value = metric->real,
                       .above = tl_column_attribute(metric, "downstream_of")};
    (void)snprintf(name, sizeof name, "%s_n", metric->name);
    out->n = tl_table_find(design->table, name);
    if (out->n && out->n->type != TL_COLUMN_REAL) out->n = NULL;
    (void)snprintf(name, sizeof name, "%s_reason", metric->name);
    out->reason = tl_table_find(design->table, name);
    if (out->reason && out->reason->type != TL_COLUMN_FLAG) out->reason = NULL;
    return group_shared(design, arena, out, err);
}

/* The cases of row t that were hits and that were not, half a case added to each. */
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
    TL_TAKE(value, arena, design->table->trials, err);
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
    if (target->is_logit) return 1.0 / hits + 1.0 / others;
    const double n = target->n->real[t], p = (hits + 0.5) / (n + 2.0);
    return p * (1.0 - p) / n;
}
