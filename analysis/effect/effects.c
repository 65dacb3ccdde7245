/*
 * All contrasts, trends and pairwise interactions of a table, then the hypotheses.
 */
#include "analysis/effect/effects.h"

#include "analysis/effect/contrast.h"
#include "analysis/effect/hypotheses.h"
#include "analysis/effect/trend.h"
#include "analysis/table/schema.h"

#include <math.h>

static const double MOST_WORK = 1e9; /* rows read for interactions: a few seconds */

typedef struct estimator {
    tl_design design;
    tl_arena *arena;  /* for the effects */
    tl_arena scratch; /* for one metric */
    tl_effects *effects;
} estimator;

/* Sets the numbers of an effect, if any cells are in use, and rewinds the scratch. */
static void conclude(estimator *e, const tl_differences *d, size_t mark, int used,
                     tl_effect *effect)
{
    if (used > 0) tl_contrast_estimate(d, e->design.replicates, effect);
    tl_arena_rewind(&e->scratch, mark);
}

static tl_status add_contrast(estimator *e, const tl_target *target, int f, int level,
                              tl_err *err)
{
    const tl_comparison compared = {.factor = {f, -1}, .level = {level}};
    const tl_factor *factor = &e->design.factor[f];
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_combination cells;
    tl_differences d;
    tl_effect *effect;
    TL_TRY(tl_effects_add(e->effects, target->metric->name, e->arena, &effect, err));
    effect->factor = factor->column->name;
    effect->level = factor->name[level];
    effect->reference = factor->name[0];
    TL_TRY(tl_contrast_weigh(&e->design, target, &compared, &e->scratch, &cells, err));
    TL_TRY(tl_combine(&e->design, target, &cells, &e->scratch, &d, err));
    conclude(e, &d, mark, cells.used, effect);
    if (cells.used == 0)
        effect->missing = tl_contrast_why_none(&e->design, target, &compared);
    return TL_OK;
}

static tl_status add_trend(estimator *e, const tl_target *target, int f, tl_err *err)
{
    const tl_factor *factor = &e->design.factor[f];
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_combination cells;
    tl_differences d;
    tl_effect *effect;
    TL_TRY(tl_effects_add(e->effects, target->metric->name, e->arena, &effect, err));
    effect->kind = TL_EFFECT_TREND;
    effect->factor = factor->column->name;
    effect->level = TL_NAME_TREND;
    effect->reference = tl_trend_is_by_rank(factor) ? "rank" : "value";
    TL_TRY(tl_trend_weigh(&e->design, target, f, &e->scratch, &cells, err));
    TL_TRY(tl_combine(&e->design, target, &cells, &e->scratch, &d, err));
    conclude(e, &d, mark, cells.used, effect);
    if (cells.used == 0) effect->missing = "no trials have values at 3 levels";
    return TL_OK;
}

/* Whether any trial's value changed in the later round; otherwise it is the same step. */
static bool do_rounds_differ(const tl_design *design, const tl_column *a,
                             const tl_column *b)
{
    for (uint32_t t = 0; t < design->table->trials; t++) {
        const double x = a->real[t], y = b->real[t];
        if (!isnan(x) && !isnan(y) && x != y) return true;
    }
    return false;
}

/* Adds a later round's effect against the first round, if the metric is of one. */
static tl_status add_round(estimator *e, const tl_target *later, tl_err *err)
{
    const char *name = tl_column_attribute(later->metric, TL_NAME_FIRST_ROUND);
    const char *round = tl_column_attribute(later->metric, TL_NAME_ROUND);
    const tl_column *metric = name ? tl_table_find(e->design.table, name) : NULL;
    if (!metric || metric->type != TL_COLUMN_REAL || !round) return TL_OK;
    if (!do_rounds_differ(&e->design, metric, later->metric)) return TL_OK;
    tl_target first;
    tl_differences d;
    tl_effect *effect;
    TL_TRY(tl_effects_add(e->effects, metric->name, e->arena, &effect, err));
    effect->factor = TL_NAME_ROUND;
    effect->level = round;
    effect->reference = "1";
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_target_open(&e->design, metric, &e->scratch, &first, err));
    TL_TRY(tl_round_measure(&e->design, later, &first, &e->scratch, &d, err));
    conclude(e, &d, mark, 1, effect);
    return TL_OK;
}

/* --- interactions -------------------------------------------------------------------- */

static bool holds_zero(double low, double high)
{
    return low <= 0.0 && high >= 0.0;
}

