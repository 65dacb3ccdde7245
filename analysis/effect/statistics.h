/*
 * The statistics behind effects, on plain arrays: means, quantiles, p and false discovery.
 */
#ifndef TL_ANALYSIS_EFFECT_STATISTICS_H
#define TL_ANALYSIS_EFFECT_STATISTICS_H

/** Means of more numbers than this are treated as normal: nothing is resampled. */
enum { TL_MOST_RESAMPLED = 4096 };

/** Sets mean and standard deviation of x [n] (n - 1 below); sd is NaN for n < 2. */
void tl_mean_sd(const double *x, int n, double *mean, double *sd);

/**
 * The p-quantile of Student's t with `freedom` degrees, by bisection on its distribution
 * function, 1 - I_{v/(v+t^2)}(v/2, 1/2) / 2 (Abramowitz, Stegun 1964, 26.7.1; I by the
 * continued fraction 26.5.8 evaluated as Lentz 1976).
 */
double tl_t_quantile(double p, double freedom);

/**
 * Two-sided sign-flip p of "the mean of x [n] is 0": share of all 2^n sign patterns whose
 * |sum| is at least that of x (Fisher 1935). Exact to n = 20; beyond, 100,000 patterns
 * drawn from a fixed stream; beyond TL_MOST_RESAMPLED the normal distribution with the
 * patterns' variance, the sum of squares (Lehmann, Romano 2005, Testing statistical
 * hypotheses, section 15.2), but no less than tl_least_p.
 */
double tl_sign_flip_p(const double *x, int n);

/** Smallest two-sided p that tl_sign_flip_p can reach with n replicates: 2^(1-n), and
 * beyond n = 20 one in the number of patterns drawn. */
double tl_least_p(int n);

/** p values that tl_false_discovery takes, at most. */
enum { TL_MOST_TESTS = 1024 };

/**
 * Sets q [n] to the false discovery rates of p [n] by Benjamini and Hochberg 1995: the
 * minimum of n p / rank over those that are no smaller, at most 1; a NaN gets the smallest
 * q. Both may be the same array; n <= TL_MOST_TESTS.
 */
void tl_false_discovery(const double *p, int n, double *q);

#endif
