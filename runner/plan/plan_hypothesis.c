/*
 * Hypotheses: which factor is expected to do what to which metric. Names are checked
 * against the axes and against every metric that a trial may have.
 */
#include "runner/plan/plan_private.h"
#include "runner/plan/trial.h"

#include <stdio.h>
#include <string.h>

enum { MAX_METRIC_NAMES = 4096, MAX_HYPOTHESES = 1024, MAX_CLAIM = 300 };

/* Names of metrics, gathered once. */
typedef struct metric_names {
    int count;
    const char *name[MAX_METRIC_NAMES];
} metric_names;

static tl_status add_metric(tl_plan_reader *reader, const tl_trial_step *step,
                            metric_names *out, tl_err *err)
{
    const int metrics = tl_trial_metrics(step);
    for (int m = 0; m < metrics && out->count < MAX_METRIC_NAMES; m++) {
        char name[TL_METRIC_NAME];
        (void)tl_trial_metric_name(reader->plan, step, m, name);
        out->name[out->count] = tl_arena_text(&reader->plan->arena, name, err);
        if (!out->name[out->count]) return TL_E_NOMEM;
        out->count++;
    }
    return TL_OK;
}

/* Adds all metrics of a stage in `round`, judged `judgements` times before the end. */
static tl_status add_instance(tl_plan_reader *reader, int instance, int round,
                              int judgements, metric_names *out, tl_err *err)
{
    const tl_stage *stage = reader->plan->instance[instance].stage;
    tl_trial_step step = {
        .stage = stage, .instance = instance, .round = round, .metrics = stage->metrics};
    TL_TRY(add_metric(reader, &step, out, err));
    step.kind = TL_STEP_JUDGE;
    step.metrics = stage->judge_metrics;
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(stage->judges & TL_BIT(part))) continue;
        step.item = part;
        for (step.judgement = 0; step.judgement <= judgements; step.judgement++) {
            TL_TRY(add_metric(reader, &step, out, err));
        }
    }
    return TL_OK;
}

static int most_judgements(const tl_plan_body *body)
{
    int most = 0;
    for (int c = 0; c < body->chains; c++) {
        int count = 0;
        for (int i = 0; i < body->chain[c]->links; i++) {
            count += body->chain[c]->link[i]->stage == NULL;
        }
        if (count > most) most = count;
    }
    return most;
}

static int most_rounds(const tl_plan_body *body)
{
    int most = 1;
    for (int c = 0; c < body->chains; c++) {
        if (body->chain[c]->rounds > most) most = body->chain[c]->rounds;
    }
    return most;
}

static tl_status check_factor(const tl_plan_reader *reader, const tl_yaml *at,
                              const char *word, char out[TL_NAME], int *axis, tl_err *err)
{
    int inner = -1;
    if (strcmp(word, "round") == 0 && most_rounds(reader->body) > 1) {
        (void)snprintf(out, TL_NAME, "round");
        *axis = -1;
        return TL_OK;
    }
    *axis = tl_plan_find_axis(reader, word, &inner);
    if (*axis >= 0) {
        (void)snprintf(out, TL_NAME, "%s",
                       inner >= 0 ? reader->inner[inner].name : reader->axis[*axis].name);
        if (inner >= 0) *axis = -1;
        return TL_OK;
    }
    const char *names[TL_MAX_AXES + TL_MAX_INNERS];
    int count = 0;
    for (int i = 0; i < reader->plan->axes; i++) names[count++] = reader->axis[i].name;
    for (int i = 0; i < reader->plan->inners; i++) names[count++] = reader->inner[i].name;
    return tl_plan_unknown(at, "factor", word, names, count, err);
}

