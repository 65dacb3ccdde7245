#include "runner/cli/wanted.h"

#include "analysis/table/schema.h"
#include "compute/core/text.h"

#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 8192 };

static bool is_metric(const tl_column *column)
{
    return column->type == TL_COLUMN_REAL && tl_column_attribute(column, TL_NAME_BETTER);
}

static bool is_factor(const tl_column *column)
{
    return tl_column_attribute(column, TL_NAME_FACTOR) != NULL;
}

static bool has_name(const tl_table *table, bool (*is_one)(const tl_column *),
                     const char *name)
{
    const tl_column *column = tl_table_find(table, name);
    return column && is_one(column);
}

/* Whether the word wants `name`: it is the name, or part of it and no name itself. */
static bool wants(const tl_table *table, bool (*is_one)(const tl_column *),
                  const char *word, const char *name)
{
    if (strcmp(word, name) == 0) return true;
    return !has_name(table, is_one, word) && strstr(name, word);
}

/* Whether a word wants the effect of `factor`, "a" or "a:b": by the whole, or by a part. */
static bool wants_factor(const tl_table *table, const char *word, const char *factor)
{
    const char *colon = strchr(factor, ':');
    if (strchr(word, ':') || !colon) return wants(table, is_factor, word, factor);
    char first[256];
    (void)snprintf(first, sizeof first, "%.*s", (int)(colon - factor), factor);
    return wants(table, is_factor, word, first) || wants(table, is_factor, word, colon + 1);
}

bool tl_wanted_has(const tl_wanted *wanted, const tl_table *table, const char *metric,
                   const char *factor)
{
    bool is_of = wanted->metrics == 0, is_by = wanted->factors == 0;
    for (int i = 0; i < wanted->metrics && !is_of; i++)
        is_of = wants(table, is_metric, wanted->metric[i], metric);
    for (int i = 0; i < wanted->factors && !is_by; i++)
        is_by = wants_factor(table, wanted->factor[i], factor);
    return is_of && is_by;
}

/* Fails if the word is in no name of its kind; "a:b" must be of two factors. */
static tl_status check(const tl_table *table, bool (*is_one)(const tl_column *),
                       const char *kind, const char *word, tl_err *err)
{
    const char *name[MOST_NAMES];
    int names = 0;
    if (strcmp(word, TL_NAME_ROUND) == 0 || strchr(word, ':')) return TL_OK;
    for (int i = 0; i < table->columns && names < MOST_NAMES; i++) {
        if (!is_one(&table->column[i])) continue;
        if (wants(table, is_one, word, table->column[i].name)) return TL_OK;
        name[names++] = table->column[i].name;
    }
    char hint[TL_HINT];
    return tl_fail(err, TL_E_ARG,
                   "no %s of the file is called '%s' or has that in its name%s", kind, word,
                   tl_text_hint(word, name, names, hint));
}

tl_status tl_wanted_check(const tl_wanted *wanted, const tl_table *table, tl_err *err)
{
    for (int i = 0; i < wanted->metrics; i++)
        TL_TRY(check(table, is_metric, "metric", wanted->metric[i], err));
    for (int i = 0; i < wanted->factors; i++)
        TL_TRY(check(table, is_factor, "factor", wanted->factor[i], err));
    return TL_OK;
}

void tl_wanted_effects(const tl_wanted *wanted, const tl_table *table, tl_effects *effects)
{
    int kept = 0;
    for (int k = 0; k < effects->count; k++) {
        const tl_effect *one = &effects->effect[k];
        if (tl_wanted_has(wanted, table, one->metric, one->factor))
            effects->effect[kept++] = *one;
    }
    effects->count = kept;
}

void tl_wanted_importance(const tl_wanted *wanted, const tl_table *table,
                          tl_importance *list, int *count)
{
    int kept = 0;
    for (int k = 0; k < *count; k++) {
        if (tl_wanted_has(wanted, table, list[k].metric, list[k].factor))
            list[kept++] = list[k];
    }
    *count = kept;
}
