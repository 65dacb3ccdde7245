/*
 * The comparison of each x with each z is made by bisection in the sorted ratios of z: a
 * rounded quotient does not rise with its divisor, so the answer is that of all comparisons
 * one by one. Orders of operations are the references', since a comparison may be a tie.
 */
#include "experiments/score/relative_membership.h"

#include "compute/core/sort.h"

#include <math.h>

/* Added to p(x) and p(z) by LeakPro. */
#define LEAKPRO_LEAST 1e-6

static tl_status mean_of_all(const tl_shadow_values *s, tl_arena *scratch, double *p,
                             tl_err *err)
{
    const tl_shadow_values nobody = {s->models, s->rows, s->value, NULL};
    return tl_shadow_means(&nobody, false, scratch, p, err);
}

/* Offline p from the means of the models without the row. */
static void raise(const tl_relative *test, int rows, double *p)
{
    const double a = test->a;
    for (int r = 0; r < rows; r++) {
        p[r] = test->scoring == TL_RELATIVE_LEAKPRO
                   ? 0.5 * ((a + 1.0) * p[r] + (1.0 - a))
                   : (1.0 + a) / 2.0 * p[r] + (1.0 - a) / 2.0;
    }
}

/* --- the paper ------------------------------------------------------------------------ */

static tl_status fit_paper(const tl_relative *test, const tl_shadow_values *s,
                           tl_arena *scratch, double *p, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    double *in;
    TL_ALLOC(in, scratch, s->rows, err);
    TL_TRY(tl_shadow_means(s, false, scratch, p, err));
    const bool has_in = test->is_online && s->in; /* z has none */
    if (has_in) TL_TRY(tl_shadow_means(s, true, scratch, in, err));
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    for (int r = 0; r < s->rows && has_in; r++) p[r] = 0.5 * (in[r] + p[r]);
    if (!test->is_online) raise(test, s->rows, p);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

/* --- privacy_meter -------------------------------------------------------------------- */

/* What stands for p_out of one row; `value` [models] is overwritten. */
static double mean_of_largest(const tl_shadow_values *s, int row, double a, double *value)
{
    const int half = s->models / 2, most = half > 1 ? half : s->models;
    for (int m = 0; m < s->models; m++) {
        const size_t at = (size_t)m * (size_t)s->rows + (size_t)row;
        const double v = s->value[at];
        value[m] = v;
        if (!tl_shadow_is_in(s, at)) continue;
        if (half > 1)
            value[m] = 0.0;
        else
            value[m] = a != 0.0 ? (v + a - 1.0) / a : (v - 0.7) / 0.3;
    }
    if (half > 1) tl_sort_doubles(value, (size_t)s->models);
    return tl_shadow_mean(value + s->models - most, most);
}

static tl_status fit_privacy_meter(const tl_relative *test, const tl_shadow_values *s,
                                   tl_arena *scratch, double *p, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    double *value;
    TL_CHECK(!test->is_online, err, TL_E_ARG,
             "the relative membership test of privacy_meter has no online variant: use "
             "offline, or another scoring");
    TL_ALLOC(value, scratch, s->models, err);
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    for (int r = 0; r < s->rows; r++) p[r] = mean_of_largest(s, r, test->a, value);
    raise(test, s->rows, p);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

/* --- LeakPro -------------------------------------------------------------------------- */

static tl_status fit_leakpro(const tl_relative *test, const tl_shadow_values *s,
                             tl_arena *scratch, double *p, tl_err *err)
{
    if (test->is_online || !s->in) {
        TL_TRY(mean_of_all(s, scratch, p, err));
    } else {
        if (!tl_arena_counts(scratch)) TL_TRY(tl_shadow_check(s, false, err));
        TL_TRY(tl_shadow_means(s, false, scratch, p, err));
    }
    if (tl_arena_counts(scratch)) return TL_OK;
    if (!test->is_online) raise(test, s->rows, p);
    for (int r = 0; r < s->rows; r++) p[r] += LEAKPRO_LEAST;
    return TL_OK;
}

/* --- the test ------------------------------------------------------------------------- */

/* p_target/p of each row. */
static tl_status fit_ratios(const tl_relative *test, const tl_relative_rows *rows,
                            tl_arena *scratch, double *ratio, tl_err *err)
{
    const tl_shadow_values *s = &rows->shadows;
    switch (test->scoring) {
    case TL_RELATIVE_PRIVACY_METER:
        TL_TRY(fit_privacy_meter(test, s, scratch, ratio, err));
        break;
    case TL_RELATIVE_LEAKPRO:
        TL_TRY(fit_leakpro(test, s, scratch, ratio, err));
        break;
    case TL_RELATIVE_PAPER:
    default:
        TL_TRY(fit_paper(test, s, scratch, ratio, err));
        break;
    }
    if (tl_arena_counts(scratch)) return TL_OK;
    for (int r = 0; r < s->rows; r++) ratio[r] = rows->target[r] / ratio[r];
    return TL_OK;
}

static bool stands_out(const tl_relative *test, double x, double z)
{
    const double ratio = x / z;
    return test->scoring == TL_RELATIVE_PAPER ? ratio >= test->gamma : ratio > test->gamma;
}

/* How many of z [n], ascending, x stands out over. */
static int count_below(const tl_relative *test, double x, const double *z, int n)
{
    int low = 0, high = n;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (stands_out(test, x, z[middle]))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

tl_status tl_relative_score(const tl_relative *test, const tl_relative_rows *rows,
                            const tl_relative_rows *population, tl_arena *scratch,
                            double *score, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const int n = rows->shadows.rows, all = population->shadows.rows;
    TL_INVARIANT(test->gamma > 0.0 && rows->shadows.models == population->shadows.models);
    TL_CHECK(all > 0, err, TL_E_ARG,
             "a relative membership test compares with a population, and this one has no "
             "rows");
    tl_relative_rows others = *population;
    others.shadows.in = NULL;
    double *x, *z;
    TL_ALLOC(x, scratch, n, err);
    TL_ALLOC(z, scratch, all, err);
    TL_TRY(fit_ratios(test, rows, scratch, x, err));
    TL_TRY(fit_ratios(test, &others, scratch, z, err));
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    int numbers = 0; /* a ratio of 0 by 0 comes last, and nobody stands out over it */
    for (int i = 0; i < all; i++) numbers += !isnan(z[i]);
    tl_sort_doubles(z, (size_t)all);
    for (int r = 0; r < n; r++) {
        score[r] = (double)count_below(test, x[r], z, numbers) / all;
    }
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}
