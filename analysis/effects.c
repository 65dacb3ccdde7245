/*
 * All contrasts and pairwise interactions of a table, then the hypotheses. An interaction
 * is the contrast of one factor where the other is at a level, minus the same contrast at
 * the other's reference.
 */
#include "analysis/effects.h"

#include "analysis/contrast.h"
#include "analysis/statistics.h"
#include "compute/core/text.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { MOST_FACTORS = 64, MOST_EFFECTS = 65536, MOST_REPLICATES = 4096, MOST_TESTS = 1024 };
static const double MOST_WORK = 1e9; /* rows read for interactions: some seconds */

typedef struct estimator {
    tl_design design;
    tl_arena *arena;
    tl_effects *effects;
} estimator;

static const char *level_text(const estimator *e, const tl_column *column, uint32_t t,
                              tl_err *err)
{
    char number[32];
    if (column->type == TL_COLUMN_TEXT) return column->text[t];
    if (column->type == TL_COLUMN_REAL) {
        if (isnan(column->real[t])) return "";
        return tl_arena_text(e->arena, tl_text_shortest(column->real[t], number), err);
    }
    return tl_arena_print(e->arena, err, "%d", (int)column->integer[t]);
}

static tl_status add_factor(estimator *e, const tl_column *column, tl_err *err)
{
    tl_design *d = &e->design;
    TL_CHECK(d->factors < MOST_FACTORS, err, TL_E_FORMAT, "more than %d factors",
             MOST_FACTORS);
    tl_factor *f = &d->factor[d->factors++];
    f->column = column;
    f->within = tl_column_attribute(column, "within");
    TL_TAKE(f->level, e->arena, d->table->trials, err);
    const char *reference = tl_column_attribute(column, "reference");
    if (reference) f->name[f->levels++] = reference;
    for (uint32_t t = 0; t < d->table->trials; t++) {
        const char *text = level_text(e, column, t, err);
        if (!text) return TL_E_SPACE;
        f->level[t] = -1;
        if (!*text) continue;
        int l = 0;
        while (l < f->levels && strcmp(f->name[l], text) != 0) l++;
        TL_CHECK(l < TL_MOST_LEVELS, err, TL_E_FORMAT, "factor %s has more than %d levels",
                 column->name, TL_MOST_LEVELS);
        if (l == f->levels) f->name[f->levels++] = text;
        f->level[t] = l;
    }
    return TL_OK;
}

static tl_status read_replicates(estimator *e, tl_err *err)
{
    tl_design *d = &e->design;
    const tl_column *column = tl_table_find(d->table, "replicate");
    int32_t *number;
    TL_CHECK(column && column->type == TL_COLUMN_INT, err, TL_E_FORMAT,
             "the table has no column 'replicate'");
    TL_TAKE(d->replicate, e->arena, d->table->trials, err);
    TL_TAKE(number, e->arena, MOST_REPLICATES, err);
    for (uint32_t t = 0; t < d->table->trials; t++) {
        int r = 0;
        while (r < d->replicates && number[r] != column->integer[t]) r++;
        TL_CHECK(r < MOST_REPLICATES, err, TL_E_FORMAT, "more than %d replicates",
                 MOST_REPLICATES);
        if (r == d->replicates) number[d->replicates++] = column->integer[t];
        d->replicate[t] = r;
    }
    return TL_OK;
}

static tl_status next_effect(estimator *e, const char *metric, tl_effect **out, tl_err *err)
{
    TL_CHECK(e->effects->count < MOST_EFFECTS, err, TL_E_SPACE, "more than %d effects",
             MOST_EFFECTS);
    *out = &e->effects->effect[e->effects->count++];
    **out = (tl_effect){.metric = metric, .hypothesis = -1, .q = (double)NAN};
    return TL_OK;
}

static tl_status add_contrast(estimator *e, const tl_target *target, int f, int level,
                              tl_err *err)
{
    const tl_slice slice = {.factor = f, .level = level, .fixed = -1};
    const tl_factor *factor = &e->design.factor[f];
    tl_differences d;
    tl_effect *effect;
    TL_TRY(next_effect(e, target->metric->name, &effect, err));
    effect->factor = factor->column->name;
    effect->level = factor->name[level];
    effect->reference = factor->name[0];
    const size_t mark = tl_arena_mark(e->arena);
    TL_TRY(tl_contrast_measure(&e->design, target, &slice, e->arena, &d, err));
    tl_contrast_estimate(&d, e->design.replicates, effect);
    if (effect->replicates == 0) {
        effect->missing = tl_contrast_why_none(&e->design, target, &slice);
    }
    tl_arena_rewind(e->arena, mark);
    return TL_OK;
}

