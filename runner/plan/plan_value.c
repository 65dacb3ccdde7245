/*
 * Values: one scalar against one param, a list as an axis, a map against a table.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LEVELS = 100000, MAX_LABELS = 4096, MOST_LISTED = 200 /* bytes of names */ };

const tl_value *tl_binding_value(const tl_binding *binding, const int *level)
{
    return &binding->value[binding->axis < 0 ? 0 : level[binding->axis]];
}

tl_status tl_plan_unknown(const tl_yaml *at, const char *what, const char *word,
                          const char *const *names, int count, tl_err *err)
{
    const char *near = tl_text_nearest(word, names, count);
    if (near) {
        return tl_yaml_error(at, err, "unknown %s '%s': did you mean '%s'?", what,
                             TL_BRIEF(word), near);
    }
    tl_text list = {0};
    int shown = 0;
    for (; shown < count && list.length + strlen(names[shown]) < MOST_LISTED; shown++)
        tl_text_print(&list, "%s%s", shown > 0 ? ", " : "", names[shown]);
    if (shown < count) tl_text_print(&list, " and %d more", count - shown);
    const tl_status status =
        tl_yaml_error(at, err, "unknown %s '%s'; allowed: %s", what, TL_BRIEF(word),
                      count > 0 && list.at ? list.at : "none");
    tl_text_close(&list);
    return status;
}

tl_status tl_plan_label(const tl_yaml *node, const tl_axis *axis, const char **out,
                        tl_err *err)
{
    const char *names[MAX_LABELS];
    int count = 0;
    for (int l = 0; l < axis->levels && count < MAX_LABELS; l++) {
        *out = axis->value[l].text;
        if (count > 0 && strcmp(*out, names[count - 1]) == 0) continue;
        names[count++] = *out;
        if (node->text && strcmp(node->text, *out) == 0) return TL_OK;
    }
    char what[TL_NAME + 16];
    (void)snprintf(what, sizeof what, "level of %s:", axis->name);
    return tl_plan_unknown(node, what, node->text ? node->text : "", names, count, err);
}

tl_status tl_plan_value(const tl_yaml *node, const tl_param *param, const char *what,
                        tl_value *out, tl_err *err)
{
    if (node->kind != TL_YAML_SCALAR || (!node->text[0] && param->type != TL_PARAM_TEXT)) {
        return tl_yaml_error(node, err, "%s must be one value, found %s", what,
                             tl_yaml_kind_name(node));
    }
    tl_err found = {0};
    if (tl_param_read(param, what, node->text, out, &found) != TL_OK)
        return tl_yaml_error(node, err, "%s", found.text);
    return TL_OK;
}

bool tl_plan_is_equal(const tl_value *a, const tl_value *b)
{
    if (a->text && b->text) return strcmp(a->text, b->text) == 0;
    return !a->text && !b->text && a->number == b->number;
}

/* Orders values, equal ones as in the list. */
static int by_value(const void *a, const void *b)
{
    const tl_value *x = *(const tl_value *const *)a, *y = *(const tl_value *const *)b;
    const int order = x->text && y->text
                          ? strcmp(x->text, y->text)
                          : (x->number > y->number) - (x->number < y->number);
    return order ? order : (x > y) - (x < y);
}

/* Sets *out to the first repeated value of the list, or -1; sorts, since lists may be long.
 * \return TL_E_NOMEM */
