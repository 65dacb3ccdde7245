#include "analysis/effect/estimator.h"

#include "analysis/effect/components.h"
#include "analysis/effect/interval.h"
#include "analysis/effect/pooled.h"
#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "analysis/effect/trend.h"
#include "analysis/table/schema.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

tl_status tl_estimator_open(const tl_table *table, tl_arena *arena, tl_estimator *out,
                            tl_err *err)
{
    *out = (tl_estimator){
        .arena = arena, .scratch = tl_arena_open(0), .index = tl_arena_open(0)};
    tl_design *d = &out->design;
    TL_TRY(tl_design_open(table, arena, d, err));
    TL_ALLOC(out->effects, arena, 1, err);
    TL_ALLOC(out->basis, arena, d->draws + 1, err);
    *out->effects = (tl_effects){
        .draws = d->draws, .draw = d->draw_name, .is_crossed = d->draws < d->replicates};
    return TL_OK;
}

void tl_estimator_close(tl_estimator *e)
{
    tl_arena_close(&e->scratch);
    tl_arena_close(&e->index);
}

tl_status tl_subject_open(tl_estimator *e, const tl_column *metric, tl_subject *out,
                          tl_err *err)
{
    TL_TRY(tl_target_open(&e->design, metric, &e->scratch, &out->target, err));
    out->has_odds = metric->low == 0.0 && metric->high == 1.0;
    out->has_logs = metric->low >= 0.0;
    if (out->has_odds)
        TL_TRY(tl_target_scaled(&e->design, &out->target, TL_SCALE_LOGIT, &e->scratch,
                                &out->odds, err));
    if (!out->has_logs) return TL_OK;
    return tl_target_scaled(&e->design, &out->target, TL_SCALE_LOG, &e->scratch, &out->logs,
                            err);
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

/* The basis of intervals of n numbers. */
static tl_status find_basis(tl_estimator *e, int n, const tl_interval_basis **out,
                            tl_err *err)
{
    if (!e->basis[n]) {
        TL_ALLOC(e->basis[n], e->arena, 1, err);
        TL_TRY(tl_interval_basis_open(n, e->arena, e->basis[n], err));
    }
    *out = e->basis[n];
    return TL_OK;
}

/* Sets the spread of crossed replicates, and averages over training seeds. */
static tl_status by_draw(tl_estimator *e, tl_differences *d, tl_effect *effect, tl_err *err)
{
    tl_components found;
    if (e->effects->is_crossed) {
        TL_TRY(tl_components_of(&e->design, d, &e->scratch, &found, err));
        effect->data_sd = sqrt(found.data);
        effect->training_sd = sqrt(found.training);
        TL_TRY(tl_differences_by_draw(&e->design, d, &e->scratch, err));
    }
    if (!e->keeps_each) return TL_OK;
    double *each;
    TL_ALLOC(each, e->arena, e->design.draws, err);
    memcpy(each, d->difference, (size_t)e->design.draws * sizeof *each);
    effect->each = each;
    return TL_OK;
}

/* Sets the numbers of `effect`; overwrites the arrays of `d`. Without an interval,
 * `missing` says why. */
static tl_status conclude(tl_estimator *e, tl_differences *d, tl_effect *effect,
                          tl_err *err)
{
    int n = 0;
    double reference = 0.0, sd;
    const tl_interval_basis *basis;
    TL_TRY(by_draw(e, d, effect, err));
    for (int r = 0; r < e->design.draws; r++) {
        if (isnan(d->difference[r])) continue;
        reference += d->reference[r];
        d->variance[n] = d->variance[r];
        d->difference[n++] = d->difference[r];
    }
    effect->replicates = n;
    effect->left_out = e->design.draws - n;
    effect->missing = n == 0  ? "no replicate has a value in every cell that it compares"
                      : n < 2 ? "an interval needs 2 replicates"
                              : NULL;
    if (n == 0) return TL_OK;
    tl_mean_sd(d->difference, n, &effect->mean, &sd);
    effect->reference_mean = reference / n;
    if (n < 2) return TL_OK;
    TL_TRY(find_basis(e, n, &basis, err));
    const tl_interval i = tl_interval_on(basis, d->difference, d->variance);
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
    return TL_OK;
}

/* The effect on another scale, without its interval if a replicate has no value there. */
static tl_status estimate_scaled(tl_estimator *e, const tl_target *target,
                                 const tl_combination *cells, const tl_effect *effect,
                                 tl_interval *out, double *mean, tl_err *err)
{
    tl_differences d;
    double sd;
    int n = 0;
    *out = (tl_interval){.low = (double)NAN, .high = (double)NAN};
    *mean = (double)NAN;
    if (isnan(effect->low)) return TL_OK;
    TL_TRY(tl_combine(&e->design, target, cells, &e->scratch, &d, err));
    TL_TRY(tl_differences_by_draw(&e->design, &d, &e->scratch, err));
    for (int r = 0; r < e->design.draws; r++) {
        if (!isfinite(d.difference[r])) continue;
        d.variance[n] = d.variance[r];
        d.difference[n++] = d.difference[r];
    }
    if (n < effect->replicates) return TL_OK;
    const tl_interval_basis *basis;
    TL_TRY(find_basis(e, n, &basis, err));
    tl_mean_sd(d.difference, n, mean, &sd);
    *out = tl_interval_on(basis, d.difference, d.variance);
    return TL_OK;
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

static tl_status estimate_odds(tl_estimator *e, const tl_subject *subject,
                               const tl_combination *cells, tl_effect *effect, tl_err *err)
{
    tl_interval i;
    double mean;
    TL_TRY(estimate_scaled(e, &subject->odds, cells, effect, &i, &mean, err));
    if (isnan(mean)) return TL_OK;
    effect->logit_mean = mean;
    effect->logit_low = i.low;
    effect->logit_high = i.high;
    effect->odds = exp(mean);
    effect->odds_low = exp(i.low);
    effect->odds_high = exp(i.high);
    if (effect->kind != TL_EFFECT_INTERACTION) return TL_OK;
    const bool differ = effect->mean * mean < 0.0 ||
                        holds_zero(effect->low, effect->high) != holds_zero(i.low, i.high);
    effect->scales = differ ? TL_SCALES_DISAGREE : TL_SCALES_AGREE;
    return TL_OK;
}

static tl_status estimate_ratio(tl_estimator *e, const tl_subject *subject,
                                const tl_combination *cells, tl_effect *effect, tl_err *err)
{
    tl_interval i;
    double mean;
    TL_TRY(estimate_scaled(e, &subject->logs, cells, effect, &i, &mean, err));
    effect->ratio = exp(mean);
    effect->ratio_low = exp(i.low);
    effect->ratio_high = exp(i.high);
    return TL_OK;
}

/* The cells grouped for the compared factors: as the last times, or anew. */
static tl_status find_grouping(tl_estimator *e, const tl_comparison *compared,
                               const tl_grouping **out, tl_err *err)
{
    enum { MOST_CELLS = 1 << 22 };
    for (int i = 0; i < e->groupings; i++) {
        const int *factor = e->grouping[i].factor;
        *out = &e->grouping[i];
        if (factor[0] == compared->factor[0] && factor[1] == compared->factor[1])
            return TL_OK;
    }
    if (e->groupings == TL_MOST_GROUPINGS ||
        (double)e->groupings * e->design.cells > MOST_CELLS) {
        tl_arena_rewind(&e->index, 0);
        e->groupings = 0;
    }
    tl_grouping *place = &e->grouping[e->groupings];
    TL_TRY(tl_grouping_open(&e->design, compared->factor, &e->index, place, err));
    e->groupings++;
    *out = place;
    return TL_OK;
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
    const tl_grouping *grouping;
    TL_TRY(find_grouping(e, compared, &grouping, err));
    TL_TRY(tl_target_open(&e->design, control, &e->scratch, &target, err));
    TL_TRY(tl_contrast_weigh(&e->design, grouping, &target, compared, &e->scratch, &cells,
                             err));
    if (cells.used == 0) return TL_OK;
    TL_TRY(tl_combine(&e->design, &target, &cells, &e->scratch, &d, err));
    TL_TRY(conclude(e, &d, &other, err));
    if (isnan(other.low)) return TL_OK;
    effect->control = control->name;
    effect->control_mean = other.reference_mean;
    effect->control_effect = other.mean;
    effect->control_low = other.low;
    effect->control_high = other.high;
    return TL_OK;
}

/* The numbers of a comparison over the cells, some of which are in use. */
static tl_status estimate_cells(tl_estimator *e, const tl_subject *subject,
                                const tl_comparison *compared, const tl_combination *cells,
                                tl_effect *effect, tl_err *err)
{
    const tl_target *target = &subject->target;
    tl_differences d;
    TL_TRY(tl_pooled_name(&e->design, target, compared->factor, cells, e->arena,
                          &effect->pooled, err));
    TL_TRY(tl_combine(&e->design, target, cells, &e->scratch, &d, err));
    TL_TRY(conclude(e, &d, effect, err));
    TL_TRY(keep_differences(e, &d, effect, err));
    if (subject->has_odds) TL_TRY(estimate_odds(e, subject, cells, effect, err));
    if (subject->has_logs && effect->kind == TL_EFFECT_CONTRAST)
        TL_TRY(estimate_ratio(e, subject, cells, effect, err));
    return compare_control(e, target->metric, compared, effect, err);
}

tl_status tl_estimate_comparison(tl_estimator *e, const tl_subject *subject,
                                 const tl_comparison *compared, tl_err *err)
{
    const bool is_pair = compared->factor[1] >= 0;
    const tl_target *target = &subject->target;
    tl_effect *effect;
    TL_TRY(add(e, target->metric->name, &effect, err));
    if (is_pair) effect->kind = TL_EFFECT_INTERACTION;
    TL_TRY(name_sides(e, compared, effect, err));
    const tl_grouping *grouping;
    TL_TRY(find_grouping(e, compared, &grouping, err));
    const size_t mark = tl_arena_mark(&e->scratch);
    tl_combination cells;
    TL_TRY(tl_contrast_weigh(&e->design, grouping, target, compared, &e->scratch, &cells,
                             err));
    if (cells.used > 0)
        TL_TRY(estimate_cells(e, subject, compared, &cells, effect, err));
    else
        effect->missing =
            is_pair ? "no trials have values in all four cells"
                    : tl_contrast_why_none(&e->design, grouping, target, compared);
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
        TL_TRY(conclude(e, &d, effect, err));
    }
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}

tl_status tl_estimate_mean(tl_estimator *e, const tl_subject *subject, tl_err *err)
{
    static const int none[2] = {-1, -1};
    const tl_target *target = &subject->target;
    tl_combination cells;
    tl_differences d;
    tl_effect *effect;
    const size_t mark = tl_arena_mark(&e->scratch);
    TL_TRY(tl_combination_mean(&e->design, target, &e->scratch, &cells, err));
    if (cells.used > 0) {
        TL_TRY(tl_effects_add(e->effects, target->metric->name, e->arena, &effect, err));
        effect->kind = TL_EFFECT_MEAN;
        effect->factor = effect->level = effect->reference = "";
        TL_TRY(tl_pooled_name(&e->design, target, none, &cells, e->arena, &effect->pooled,
                              err));
        TL_TRY(tl_combine(&e->design, target, &cells, &e->scratch, &d, err));
        TL_TRY(conclude(e, &d, effect, err));
        effect->p = effect->least_p = (double)NAN; /* that it is 0 is no question */
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
    TL_TRY(conclude(e, &d, effect, err));
    tl_arena_rewind(&e->scratch, mark);
    return TL_OK;
}