static tl_status add_interaction(estimator *e, const tl_target *target, const int f[2],
                                 const int level[2], tl_err *err)
{
    const tl_factor *a = &e->design.factor[f[0]], *b = &e->design.factor[f[1]];
    tl_effect *effect;
    TL_TRY(next_effect(e, target->metric->name, &effect, err));
    effect->is_interaction = true;
    effect->factor =
        tl_arena_print(e->arena, err, "%s:%s", a->column->name, b->column->name);
    effect->level =
        tl_arena_print(e->arena, err, "%s:%s", a->name[level[0]], b->name[level[1]]);
    effect->reference = tl_arena_print(e->arena, err, "%s:%s", a->name[0], b->name[0]);
    if (!effect->factor || !effect->level || !effect->reference) return TL_E_SPACE;
    const size_t mark = tl_arena_mark(e->arena);
    tl_slice slice = {.factor = f[0], .level = level[0], .fixed = f[1], .at = level[1]};
    tl_differences with, without;
    TL_TRY(tl_contrast_measure(&e->design, target, &slice, e->arena, &with, err));
    slice.at = 0;
    TL_TRY(tl_contrast_measure(&e->design, target, &slice, e->arena, &without, err));
    tl_contrast_subtract(&with, &without, e->design.replicates);
    tl_contrast_estimate(&with, e->design.replicates, effect);
    if (effect->replicates == 0) {
        effect->missing = "no replicate has values in all four cells";
    }
    tl_arena_rewind(e->arena, mark);
    return TL_OK;
}

static bool do_interact(const estimator *e, const tl_target *target, int a, int b)
{
    const tl_factor *x = &e->design.factor[a], *y = &e->design.factor[b];
    return !x->within && !y->within && tl_word_listed(target->above, x->column->name) &&
           tl_word_listed(target->above, y->column->name);
}

static int count_interactions(const estimator *e, const tl_target *target)
{
    int count = 0;
    for (int a = 0; a < e->design.factors; a++) {
        for (int b = a + 1; b < e->design.factors; b++) {
            if (!do_interact(e, target, a, b)) continue;
            count += (e->design.factor[a].levels - 1) * (e->design.factor[b].levels - 1);
        }
    }
    return count;
}

static tl_status add_pairs(estimator *e, const tl_target *target, tl_err *err)
{
    for (int a = 0; a < e->design.factors; a++) {
        for (int b = a + 1; b < e->design.factors; b++) {
            if (!do_interact(e, target, a, b)) continue;
            for (int i = 1; i < e->design.factor[a].levels; i++) {
                for (int j = 1; j < e->design.factor[b].levels; j++) {
                    const int f[2] = {a, b}, level[2] = {i, j};
                    TL_TRY(add_interaction(e, target, f, level, err));
                }
            }
        }
    }
    return TL_OK;
}

static bool is_metric(const tl_column *column)
{
    return column->type == TL_COLUMN_REAL && tl_column_attribute(column, "better");
}

static tl_status add_metric(estimator *e, const tl_column *metric, bool has_pairs,
                            tl_err *err)
{
    tl_target target;
    const size_t mark = tl_arena_mark(e->arena);
    TL_TRY(tl_target_open(&e->design, metric, e->arena, &target, err));
    for (int f = 0; f < e->design.factors; f++) {
        if (!tl_word_listed(target.above, e->design.factor[f].column->name)) continue;
        for (int l = 1; l < e->design.factor[f].levels; l++) {
            TL_TRY(add_contrast(e, &target, f, l, err));
        }
    }
    if (has_pairs) return add_pairs(e, &target, err);
    tl_arena_rewind(e->arena, mark);
    return TL_OK;
}

/* Interactions left out because there are too many for the trials: 0 or all of them. */
static int too_many_pairs(const estimator *e)
{
    const tl_table *table = e->design.table;
    double all = 0.0;
    for (int i = 0; i < table->columns; i++) {
        if (!is_metric(&table->column[i])) continue;
        const tl_target target = {
            .above = tl_column_attribute(&table->column[i], "downstream_of")};
        all += count_interactions(e, &target);
    }
    const bool is_too_many = all > MOST_EFFECTS / 2 || all * table->trials > MOST_WORK;
    return is_too_many ? (int)(all < 1e9 ? all : 1e9) : 0;
}

