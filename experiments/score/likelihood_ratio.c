/*
 * Outline: what all rows have in common on each side (with, without the row), then a normal
 * density for each row and side, then the score. Confidences of a side are gathered in the
 * order of the models; sums go from the first model, or row, on.
 */
#include "experiments/score/likelihood_ratio.h"

#include "compute/core/sort.h"

#include <limits.h>
#include <math.h>

/* LeakPro: from this many models on each row has its own deviation. */
enum { LEAKPRO_MANY = 64 };

#define SQRT_HALF 0.70710678118654752440
#define LOG_SQRT_2PI 0.91893853320467274178

/* A normal density. */
typedef struct normal {
    double mean, sd;
} normal;

/* Index [0]: models without the row, [1]: with it. */
typedef struct fit {
    const tl_lira *test;
    const tl_shadow_values *shadows;
    int most[2];     /* values of a row that count, from the first on */
    normal whole[2]; /* of all rows */
    double *value;   /* [models] values of one row */
} fit;

static double log_density(const normal *n, double x)
{
    const double sd = n->sd + 1e-30, off = (x - n->mean) / sd;
    return -log(sd) - 0.5 * off * off;
}

/* Logarithm of the normal distribution function, also where it is below the least double.
 * Source of the expansion: Abramowitz and Stegun 1964, 26.2.12. */
static double log_distribution(const normal *n, double x)
{
    const double off = (x - n->mean) / (n->sd + 1e-30);
    if (off > 0.0) return log1p(-0.5 * erfc(off * SQRT_HALF));
    if (off > -35.0) return log(0.5 * erfc(-off * SQRT_HALF));
    double sum = 1.0;
    for (int k = 15; k >= 1; k -= 2) sum = 1.0 - k * sum / (off * off);
    return -0.5 * off * off - log(-off) - LOG_SQRT_2PI + log(sum);
}

/* --- what all rows have in common ----------------------------------------------------- */

/* Mean and standard deviation of all values of a side. */
static normal fit_all(const tl_shadow_values *s, bool in)
{
    const size_t count = (size_t)s->models * (size_t)s->rows;
    double n = 0.0, sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (tl_shadow_is_in(s, i) != in) continue;
        n += 1.0;
        sum += s->value[i];
    }
    const double mean = n > 0.0 ? sum / n : 0.0;
    for (size_t i = 0; i < count; i++) {
        const double off = s->value[i] - mean;
        if (tl_shadow_is_in(s, i) == in) squares += off * off;
    }
    return (normal){mean, n > 0.0 ? sqrt(squares / n) : 0.0};
}

/* The values of a row that count into f->value, and how many there are. */
static int gather(const fit *f, int row, bool in)
{
    const int n = tl_shadow_gather(f->shadows, row, in, f->value);
    return n < f->most[in] ? n : f->most[in];
}

static int fewest(const fit *f, bool in)
{
    int least = INT_MAX;
    for (int r = 0; r < f->shadows->rows; r++) {
        const int n = gather(f, r, in);
        least = n < least ? n : least;
    }
    return least;
}

/* Standard deviation of the values that count of all rows, of each its row's median
 * subtracted (is_centred) or not. */
static double deviation_of_all(const fit *f, bool in, bool is_centred)
{
    double n = 0.0, mean = 0.0, squares = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        for (int r = 0; r < f->shadows->rows; r++) {
            const int own = gather(f, r, in);
            if (own == 0) continue;
            const double centre = is_centred ? tl_median(f->value, (size_t)own) : 0.0;
            for (int i = 0; i < own; i++) {
                const double x = f->value[i] - centre;
                if (pass == 0) {
                    n += 1.0;
                    mean += x;
                } else {
                    squares += (x - mean) * (x - mean);
                }
            }
        }
        if (pass == 0) mean /= n;
    }
    return sqrt(squares / n);
}