static tl_status find_repeat(const tl_value *value, int count, tl_arena *arena, int *out,
                             tl_err *err)
{
    const size_t mark = tl_arena_mark(arena);
    const tl_value **sorted;
    TL_ALLOC(sorted, arena, count, err);
    for (int i = 0; i < count; i++) sorted[i] = &value[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    *out = -1;
    for (int i = 1; i < count; i++) {
        const int place = (int)(sorted[i] - value);
        if (tl_plan_is_equal(sorted[i - 1], sorted[i]) && (*out < 0 || place < *out))
            *out = place;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

static tl_status read_list(tl_plan_reader *reader, const tl_yaml *node,
                           const tl_param *param, const char *what, const tl_value **out,
                           tl_err *err)
{
    TL_YAML_CHECK(node->children != 0, node, err,
                  "%s is an empty list; a list gives the levels of an axis, at least one",
                  what);
    TL_YAML_CHECK(node->children <= MAX_LEVELS, node, err,
                  "%s has %d levels, at most %d are allowed", what, node->children,
                  MAX_LEVELS);
    tl_value *value;
    TL_ALLOC(value, &reader->plan->arena, node->children, err);
    int i = 0;
    for (const tl_yaml *child = node->first; child; child = child->next, i++) {
        TL_TRY(tl_plan_value(child, param, what, &value[i], err));
    }
    int repeat;
    TL_TRY(find_repeat(value, i, &reader->plan->arena, &repeat, err));
    if (repeat >= 0) {
        const tl_yaml *child = node->first;
        while (repeat-- > 0) child = child->next;
        return tl_yaml_error(child, err, "duplicate level '%s' of %s",
                             TL_BRIEF(child->text), what);
    }
    *out = value;
    return TL_OK;
}

static bool is_same_axis(const tl_axis *a, const tl_axis *b)
{
    if (a->levels != b->levels || a->param != b->param || a->is_choice || b->is_choice) {
        return false;
    }
    for (int i = 0; i < a->levels; i++) {
        if (!tl_plan_is_equal(&a->value[i], &b->value[i])) return false;
    }
    return true;
}

tl_status tl_plan_add_axis(tl_plan_reader *reader, const tl_axis *axis, const tl_yaml *at,
                           int *out, tl_err *err)
{
    tl_plan *plan = reader->plan;
    for (int i = 0; i < plan->axes; i++) {
        if (strcmp(reader->axis[i].name, axis->name) != 0) continue;
        *out = i;
        if (reader->body->chains > 1 && is_same_axis(&reader->axis[i], axis)) return TL_OK;
        return tl_yaml_error(
            at, err, "duplicate axis '%s' (the first is in line %d); rename one with `as`",
            axis->name, reader->axis_at[i]->line);
    }
    TL_YAML_CHECK(plan->axes != TL_MAX_AXES, at, err, "more than %d axes in one plan",
                  TL_MAX_AXES);
    *out = plan->axes++;
    reader->axis[*out] = *axis;
    reader->axis_at[*out] = at;
    return TL_OK;
}

/* Spreads a list inside an option over the levels of the option, the last list fastest. */
static tl_status spread(tl_plan_reader *reader, const tl_axis *list, const tl_yaml *at,
                        tl_alternative *option, tl_binding *out, tl_err *err)
{
    tl_plan *plan = reader->plan;
    int i = 0;
    while (i < plan->inners && strcmp(reader->inner[i].name, list->name) != 0) i++;
    TL_YAML_CHECK(i != TL_MAX_INNERS, at, err, "more than %d lists inside options",
                  TL_MAX_INNERS);
    tl_inner *inner = &reader->inner[i];
    tl_value *value;
    bool *has;
    const int levels = reader->axis[option->axis].levels;
    TL_ALLOC(value, &plan->arena, levels, err);
    TL_ALLOC(has, &plan->arena, levels, err);
    if (i == plan->inners) {
        *inner = (tl_inner){.axis = option->axis, .param = list->param};
        memcpy(inner->name, list->name, sizeof inner->name);
        plan->inners++;
    } else if (inner->axis != option->axis || inner->param != list->param) {
        return tl_yaml_error(at, err, "duplicate axis '%s'; rename one with `as`",
                             list->name);
    } else {
        memcpy(value, inner->value, (size_t)levels * sizeof *value);
        memcpy(has, inner->has, (size_t)levels * sizeof *has);
    }
    option->stride /= list->levels;
    for (int l = option->low; l < option->high; l++) {
        value[l] = list->value[(l - option->low) / option->stride % list->levels];
        has[l] = true;
    }
    inner->value = value;
    inner->has = has;
    *out = (tl_binding){.axis = option->axis, .value = value};
    return TL_OK;
}

tl_status tl_plan_bind(tl_plan_reader *reader, const tl_yaml *node, const tl_param *param,
                       const tl_param_owner *owner, tl_binding *out, tl_err *err)
{
    char what[128];
    (void)snprintf(what, sizeof what, "%s.%s", owner->name, param->name);
    if (tl_plan_is_range(node))
        TL_TRY(tl_plan_range(reader, node, param, what, &node, err));
    if (node->kind != TL_YAML_LIST) {
        tl_value *value;
        TL_ALLOC(value, &reader->plan->arena, 1, err);
        TL_TRY(tl_plan_value(node, param, what, value, err));
        *out = (tl_binding){.axis = -1, .value = value};
        return TL_OK;
    }
    const tl_value *value = NULL;
    TL_TRY(read_list(reader, node, param, what, &value, err));
    tl_axis axis = {.levels = node->children, .value = value, .param = param, .zip = -1};
    const int length =
        snprintf(axis.name, sizeof axis.name, "%s_%s", owner->prefix, param->name);
    TL_YAML_CHECK(length < TL_NAME, node, err,
                  "the axis name '%s_%s' is longer than %d letters", owner->prefix,
                  param->name, TL_NAME - 1);
    tl_alternative *option = owner->option;
    if (option && option->axis >= 0) return spread(reader, &axis, node, option, out, err);
    out->value = value;
    return tl_plan_add_axis(reader, &axis, node, &out->axis, err);
}

tl_status tl_plan_defaults(tl_plan_reader *reader, const tl_param *params, tl_binding *out,
                           tl_err *err)
{
    const int count = tl_params_count(params);
    tl_value *value;
    TL_ALLOC(value, &reader->plan->arena, count, err);
    if (count > 0) tl_params_defaults(params, value);
    for (int i = 0; i < count; i++) out[i] = (tl_binding){.axis = -1, .value = &value[i]};
    return TL_OK;
}

static tl_status unknown_key(tl_plan_reader *reader, const tl_yaml *key,
                             const tl_param *params, const tl_param_owner *owner,
                             tl_err *err)
{
    char what[TL_BRIEF_SPACE + 16];
    const char **names;
    int count = tl_params_count(params);
    TL_ALLOC(names, &reader->plan->arena, count + 2, err);
    for (int k = 0; k < count; k++) names[k] = params[k].name;
    if (owner->has_recipe) {
        names[count++] = "recipe";
        names[count++] = "model";
    }
    (void)snprintf(what, sizeof what, "key of %s:", TL_BRIEF(owner->name));
    return tl_plan_unknown(key, what, key->text, names, count, err);
}

tl_status tl_plan_params(tl_plan_reader *reader, const tl_yaml *map, const tl_param *params,
                         const tl_param_owner *owner, tl_binding *out, tl_err *err)
{
    for (const tl_yaml *child = map->first; child; child = child->next) {
        const char *key = child->key->text;
        const bool is_own = strcmp(key, "recipe") == 0 || strcmp(key, "model") == 0;
        if (strcmp(key, "as") == 0 || (owner->has_recipe && is_own)) continue;
        const int i = tl_params_find(params, key);
        if (i < 0) return unknown_key(reader, child->key, params, owner, err);
        TL_TRY(tl_plan_bind(reader, child, &params[i], owner, &out[i], err));
    }
    return TL_OK;
}