/* Compares with the logit scale, if every value has log odds. */
static void compare_scales(const tl_differences *logit, int replicates, tl_effect *effect)
{
    tl_effect other = {.mean = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    int used = 0;
    for (int r = 0; r < replicates; r++) used += isfinite(logit->difference[r]) != 0;
    if (used < effect->replicates || isnan(effect->low)) return;
    tl_contrast_estimate(logit, replicates, &other);
    effect->logit_mean = other.mean;
    effect->logit_low = other.low;
    effect->logit_high = other.high;
    const bool differ =
        effect->mean * other.mean < 0.0 ||
        holds_zero(effect->low, effect->high) != holds_zero(other.low, other.high);
    effect->scales = differ ? TL_SCALES_DISAGREE : TL_SCALES_AGREE;
}

/* \param logit the target as log odds, or NULL if it is not between 0 and 1 */
static tl_status add_interaction(estimator *e, const tl_target *target,
                                 const tl_target *logit, const int f[2], const int level[2],
                                 tl_err *err)
{
    const tl_factor *a = &e->design.factor[f[0]], *b = &e->design.factor[f[1]];
    tl_effect *effect;
    TL_TRY(tl_effects_add(e->effects, target->metric->name, e->arena, &effect, err));
    effect->kind = TL_EFFECT_INTERACTION;
    effect->factor =
        tl_arena_print(e->arena, err, "%s:%s", a->column->name, b->column->name);
    effect->level =
        tl_arena_print(e->arena, err, "%s:%s", a->name[level[0]], b->name[level[1]]);
    effect->reference = tl_arena_print(e->arena, err, "%s:%s", a->name[0], b->name[0]);
    if (!effect->factor || !effect->level || !effect->reference) return TL_E_NOMEM;
    const tl_comparison compared = {.factor = {f[0], f[1]}, .level = {level[0], level[1]}};
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_combination cells;
    tl_differences d;
    TL_TRY(tl_contrast_weigh(&e->design, target, &compared, &e->scratch, &cells, err));
    TL_TRY(tl_combine(&e->design, target, &cells, &e->scratch, &d, err));
    if (cells.used > 0)
        tl_contrast_estimate(&d, e->design.replicates, effect);
    else
        effect->missing = "no trials have values in all four cells";
    if (logit && cells.used > 0) {
        TL_TRY(tl_combine(&e->design, logit, &cells, &e->scratch, &d, err));
        compare_scales(&d, e->design.replicates, effect);
    }
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

static bool do_interact(const estimator *e, const tl_target *target, int a, int b)
{
    const tl_factor *x = &e->design.factor[a], *y = &e->design.factor[b];
    return tl_factor_has_contrasts(x) && tl_factor_has_contrasts(y) && !x->within &&
           !y->within && !tl_factors_zipped(x, y) &&
           tl_word_listed(target->above, x->column->name) &&
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
    tl_target odds;
    const tl_target *logit = NULL;
    if (count_interactions(e, target) == 0) return TL_OK;
    if (target->metric->low == 0.0 && target->metric->high == 1.0) {
        TL_TRY(tl_target_logit(&e->design, target, &e->scratch, &odds, err));
        logit = &odds;
    }
    for (int a = 0; a < e->design.factors; a++) {
        for (int b = a + 1; b < e->design.factors; b++) {
            if (!do_interact(e, target, a, b)) continue;
            for (int i = 1; i < e->design.factor[a].levels; i++) {
                for (int j = 1; j < e->design.factor[b].levels; j++) {
                    const int f[2] = {a, b}, level[2] = {i, j};
                    TL_TRY(add_interaction(e, target, logit, f, level, err));
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

static tl_status add_metric(estimator *e, const tl_column *metric, bool has_pairs,
                            tl_err *err)
{
    tl_target target;
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_target_open(&e->design, metric, &e->scratch, &target, err));
    for (int f = 0; f < e->design.factors; f++) {
        const tl_factor *factor = &e->design.factor[f];
        if (!tl_word_listed(target.above, factor->column->name)) continue;
        for (int l = 1; l < factor->levels && tl_factor_has_contrasts(factor); l++) {
            TL_TRY(add_contrast(e, &target, f, l, err));
        }
        if (tl_trend_exists(factor)) TL_TRY(add_trend(e, &target, f, err));
    }
    TL_TRY(add_round(e, &target, err));
    if (has_pairs) TL_TRY(add_pairs(e, &target, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

/* Interactions to leave out because there are too many: 0 or all of them. */
static int too_many_pairs(const estimator *e)
{
    const tl_table *table = e->design.table;
    double all = 0.0;
    for (int i = 0; i < table->columns; i++) {
        if (!is_metric(&table->column[i])) continue;
        const tl_target target = {
            .above = tl_column_attribute(&table->column[i], TL_NAME_ABOVE)};
        all += count_interactions(e, &target);
    }
    const bool is_too_many = all > TL_MOST_EFFECTS / 2 || all * table->trials > MOST_WORK;
    return is_too_many ? (int)(all < 1e9 ? all : 1e9) : 0;
}

static tl_status estimate(estimator *e, const tl_table *table, tl_err *err)
{
    TL_TRY(tl_design_open(table, e->arena, &e->design, err));
    TL_ALLOC(e->effects, e->arena, 1, err);
    e->effects->left_out = too_many_pairs(e);
    for (int i = 0; i < table->columns; i++) {
        if (!is_metric(&table->column[i])) continue;
        TL_TRY(add_metric(e, &table->column[i], e->effects->left_out == 0, err));
    }
    return tl_hypotheses_answer(table, e->arena, e->effects, err);
}

tl_status tl_effects_estimate(const tl_table *table, tl_arena *arena, tl_effects **out,
                              tl_err *err)
{
    estimator e = {.arena = arena, .scratch = tl_arena_open(0)};
    const tl_status status = estimate(&e, table, err);
    tl_arena_close(&e.scratch);
    if (status == TL_OK) *out = e.effects;
    return status;
}
