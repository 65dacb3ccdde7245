#include "analysis/effect/interval.h"

#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "compute/core/rng.h"
#include "compute/core/sort.h"

#include <math.h>
#include <stdbool.h>

/* (DRAWS + 1) / 40 is a whole number: the TAIL-th smallest and largest are the quantiles,
 * and the 2 TAIL-th those of one side. */
enum { DRAWS = 1999, TAIL = (DRAWS + 1) / 40 };
static const double UPPER = 0.975, ONE_SIDED = 0.95;
static const double ROUNDING = 1e-9; /* of the spread: below this a resample has none */
static const double EQUAL = 1e-10;   /* of the numbers: below this they have no spread */

/* (mean* - mean) / se* of one resample. */
static double resampled(const double *x, int n, double mean, double sd, tl_rng *rng)
{
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < n; i++) {
        const double y = x[tl_rng_below(rng, (uint32_t)n)] - mean;
        sum += y;
        square += y * y;
    }
    const double shift = sum / n;
    const double spread = (square - n * shift * shift) / (n - 1);
    if (spread > ROUNDING * ROUNDING * sd * sd) return shift / sqrt(spread / n);
    return fabs(shift) > ROUNDING * sd ? copysign((double)INFINITY, shift) : 0.0;
}

/* Sets the ends by the quantiles of t*; one that is infinite leaves the t interval's. */
static void resample(const double *x, int n, double mean, double sd, tl_interval *out)
{
    double t[DRAWS];
    double *const ends[][2] = {{&out->low, &out->high}, {&out->lower, &out->upper}};
    tl_rng rng = tl_rng_stream(0, 0, "effects", (uint32_t)n, "bootstrap");
    for (int d = 0; d < DRAWS; d++) t[d] = resampled(x, n, mean, sd, &rng);
    tl_sort_doubles(t, DRAWS);
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

tl_interval tl_interval_of(const double *x, const double *variance, int n)
{
    double mean, sd, sum = 0.0;
    tl_interval out = {.kind = TL_INTERVAL_T};
    tl_mean_sd(x, n, &mean, &sd);
    const bool is_equal = are_equal(x, n);
    for (int i = 0; i < n; i++) sum += variance[i];
    if (is_equal) out.floor_sd = sd = sqrt(sum / n);
    out.se = sd / sqrt(n);
    const double half = tl_t_quantile(UPPER, n - 1) * out.se;
    const double one_sided = tl_t_quantile(ONE_SIDED, n - 1) * out.se;
    out.low = mean - half;
    out.high = mean + half;
    out.lower = mean - one_sided;
    out.upper = mean + one_sided;
    const bool is_resampled = n >= TL_LEAST_BOOTSTRAP && n <= TL_MOST_RESAMPLED;
    if (is_resampled && !is_equal && sum <= 0.0) resample(x, n, mean, sd, &out);
    return out;
}
