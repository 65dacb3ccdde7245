#include "analysis/effect/estimator.h"

#include "analysis/effect/interval.h"
#include "analysis/effect/pooled.h"
#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "analysis/effect/trend.h"
#include "analysis/table/schema.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

tl_status tl_subject_open(tl_estimator *e, const tl_column *metric, bool with_odds,
                          tl_subject *out, tl_err *err)
{
    TL_TRY(tl_target_open(&e->design, metric, &e->scratch, &out->target, err));
    out->has_odds = with_odds && metric->low == 0.0 && metric->high == 1.0;
    if (!out->has_odds) return TL_OK;
    return tl_target_logit(&e->design, &out->target, &e->scratch, &out->odds, err);
}

/* --- words --------------------------------------------------------------------------- */

/* Sets `out` to "factor=level, ..." of the conditions, NULL without any. */
static tl_status name_conditions(const tl_estimator *e, const tl_comparison *compared,
                                 const char **out, tl_err *err)
{
    tl_text text = {0};
    *out = NULL;
    if (compared->conditions == 0) return TL_OK;
    for (int i = 0; i < compared->conditions; i++) {
        const tl_factor *f = &e->design.factor[compared->at[i].factor];
        tl_text_print(&text, "%s%s=%s", i > 0 ? ", " : "", f->column->name,
                      f->name[compared->at[i].level]);
    }
    *out = tl_arena_text(e->arena, text.at ? text.at : "", err);
    tl_text_close(&text);
    return *out ? TL_OK : TL_E_NOMEM;
}

/* Adds an effect on `metric` that answers what is asked, without words or numbers. */
static tl_status add(tl_estimator *e, const char *metric, tl_effect **out, tl_err *err)
{
    TL_TRY(tl_effects_add(e->effects, metric, e->arena, out, err));
    if (!e->asked) return TL_OK;
    (*out)->hypothesis = e->asked->hypothesis;
    (*out)->direction = e->asked->direction;
    (*out)->sides = e->asked->sides;
    (*out)->margin = e->asked->margin;
    (*out)->claim = e->asked->claim;
    return TL_OK;
}

/* "a", or "a:b" for an interaction. */
static const char *joined(tl_estimator *e, const char *a, const char *b, tl_err *err)
{
    return b ? tl_arena_print(e->arena, err, "%s:%s", a, b) : a;
}

static tl_status name_sides(tl_estimator *e, const tl_comparison *c, tl_effect *effect,
                            tl_err *err)
{
    const tl_factor *a = &e->design.factor[c->factor[0]];
    const tl_factor *b = c->factor[1] < 0 ? NULL : &e->design.factor[c->factor[1]];
    effect->factor = joined(e, a->column->name, b ? b->column->name : NULL, err);
    effect->level = joined(e, a->name[c->level[0]], b ? b->name[c->level[1]] : NULL, err);
    effect->reference =
        joined(e, a->name[c->reference[0]], b ? b->name[c->reference[1]] : NULL, err);
    if (!effect->factor || !effect->level || !effect->reference) return TL_E_NOMEM;
    return name_conditions(e, c, &effect->at, err);
}

/* --- numbers ------------------------------------------------------------------------- */

/* Sets the numbers of `effect`; overwrites the arrays of `d`. Without an interval,
 * `missing` says why. */
