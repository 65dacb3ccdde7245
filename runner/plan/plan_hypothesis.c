/*
 * Hypotheses: which factor is expected to do what to which metric. Names are checked
 * against the axes and against every metric that a trial may have.
 */
#include "runner/plan/plan_private.h"
#include "runner/plan/trial.h"

#include <stdio.h>
#include <string.h>

enum { MAX_HYPOTHESES = 1024, MAX_CLAIM = 300 };

/* The factors of an effect: one, or two of an interaction. */
typedef struct effect {
    tl_plan_factor factor[2];
    int factors;
} effect;

/* The node as if it held `text` alone: errors still point to it. */
static tl_yaml part_of(const tl_yaml *node, const char *text)
{
    tl_yaml part = *node;
    part.text = text;
    return part;
}

static tl_status read_effect(const tl_plan_reader *reader, const tl_yaml *node, effect *of,
                             tl_hypothesis *out, tl_err *err)
{
    const char *colon = strchr(node->text, ':');
    tl_plan_factor *a = &of->factor[0], *b = &of->factor[1];
    of->factors = colon ? 2 : 1;
    if (!colon) {
        TL_TRY(tl_plan_factor_find(reader, node, node->text, a, err));
        (void)snprintf(out->effect, sizeof out->effect, "%s", a->name);
        return TL_OK;
    }
    const char *word = tl_arena_print(&reader->plan->arena, err, "%.*s",
                                      (int)(colon - node->text), node->text);
    if (!word) return TL_E_NOMEM;
    TL_TRY(tl_plan_factor_find(reader, node, word, a, err));
    TL_TRY(tl_plan_factor_find(reader, node, colon + 1, b, err));
    TL_YAML_CHECK(a->axis >= 0 && b->axis >= 0, node, err,
                  "the effect of round has no interactions; write effect: round");
    TL_YAML_CHECK(a->axis != b->axis, node, err,
                  "%s and %s do not vary apart: an interaction needs two factors", a->name,
                  b->name);
    (void)snprintf(out->effect, sizeof out->effect, "%s:%s", a->name, b->name);
    return TL_OK;
}

static tl_status read_direction(const tl_yaml *node, tl_hypothesis *out, tl_err *err)
{
    static const char *const words[] = {"lowers", "changes", "raises"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(node->text, words[i]) != 0) continue;
        out->direction = i - 1;
        return TL_OK;
    }
    return tl_plan_unknown(node, "direction", node->text, words, 3, err);
}

/* A level of the effect's factor, or "c:d" of an interaction's two. */
static tl_status read_pair(const tl_plan_reader *reader, const tl_yaml *node,
                           const effect *of, const char **out, tl_err *err)
{
    if (of->factors == 1)
        return tl_plan_factor_level(reader, node, &of->factor[0], out, err);
    const char *colon = strchr(node->text, ':'), *level[2];
    TL_YAML_CHECK(colon, node, err,
                  "'%s' is one level; an interaction has two, as LEVEL:LEVEL of %s:%s",
                  TL_BRIEF(node->text), of->factor[0].name, of->factor[1].name);
    const char *word = tl_arena_print(&reader->plan->arena, err, "%.*s",
                                      (int)(colon - node->text), node->text);
    if (!word) return TL_E_NOMEM;
    const tl_yaml part[] = {part_of(node, word), part_of(node, colon + 1)};
    for (int k = 0; k < 2; k++)
        TL_TRY(tl_plan_factor_level(reader, &part[k], &of->factor[k], &level[k], err));
    *out = tl_arena_print(&reader->plan->arena, err, "%s:%s", level[0], level[1]);
    return *out ? TL_OK : TL_E_NOMEM;
}

static tl_status read_level(const tl_plan_reader *reader, const tl_yaml *node,
                            const effect *of, tl_hypothesis *out, tl_err *err)
{
    const tl_plan_factor *factor = &of->factor[0];
    const bool is_list = of->factors == 1 && factor->axis >= 0 &&
                         (factor->inner >= 0 || !reader->axis[factor->axis].is_choice);
    if (!is_list || strcmp(node->text, "trend") != 0)
        return read_pair(reader, node, of, &out->level, err);
    TL_YAML_CHECK(tl_plan_factor_has_trend(reader, factor), node, err,
                  "'%s' has no trend; it must be an axis over 3 numbers or more",
                  factor->name);
    out->level = "trend";
    return TL_OK;
}

static tl_status read_against(const tl_plan_reader *reader, const tl_yaml *node,
                              const effect *of, tl_hypothesis *out, tl_err *err)
{
    TL_YAML_CHECK(of->factor[0].axis >= 0, node, err,
                  "rounds are compared with the first: `against` is not allowed");
    TL_YAML_CHECK(strcmp(out->level, "trend") != 0, node, err,
                  "a trend is over all levels: `against` is not allowed");
    TL_TRY(read_pair(reader, node, of, &out->against, err));
    TL_YAML_CHECK(strcmp(out->level, out->against) != 0, node, err,
                  "level and against are both '%s'", out->against);
    return TL_OK;
}

