#include "analysis/effect/statistics.h"

#include "compute/core/rng.h"
#include "compute/core/sort.h"

#include <math.h>
#include <string.h>

enum { EXACT = 20, DRAWS = 100000 };
static const double ROUNDING = 1e-12; /* of the sum of sizes */

void tl_mean_sd(const double *x, int n, double *mean, double *sd)
{
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < n; i++) sum += x[i];
    *mean = sum / n;
    for (int i = 0; i < n; i++) square += (x[i] - *mean) * (x[i] - *mean);
    *sd = n > 1 ? sqrt(square / (n - 1)) : (double)NAN;
}

/* All 2^n sums of +-x, sorted; returns their number. */
static int signed_sums(const double *x, int n, double *sum)
{
    int count = 1;
    sum[0] = 0.0;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < count; k++) {
            sum[count + k] = sum[k] + x[i];
            sum[k] -= x[i];
        }
        count *= 2;
    }
    tl_sort_doubles(sum, (size_t)count);
    return count;
}

/* Share of the patterns whose sum is at least `limit`. A pattern combines one of each half:
 * with both sorted, one pass counts the pairs that reach it. */
static double exact_share(const double *x, int n, double limit)
{
    double first[1 << EXACT / 2], second[1 << EXACT / 2];
    const int firsts = signed_sums(x, n / 2, first);
    const int seconds = signed_sums(x + n / 2, n - n / 2, second);
    long reached = 0;
    for (int i = 0, j = seconds; i < firsts; i++) {
        while (j > 0 && first[i] + second[j - 1] >= limit) j--;
        reached += seconds - j;
    }
    return ldexp((double)reached, -n);
}

/* As many patterns reach -limit. */
static double exact_p(const double *x, int n, double limit)
{
    return limit <= 0.0 ? 1.0 : 2.0 * exact_share(x, n, limit);
}

static double drawn_p(const double *x, int n, double limit, int sides)
{
    tl_rng rng = tl_rng_stream(0, 0, "effects", 0, "sign flips");
    long reached = 1; /* including the observed pattern */
    for (int k = 0; k < DRAWS; k++) {
        double sum = 0.0;
        uint32_t bits = 0;
        for (int i = 0; i < n; i++) {
            if (i % 32 == 0) bits = tl_rng_u32(&rng);
            sum += bits >> (i % 32) & 1 ? x[i] : -x[i];
        }
        reached += (sides == 1 ? sum : fabs(sum)) >= limit;
    }
    return (double)reached / (DRAWS + 1.0);
}

static double normal_p(double square, double limit, int n, int sides)
{
    if (square <= 0.0) return 1.0;
    const double tail = erfc(limit / sqrt(2.0 * square)), least = tl_least_p(n, sides);
    const double p = sides == 1 ? 0.5 * tail : limit <= 0.0 ? 1.0 : tail;
    return p > least ? p : least;
}

double tl_sign_flip_p(const double *x, int n)
{
    double sum = 0.0, scale = 0.0, square = 0.0;
    for (int i = 0; i < n; i++) {
        sum += x[i];
        scale += fabs(x[i]);
        square += x[i] * x[i];
    }
    /* Patterns that tie with the observed one must count, despite rounding. */
    const double limit = fabs(sum) - ROUNDING * scale;
    if (n > TL_MOST_RESAMPLED) return normal_p(square, limit, n, 2);
    return n <= EXACT ? exact_p(x, n, limit) : drawn_p(x, n, limit, 2);
}

double tl_sign_flip_p_beyond(const double *x, int n, int direction)
{
    double sum = 0.0, scale = 0.0, square = 0.0;
    for (int i = 0; i < n; i++) {
        sum += x[i];
        scale += fabs(x[i]);
        square += x[i] * x[i];
    }
    const double limit = (direction < 0 ? -sum : sum) - ROUNDING * scale;
    if (n > TL_MOST_RESAMPLED) return normal_p(square, limit, n, 1);
    return n <= EXACT ? exact_share(x, n, limit) : drawn_p(x, n, limit, 1);
}

double tl_least_p(int n, int sides)
{
    return n <= EXACT ? ldexp(sides, -n) : 1.0 / (DRAWS + 1.0);
}

/* How many of the sorted numbers are below x; none are below NaN. */
static int count_below(const double *sorted, int n, double x)
{
    int low = 0, high = n;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void tl_false_discovery(const double *p, int n, double *q)
{
    double sorted[TL_MOST_TESTS], least[TL_MOST_TESTS + 1];
    if (n > TL_MOST_TESTS) n = TL_MOST_TESTS;
    memcpy(sorted, p, (size_t)n * sizeof *sorted);
    tl_sort_doubles(sorted, (size_t)n);
    least[n] = 1.0;
    for (int k = n - 1; k >= 0; k--) { /* of equal ones the last has the least n p / rank */
        const double candidate = sorted[k] * n / (k + 1);
        least[k] = candidate < least[k + 1] ? candidate : least[k + 1];
    }
    for (int i = 0; i < n; i++) q[i] = least[count_below(sorted, n, p[i])];
}

void tl_family_wise(const double *p, int n, double *out)
{
    tl_ranked rank[TL_MOST_TESTS];
    double most = 0.0;
    int tests = 0;
    if (n > TL_MOST_TESTS) n = TL_MOST_TESTS;
    for (int i = 0; i < n; i++) rank[i] = (tl_ranked){p[i], (uint32_t)i};
    tl_sort_ascending(rank, (size_t)n); /* NaN last */
    while (tests < n && !isnan(rank[tests].value)) tests++;
    for (int k = 0; k < n; k++) {
        if (k < tests) most = fmax(most, fmin(1.0, (tests - k) * rank[k].value));
        out[rank[k].number] = k < tests ? most : (double)NAN;
    }
}
