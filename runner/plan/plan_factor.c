/*
 * Factors and levels as hypotheses name them.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <string.h>

enum { MAX_LEVEL_NAMES = 64 };

int tl_plan_most_rounds(const tl_plan_reader *reader)
{
    int most = 1;
    for (int c = 0; c < reader->body->chains; c++) {
        if (reader->body->chain[c]->rounds > most) most = reader->body->chain[c]->rounds;
    }
    return most;
}

tl_status tl_plan_factor_find(const tl_plan_reader *reader, const tl_yaml *at,
                              const char *word, tl_plan_factor *out, tl_err *err)
{
    *out = (tl_plan_factor){.name = "round", .axis = -1, .inner = -1};
    if (strcmp(word, "round") == 0 && tl_plan_most_rounds(reader) > 1) return TL_OK;
    out->axis = tl_plan_find_axis(reader, word, &out->inner);
    if (out->axis >= 0) {
        out->name =
            out->inner >= 0 ? reader->inner[out->inner].name : reader->axis[out->axis].name;
        return TL_OK;
    }
    const char *names[TL_MAX_AXES + TL_MAX_INNERS];
    int count = 0;
    for (int i = 0; i < reader->plan->axes; i++) names[count++] = reader->axis[i].name;
    for (int i = 0; i < reader->plan->inners; i++) names[count++] = reader->inner[i].name;
    return tl_plan_unknown(at, "factor", word, names, count, err);
}

/* What a list of values is over: an axis, or values within a choice. */
typedef struct values {
    const tl_param *param;
    const tl_value *value;
    const bool *has; /* NULL: all levels have a value */
    int levels;
} values;

static values values_of(const tl_plan_reader *reader, const tl_plan_factor *factor)
{
    const tl_axis *axis = &reader->axis[factor->axis];
    if (factor->inner < 0)
        return (values){.param = axis->param, .value = axis->value, .levels = axis->levels};
    const tl_inner *inner = &reader->inner[factor->inner];
    return (values){inner->param, inner->value, inner->has, axis->levels};
}

static bool is_new_at(const values *v, int l)
{
    if (v->has && !v->has[l]) return false;
    for (int k = 0; k < l; k++) {
        if ((!v->has || v->has[k]) && tl_plan_is_equal(&v->value[k], &v->value[l]))
            return false;
    }
    return true;
}

bool tl_plan_factor_has_trend(const tl_plan_reader *reader, const tl_plan_factor *factor)
{
    if (factor->axis < 0) return false;
    const values v = values_of(reader, factor);
    int distinct = 0;
    if (!v.param || v.param->type > TL_PARAM_INT) return false;
    for (int l = 0; l < v.levels && distinct < 3; l++) distinct += is_new_at(&v, l) ? 1 : 0;
    return distinct >= 3;
}

/* The name that a result file gives a value. */
static const char *name_of(const tl_param *param, const tl_value *value, tl_arena *arena,
                           tl_err *err)
{
    char number[32];
    if (param->type == TL_PARAM_TEXT || param->type == TL_PARAM_CHOICE) return value->text;
    return tl_arena_text(arena, tl_text_shortest(value->number, number), err);
}

static tl_status find_value(const tl_plan_reader *reader, const tl_yaml *node,
                            const tl_plan_factor *factor, const char **out, tl_err *err)
{
    const values v = values_of(reader, factor);
    tl_arena *arena = &reader->plan->arena;
    const char *names[MAX_LEVEL_NAMES];
    char what[TL_NAME + 16];
    tl_value wanted;
    int count = 0;
    TL_TRY(tl_plan_value(node, v.param, "level", &wanted, err));
    for (int l = 0; l < v.levels; l++) {
        if (!is_new_at(&v, l)) continue;
        if (tl_plan_is_equal(&wanted, &v.value[l])) {
            *out = name_of(v.param, &v.value[l], arena, err);
            return *out ? TL_OK : TL_E_NOMEM;
        }
        if (count == MAX_LEVEL_NAMES) continue;
        names[count] = name_of(v.param, &v.value[l], arena, err);
        if (!names[count++]) return TL_E_NOMEM;
    }
    (void)snprintf(what, sizeof what, "level of %s:", factor->name);
    return tl_plan_unknown(node, what, node->text, names, count, err);
}

tl_status tl_plan_factor_level(const tl_plan_reader *reader, const tl_yaml *node,
                               const tl_plan_factor *factor, const char **out, tl_err *err)
{
    if (factor->axis < 0) {
        const tl_param round = {.name = "level",
                                .type = TL_PARAM_INT,
                                .low = 2,
                                .high = tl_plan_most_rounds(reader)};
        tl_value number;
        TL_TRY(tl_plan_value(node, &round, "level", &number, err));
        *out = name_of(&round, &number, &reader->plan->arena, err);
        return *out ? TL_OK : TL_E_NOMEM;
    }
    const bool is_choice = factor->inner < 0 && reader->axis[factor->axis].is_choice;
    if (is_choice) return tl_plan_label(node, &reader->axis[factor->axis], out, err);
    return find_value(reader, node, factor, out, err);
}
