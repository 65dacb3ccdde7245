/*
 * All contrasts, trends and pairwise interactions of a table, then the hypotheses.
 */
#include "analysis/effect/effects.h"

#include "analysis/effect/estimator.h"
#include "analysis/effect/hypotheses.h"
#include "analysis/effect/trend.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

static const double MOST_WORK = 1e11; /* rows read for interactions: some minutes */

/* Whether a name is the text, or the texts joined by a colon if there are two. */
static bool is_joined(const char *name, const char *a, const char *b)
{
    const size_t length = strlen(a);
    if (strncmp(name, a, length) != 0) return false;
    if (!b) return name[length] == '\0';
    return name[length] == ':' && strcmp(name + length + 1, b) == 0;
}

/* Whether a hypothesis, which come first, has had this comparison with the references
 * answered; without a level it is the trend. */
static bool is_answered(const tl_estimator *e, const tl_target *target,
                        const tl_comparison *c, bool is_trend)
{
    const tl_factor *a = &e->design.factor[c->factor[0]];
    const tl_factor *b = c->factor[1] < 0 ? NULL : &e->design.factor[c->factor[1]];
    for (int k = 0; k < e->effects->count; k++) {
        const tl_effect *one = &e->effects->effect[k];
        if (one->hypothesis < 0) return false;
        const bool is_of =
            !one->at && strcmp(one->metric, target->metric->name) == 0 &&
            is_joined(one->factor, a->column->name, b ? b->column->name : NULL);
        if (!is_of || is_trend != (one->kind == TL_EFFECT_TREND)) continue;
        if (is_trend) return true;
        if (is_joined(one->level, a->name[c->level[0]], b ? b->name[c->level[1]] : NULL) &&
            is_joined(one->reference, a->name[0], b ? b->name[0] : NULL))
            return true;
    }
    return false;
}

static tl_status add_comparison(tl_estimator *e, const tl_subject *subject, const int f[2],
                                const int level[2], tl_err *err)
{
    const tl_comparison c = {.factor = {f[0], f[1]}, .level = {level[0], level[1]}};
    if (is_answered(e, &subject->target, &c, false)) return TL_OK;
    return tl_estimate_comparison(e, subject, &c, err);
}

static bool do_interact(const tl_estimator *e, const tl_target *target, int a, int b)
{
    const tl_factor *x = &e->design.factor[a], *y = &e->design.factor[b];
    return tl_factor_has_contrasts(x) && tl_factor_has_contrasts(y) && !x->within &&
           !y->within && !tl_factors_zipped(x, y) &&
           tl_word_listed(target->above, x->column->name) &&
           tl_word_listed(target->above, y->column->name);
}

/* How many interactions the metric has. \param pairs result, of factors */
static int count_interactions(const tl_estimator *e, const tl_target *target, int *pairs)
{
    int count = 0;
    *pairs = 0;
    for (int a = 0; a < e->design.factors; a++) {
        for (int b = a + 1; b < e->design.factors; b++) {
            if (!do_interact(e, target, a, b)) continue;
            count += (e->design.factor[a].levels - 1) * (e->design.factor[b].levels - 1);
            ++*pairs;
        }
    }
    return count;
}

static tl_status add_pairs(tl_estimator *e, const tl_subject *subject, tl_err *err)
{
    for (int a = 0; a < e->design.factors; a++) {
        for (int b = a + 1; b < e->design.factors; b++) {
            if (!do_interact(e, &subject->target, a, b)) continue;
            for (int i = 1; i < e->design.factor[a].levels; i++) {
                for (int j = 1; j < e->design.factor[b].levels; j++) {
                    const int f[2] = {a, b}, level[2] = {i, j};
                    TL_TRY(add_comparison(e, subject, f, level, err));
                }
            }
        }
    }
    return TL_OK;
}

/* --- all of a table ------------------------------------------------------------------ */

static bool is_metric(const tl_column *column)
{
    return column->type == TL_COLUMN_REAL && tl_column_attribute(column, TL_NAME_BETTER);
}

static tl_status add_factor(tl_estimator *e, const tl_subject *subject, int f, tl_err *err)
{
    const tl_factor *factor = &e->design.factor[f];
    const tl_comparison trend = {.factor = {f, -1}};
    for (int l = 1; l < factor->levels && tl_factor_has_contrasts(factor); l++) {
        TL_TRY(add_comparison(e, subject, (const int[]){f, -1}, (const int[]){l, 0}, err));
    }
    if (!tl_trend_exists(factor)) return TL_OK;
    if (is_answered(e, &subject->target, &trend, true)) return TL_OK;
    return tl_estimate_trend(e, subject, &trend, err);
}