static void conclude(const tl_differences *d, int replicates, tl_effect *effect)
{
    int n = 0;
    double reference = 0.0, sd;
    for (int r = 0; r < replicates; r++) {
        if (isnan(d->difference[r])) continue;
        reference += d->reference[r];
        d->variance[n] = d->variance[r];
        d->difference[n++] = d->difference[r];
    }
    effect->replicates = n;
    effect->left_out = replicates - n;
    effect->missing = n == 0  ? "no replicate has a value in every cell that it compares"
                      : n < 2 ? "an interval needs 2 replicates"
                              : NULL;
    if (n == 0) return;
    tl_mean_sd(d->difference, n, &effect->mean, &sd);
    effect->reference_mean = reference / n;
    if (n < 2) return;
    const tl_interval i = tl_interval_of(d->difference, d->variance, n);
    effect->interval = i.kind;
    effect->floor_sd = i.floor_sd;
    effect->low = i.low;
    effect->high = i.high;
    effect->lower = i.lower;
    effect->upper = i.upper;
    effect->p = effect->sides == 1
                    ? tl_sign_flip_p_beyond(d->difference, n, effect->direction)
                    : tl_sign_flip_p(d->difference, n);
    effect->least_p = tl_least_p(n, effect->sides);
    if (!isnan(effect->margin)) {
        effect->equivalence_p =
            tl_t_equivalence_p(effect->mean, i.se, n - 1, effect->margin);
    }
}

/* Keeps the differences of a hypothesis, as conclude has left them, one by one. */
static tl_status keep_differences(const tl_estimator *e, const tl_differences *d,
                                  tl_effect *effect, tl_err *err)
{
    double *kept;
    if (effect->hypothesis < 0 || effect->replicates == 0) return TL_OK;
    TL_ALLOC(kept, e->arena, effect->replicates, err);
    memcpy(kept, d->difference, (size_t)effect->replicates * sizeof *kept);
    effect->difference = kept;
    return TL_OK;
}

static bool holds_zero(double low, double high)
{
    return low <= 0.0 && high >= 0.0;
}

/* Compares with the logit scale, if every value has log odds. */
static void compare_scales(const tl_differences *logit, int replicates, tl_effect *effect)
{
    tl_effect other = {.margin = (double)NAN, .sides = 2};
    int used = 0;
    for (int r = 0; r < replicates; r++) used += isfinite(logit->difference[r]) != 0;
    if (used < effect->replicates || isnan(effect->low)) return;
    conclude(logit, replicates, &other);
    effect->logit_mean = other.mean;
    effect->logit_low = other.low;
    effect->logit_high = other.high;
    const bool differ =
        effect->mean * other.mean < 0.0 ||
        holds_zero(effect->low, effect->high) != holds_zero(other.low, other.high);
    effect->scales = differ ? TL_SCALES_DISAGREE : TL_SCALES_AGREE;
}

/* The same comparison on the control of the metric, if a hypothesis asks and there is one.
 */
static tl_status compare_control(tl_estimator *e, const tl_column *metric,
                                 const tl_comparison *compared, tl_effect *effect,
                                 tl_err *err)
{
    const char *name = e->asked ? tl_column_attribute(metric, TL_NAME_CONTROL) : NULL;
    const tl_column *control = name ? tl_table_find(e->design.table, name) : NULL;
    if (!control || control->type != TL_COLUMN_REAL) return TL_OK;
    tl_target target;
    tl_combination cells;
    tl_differences d;
    tl_effect other = {.margin = (double)NAN, .sides = 2, .low = (double)NAN};
    TL_TRY(tl_target_open(&e->design, control, &e->scratch, &target, err));
    TL_TRY(tl_contrast_weigh(&e->design, &target, compared, &e->scratch, &cells, err));
    if (cells.used == 0) return TL_OK;
    TL_TRY(tl_combine(&e->design, &target, &cells, &e->scratch, &d, err));
    conclude(&d, e->design.replicates, &other);
    if (isnan(other.low)) return TL_OK;
    effect->control = control->name;
    effect->control_mean = other.reference_mean;
    effect->control_effect = other.mean;
    effect->control_low = other.low;
    effect->control_high = other.high;
    return TL_OK;
}

