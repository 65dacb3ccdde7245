/*
 * A hypothesis names factors, levels and conditions by words; here they become comparisons
 * by number, whose order is the table's, so that a:b and b:a are the same interaction.
 */
#include "analysis/effect/hypotheses.h"

#include "analysis/effect/statistics.h"
#include "analysis/effect/trend.h"
#include "analysis/table/schema.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { NAME_ROOM = 512 }; /* for the name of a companion column */

/* A hypothesis as the file has it; texts are in the arena, "" where absent. */
typedef struct claim {
    const char *factor[2], *level[2],
        *against[2]; /* the second of an interaction, or NULL */
    const char *on;
    json_t *at; /* an object, or NULL */
    tl_asked asked;
} claim;

/* Splits "a:b"; the second is NULL without a colon. */
static tl_status split(const char *text, tl_arena *arena, const char *out[2], tl_err *err)
{
    const char *colon = strchr(text, ':');
    out[0] = text;
    out[1] = NULL;
    if (!colon) return TL_OK;
    out[0] = tl_arena_print(arena, err, "%.*s", (int)(colon - text), text);
    out[1] = colon + 1;
    return out[0] ? TL_OK : TL_E_NOMEM;
}

static tl_status read_claim(const json_t *h, tl_arena *arena, int number, claim *out,
                            tl_err *err)
{
    static const char *const direction[] = TL_DIRECTIONS;
    static const char *const key[] = {TL_KEY_EFFECT,  TL_KEY_ON,        TL_KEY_LEVEL,
                                      TL_KEY_AGAINST, TL_KEY_DIRECTION, TL_KEY_CLAIM};
    const char *text[6];
    for (int i = 0; i < 6; i++) {
        const char *value = json_string_value(json_object_get(h, key[i]));
        text[i] = tl_arena_text(arena, value ? value : "", err);
        if (!text[i]) return TL_E_NOMEM;
    }
    *out = (claim){.on = text[1], .at = json_object_get(h, TL_KEY_AT)};
    TL_TRY(split(text[0], arena, out->factor, err));
    /* Only an interaction has two levels: a name of a single one may hold a colon. */
    out->level[0] = text[2];
    out->against[0] = text[3];
    if (out->factor[1]) {
        TL_TRY(split(text[2], arena, out->level, err));
        TL_TRY(split(text[3], arena, out->against, err));
    }
    const json_t *margin = json_object_get(h, TL_KEY_MARGIN);
    out->asked = (tl_asked){.hypothesis = number, .sides = 2, .margin = (double)NAN};
    if (json_number_value(margin) > 0.0) out->asked.margin = json_number_value(margin);
    if (*text[5]) out->asked.claim = text[5];
    for (int d = -1; d <= 1; d++) {
        if (strcmp(text[4], direction[d + 1]) == 0) out->asked.direction = d;
    }
    const bool is_one_sided = json_is_true(json_object_get(h, TL_KEY_ONE_SIDED));
    if (is_one_sided && out->asked.direction != 0) out->asked.sides = 1;
    return TL_OK;
}

/* --- from words to numbers ----------------------------------------------------------- */

static int find_factor(const tl_design *d, const char *name)
{
    for (int f = 0; f < d->factors; f++) {
        if (strcmp(d->factor[f].column->name, name) == 0) return f;
    }
    return -1;
}

static int find_level(const tl_factor *factor, const char *name)
{
    for (int l = 0; l < factor->levels && tl_factor_has_contrasts(factor); l++) {
        if (strcmp(factor->name[l], name) == 0) return l;
    }
    return -1;
}

/* Sets the conditions; returns why they cannot be met, or NULL. */
static const char *find_conditions(const tl_design *d, json_t *at, tl_comparison *out)
{
    const char *name;
    json_t *level;
    json_object_foreach(at, name, level)
    {
        const int f = find_factor(d, name);
        const char *text = json_string_value(level);
        const int l = f < 0 || !text ? -1 : find_level(&d->factor[f], text);
        if (l < 0) return "no trial of the plan meets its conditions";
        if (out->conditions == TL_MOST_CONDITIONS) return "it has too many conditions";
        out->at[out->conditions++] = (tl_condition){f, l};
    }
    return NULL;
}

/* Why a and b, factors above the metric, have no interaction, or NULL. */
static const char *why_no_pair(const tl_factor *a, const tl_factor *b)
{
    if (tl_factors_zipped(a, b)) return "its factors vary together: neither varies alone";
    const bool is_nested = (a->within && strcmp(a->within, b->column->name) == 0) ||
                           (b->within && strcmp(b->within, a->column->name) == 0);
    return is_nested || a == b ? "one of the two exists only inside the other" : NULL;
}