static tl_status read_effect(const tl_plan_reader *reader, const tl_yaml *node,
                             tl_hypothesis *out, int *axis, tl_err *err)
{
    char first[TL_NAME], second[TL_NAME], word[TL_NAME];
    const char *colon = strchr(node->text, ':');
    if (!colon) return check_factor(reader, node, node->text, out->effect, axis, err);
    int ignored;
    (void)snprintf(word, sizeof word, "%.*s", (int)(colon - node->text), node->text);
    TL_TRY(check_factor(reader, node, word, first, &ignored, err));
    TL_TRY(check_factor(reader, node, colon + 1, second, &ignored, err));
    *axis = -1;
    TL_YAML_CHECK(strcmp(first, "round") != 0 && strcmp(second, "round") != 0, node, err,
                  "the effect of round has no interactions; write effect: round");
    TL_YAML_CHECK(strlen(first) + strlen(second) + 2 <= sizeof out->effect, node, err,
                  "'%s:%s' is longer than %d letters", first, second, TL_NAME - 1);
    memcpy(out->effect, first, strlen(first) + 1);
    out->effect[strlen(first)] = ':';
    memcpy(out->effect + strlen(first) + 1, second, strlen(second) + 1);
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

/* Whether a factor is an axis over numbers with 3 levels or more. */
static bool has_trend(const tl_plan_reader *reader, const char *name)
{
    for (int i = 0; i < reader->plan->axes; i++) {
        const tl_axis *axis = &reader->axis[i];
        if (strcmp(axis->name, name) != 0) continue;
        return axis->param && axis->param->type <= TL_PARAM_INT && axis->levels >= 3;
    }
    for (int i = 0; i < reader->plan->inners; i++) {
        const tl_inner *inner = &reader->inner[i];
        if (strcmp(inner->name, name) != 0 || inner->param->type > TL_PARAM_INT) continue;
        int distinct = 0;
        for (int l = 0; l < reader->axis[inner->axis].levels; l++) {
            bool is_new = inner->has[l];
            for (int k = 0; k < l && is_new; k++) {
                is_new = !inner->has[k] || inner->value[k].number != inner->value[l].number;
            }
            distinct += is_new;
        }
        return distinct >= 3;
    }
    return false;
}

static tl_status read_level(tl_plan_reader *reader, const tl_yaml *node, int axis,
                            tl_hypothesis *out, tl_err *err)
{
    const tl_axis *factor = axis >= 0 ? &reader->axis[axis] : NULL;
    if (strcmp(out->effect, "round") == 0) {
        const tl_param round = {.name = "level",
                                .type = TL_PARAM_INT,
                                .low = 2,
                                .high = most_rounds(reader->body)};
        tl_value number;
        TL_TRY(tl_plan_value(node, &round, "level", &number, err));
        (void)snprintf(out->level, sizeof out->level, "%d", (int)number.number);
        return TL_OK;
    }
    if (!factor || !factor->is_choice) {
        TL_YAML_CHECK(
            strcmp(node->text, "trend") == 0 && has_trend(reader, out->effect), node, err,
            "'%s' has no level '%.60s'; level must be an alternative of a one_of, or "
            "`trend` for an axis over 3 numbers or more",
            out->effect, node->text);
        (void)snprintf(out->level, sizeof out->level, "trend");
        return TL_OK;
    }
    const char *label;
    TL_TRY(tl_plan_label(node, factor, &label, err));
    (void)snprintf(out->level, sizeof out->level, "%s", label);
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

static tl_status read_one(tl_plan_reader *reader, const tl_yaml *map,
                          const metric_names *metrics, tl_hypothesis *out, tl_err *err)
{
    static const char *const keys[] = {"effect", "on", "direction", "level", "claim"};
    enum { EFFECT, ON, DIRECTION, LEVEL, CLAIM, KEYS };
    const tl_yaml *value[KEYS] = {NULL};
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
        TL_YAML_CHECK(child->kind == TL_YAML_SCALAR, child, err,
                      "%s must be a word, found %s", keys[k], tl_yaml_kind_name(child));
        value[k] = child;
    }
    for (int k = EFFECT; k <= DIRECTION; k++) {
        TL_YAML_CHECK(value[k], map, err, "a hypothesis needs `%s`", keys[k]);
    }
    int axis;
    TL_TRY(read_effect(reader, value[EFFECT], out, &axis, err));
    TL_TRY(read_direction(value[DIRECTION], out, err));
    if (value[CLAIM]) TL_TRY(read_claim(value[CLAIM], out, err));
    if (value[LEVEL]) TL_TRY(read_level(reader, value[LEVEL], axis, out, err));
    for (int i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->name[i], value[ON]->text) != 0) continue;
        (void)snprintf(out->on, sizeof out->on, "%s", metrics->name[i]);
        return TL_OK;
    }
    return tl_plan_unknown(value[ON], "metric", value[ON]->text, metrics->name,
                           metrics->count, err);
}

tl_status tl_plan_hypotheses(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    const tl_yaml *list = tl_yaml_find(reader->root, "hypotheses");
    if (!list) return TL_OK;
    TL_YAML_CHECK(list->kind == TL_YAML_LIST && list->children <= MAX_HYPOTHESES, list, err,
                  "hypotheses must be a list of at most %d maps", MAX_HYPOTHESES);
    metric_names *metrics;
    tl_hypothesis *made;
    TL_ALLOC(metrics, &plan->arena, 1, err);
    TL_ALLOC(made, &plan->arena, list->children, err);
    const int judgements = most_judgements(reader->body);
    const int rounds = most_rounds(reader->body);
    for (int i = 0; i < rounds * plan->instances; i++) {
        TL_TRY(add_instance(reader, i % plan->instances, i / plan->instances + 1,
                            judgements, metrics, err));
    }
    for (const tl_yaml *map = list->first; map; map = map->next) {
        TL_TRY(read_one(reader, map, metrics, &made[plan->hypotheses++], err));
    }
    plan->hypothesis = made;
    return TL_OK;
}
