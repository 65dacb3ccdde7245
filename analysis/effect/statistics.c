#include "analysis/effect/statistics.h"

#include "compute/core/rng.h"
#include "compute/core/sort.h"

#include <math.h>
#include <string.h>

enum { EXACT = 20, DRAWS = 100000 };

void tl_mean_sd(const double *x, int n, double *mean, double *sd)
{
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < n; i++) sum += x[i];
    *mean = sum / n;
    for (int i = 0; i < n; i++) square += (x[i] - *mean) * (x[i] - *mean);
    *sd = n > 1 ? sqrt(square / (n - 1)) : (double)NAN;
}

/* Continued fraction of the incomplete beta function. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < 500; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        for (int half = 0; half < 2; half++) {
            const double term = half ? odd : even;
            d = 1.0 + term * d;
            c = 1.0 + term / c;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            h *= c * d;
        }
        if (fabs(c * d - 1.0) < 1e-15) break;
    }
    return h;
}

static double incomplete_beta(double a, double b, double x)
{
    if (x <= 0.0) return 0.0;
    if (x >= 1.0) return 1.0;
    const double front =
        exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x));
    if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
    return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

static double t_distribution(double t, double freedom)
{
    const double tail =
        0.5 * incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t));
    return t > 0.0 ? 1.0 - tail : tail;
}

double tl_t_quantile(double p, double freedom)
{
    double low = -1e6, high = 1e6;
    for (int i = 0; i < 200; i++) {
        const double middle = 0.5 * (low + high);
        if (t_distribution(middle, freedom) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
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

/* A pattern combines one of each half: with both sorted, one pass counts the pairs that
 * reach `limit`. As many reach -limit. */
static double exact_p(const double *x, int n, double limit)
{
    double first[1 << EXACT / 2], second[1 << EXACT / 2];
    if (limit <= 0.0) return 1.0;
    const int firsts = signed_sums(x, n / 2, first);
    const int seconds = signed_sums(x + n / 2, n - n / 2, second);
    long reached = 0;
    for (int i = 0, j = seconds; i < firsts; i++) {
        while (j > 0 && first[i] + second[j - 1] >= limit) j--;
        reached += seconds - j;
    }
    return ldexp((double)reached, 1 - n);
}

static double drawn_p(const double *x, int n, double limit)
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
        reached += fabs(sum) >= limit;
    }
    return (double)reached / (DRAWS + 1.0);
}

static double normal_p(double square, double limit, int n)
{
    if (limit <= 0.0) return 1.0;
    const double p = erfc(limit / sqrt(2.0 * square)), least = tl_least_p(n);
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
    const double limit = fabs(sum) - 1e-12 * scale;
    if (n > TL_MOST_RESAMPLED) return normal_p(square, limit, n);
    return n <= EXACT ? exact_p(x, n, limit) : drawn_p(x, n, limit);
}

double tl_least_p(int n)
{
    return n <= EXACT ? ldexp(1.0, 1 - n) : 1.0 / (DRAWS + 1.0);
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