static const char *why_no_value(const tl_table *table, const tl_column *metric)
{
    char name[NAME_ROOM];
    (void)snprintf(name, sizeof name, "%s" TL_SUFFIX_REASON, metric->name);
    const tl_column *why = tl_table_find(table, name);
    for (uint32_t t = 0; why && why->type == TL_COLUMN_FLAG && t < table->trials; t++) {
        if (why->integer[t] == TL_REASON_UNRESOLVABLE)
            return "the metric has no value in any trial: the rows are too few for it";
    }
    return "the metric has no value in any trial";
}

/* Finds the metric and the factors, in the table's order; returns why there is no effect,
 * or NULL. Swaps the words of an interaction with its factors. */
static const char *find_factors(const tl_design *d, claim *c, tl_comparison *out)
{
    const tl_column *metric = tl_table_find(d->table, c->on);
    if (!metric || metric->type != TL_COLUMN_REAL)
        return "no column of that name: no trial has the metric";
    if (!tl_column_has_value(d->table, metric)) return why_no_value(d->table, metric);
    const char *above = tl_column_attribute(metric, TL_NAME_ABOVE);
    out->factor[1] = -1;
    for (int k = 0; k < 2 && c->factor[k]; k++) {
        out->factor[k] = find_factor(d, c->factor[k]);
        if (out->factor[k] < 0 || !tl_word_listed(above, c->factor[k]))
            return "the metric is not downstream of it";
    }
    if (out->factor[1] < 0) return NULL;
    if (out->factor[0] > out->factor[1]) {
        const int f = out->factor[0];
        const char *level = c->level[0], *against = c->against[0];
        out->factor[0] = out->factor[1];
        out->factor[1] = f;
        if (c->level[1]) c->level[0] = c->level[1];
        if (c->level[1]) c->level[1] = level;
        if (c->against[1]) c->against[0] = c->against[1];
        if (c->against[1]) c->against[1] = against;
    }
    return why_no_pair(&d->factor[out->factor[0]], &d->factor[out->factor[1]]);
}

/* The range of levels that a word means: one, or without a word all. \return why there is
 * none, or NULL */
static const char *find_levels(const tl_factor *factor, const char *word, int range[2])
{
    range[0] = 0;
    range[1] = factor->levels;
    if (!tl_factor_has_contrasts(factor)) return "its levels are too many";
    if (!word || !*word) return NULL;
    range[0] = find_level(factor, word);
    range[1] = range[0] + 1;
    return range[0] < 0 ? "no trial of the plan is at this level" : NULL;
}

/* --- answers ------------------------------------------------------------------------- */

/* Adds the effects of all levels in range, other than the references. */
static tl_status add_levels(tl_estimator *e, const tl_subject *subject, tl_comparison *c,
                            int range[2][2], tl_err *err)
{
    const bool is_pair = c->factor[1] >= 0;
    for (int i = range[0][0]; i < range[0][1]; i++) {
        if (i == c->reference[0]) continue;
        for (int j = range[1][0]; j < range[1][1]; j++) {
            if (is_pair && j == c->reference[1]) continue;
            c->level[0] = i;
            c->level[1] = j;
            TL_TRY(tl_estimate_comparison(e, subject, c, err));
        }
    }
    return TL_OK;
}

/* The answers of contrasts and interactions. \param why result, or NULL */
static tl_status answer_levels(tl_estimator *e, const tl_subject *subject, const claim *c,
                               tl_comparison *compared, const char **why, tl_err *err)
{
    int range[2][2] = {{0, 1}, {0, 1}};
    double effects = 1.0;
    for (int k = 0; k < 2 && compared->factor[k] >= 0 && !*why; k++) {
        const tl_factor *factor = &e->design.factor[compared->factor[k]];
        int at[2] = {0, 1};
        if (c->against[k] && *c->against[k]) *why = find_levels(factor, c->against[k], at);
        if (!*why) *why = find_levels(factor, c->level[k], range[k]);
        compared->reference[k] = at[0];
        if (!*why && range[k][1] == range[k][0] + 1 && range[k][0] == at[0])
            *why = "it compares a level with itself";
        effects *= range[k][1] - range[k][0];
    }
    if (!*why && effects > TL_MOST_TESTS) *why = "its levels are too many";
    return *why ? TL_OK : add_levels(e, subject, compared, range, err);
}

static tl_status answer_trend(tl_estimator *e, const tl_subject *subject,
                              const tl_comparison *compared, const char **why, tl_err *err)
{
    if (!tl_trend_exists(&e->design.factor[compared->factor[0]])) {
        *why = "the trials have fewer than 3 levels of it";
        return TL_OK;
    }
    return tl_estimate_trend(e, subject, compared, err);
}

