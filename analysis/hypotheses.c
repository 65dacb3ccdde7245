/*
 * Which effects answer the plan's hypotheses, and how likely these answers are to be false
 * discoveries. Nothing else is tested: the family of Benjamini and Hochberg is the plan's.
 */
#include "analysis/effects.h"

#include "analysis/statistics.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { MOST_TESTS = 1024 };

typedef struct claim {
    const char *factor, *on, *level, *text; /* text: the claim in words, or NULL */
    int direction;
} claim;

static tl_status read_claim(const json_t *h, tl_arena *arena, claim *out, tl_err *err)
{
    static const char *const key[] = {"effect", "on", "level", "direction", "claim"};
    const char *text[5];
    for (int i = 0; i < 5; i++) {
        const char *value = json_string_value(json_object_get(h, key[i]));
        text[i] = tl_arena_text(arena, value ? value : "", err);
        if (!text[i]) return TL_E_SPACE;
    }
    *out = (claim){.factor = text[0], .on = text[1], .level = text[2]};
    if (*text[4]) out->text = text[4];
    if (strcmp(text[3], "raises") == 0) out->direction = 1;
    if (strcmp(text[3], "lowers") == 0) out->direction = -1;
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

/* The effect of a hypothesis that nothing answers. */
static tl_status add_unanswered(tl_effects *effects, tl_arena *arena, const claim *c,
                                int number, tl_err *err)
{
    tl_effect *effect;
    TL_TRY(tl_effects_add(effects, c->on, arena, &effect, err));
    effect->factor = c->factor;
    effect->level = *c->level ? c->level : "any";
    effect->reference = "its reference";
    effect->hypothesis = number;
    effect->direction = c->direction;
    effect->claim = c->text;
    effect->mean = effect->reference_mean = effect->low = effect->high = (double)NAN;
    effect->p = effect->least_p = (double)NAN;
    effect->missing = "the metric has no value in any trial, or lies not downstream of it";
    return TL_OK;
}

/* Marks the effects that answer hypothesis `number`: one per level if it names none. */
static tl_status answer(tl_effects *effects, tl_arena *arena, const claim *c, int number,
                        tl_err *err)
{
    const int all = effects->count;
    bool is_answered = false;
    for (int k = 0; k < all; k++) {
        tl_effect *effect = &effects->effect[k];
        if (!is_answer(effect, c)) continue;
        if (effect->hypothesis >= 0) { /* answers an earlier one too */
            const tl_effect copy = *effect;
            TL_TRY(tl_effects_add(effects, copy.metric, arena, &effect, err));
            *effect = copy;
        }
        effect->hypothesis = number;
        effect->direction = c->direction;
        effect->claim = c->text;
        is_answered = true;
    }
    return is_answered ? TL_OK : add_unanswered(effects, arena, c, number, err);
}

static tl_status answer_all(const json_t *list, tl_arena *arena, tl_effects *effects,
                            tl_err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        claim one;
        TL_TRY(read_claim(json_array_get(list, i), arena, &one, err));
        TL_TRY(answer(effects, arena, &one, (int)i, err));
    }
    return TL_OK;
}

static tl_status discover(tl_effects *effects, tl_err *err)
{
    double p[MOST_TESTS] = {0.0};
    tl_effect *tested[MOST_TESTS];
    int count = 0;
    for (int k = 0; k < effects->count; k++) {
        tl_effect *effect = &effects->effect[k];
        if (effect->hypothesis < 0 || isnan(effect->p)) continue;
        TL_CHECK(count < MOST_TESTS, err, TL_E_SPACE,
                 "the hypotheses make more than %d tests", MOST_TESTS);
        p[count] = effect->p;
        tested[count++] = effect;
    }
    tl_false_discovery(p, count, p);
    for (int k = 0; k < count; k++) tested[k]->q = p[k];
    return TL_OK;
}

/* Effects that answer a hypothesis first, in the order of the plan; all else as it was. */
static tl_status put_first(tl_effects *effects, tl_arena *arena, tl_err *err)
{
    tl_effect *sorted;
    int at = 0;
    TL_TAKE(sorted, arena, effects->count, err);
    for (int k = 0; k < effects->count; k++) {
        if (effects->effect[k].hypothesis >= 0) sorted[at++] = effects->effect[k];
    }
    for (int i = 1; i < at; i++) { /* few: insertion keeps equals in order */
        const tl_effect held = sorted[i];
        int j = i;
        for (; j > 0 && sorted[j - 1].hypothesis > held.hypothesis; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = held;
    }
    for (int k = 0; k < effects->count; k++) {
        if (effects->effect[k].hypothesis < 0) sorted[at++] = effects->effect[k];
    }
    memcpy(effects->effect, sorted, (size_t)at * sizeof *sorted);
    return TL_OK;
}

tl_status tl_hypotheses_answer(const tl_table *table, tl_arena *arena, tl_effects *effects,
                               tl_err *err)
{
    const char *hypotheses = tl_table_attribute(table, "hypotheses");
    json_t *list = hypotheses ? json_loads(hypotheses, 0, NULL) : NULL;
    const tl_status status = answer_all(list, arena, effects, err);
    json_decref(list);
    TL_TRY(status);
    TL_TRY(discover(effects, err));
    return put_first(effects, arena, err);
}
