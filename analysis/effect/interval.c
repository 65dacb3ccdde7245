#include "analysis/effect/interval.h"

#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "compute/core/rng.h"
#include "compute/core/sort.h"

#include <math.h>
#include <stdbool.h>

/* (DRAWS + 1) / 40 is a whole number: the TAIL-th smallest and largest are the quantiles,
 * and the 2 TAIL-th those of one side. */
enum { DRAWS = 1999, TAIL = (DRAWS + 1) / 40, MOST_KEPT = 64 };
static const double UPPER = 0.975, ONE_SIDED = 0.95;
static const double ROUNDING = 1e-9; /* of the spread: below this a resample has none */
static const double EQUAL = 1e-10;   /* of the numbers: below this they have no spread */

/* (mean* - mean) / se* of the resample `pick` [n] of y, distances from the mean. */
static double resampled(const double *y, const uint16_t *pick, int n, double sd)
{
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < n; i++) {
        const double z = y[pick[i]];
        sum += z;
        square += z * z;
    }
    const double shift = sum / n;
    const double spread = (square - n * shift * shift) / (n - 1);
    if (spread > ROUNDING * ROUNDING * sd * sd) return shift / sqrt(spread / n);
    return fabs(shift) > ROUNDING * sd ? copysign((double)INFINITY, shift) : 0.0;
}

static tl_rng pick_stream(int n)
{
    return tl_rng_stream(0, 0, "effects", (uint32_t)n, "bootstrap");
}

static void draw_picks(tl_rng *rng, int n, uint16_t *pick)
{
    for (int i = 0; i < n; i++) pick[i] = (uint16_t)tl_rng_below(rng, (uint32_t)n);
}

/* Sets t to the values of all resamples. */
static void resample(const tl_interval_basis *basis, const double *x, double mean,
                     double sd, double t[DRAWS])
{
    const int n = basis->n;
    double y[TL_MOST_RESAMPLED];
    uint16_t drawn[TL_MOST_RESAMPLED];
    tl_rng rng = pick_stream(n);
    for (int i = 0; i < n; i++) y[i] = x[i] - mean;
    for (int d = 0; d < DRAWS; d++) {
        if (!basis->pick) draw_picks(&rng, n, drawn);
        t[d] =
            resampled(y, basis->pick ? basis->pick + (size_t)d * (size_t)n : drawn, n, sd);
    }
}

/* Sets the ends by the quantiles of t*; one that is infinite leaves the t interval's. */
static void bootstrap(const tl_interval_basis *basis, const double *x, double mean,
                      double sd, tl_interval *out)
{
    double t[DRAWS];
    double *const ends[][2] = {{&out->low, &out->high}, {&out->lower, &out->upper}};
    resample(basis, x, mean, sd, t);
    /* Each selection is among what the one before put beyond its quantile. */
    tl_select_doubles(t, DRAWS, DRAWS - 2 * TAIL);
    tl_select_doubles(t + DRAWS - 2 * TAIL + 1, 2 * TAIL - 1, TAIL - 1);
    tl_select_doubles(t, DRAWS - 2 * TAIL, 2 * TAIL - 1);
    tl_select_doubles(t, 2 * TAIL - 1, TAIL - 1);
    for (int k = 0; k < 2; k++) {
        const int tail = (k + 1) * TAIL;
        if (isfinite(t[DRAWS - tail])) *ends[k][0] = mean - t[DRAWS - tail] * out->se;
        if (isfinite(t[tail - 1])) *ends[k][1] = mean - t[tail - 1] * out->se;
    }
    out->kind = TL_INTERVAL_BOOTSTRAP;
}

/* Whether x differ by rounding alone. */
static bool are_equal(const double *x, int n)
{
    double low = x[0], high = x[0];
    for (int i = 1; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    return high - low <= EQUAL * fmax(fabs(low), fabs(high));
}

static tl_interval_basis basis_of(int n)
{
    return (tl_interval_basis){.n = n,
                               .two_sided = tl_t_quantile(UPPER, n - 1),
                               .one_sided = tl_t_quantile(ONE_SIDED, n - 1)};
}

tl_status tl_interval_basis_open(int n, tl_arena *arena, tl_interval_basis *out,
                                 tl_err *err)
{
    *out = basis_of(n);
    if (n < TL_LEAST_BOOTSTRAP || n > MOST_KEPT) return TL_OK;
    uint16_t *pick;
    TL_ALLOC(pick, arena, DRAWS * n, err);
    tl_rng rng = pick_stream(n);
    for (int d = 0; d < DRAWS; d++) draw_picks(&rng, n, pick + d * n);
    out->pick = pick;
    return TL_OK;
}

tl_interval tl_interval_on(const tl_interval_basis *basis, const double *x,
                           const double *variance)
{
    const int n = basis->n;
    double mean, sd, sum = 0.0;
    tl_interval out = {.kind = TL_INTERVAL_T};
    tl_mean_sd(x, n, &mean, &sd);
    const bool is_equal = are_equal(x, n);
    for (int i = 0; i < n; i++) sum += variance[i];
    if (is_equal) out.floor_sd = sd = sqrt(sum / n);
    out.se = sd / sqrt(n);
    const double half = basis->two_sided * out.se;
    const double one_sided = basis->one_sided * out.se;
    out.low = mean - half;
    out.high = mean + half;
    out.lower = mean - one_sided;
    out.upper = mean + one_sided;
    const bool is_resampled = n >= TL_LEAST_BOOTSTRAP && n <= TL_MOST_RESAMPLED;
    if (is_resampled && !is_equal && sum <= 0.0) bootstrap(basis, x, mean, sd, &out);
    return out;
}

tl_interval tl_interval_of(const double *x, const double *variance, int n)
{
    const tl_interval_basis basis = basis_of(n);
    return tl_interval_on(&basis, x, variance);
}
