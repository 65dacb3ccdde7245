/*
 * Student's t: its distribution, equivalence tests and the power of a paired test.
 */
#ifndef TL_ANALYSIS_EFFECT_STUDENT_H
#define TL_ANALYSIS_EFFECT_STUDENT_H

/**
 * Share of Student's t with `freedom` degrees that is above `t`: I_{v/(v+t^2)}(v/2, 1/2) /
 * 2 for t >= 0 (Abramowitz, Stegun 1964, 26.7.1; I by the continued fraction 26.5.8
 * evaluated as Lentz 1976).
 */
double tl_t_tail(double t, double freedom);

/** The p-quantile of Student's t with `freedom` degrees, by bisection on tl_t_tail. */
double tl_t_quantile(double p, double freedom);

/**
 * p of two one-sided t tests that a mean is within +-margin, the larger of the two: p <=
 * 0.05 says that it is. Without an error (se 0) it is 0 or 1. Source: Schuirmann 1987, A
 * comparison of the two one-sided tests procedure and the power approach for assessing the
 * equivalence of average bioavailability.
 */
double tl_t_equivalence_p(double mean, double se, double freedom, double margin);

/**
 * Power of the t test of n paired differences: the share of samples of mean `effect` and
 * standard deviation `sd` whose t is beyond the `level` quantile, in `sides` directions (1
 * or 2) of which the one away from the effect is neglected. By Simpson's rule over the
 * distribution of the sample's standard deviation.
 */
double tl_t_power(double effect, double sd, int n, double level, int sides);

/**
 * The fewest paired differences, at least 2, with which the power is at least `power` and
 * the sign-flip test can reach `level` (tl_least_p); 0 if a million are too few.
 */
int tl_t_replicates(double effect, double sd, double power, double level, int sides);

#endif
