/*
 * What attacks that solve equations make of answers before they solve: logarithms of
 * probabilities, which are logits up to one number a row, and means taken off.
 */
#ifndef TL_EXPERIMENTS_SCORE_ANSWERS_H
#define TL_EXPERIMENTS_SCORE_ANSWERS_H

#include <stddef.h>

/** The least probability that single precision holds with all its digits: below it, an
 * answer says less than its equation needs. */
double tl_answers_least(void);

/** The logarithm of each of `count` probabilities, in place; of less than tl_answers_least,
 * that one's. */
void tl_answers_log(double *answer, size_t count);

/** Takes the mean of each row of x [rows x columns] off it. */
void tl_centre_rows(double *x, int rows, int columns);

/** Takes the mean of each column of x [rows x columns] off it, summed from the first row
 * on. */
void tl_centre_columns(double *x, int rows, int columns);

#endif
