#include "analysis/effect/interval.h"

#include "analysis/effect/statistics.h"
#include "compute/core/rng.h"
#include "compute/core/sort.h"

#include <math.h>

/* (DRAWS + 1) / 40 is a whole number: the TAIL-th smallest and largest are the quantiles.
 */
enum { DRAWS = 1999, TAIL = (DRAWS + 1) / 40 };
static const double UPPER = 0.975;
static const double ROUNDING = 1e-9; /* of the spread: below this a resample has none */

/* (mean* - mean) / se* of one resample. */
static double resampled(const double *x, const double *variance, int n, double mean,
                        double sd, tl_rng *rng)
{
    double sum = 0.0, square = 0.0, floor_sum = 0.0;
    for (int i = 0; i < n; i++) {
        const uint32_t k = tl_rng_below(rng, (uint32_t)n);
        const double y = x[k] - mean;
        sum += y;
        square += y * y;
        floor_sum += variance[k];
    }
    const double shift = sum / n;
    const double spread = fmax((square - n * shift * shift) / (n - 1), floor_sum / n);
    if (spread > ROUNDING * ROUNDING * sd * sd) return shift / sqrt(spread / n);
    return fabs(shift) > ROUNDING * sd ? copysign((double)INFINITY, shift) : 0.0;
}

/* Quantiles of t*, or of Student's t if they are infinite. */
static void quantiles(const double *x, const double *variance, int n, double mean,
                      double sd, double *low, double *high)
{
    double t[DRAWS];
    const double student = tl_t_quantile(UPPER, n - 1);
    tl_rng rng = tl_rng_stream(0, 0, "effects", (uint32_t)n, "bootstrap");
    for (int d = 0; d < DRAWS; d++) t[d] = resampled(x, variance, n, mean, sd, &rng);
    tl_sort_doubles(t, DRAWS);
    *low = isfinite(t[TAIL - 1]) ? t[TAIL - 1] : -student;
    *high = isfinite(t[DRAWS - TAIL]) ? t[DRAWS - TAIL] : student;
}

tl_interval tl_interval_of(const double *x, const double *variance, int n)
{
    double mean, sd, floor_sum = 0.0;
    tl_mean_sd(x, n, &mean, &sd);
    for (int i = 0; i < n; i++) floor_sum += variance[i];
    const double least = sqrt(floor_sum / n), root = sqrt(n);
    const double student = tl_t_quantile(UPPER, n - 1);
    const double half = student * fmax(sd, least) / root;
    tl_interval out = {.kind = TL_INTERVAL_T, .low = mean - half, .high = mean + half};
    if (least > sd) out.floor_sd = least;
    if (n < TL_LEAST_BOOTSTRAP || n > TL_MOST_RESAMPLED) return out;
    if (least > sd || sd <= 0.0) return out;
    double low, high;
    quantiles(x, variance, n, mean, sd, &low, &high);
    out.kind = TL_INTERVAL_BOOTSTRAP;
    out.low = mean - fmax(high * sd, student * least) / root;
    out.high = mean - fmin(low * sd, -student * least) / root;
    return out;
}
