/*
 * Ranges, {from: 0, to: 0.5, steps: 6}: a list written by its ends. Levels are rounded to
 * 12 digits, so that 0.3 is 0.3; the ends are as they are written.
 */
#include "runner/plan/plan_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 12, MOST_STEPS = 100000 };
enum { FROM, TO, STEPS, LOG, KEYS };

static const char *const keys[KEYS] = {"from", "to", "steps", "log"};
static const tl_param steps_param = {
    .name = "steps", .type = TL_PARAM_INT, .low = 2, .high = MOST_STEPS};
static const tl_param end_param = {
    .name = "end", .type = TL_PARAM_REAL, .low = -HUGE_VAL, .high = HUGE_VAL};
static const tl_param log_param = {.name = "log", .type = TL_PARAM_BOOL};

bool tl_plan_is_range(const tl_yaml *node)
{
    return node->kind == TL_YAML_MAP &&
           (tl_yaml_find(node, keys[FROM]) || tl_yaml_find(node, keys[TO]));
}

int tl_plan_levels(const tl_yaml *node)
{
    tl_value steps;
    if (node->kind == TL_YAML_LIST) return node->children > 0 ? node->children : 1;
    const tl_yaml *said = tl_plan_is_range(node) ? tl_yaml_find(node, keys[STEPS]) : NULL;
    const bool is_good =
        said && tl_plan_value(said, &steps_param, "steps", &steps, NULL) == TL_OK;
    return is_good ? (int)steps.number : 1;
}

/* A range that was read: its keys, and their values. */
typedef struct range {
    const tl_yaml *at[KEYS];
    double from, to;
    int steps;
    bool is_log;
} range;

static tl_status read_range(const tl_yaml *map, const char *what, range *out, tl_err *err)
{
    tl_value value;
    for (const tl_yaml *child = map->first; child; child = child->next) {
        int k = 0;
        while (k < KEYS && strcmp(keys[k], child->key->text) != 0) k++;
        if (k == KEYS)
            return tl_plan_unknown(child->key, "key of a range:", child->key->text, keys,
                                   KEYS, err);
        out->at[k] = child;
    }
    for (int k = FROM; k <= STEPS; k++)
        TL_YAML_CHECK(out->at[k], map, err,
                      "%s is a range without `%s`; it must be like {from: 0, to: 0.5, "
                      "steps: 6}, and may have log: true",
                      what, keys[k]);
    TL_TRY(tl_plan_value(out->at[FROM], &end_param, "from", &value, err));
    out->from = value.number;
    TL_TRY(tl_plan_value(out->at[TO], &end_param, "to", &value, err));
    out->to = value.number;
    TL_TRY(tl_plan_value(out->at[STEPS], &steps_param, "steps", &value, err));
    out->steps = (int)value.number;
    if (out->at[LOG]) TL_TRY(tl_plan_value(out->at[LOG], &log_param, "log", &value, err));
    out->is_log = out->at[LOG] && value.number != 0.0;
    TL_YAML_CHECK(out->from != out->to, out->at[TO], err,
                  "%s is a range whose ends are both %g; they must differ", what, out->to);
    TL_YAML_CHECK(!out->is_log || (out->from > 0.0 && out->to > 0.0),
                  out->from > 0.0 ? out->at[TO] : out->at[FROM], err,
                  "%s is a range with log: true, whose ends must be above 0", what);
    return TL_OK;
}

/* Level i as text. Of whole numbers, equal ratios are rounded; equal steps must be whole.
 */
static void write_level(const range *r, int i, bool is_whole, char out[32])
{
    const double part = (double)i / (r->steps - 1);
    const double level = r->is_log ? r->from * pow(r->to / r->from, part)
                                   : r->from + (r->to - r->from) * i / (r->steps - 1);
    const bool rounds = is_whole && r->is_log;
    (void)snprintf(out, 32, "%.*g", DIGITS, rounds ? nearbyint(level) : level);
}

tl_status tl_plan_range(tl_plan_reader *reader, const tl_yaml *map, const tl_param *param,
                        const char *what, const tl_yaml **out, tl_err *err)
{
    tl_arena *arena = &reader->plan->arena;
    range r = {0};
    TL_YAML_CHECK(param->type == TL_PARAM_REAL || param->type == TL_PARAM_INT, map, err,
                  "%s takes words, so it cannot be a range; give a list", what);
    TL_TRY(read_range(map, what, &r, err));
    tl_yaml *list = tl_yaml_new(TL_YAML_LIST, map, arena, err);
    if (!list) return TL_E_NOMEM;
    for (int i = 0; i < r.steps; i++) {
        char text[32];
        write_level(&r, i, param->type == TL_PARAM_INT, text);
        const char *level = i == 0             ? r.at[FROM]->text
                            : i == r.steps - 1 ? r.at[TO]->text
                                               : text;
        tl_yaml *node = tl_yaml_scalar(level, map, arena, err);
        if (!node) return TL_E_NOMEM;
        tl_yaml_append(list, node);
    }
    *out = list;
    return TL_OK;
}
