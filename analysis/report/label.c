#include "analysis/report/label.h"

#include "analysis/table/schema.h"

#include <jansson.h>
#include <string.h>

static const char *or_unknown(const char *text)
{
    return text ? text : "?";
}

/* The name of a stage or of its column behind the folder of the stage, which `mark` ends:
 * '.' or '_'; all of a name without. */
static const char *behind_folder(const char *name, char mark)
{
    static const char *const folder[] = {"d2d", "d2m", "m2d", "m2m", "defense", "measure"};
    for (size_t i = 0; i < sizeof folder / sizeof *folder; i++) {
        const size_t length = strlen(folder[i]);
        if (strncmp(name, folder[i], length) == 0 && name[length] == mark &&
            name[length + 1])
            return name + length + 1;
    }
    return name;
}

const char *tl_label_in_words(tl_arena *arena, const char *name)
{
    char *words = tl_arena_text(arena, behind_folder(name, '_'), NULL);
    for (char *at = words; at && *at; at++)
        if (*at == '_') *at = ' ';
    return or_unknown(words);
}

tl_status tl_label_read(const tl_table *table, tl_arena *arena, tl_display_names *out,
                        tl_err *err)
{
    const char *text = tl_table_attribute(table, TL_NAME_LABELS), *key;
    json_t *all = text ? json_loads(text, 0, NULL) : NULL, *value;
    tl_attribute *list = NULL;
    *out = (tl_display_names){0};
    if (json_is_object(all))
        list = tl_arena_take(arena, json_object_size(all) + 1, sizeof *list, err);
    json_object_foreach(all, key, value)
    {
        if (!list || !json_is_string(value)) continue;
        list[out->count].name = tl_arena_text(arena, key, err);
        list[out->count].text = tl_arena_text(arena, json_string_value(value), err);
        if (!list[out->count].name || !list[out->count].text) list = NULL;
        out->count++;
    }
    const bool is_bad = json_is_object(all) && !list;
    json_decref(all);
    out->one = list;
    return is_bad ? TL_E_NOMEM : TL_OK;
}

/* What the plan calls a factor, a level or a metric, or NULL. */
static const char *told(const tl_findings *found, const char *name)
{
    for (int i = 0; i < found->labels.count; i++)
        if (strcmp(found->labels.one[i].name, name) == 0) return found->labels.one[i].text;
    return NULL;
}

/* The label of the column called `name` [length], or that name in words. */
static const char *label_of(const tl_findings *found, const char *name, size_t length)
{
    char *own = tl_arena_print(found->arena, NULL, "%.*s", (int)length, name);
    if (!own) return "?";
    if (told(found, own)) return told(found, own);
    const tl_column *column = tl_table_find(found->table, own);
    const char *label = column ? tl_column_attribute(column, TL_NAME_LABEL) : NULL;
    return label && *label ? label : tl_label_in_words(found->arena, own);
}

const char *tl_label_metric(const tl_findings *found, const char *metric,
                            bool has_direction)
{
    const char *label = label_of(found, metric, strlen(metric));
    const tl_column *column = tl_table_find(found->table, metric);
    if (!has_direction || !column) return label;
    const char *words = tl_column_says(column, TL_NAME_BETTER, TL_LOWER) ? "lower is safer"
                        : tl_column_says(column, TL_NAME_BETTER, TL_HIGHER)
                            ? "higher is better"
                            : NULL;
    if (!words) return label;
    return or_unknown(tl_arena_print(found->arena, NULL, "%s (%s)", label, words));
}

const char *tl_label_factor(const tl_findings *found, const char *factor)
{
    const char *colon = strchr(factor, ':');
    if (!colon) return label_of(found, factor, strlen(factor));
    const char *a = label_of(found, factor, (size_t)(colon - factor));
    const char *b = label_of(found, colon + 1, strlen(colon + 1));
    return or_unknown(tl_arena_print(found->arena, NULL, "%s \xC3\x97 %s", a, b));
}

const char *tl_label_level(const tl_findings *found, const char *level)
{
    const char *own = told(found, level);
    return own ? own : behind_folder(level, '.');
}

/* "backdoor", or "backdoor and 2" of an interaction's "backdoor:2". */
static const char *level_pair(const tl_findings *found, const tl_effect *effect,
                              const char *level)
{
    const char *colon = effect->kind == TL_EFFECT_INTERACTION ? strchr(level, ':') : NULL;
    if (!colon) return tl_label_level(found, level);
    char *first = tl_arena_print(found->arena, NULL, "%.*s", (int)(colon - level), level);
    if (!first) return "?";
    return or_unknown(tl_arena_print(found->arena, NULL, "%s and %s",
                                     tl_label_level(found, first),
                                     tl_label_level(found, colon + 1)));
}

const char *tl_label_change(const tl_findings *found, const tl_effect *effect)
{
    const char *factor = tl_label_factor(found, effect->factor);
    const char *at = effect->at ? effect->at : "", *comma = effect->at ? ", at " : "";
    if (effect->kind == TL_EFFECT_TREND)
        return or_unknown(tl_arena_print(found->arena, NULL, "%s: slope per %s%s%s", factor,
                                         effect->reference, comma, at));
    return or_unknown(tl_arena_print(found->arena, NULL, "%s: %s against %s%s%s", factor,
                                     level_pair(found, effect, effect->level),
                                     level_pair(found, effect, effect->reference), comma,
                                     at));
}

const char *tl_label_hypothesis(const tl_findings *found, const tl_effect *effect)
{
    static const char *const verb[] = TL_DIRECTIONS;
    if (effect->claim) return effect->claim;
    return or_unknown(tl_arena_print(
        found->arena, NULL, "%s %s %s", tl_label_factor(found, effect->factor),
        verb[effect->direction + 1], tl_label_metric(found, effect->metric, false)));
}
