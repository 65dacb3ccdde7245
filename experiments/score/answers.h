/*
 * Preparation of answers for attacks that solve equations: logarithms of probabilities,
 * which are logits up to a constant per row, and centring.
 */
#ifndef TL_EXPERIMENTS_SCORE_ANSWERS_H
#define TL_EXPERIMENTS_SCORE_ANSWERS_H

#include <stddef.h>

/** The least probability that single precision holds with all its digits: a smaller one is
 * too inexact for an equation. */
double tl_answers_least(void);

/** Replaces each probability of answer [count] by its logarithm; those below
 * tl_answers_least count as that. */
void tl_answers_log(double *answer, size_t count);

/** Subtracts its mean from each row of x [rows x columns]. */
void tl_centre_rows(double *x, int rows, int columns);

/** Subtracts its mean, summed from the first row on, from each column of x [rows x
 * columns]. */
void tl_centre_columns(double *x, int rows, int columns);

#endif
