#include "analysis/effect/student.h"

#include "analysis/effect/statistics.h"

#include <math.h>
#include <stdbool.h>

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

double tl_t_tail(double t, double freedom)
{
    const double tail =
        0.5 * incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t));
    return t > 0.0 ? tail : 1.0 - tail;
}

double tl_t_quantile(double p, double freedom)
{
    double low = -1e6, high = 1e6;
    for (int i = 0; i < 200; i++) {
        const double middle = 0.5 * (low + high);
        if (1.0 - tl_t_tail(middle, freedom) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

double tl_t_equivalence_p(double mean, double se, double freedom, double margin)
{
    if (se <= 0.0) return fabs(mean) < margin ? 0.0 : 1.0;
    return tl_t_tail((margin - fabs(mean)) / se, freedom);
}

/* Density of s / sigma of a sample with v degrees of freedom at x, a chi over sqrt v. */
static double spread_density(double x, double v)
{
    if (x <= 0.0) return 0.0;
    return exp(log(2.0) + 0.5 * v * log(0.5 * v) - lgamma(0.5 * v) + (v - 1.0) * log(x) -
               0.5 * v * x * x);
}

double tl_t_power(double effect, double sd, int n, double level, int sides)
{
    enum { STEPS = 4000 };
    const double v = n - 1, shift = fabs(effect) / sd * sqrt(n);
    const double limit = tl_t_quantile(1.0 - level / sides, v), most = 12.0;
    double sum = 0.0;
    for (int i = 0; i <= STEPS; i++) {
        const double x = most * i / STEPS;
        const double beyond = 0.5 * erfc((limit * x - shift) / sqrt(2.0));
        const double weight = i == 0 || i == STEPS ? 1.0 : i % 2 ? 4.0 : 2.0;
        sum += weight * beyond * spread_density(x, v);
    }
    return sum * most / STEPS / 3.0;
}

int tl_t_replicates(double effect, double sd, double power, double level, int sides)
{
    enum { MOST = 1000000 };
    int low = 1, high = 2; /* low is too few */
    while (true) {
        const bool is_enough = tl_least_p(high, sides) <= level &&
                               tl_t_power(effect, sd, high, level, sides) >= power;
        if (is_enough) break;
        if (high >= MOST) return 0;
        low = high;
        high = high < MOST / 2 ? 2 * high : MOST;
    }
    while (high - low > 1) {
        const int n = low + (high - low) / 2;
        const bool is_enough = tl_least_p(n, sides) <= level &&
                               tl_t_power(effect, sd, n, level, sides) >= power;
        if (is_enough)
            high = n;
        else
            low = n;
    }
    return high;
}