static tl_status read_conditions(const tl_plan_reader *reader, const tl_yaml *map,
                                 const effect *of, tl_hypothesis *out, tl_err *err)
{
    TL_YAML_CHECK(map->kind == TL_YAML_MAP && map->children <= TL_MAX_CONDITIONS, map, err,
                  "at must be a map of at most %d factors with a level each, like "
                  "{removal: none}",
                  TL_MAX_CONDITIONS);
    for (const tl_yaml *node = map->first; node; node = node->next) {
        tl_plan_factor factor;
        tl_plan_condition *one = &out->at[out->conditions++];
        TL_TRY(tl_plan_factor_find(reader, node->key, node->key->text, &factor, err));
        TL_YAML_CHECK(factor.axis >= 0, node->key, err,
                      "a condition on the round is not possible; write effect: round");
        for (int k = 0; k < of->factors; k++) {
            TL_YAML_CHECK(strcmp(factor.name, of->factor[k].name) != 0, node->key, err,
                          "%s is what the effect compares: it cannot be a condition",
                          factor.name);
        }
        one->factor = tl_arena_text(&reader->plan->arena, factor.name, err);
        if (!one->factor) return TL_E_NOMEM;
        TL_TRY(tl_plan_factor_level(reader, node, &factor, &one->level, err));
    }
    return TL_OK;
}

static tl_status read_test(const tl_yaml *one_sided, const tl_yaml *margin,
                           tl_hypothesis *out, tl_err *err)
{
    static const tl_param yes = {.name = "one_sided", .type = TL_PARAM_BOOL};
    static const tl_param small = {
        .name = "margin", .type = TL_PARAM_REAL, .low_is_open = true, .high = 1e12};
    tl_value value;
    if (one_sided) {
        TL_TRY(tl_plan_value(one_sided, &yes, "one_sided", &value, err));
        out->is_one_sided = value.number != 0.0;
        TL_YAML_CHECK(!out->is_one_sided || out->direction != 0, one_sided, err,
                      "a one-sided test needs the direction raises or lowers");
    }
    if (!margin) return TL_OK;
    TL_TRY(tl_plan_value(margin, &small, "margin", &value, err));
    out->margin = value.number;
    return TL_OK;
}

/* A claim is one line of text: tables and attributes hold it. */
static tl_status read_claim(const tl_yaml *node, tl_hypothesis *out, tl_err *err)
{
    const size_t length = strlen(node->text);
    TL_YAML_CHECK(length != 0 && length <= MAX_CLAIM && !strpbrk(node->text, "\r\n"), node,
                  err, "a claim must be one line of at most %d letters", MAX_CLAIM);
    out->claim = node->text;
    return TL_OK;
}

enum { EFFECT, ON, DIRECTION, LEVEL, AGAINST, AT, ONE_SIDED, MARGIN, CLAIM, KEYS };

/* Sorts the entries of a hypothesis by key. */
static tl_status read_keys(const tl_yaml *map, const tl_yaml *value[KEYS], tl_err *err)
{
    static const char *const keys[] = {"effect",    "on",      "direction",
                                       "level",     "against", "at",
                                       "one_sided", "margin",  "claim"};
    TL_YAML_CHECK(
        map->kind == TL_YAML_MAP, map, err,
        "a hypothesis must be a map, like {effect: poison, on: measure_utility_accuracy, "
        "direction: lowers}");
    for (const tl_yaml *child = map->first; child; child = child->next) {
        int k = 0;
        while (k < KEYS && strcmp(keys[k], child->key->text) != 0) k++;
        if (k == KEYS) {
            return tl_plan_unknown(child->key, "key of a hypothesis:", child->key->text,
                                   keys, KEYS, err);
        }
        TL_YAML_CHECK(k == AT || child->kind == TL_YAML_SCALAR, child, err,
                      "%s must be a word, found %s", keys[k], tl_yaml_kind_name(child));
        value[k] = child;
    }
    for (int k = EFFECT; k <= DIRECTION; k++) {
        TL_YAML_CHECK(value[k], map, err, "a hypothesis needs `%s`", keys[k]);
    }
    return TL_OK;
}

static tl_status read_one(tl_plan_reader *reader, const tl_yaml *map, tl_hypothesis *out,
                          tl_err *err)
{
    const tl_yaml *value[KEYS] = {NULL};
    effect of;
    *out = (tl_hypothesis){.level = "", .against = "", .line = map->line};
    TL_TRY(read_keys(map, value, err));
    TL_INVARIANT(value[EFFECT] && value[ON] && value[DIRECTION]);
    TL_TRY(read_effect(reader, value[EFFECT], &of, out, err));
    TL_TRY(read_direction(value[DIRECTION], out, err));
    if (value[CLAIM]) TL_TRY(read_claim(value[CLAIM], out, err));
    if (value[LEVEL]) TL_TRY(read_level(reader, value[LEVEL], &of, out, err));
    if (value[AGAINST]) TL_TRY(read_against(reader, value[AGAINST], &of, out, err));
    if (value[AT]) TL_TRY(read_conditions(reader, value[AT], &of, out, err));
    TL_TRY(read_test(value[ONE_SIDED], value[MARGIN], out, err));
    for (int i = 0; i < reader->metrics; i++) {
        if (strcmp(reader->metric[i], value[ON]->text) != 0) continue;
        (void)snprintf(out->on, sizeof out->on, "%s", reader->metric[i]);
        return TL_OK;
    }
    return tl_plan_unknown(value[ON], "metric", value[ON]->text, reader->metric,
                           reader->metrics, err);
}

tl_status tl_plan_hypotheses(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    const tl_yaml *list = tl_yaml_find(reader->root, "hypotheses");
    if (!list) return TL_OK;
    TL_YAML_CHECK(list->kind == TL_YAML_LIST && list->children <= MAX_HYPOTHESES, list, err,
                  "hypotheses must be a list of at most %d maps", MAX_HYPOTHESES);
    tl_hypothesis *made;
    TL_ALLOC(made, &plan->arena, list->children, err);
    for (const tl_yaml *map = list->first; map; map = map->next) {
        TL_TRY(read_one(reader, map, &made[plan->hypotheses++], err));
    }
    plan->hypothesis = made;
    return TL_OK;
}