/* The later rounds of the metric. */
static tl_status answer_rounds(tl_estimator *e, const claim *c,
                               const tl_comparison *compared, tl_err *err)
{
    for (int i = 0; i < e->design.table->columns; i++) {
        const tl_column *later = &e->design.table->column[i];
        if (!tl_column_says(later, TL_NAME_FIRST_ROUND, c->on)) continue;
        if (*c->level[0] && !tl_column_says(later, TL_NAME_ROUND, c->level[0])) continue;
        if (later->type != TL_COLUMN_REAL) continue;
        tl_subject subject;
        const size_t mark = tl_arena_mark(&e->scratch);
        TL_TRY(tl_subject_open(e, later, &subject, err));
        TL_TRY(tl_estimate_round(e, &subject, compared, err));
        tl_arena_rewind(&e->scratch, mark);
    }
    return TL_OK;
}

/* Adds the effects that answer; without any, `why` says why. */
static tl_status find_answers(tl_estimator *e, claim *c, const char **why, tl_err *err)
{
    tl_comparison compared = {.factor = {-1, -1}};
    const tl_design *d = &e->design;
    const bool is_round = strcmp(c->factor[0], TL_NAME_ROUND) == 0 && !c->factor[1];
    *why = find_conditions(d, c->at, &compared);
    if (*why) return TL_OK;
    if (is_round) {
        *why = "no later round has another value";
        return answer_rounds(e, c, &compared, err);
    }
    *why = find_factors(d, c, &compared);
    if (*why) return TL_OK;
    tl_subject subject;
    const bool is_pair = compared.factor[1] >= 0;
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_subject_open(e, tl_table_find(d->table, c->on), &subject, err));
    if (!is_pair && strcmp(c->level[0], TL_NAME_TREND) == 0)
        TL_TRY(answer_trend(e, &subject, &compared, why, err));
    else
        TL_TRY(answer_levels(e, &subject, c, &compared, why, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

/* The effect of a hypothesis that nothing answers. */
static tl_status add_unanswered(tl_estimator *e, const claim *c, const char *why,
                                tl_err *err)
{
    tl_effect *effect;
    TL_TRY(tl_effects_add(e->effects, c->on, e->arena, &effect, err));
    effect->factor =
        c->factor[1] ? tl_arena_print(e->arena, err, "%s:%s", c->factor[0], c->factor[1])
                     : c->factor[0];
    effect->level = *c->level[0] ? c->level[0] : "any";
    effect->reference = *c->against[0] ? c->against[0] : "its reference";
    effect->hypothesis = c->asked.hypothesis;
    effect->direction = c->asked.direction;
    effect->sides = c->asked.sides;
    effect->margin = c->asked.margin;
    effect->claim = c->asked.claim;
    effect->missing = why;
    return effect->factor ? TL_OK : TL_E_NOMEM;
}

static tl_status answer(tl_estimator *e, claim *c, tl_err *err)
{
    const char *why = NULL;
    const int before = e->effects->count;
    e->asked = &c->asked;
    const tl_status status = find_answers(e, c, &why, err);
    e->asked = NULL;
    TL_TRY(status);
    if (e->effects->count == before) {
        if (!why) why = "the factor has no other level";
        TL_TRY(add_unanswered(e, c, why, err));
    }
    for (int k = before; k < e->effects->count; k++) {
        e->effects->effect[k].part = k - before;
        e->effects->effect[k].parts = e->effects->count - before;
    }
    return TL_OK;
}

static tl_status answer_all(tl_estimator *e, const json_t *list, tl_err *err)
{
    TL_CHECK(json_array_size(list) <= TL_MOST_TESTS, err, TL_E_FORMAT,
             "the file has %zu hypotheses, more than %d", json_array_size(list),
             TL_MOST_TESTS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        claim one;
        TL_TRY(read_claim(json_array_get(list, i), e->arena, (int)i, &one, err));
        TL_TRY(answer(e, &one, err));
    }
    return TL_OK;
}

/* Sets q and the family-wise p of all effects that were tested. */
static tl_status discover(tl_effects *effects, tl_err *err)
{
    double p[TL_MOST_TESTS] = {0.0}, q[TL_MOST_TESTS], strict[TL_MOST_TESTS];
    tl_effect *tested[TL_MOST_TESTS];
    int count = 0;
    for (int k = 0; k < effects->count; k++) {
        tl_effect *effect = &effects->effect[k];
        if (isnan(effect->p)) continue;
        TL_CHECK(count < TL_MOST_TESTS, err, TL_E_NOMEM,
                 "the hypotheses make more than %d tests", TL_MOST_TESTS);
        p[count] = effect->p;
        tested[count++] = effect;
    }
    tl_false_discovery(p, count, q);
    tl_family_wise(p, count, strict);
    for (int k = 0; k < count; k++) {
        tested[k]->q = q[k];
        tested[k]->family_wise = strict[k];
    }
    return TL_OK;
}

tl_status tl_hypotheses_answer(tl_estimator *e, tl_err *err)
{
    const char *text = tl_table_attribute(e->design.table, TL_NAME_HYPOTHESES);
    json_t *list = text ? json_loads(text, 0, NULL) : NULL;
    const tl_status status = answer_all(e, list, err);
    json_decref(list);
    TL_TRY(status);
    return discover(e->effects, err);
}
