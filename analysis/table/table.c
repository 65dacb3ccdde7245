/*
 * Tables in memory: look-ups, and pooling of several tables.
 */
#include "analysis/table/table.h"

#include "analysis/table/schema.h"
#include "compute/core/sort.h"

#include <math.h>
#include <string.h>

tl_status tl_table_new(tl_arena *arena, uint32_t trials, int room, tl_table **out,
                       tl_err *err)
{
    TL_ALLOC(*out, arena, 1, err);
    **out = (tl_table){.trials = trials, .room = room};
    TL_ALLOC((*out)->column, arena, room, err);
    return TL_OK;
}

tl_column *tl_table_add(tl_table *table, const char *name, tl_column_type type,
                        const char *units, const char *about)
{
    TL_INVARIANT(table->columns < table->room);
    tl_column *column = &table->column[table->columns++];
    *column = (tl_column){.name = name, .type = type};
    tl_column_describe(column, TL_NAME_UNITS, units);
    tl_column_describe(column, TL_NAME_LONG_NAME, about);
    return column;
}

void tl_column_describe(tl_column *column, const char *name, const char *text)
{
    if (!text || !*text) return;
    TL_INVARIANT(column->attributes < TL_COLUMN_ATTRIBUTES);
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

tl_status tl_table_describe(tl_table *table, const tl_attribute *list, int count,
                            tl_arena *arena, tl_err *err)
{
    tl_attribute *copy;
    TL_ALLOC(copy, arena, count, err);
    for (int i = 0; i < count; i++) {
        TL_CHECK(list[i].text, err, TL_E_NOMEM, "no memory left for %s", list[i].name);
        copy[i] = list[i];
    }
    table->attribute = copy;
    table->attributes = count;
    return TL_OK;
}

const tl_column *tl_table_find(const tl_table *table, const char *name)
{
    for (int i = 0; i < table->columns; i++) {
        if (strcmp(table->column[i].name, name) == 0) return &table->column[i];
    }
    return NULL;
}

static const char *find(const tl_attribute *list, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) return list[i].text;
    }
    return NULL;
}

const char *tl_table_attribute(const tl_table *table, const char *name)
{
    return find(table->attribute, table->attributes, name);
}

const char *tl_column_attribute(const tl_column *column, const char *name)
{
    return find(column->attribute, column->attributes, name);
}

bool tl_column_says(const tl_column *column, const char *name, const char *wanted)
{
    const char *text = tl_column_attribute(column, name);
    return text && strcmp(text, wanted) == 0;
}

bool tl_column_has_value(const tl_table *table, const tl_column *column)
{
    for (uint32_t t = 0; t < table->trials; t++) {
        if (!isnan(column->real[t])) return true;
    }
    return false;
}

/* --- pooling ------------------------------------------------------------------------- */

typedef struct pool {
    const tl_table *const *table;
    int tables;
    tl_arena *arena;
    tl_table *all;
    tl_err *err;
} pool;

static bool is_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Checks that table k is of the same plan as the first, apart from replicates. */
static tl_status compare(const pool *p, int k)
{
    static const char *const must[] = {TL_NAME_POOLABLE, TL_NAME_SEED, TL_NAME_DATA_CONTENT,
                                       TL_NAME_HYPOTHESES};
    for (size_t i = 0; i < sizeof must / sizeof *must; i++) {
        TL_CHECK(
            is_equal(tl_table_attribute(p->table[0], must[i]),
                     tl_table_attribute(p->table[k], must[i])),
            p->err, TL_E_ARG,
            "cannot pool file %d with file 1: '%s' differs; only files of one plan, with "
            "other replicates, can be pooled",
            k + 1, must[i]);
    }
    return TL_OK;
}

/* No replicate may be in two of the tables: it would count twice. */
static tl_status refuse_repeated(const pool *p)
{
    tl_ranked *list; /* [trials] replicate, and the table it is in */
    size_t count = 0;
    TL_ALLOC(list, p->arena, p->all->trials, p->err);
    for (int k = 0; k < p->tables; k++) {
        const tl_column *column = tl_table_find(p->table[k], TL_NAME_REPLICATE);
        TL_CHECK(column && column->type == TL_COLUMN_INT, p->err, TL_E_FORMAT,
                 "file %d has no column '" TL_NAME_REPLICATE "'", k + 1);
        for (uint32_t t = 0; t < p->table[k]->trials; t++)
            list[count++] = (tl_ranked){column->integer[t], (uint32_t)k};
    }
    tl_sort_ascending(list, count);
    for (size_t i = 1; i < count; i++) {
        TL_CHECK(list[i].value != list[i - 1].value || list[i].number == list[i - 1].number,
                 p->err, TL_E_ARG,
                 "replicate %.0f is in file %u and in file %u: give each run its own "
                 "replicates, as in 'replicates: 8..23'",
                 list[i].value, list[i - 1].number + 1, list[i].number + 1);
    }
    return TL_OK;
}

static tl_status join(const pool *p, const tl_column *like, tl_column *out)
{
    double *real = NULL;
    int32_t *integer = NULL;
    const char **text = NULL;
    if (like->type == TL_COLUMN_REAL) TL_ALLOC(real, p->arena, p->all->trials, p->err);
    if (like->type == TL_COLUMN_TEXT) TL_ALLOC(text, p->arena, p->all->trials, p->err);
    if (!real && !text) TL_ALLOC(integer, p->arena, p->all->trials, p->err);
    uint32_t at = 0;
    for (int k = 0; k < p->tables; k++) {
        const tl_column *column = tl_table_find(p->table[k], like->name);
        const bool can_lack = real || like->type == TL_COLUMN_FLAG;
        TL_CHECK(column ? column->type == like->type : can_lack, p->err, TL_E_ARG,
                 "cannot pool file %d: column '%s' is missing or has another type", k + 1,
                 like->name);
        for (uint32_t t = 0; t < p->table[k]->trials; t++, at++) {
            if (real) real[at] = column ? column->real[t] : (double)NAN;
            if (text) text[at] = column->text[t];
            if (integer) integer[at] = column ? column->integer[t] : 0;
        }
    }
    *out = *like;
    out->real = real;
    out->integer = integer;
    out->text = text;
    return TL_OK;
}

tl_status tl_table_pool(const tl_table *const *table, int tables, tl_arena *arena,
                        tl_table **out, tl_err *err)
{
    pool p = {.table = table, .tables = tables, .arena = arena, .err = err};
    uint64_t trials = 0;
    int most = 0;
    for (int k = 0; k < tables; k++) {
        TL_TRY(compare(&p, k));
        trials += table[k]->trials;
        most += table[k]->columns;
    }
    TL_CHECK(trials <= UINT32_MAX, err, TL_E_NOMEM,
             "the files have too many trials together");
    TL_ALLOC(p.all, arena, 1, err);
    *p.all = *table[0];
    p.all->trials = (uint32_t)trials;
    p.all->columns = 0;
    p.all->room = most;
    TL_TRY(refuse_repeated(&p));
    TL_ALLOC(p.all->column, arena, most, err);
    for (int k = 0; k < tables; k++) {
        for (int i = 0; i < table[k]->columns; i++) {
            const tl_column *column = &table[k]->column[i];
            if (tl_table_find(p.all, column->name)) continue;
            TL_TRY(join(&p, column, &p.all->column[p.all->columns]));
            p.all->columns++;
        }
    }
    *out = p.all;
    return TL_OK;
}
