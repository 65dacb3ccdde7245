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

/* Numbers the values of an INT column from 0 in order of appearance. */
static tl_status number_values(const tl_column *column, uint32_t trials, tl_arena *arena,
                               int32_t **of, int *count, tl_err *err)
{
    TL_ALLOC(*of, arena, trials, err);
    tl_keyed_row *list;
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, trials, err);
    for (uint32_t t = 0; t < trials; t++)
        list[t] = (tl_keyed_row){(uint64_t)(uint32_t)column->integer[t], t};
    *count = number_keys(list, trials, trials, *of);
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

/* Numbers replicates and the data draws that they belong to. */
static tl_status number_replicates(tl_design *d, tl_arena *arena, tl_err *err)
{
    const uint32_t trials = d->table->trials;
    const tl_column *replicate = tl_table_find(d->table, TL_NAME_REPLICATE);
    const tl_column *draw = tl_table_find(d->table, TL_NAME_DATA_DRAW);
    int32_t *draw_of; /* [trials] */
    TL_CHECK(replicate && replicate->type == TL_COLUMN_INT, err, TL_E_FORMAT,
             "the table has no column '" TL_NAME_REPLICATE "'");
    if (!draw || draw->type != TL_COLUMN_INT) draw = replicate;
    TL_TRY(number_values(replicate, trials, arena, &d->replicate, &d->replicates, err));
    TL_ALLOC(d->draw, arena, d->replicates, err);
    TL_ALLOC(d->draw_name, arena, d->replicates, err);
    const size_t mark = tl_arena_mark(arena);
    TL_TRY(number_values(draw, trials, arena, &draw_of, &d->draws, err));
    for (int r = 0; r < d->replicates; r++) d->draw[r] = -1;
    for (uint32_t t = 0; t < trials; t++) {
        int32_t *known = &d->draw[d->replicate[t]];
        TL_CHECK(*known < 0 || *known == draw_of[t], err, TL_E_FORMAT,
                 "replicate %d is of two data draws", (int)replicate->integer[t]);
        *known = draw_of[t];
        d->draw_name[*known] = draw->integer[t];
    }
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
uint64_t tl_design_mix(uint64_t key, int32_t word)
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
    uint64_t key = tl_design_mix(0, 0);
    for (int f = 0; f < design->factors; f++) {
        if (moves(design, own[0], f) || moves(design, own[1], f)) continue;
        key = tl_design_mix(key, design->factor[f].level[t]);
    }
    return key;
}

/* Lists the trials of each cell. */
static tl_status list_trials(tl_design *d, tl_arena *arena, tl_err *err)
{
    const uint32_t trials = d->table->trials;
    uint32_t *next; /* [cells] where the next trial goes */
    TL_ALLOC(d->trial, arena, trials, err);
    TL_ALLOC(d->begin, arena, d->cells + 1, err);
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(next, arena, d->cells, err);
    for (uint32_t t = 0; t < trials; t++) d->begin[d->cell[t] + 1]++;
    for (int c = 0; c < d->cells; c++) d->begin[c + 1] += next[c] = d->begin[c];
    for (uint32_t t = 0; t < trials; t++) d->trial[next[d->cell[t]]++] = t;
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

uint32_t tl_design_first(const tl_design *design, uint32_t cell)
{
    return design->trial[design->begin[cell]];
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
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, trials, err);
    TL_ALLOC(levels, arena, trials, err);
    for (uint32_t t = 0; t < trials; t++) {
        levels[t] = tl_design_key(d, none, t);
        list[t] = (tl_keyed_row){tl_design_mix(levels[t], d->replicate[t]), t};
    }
    tl_design_sort(list, trials);
    int32_t before = 0; /* trials of the same replicate at the same levels */
    for (uint32_t i = 0; i < trials; i++) {
        before = i > 0 && list[i].key == list[i - 1].key ? before + 1 : 0;
        levels[list[i].row] = tl_design_mix(levels[list[i].row], before);
    }
    for (uint32_t t = 0; t < trials; t++) list[t] = (tl_keyed_row){levels[t], t};
    d->cells = number_keys(list, trials, trials, d->cell);
    tl_arena_rewind(arena, mark);
    return list_trials(d, arena, err);
}

tl_status tl_design_open(const tl_table *table, tl_arena *arena, tl_design *out,
                         tl_err *err)
{
    *out = (tl_design){.table = table};
    TL_ALLOC(out->factor, arena, MOST_FACTORS, err);
    TL_TRY(number_replicates(out, arena, err));
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