/* --- hypotheses ---------------------------------------------------------------------- */

typedef struct claim {
    const char *factor, *on, *level;
    int direction;
} claim;

static tl_status read_claim(const json_t *h, tl_arena *arena, claim *out, tl_err *err)
{
    static const char *const key[] = {"effect", "on", "level", "direction"};
    const char *text[4];
    for (int i = 0; i < 4; i++) {
        const char *value = json_string_value(json_object_get(h, key[i]));
        text[i] = tl_arena_text(arena, value ? value : "", err);
        if (!text[i]) return TL_E_SPACE;
    }
    *out = (claim){.factor = text[0], .on = text[1], .level = text[2]};
    if (strcmp(text[3], "raises") == 0) out->direction = 1;
    if (strcmp(text[3], "lowers") == 0) out->direction = -1;
    return TL_OK;
}

/* Marks the effects that answer hypothesis `number`: one per level if it names none. */
static tl_status answer(estimator *e, const claim *c, int number, tl_err *err)
{
    tl_effects *effects = e->effects;
    const int all = effects->count;
    tl_effect *effect;
    bool is_answered = false;
    for (int k = 0; k < all; k++) {
        effect = &effects->effect[k];
        if (strcmp(effect->factor, c->factor) != 0) continue;
        if (strcmp(effect->metric, c->on) != 0) continue;
        if (*c->level && strcmp(effect->level, c->level) != 0) continue;
        if (effect->hypothesis >= 0) { /* answers an earlier one too */
            const tl_effect copy = *effect;
            TL_TRY(next_effect(e, copy.metric, &effect, err));
            *effect = copy;
        }
        effect->hypothesis = number;
        effect->direction = c->direction;
        is_answered = true;
    }
    if (is_answered) return TL_OK;
    TL_TRY(next_effect(e, c->on, &effect, err));
    effect->factor = c->factor;
    effect->level = *c->level ? c->level : "any";
    effect->reference = "its reference";
    effect->hypothesis = number;
    effect->direction = c->direction;
    effect->mean = effect->reference_mean = effect->low = effect->high = (double)NAN;
    effect->p = effect->least_p = (double)NAN;
    effect->missing = "the metric has no value in any trial, or lies not downstream of it";
    return TL_OK;
}

static tl_status answer_all(estimator *e, const json_t *list, tl_err *err)
{
    double p[MOST_TESTS];
    tl_effect *tested[MOST_TESTS];
    int count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        claim one;
        TL_TRY(read_claim(json_array_get(list, i), e->arena, &one, err));
        TL_TRY(answer(e, &one, (int)i, err));
    }
    for (int k = 0; k < e->effects->count; k++) {
        tl_effect *effect = &e->effects->effect[k];
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
    effects->effect = sorted;
    return TL_OK;
}

tl_status tl_effects_estimate(const tl_table *table, tl_arena *arena, tl_effects **out,
                              tl_err *err)
{
    estimator e = {.design = {.table = table}, .arena = arena};
    TL_TAKE(e.design.factor, arena, MOST_FACTORS, err);
    TL_TAKE(e.effects, arena, 1, err);
    TL_TAKE(e.effects->effect, arena, MOST_EFFECTS, err);
    TL_TRY(read_replicates(&e, err));
    for (int i = 0; i < table->columns; i++) {
        const tl_column *column = &table->column[i];
        if (tl_column_attribute(column, "factor")) TL_TRY(add_factor(&e, column, err));
    }
    e.effects->left_out = too_many_pairs(&e);
    for (int i = 0; i < table->columns; i++) {
        const tl_column *column = &table->column[i];
        if (!is_metric(column)) continue;
        TL_TRY(add_metric(&e, column, e.effects->left_out == 0, err));
    }
    const char *hypotheses = tl_table_attribute(table, "hypotheses");
    json_t *list = hypotheses ? json_loads(hypotheses, 0, NULL) : NULL;
    const tl_status status = answer_all(&e, list, err);
    json_decref(list);
    TL_TRY(status);
    TL_TRY(put_first(e.effects, arena, err));
    *out = e.effects;
    return TL_OK;
}
