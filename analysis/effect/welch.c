/*
 * Two samples compared: by pairs, or as independent ones.
 */
#include "analysis/effect/compare.h"

#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"

#include <math.h>

static const double UPPER = 0.975;

static void set_interval(double se, tl_compared *out)
{
    const double half = tl_t_quantile(UPPER, out->freedom) * se;
    out->low = out->difference - half;
    out->high = out->difference + half;
}

static void set_missing(const char *why, tl_compared *out)
{
    out->low = out->high = out->freedom = out->p = (double)NAN;
    out->missing = why;
}

void tl_welch(const double *x, int n, const double *y, int m, tl_compared *out)
{
    double mean[2], sd[2];
    out->difference = (double)NAN;
    out->missing = NULL;
    out->n = n + m;
    if (n < 1 || m < 1) {
        set_missing("one of the two has no complete replicate", out);
        return;
    }
    tl_mean_sd(x, n, &mean[0], &sd[0]);
    tl_mean_sd(y, m, &mean[1], &sd[1]);
    out->difference = mean[1] - mean[0];
    if (n < 2 || m < 2) {
        set_missing("an interval needs 2 replicates of each", out);
        return;
    }
    const double u = sd[0] * sd[0] / n, v = sd[1] * sd[1] / m;
    if (u + v <= 0.0) {
        set_missing("each is the same in all its replicates", out);
        return;
    }
    out->freedom = (u + v) * (u + v) / (u * u / (n - 1) + v * v / (m - 1));
    set_interval(sqrt(u + v), out);
    out->p = 2.0 * tl_t_tail(fabs(out->difference) / sqrt(u + v), out->freedom);
}

void tl_paired(double *d, int n, tl_compared *out)
{
    double sd;
    out->difference = (double)NAN;
    out->missing = NULL;
    out->n = n;
    if (n < 1) {
        set_missing("no replicate is complete in both", out);
        return;
    }
    tl_mean_sd(d, n, &out->difference, &sd);
    if (n < 2) {
        set_missing("an interval needs 2 pairs", out);
        return;
    }
    out->freedom = n - 1;
    set_interval(sd / sqrt(n), out);
    out->p = tl_sign_flip_p(d, n);
}
