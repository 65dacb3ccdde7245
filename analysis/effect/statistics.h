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
 * Two-sided sign-flip p of "the mean of x [n] is 0": share of all 2^n sign patterns whose
 * |sum| is at least that of x (Fisher 1935). Exact to n = 20; beyond, 100,000 patterns
 * drawn from a fixed stream; beyond TL_MOST_RESAMPLED the normal distribution with the
 * patterns' variance, the sum of squares (Lehmann, Romano 2005, Testing statistical
 * hypotheses, section 15.2), but no less than tl_least_p.
 */
double tl_sign_flip_p(const double *x, int n);

/** The one-sided p of "the mean of x [n] is not above 0" (direction > 0), or not below: the
 * share of sign patterns whose sum is at least that of x, in the same three ways. */
double tl_sign_flip_p_beyond(const double *x, int n, int direction);

/** Smallest p that the test of `sides` (1 or 2) can reach with n replicates: sides * 2^-n,
 * and beyond n = 20 one in the number of patterns drawn. */
double tl_least_p(int n, int sides);

/** p values that tl_false_discovery takes, at most. */
enum { TL_MOST_TESTS = 1024 };

/**
 * Sets q [n] to the false discovery rates of p [n] by Benjamini and Hochberg 1995: the
 * minimum of n p / rank over those that are no smaller, at most 1; a NaN gets the smallest
 * q. Both may be the same array; n <= TL_MOST_TESTS.
 */
void tl_false_discovery(const double *p, int n, double *q);

/**
 * Sets out [n] to the p of Holm 1979, which bound the chance of any false rejection: in
 * ascending order the largest (tests - k) p so far, at most 1. A NaN is no test and stays
 * NaN. Both may be the same array; n <= TL_MOST_TESTS.
 */
void tl_family_wise(const double *p, int n, double *out);

#endif
