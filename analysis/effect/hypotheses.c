#include "analysis/effect/hypotheses.h"

#include "analysis/effect/design.h"
#include "analysis/effect/statistics.h"
#include "analysis/table/schema.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

typedef struct claim {
    const char *factor, *on, *level, *text; /* text: the claim in words, or NULL */
    int direction;
} claim;

static tl_status read_claim(const json_t *h, tl_arena *arena, claim *out, tl_err *err)
{
    static const char *const direction[] = TL_DIRECTIONS;
    static const char *const key[] = {TL_KEY_EFFECT, TL_KEY_ON, TL_KEY_LEVEL,
                                      TL_KEY_DIRECTION, TL_KEY_CLAIM};
    const char *text[5];
    for (int i = 0; i < 5; i++) {
        const char *value = json_string_value(json_object_get(h, key[i]));
        text[i] = tl_arena_text(arena, value ? value : "", err);
        if (!text[i]) return TL_E_NOMEM;
    }
    *out = (claim){.factor = text[0], .on = text[1], .level = text[2]};
    if (*text[4]) out->text = text[4];
    for (int d = -1; d <= 1; d++) {
        if (strcmp(text[3], direction[d + 1]) == 0) out->direction = d;
    }
    return TL_OK;
}

/* Without a level, a hypothesis is about all contrasts of its factor, not the trend. */
static bool is_answer(const tl_effect *effect, const claim *c)
{
    if (strcmp(effect->factor, c->factor) != 0 || strcmp(effect->metric, c->on) != 0) {
        return false;
    }
    if (!*c->level) return effect->kind != TL_EFFECT_TREND;
    return strcmp(effect->level, c->level) == 0;
}

/* Why the interaction of two factors above the metric was not estimated. */
static const char *why_no_pair(const tl_table *table, const char *a, const char *b,
                               const tl_effects *effects)
{
    const tl_column *x = tl_table_find(table, a), *y = tl_table_find(table, b);
    const char *zip[] = {x ? tl_column_attribute(x, TL_NAME_ZIP) : NULL,
                         y ? tl_column_attribute(y, TL_NAME_ZIP) : NULL};
    if (zip[0] && zip[1] && strcmp(zip[0], zip[1]) == 0) {
        return "its factors vary together: neither varies alone";
    }
    if (effects->left_out > 0) return "too many interactions: all were left out";
    return "the interaction of these two is not estimated";
}

/* Why no effect answers a hypothesis: a sentence without full stop. */
static tl_status why_unanswered(const tl_table *table, const tl_effects *effects,
                                const claim *c, tl_arena *arena, const char **why,
                                tl_err *err)
{
    const tl_column *metric = tl_table_find(table, c->on);
    const char *colon = strchr(c->factor, ':'), *a = c->factor, *b = NULL;
    if (colon) {
        a = tl_arena_print(arena, err, "%.*s", (int)(colon - c->factor), c->factor);
        if (!a) return TL_E_NOMEM;
        b = colon + 1;
    }
    if (!metric || metric->type != TL_COLUMN_REAL) {
        *why = "no column of that name: no trial has the metric";
        return TL_OK;
    }
    const char *above = tl_column_attribute(metric, TL_NAME_ABOVE);
    if (!tl_column_has_value(table, metric))
        *why = "the metric has no value in any trial";
    else if (strcmp(a, TL_NAME_ROUND) == 0)
        *why = "no later round has another value";
    else if (!tl_word_listed(above, a) || (b && !tl_word_listed(above, b)))
        *why = "the metric is not downstream of it";
    else if (b)
        *why = why_no_pair(table, a, b, effects);
    else if (strcmp(c->level, TL_NAME_TREND) == 0)
        *why = "the trials have fewer than 3 levels of it";
    else
        *why = "no trial of the plan is at this level, or its levels are too many";
    return TL_OK;
}