/* Whether a hypothesis has had this later round answered. */
static bool is_round_answered(const tl_estimator *e, const tl_column *later)
{
    const char *first = tl_column_attribute(later, TL_NAME_FIRST_ROUND);
    const char *round = tl_column_attribute(later, TL_NAME_ROUND);
    for (int k = 0; k < e->effects->count && first && round; k++) {
        const tl_effect *one = &e->effects->effect[k];
        if (one->hypothesis < 0) return false;
        if (!one->at && strcmp(one->factor, TL_NAME_ROUND) == 0 &&
            strcmp(one->metric, first) == 0 && strcmp(one->level, round) == 0)
            return true;
    }
    return false;
}

static tl_status add_metric(tl_estimator *e, const tl_column *metric, bool has_pairs,
                            tl_err *err)
{
    static const tl_comparison all = {.factor = {-1, -1}};
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_subject subject;
    TL_TRY(tl_subject_open(e, metric, &subject, err));
    if (e->keeps_each) TL_TRY(tl_estimate_mean(e, &subject, err));
    for (int f = 0; f < e->design.factors; f++) {
        const char *name = e->design.factor[f].column->name;
        if (!tl_word_listed(subject.target.above, name)) continue;
        TL_TRY(add_factor(e, &subject, f, err));
    }
    if (!is_round_answered(e, metric)) TL_TRY(tl_estimate_round(e, &subject, &all, err));
    if (has_pairs) TL_TRY(add_pairs(e, &subject, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

/* Interactions to leave out because there are too many: 0 or all of them. */
static int too_many_pairs(const tl_estimator *e)
{
    const tl_table *table = e->design.table;
    double all = 0.0, work = 0.0;
    for (int i = 0; i < table->columns; i++) {
        if (!is_metric(&table->column[i])) continue;
        const tl_target target = {
            .above = tl_column_attribute(&table->column[i], TL_NAME_ABOVE)};
        int pairs;
        all += count_interactions(e, &target, &pairs);
        /* Each of the interactions of a pair reads 4 of its levels, so all of them read
         * the table at most 4 times. */
        work += 4.0 * pairs * table->trials;
    }
    const bool is_too_many = all > 0.5 * TL_MOST_EFFECTS || work > MOST_WORK;
    return is_too_many ? (int)(all < 1e9 ? all : 1e9) : 0;
}

static tl_status estimate(tl_estimator *e, bool is_all, tl_err *err)
{
    const tl_table *table = e->design.table;
    TL_TRY(tl_hypotheses_answer(e, err));
    if (!is_all) return TL_OK;
    e->effects->left_out = too_many_pairs(e);
    for (int i = 0; i < table->columns; i++) {
        if (!is_metric(&table->column[i])) continue;
        TL_TRY(add_metric(e, &table->column[i], e->effects->left_out == 0, err));
    }
    return TL_OK;
}

/* What is estimated, and kept. */
typedef struct extent {
    bool is_all, keeps_each;
} extent;

static tl_status open_and_estimate(const tl_table *table, extent wanted, tl_arena *arena,
                                   tl_effects **out, tl_err *err)
{
    tl_estimator e;
    tl_status status = tl_estimator_open(table, arena, &e, err);
    e.keeps_each = wanted.keeps_each;
    if (status == TL_OK) status = estimate(&e, wanted.is_all, err);
    tl_estimator_close(&e);
    if (status == TL_OK) *out = e.effects;
    return status;
}

tl_status tl_effects_estimate(const tl_table *table, tl_arena *arena, tl_effects **out,
                              tl_err *err)
{
    return open_and_estimate(table, (extent){.is_all = true}, arena, out, err);
}

tl_status tl_effects_by_draw(const tl_table *table, tl_arena *arena, tl_effects **out,
                             tl_err *err)
{
    return open_and_estimate(table, (extent){.is_all = true, .keeps_each = true}, arena,
                             out, err);
}

tl_status tl_effects_hypothesised(const tl_table *table, tl_arena *arena, tl_effects **out,
                                  tl_err *err)
{
    return open_and_estimate(table, (extent){0}, arena, out, err);
}
