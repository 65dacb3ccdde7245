#include "analysis/report/arms.h"

#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <string.h>

/* Whether `word` is in `list`, words separated by blanks. */
static bool is_listed(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
        const bool begins = at == list || at[-1] == ' ';
        if (begins && (at[length] == ' ' || at[length] == '\0')) return true;
    }
    return false;
}

/* The factors that the metrics of an instance are downstream of, or "". */
static const char *above_of(const tl_findings *found, const char *instance)
{
    const size_t length = strlen(instance);
    for (int i = 0; i < found->table->columns; i++) {
        const tl_column *column = &found->table->column[i];
        const char *above = tl_column_attribute(column, TL_NAME_ABOVE);
        if (above && strncmp(column->name, instance, length) == 0 &&
            column->name[length] == '_')
            return above;
    }
    return "";
}

static const tl_column *find_factor(const tl_findings *found, const char *instance)
{
    const char *above = above_of(found, instance);
    for (int i = 0; i < found->table->columns; i++) {
        const tl_column *column = &found->table->column[i];
        if (column->type == TL_COLUMN_TEXT &&
            tl_column_says(column, TL_NAME_FACTOR, TL_CHOICE) &&
            is_listed(above, column->name))
            return column;
    }
    return NULL;
}

/* The number of a level, which is new or known; -1 if there are too many. */
static int level_of(tl_arms *arms, const char *level)
{
    for (int i = 0; i < arms->count; i++)
        if (strcmp(arms->level[i], level) == 0) return i;
    if (arms->count == TL_MOST_ARMS) return -1;
    arms->level[arms->count] = level;
    return arms->count++;
}

tl_status tl_arms_find(const tl_findings *found, const tl_stored *stored, int source,
                       tl_arms *out, tl_err *err)
{
    int *arm;
    TL_ALLOC(arm, found->arena, stored->lists, err);
    *out = (tl_arms){.factor = find_factor(found, stored->source[source].instance),
                     .arm = arm};
    const char *first =
        out->factor ? tl_column_attribute(out->factor, TL_NAME_REFERENCE) : "";
    if (first) (void)level_of(out, first);
    for (int l = 0; l < stored->lists; l++) arm[l] = -1;
    for (uint32_t t = 0; t < stored->trials && t < found->table->trials; t++) {
        const int32_t list =
            stored->list_of[(size_t)t * (size_t)stored->sources + (size_t)source];
        if (list < 0 || arm[list] >= 0) continue;
        arm[list] = out->factor ? level_of(out, out->factor->text[t]) : 0;
    }
    return TL_OK;
}

const char *tl_arms_name(const tl_findings *found, const tl_arms *arms, int arm)
{
    if (!arms->factor) return "all trials";
    const char *name = tl_arena_print(found->arena, NULL, "%s = %s",
                                      tl_label_factor(found, arms->factor->name),
                                      tl_label_level(found, arms->level[arm]));
    return name ? name : "?";
}

const char *tl_arms_source(const tl_findings *found, const tl_stored *stored, int source)
{
    const tl_group_source *s = &stored->source[source];
    const char *words = tl_label_factor(found, s->instance);
    if (s->round < 2) return words;
    const char *name = tl_arena_print(found->arena, NULL, "%s, round %d", words, s->round);
    return name ? name : "?";
}
