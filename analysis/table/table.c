/*
 * Tables in memory: making them, and look-ups.
 */
#include "analysis/table/table.h"

#include "analysis/table/schema.h"

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