/* Means over the rows that have values on a side. */
static normal mean_of_rows(const fit *f, bool in)
{
    normal sum = {0.0, 0.0};
    int n = 0;
    for (int r = 0; r < f->shadows->rows; r++) {
        const int own = gather(f, r, in);
        if (own == 0) continue;
        sum.mean += tl_median(f->value, (size_t)own);
        sum.sd += tl_shadow_deviation(f->value, own);
        n++;
    }
    return (normal){sum.mean / n, sum.sd / n};
}

static tl_status fit_side(fit *f, bool in, tl_err *err)
{
    const tl_shadow_values *s = f->shadows;
    f->most[in] = s->models;
    switch (f->test->scoring) {
    case TL_LIRA_CARLINI:
        TL_TRY(tl_shadow_check(s, in, err));
        f->most[in] = fewest(f, in);
        f->whole[in].sd = deviation_of_all(f, in, false);
        return TL_OK;
    case TL_LIRA_POOLED:
        f->whole[in] = mean_of_rows(f, in);
        TL_CHECK(!isnan(f->whole[in].mean), err, TL_E_ARG,
                 "none of the %d rows has a shadow model trained %s it: use more shadow "
                 "models",
                 s->rows, in ? "on" : "without");
        if (!f->test->has_own_sd) f->whole[in].sd = deviation_of_all(f, in, true);
        return TL_OK;
    case TL_LIRA_LEAKPRO:
        TL_TRY(tl_shadow_check(s, in, err));
        f->whole[in] = fit_all(s, in);
        return TL_OK;
    case TL_LIRA_ALL:
    default:
        f->whole[in] = fit_all(s, in);
        return TL_OK;
    }
}

static tl_status fit_sides(fit *f, tl_err *err)
{
    const tl_lira_scoring scoring = f->test->scoring;
    TL_TRY(fit_side(f, false, err));
    if (!f->test->is_online) return TL_OK;
    TL_TRY(fit_side(f, true, err));
    if (!f->test->has_own_sd && (scoring == TL_LIRA_ALL || scoring == TL_LIRA_CARLINI))
        f->whole[0].sd = f->whole[1].sd;
    return TL_OK;
}

/* --- a row ---------------------------------------------------------------------------- */

static bool has_own_sd(const fit *f)
{
    if (f->test->has_own_sd) return true;
    return f->test->scoring == TL_LIRA_LEAKPRO && f->shadows->models >= LEAKPRO_MANY;
}

static normal fit_row(const fit *f, int row, bool in)
{
    const int n = gather(f, row, in);
    if (n == 0) return f->whole[in];
    const double centre = f->test->scoring == TL_LIRA_LEAKPRO
                              ? tl_shadow_mean(f->value, n)
                              : tl_median(f->value, (size_t)n);
    if (!has_own_sd(f)) return (normal){centre, f->whole[in].sd};
    const double own = tl_shadow_deviation(f->value, n);
    const bool is_usable = own > 0.0 || f->test->scoring != TL_LIRA_ALL;
    return (normal){centre, is_usable ? own : f->whole[in].sd};
}

static double score_row(const fit *f, int row, double x)
{
    const normal out = fit_row(f, row, false);
    if (f->test->is_online) {
        const normal in = fit_row(f, row, true);
        return -log_density(&out, x) + log_density(&in, x);
    }
    if (f->test->scoring == TL_LIRA_LEAKPRO) return log_distribution(&out, x);
    const double constant = f->test->scoring == TL_LIRA_ALL ? 0.0 : LOG_SQRT_2PI;
    return -log_density(&out, x) + constant;
}

tl_status tl_lira_score(const tl_lira *test, const tl_shadow_values *shadows,
                        const double *target, tl_arena *scratch, double *score, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    fit f = {.test = test, .shadows = shadows};
    TL_ALLOC(f.value, scratch, shadows->models, err);
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    const tl_status status = fit_sides(&f, err);
    for (int r = 0; status == TL_OK && r < shadows->rows; r++) {
        score[r] = score_row(&f, r, target[r]);
    }
    tl_arena_rewind(scratch, mark);
    return status;
}