/* The effect of a hypothesis that nothing answers. */
static tl_status add_unanswered(const tl_table *table, tl_effects *effects, tl_arena *arena,
                                const claim *c, int number, tl_err *err)
{
    tl_effect *effect;
    TL_TRY(tl_effects_add(effects, c->on, arena, &effect, err));
    effect->factor = c->factor;
    effect->level = *c->level ? c->level : "any";
    effect->reference = "its reference";
    effect->hypothesis = number;
    effect->direction = c->direction;
    effect->claim = c->text;
    return why_unanswered(table, effects, c, arena, &effect->missing, err);
}

/* Marks the effects that answer hypothesis `number`: one per level if it names none. */
static tl_status answer(const tl_table *table, tl_effects *effects, tl_arena *arena,
                        const claim *c, int number, tl_err *err)
{
    const int all = effects->count;
    bool is_answered = false;
    for (int k = 0; k < all; k++) {
        tl_effect *effect = &effects->effect[k];
        if (!is_answer(effect, c)) continue;
        if (effect->hypothesis >= 0) { /* also answers an earlier one */
            const tl_effect copy = *effect;
            TL_TRY(tl_effects_add(effects, copy.metric, arena, &effect, err));
            *effect = copy;
        }
        effect->hypothesis = number;
        effect->direction = c->direction;
        effect->claim = c->text;
        is_answered = true;
    }
    return is_answered ? TL_OK : add_unanswered(table, effects, arena, c, number, err);
}

static tl_status answer_all(const tl_table *table, const json_t *list, tl_arena *arena,
                            tl_effects *effects, tl_err *err)
{
    TL_CHECK(json_array_size(list) <= TL_MOST_TESTS, err, TL_E_FORMAT,
             "the file has %zu hypotheses, more than %d", json_array_size(list),
             TL_MOST_TESTS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        claim one;
        TL_TRY(read_claim(json_array_get(list, i), arena, &one, err));
        TL_TRY(answer(table, effects, arena, &one, (int)i, err));
    }
    return TL_OK;
}

static tl_status discover(tl_effects *effects, tl_err *err)
{
    double p[TL_MOST_TESTS] = {0.0};
    tl_effect *tested[TL_MOST_TESTS];
    int count = 0;
    for (int k = 0; k < effects->count; k++) {
        tl_effect *effect = &effects->effect[k];
        if (effect->hypothesis < 0 || isnan(effect->p)) continue;
        TL_CHECK(count < TL_MOST_TESTS, err, TL_E_NOMEM,
                 "the hypotheses make more than %d tests", TL_MOST_TESTS);
        p[count] = effect->p;
        tested[count++] = effect;
    }
    tl_false_discovery(p, count, p);
    for (int k = 0; k < count; k++) tested[k]->q = p[k];
    return TL_OK;
}

/* Effects that answer a hypothesis first, in the order of the plan; all else as it was. */
static tl_status put_first(tl_effects *effects, int hypotheses, tl_arena *arena,
                           tl_err *err)
{
    tl_effect *sorted;
    int at = 0;
    TL_ALLOC(sorted, arena, effects->count, err);
    for (int h = 0; h <= hypotheses; h++) {
        const int wanted = h < hypotheses ? h : -1;
        for (int k = 0; k < effects->count; k++) {
            if (effects->effect[k].hypothesis == wanted) sorted[at++] = effects->effect[k];
        }
    }
    effects->effect = sorted;
    effects->room = effects->count;
    return TL_OK;
}

tl_status tl_hypotheses_answer(const tl_table *table, tl_arena *arena, tl_effects *effects,
                               tl_err *err)
{
    const char *text = tl_table_attribute(table, TL_NAME_HYPOTHESES);
    json_t *list = text ? json_loads(text, 0, NULL) : NULL;
    const int hypotheses = (int)json_array_size(list);
    const tl_status status = answer_all(table, list, arena, effects, err);
    json_decref(list);
    TL_TRY(status);
    TL_TRY(discover(effects, err));
    return put_first(effects, hypotheses, arena, err);
}