tl_status tl_estimate_comparison(tl_estimator *e, const tl_subject *subject,
                                 const tl_comparison *compared, tl_err *err)
{
    const bool is_pair = compared->factor[1] >= 0;
    const tl_target *target = &subject->target;
    const int replicates = e->design.replicates;
    tl_effect *effect;
    TL_TRY(add(e, target->metric->name, &effect, err));
    if (is_pair) effect->kind = TL_EFFECT_INTERACTION;
    TL_TRY(name_sides(e, compared, effect, err));
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_combination cells;
    tl_differences d;
    TL_TRY(tl_contrast_weigh(&e->design, target, compared, &e->scratch, &cells, err));
    if (cells.used == 0) {
        effect->missing = is_pair ? "no trials have values in all four cells"
                                  : tl_contrast_why_none(&e->design, target, compared);
        tl_arena_rewind(&e->scratch, mark);
        return TL_OK;
    }
    TL_TRY(tl_pooled_name(&e->design, target, compared->factor, &cells, e->arena,
                          &effect->pooled, err));
    TL_TRY(tl_combine(&e->design, target, &cells, &e->scratch, &d, err));
    conclude(&d, replicates, effect);
    TL_TRY(keep_differences(e, &d, effect, err));
    if (is_pair && subject->has_odds) {
        TL_TRY(tl_combine(&e->design, &subject->odds, &cells, &e->scratch, &d, err));
        compare_scales(&d, replicates, effect);
    }
    TL_TRY(compare_control(e, target->metric, compared, effect, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

tl_status tl_estimate_trend(tl_estimator *e, const tl_subject *subject,
                            const tl_comparison *compared, tl_err *err)
{
    const tl_factor *factor = &e->design.factor[compared->factor[0]];
    const tl_target *target = &subject->target;
    tl_combination cells;
    tl_differences d;
    tl_effect *effect;
    TL_TRY(add(e, target->metric->name, &effect, err));
    effect->kind = TL_EFFECT_TREND;
    effect->factor = factor->column->name;
    effect->level = TL_NAME_TREND;
    effect->reference = tl_trend_is_by_rank(factor) ? "rank" : "value";
    TL_TRY(name_conditions(e, compared, &effect->at, err));
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_trend_weigh(&e->design, target, compared, &e->scratch, &cells, err));
    if (cells.used == 0) {
        effect->missing = "no trials have values at 3 levels";
    } else {
        TL_TRY(tl_pooled_name(&e->design, target, compared->factor, &cells, e->arena,
                              &effect->pooled, err));
        TL_TRY(tl_combine(&e->design, target, &cells, &e->scratch, &d, err));
        conclude(&d, e->design.replicates, effect);
        TL_TRY(keep_differences(e, &d, effect, err));
    }
    tl_arena_rewind(&e->scratch, mark);
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

tl_status tl_estimate_round(tl_estimator *e, const tl_subject *later,
                            const tl_comparison *compared, tl_err *err)
{
    const tl_column *column = later->target.metric;
    const char *name = tl_column_attribute(column, TL_NAME_FIRST_ROUND);
    const char *round = tl_column_attribute(column, TL_NAME_ROUND);
    const tl_column *metric = name ? tl_table_find(e->design.table, name) : NULL;
    if (!metric || metric->type != TL_COLUMN_REAL || !round) return TL_OK;
    if (!do_rounds_differ(&e->design, metric, column)) return TL_OK;
    tl_target first;
    tl_combination cells;
    tl_differences d;
    tl_effect *effect;
    TL_TRY(add(e, metric->name, &effect, err));
    effect->factor = TL_NAME_ROUND;
    effect->level = round;
    effect->reference = "1";
    TL_TRY(name_conditions(e, compared, &effect->at, err));
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_target_open(&e->design, metric, &e->scratch, &first, err));
    const tl_target *both[] = {&later->target, &first};
    TL_TRY(tl_round_measure(&e->design, both, compared, &e->scratch, &cells, &d, err));
    TL_TRY(tl_pooled_name(&e->design, both[0], compared->factor, &cells, e->arena,
                          &effect->pooled, err));
    conclude(&d, e->design.replicates, effect);
    TL_TRY(keep_differences(e, &d, effect, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}
