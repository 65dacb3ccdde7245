/*
 * Preparation of answers: for attacks that solve equations logarithms of probabilities,
 * which are logits up to a constant per row, and centring; for membership tests the
 * statistics of a row's label.
 */
#ifndef TL_EXPERIMENTS_SCORE_ANSWERS_H
#define TL_EXPERIMENTS_SCORE_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

/** The least probability that single precision holds with all its digits: a smaller one is
 * too inexact for an equation. */
double tl_answers_least(void);

/** Replaces each probability of answer [count] by its logarithm; those below
 * tl_answers_least count as that. */
void tl_answers_log(double *answer, size_t count);

/** Scales each row of score [rows x classes] that does not sum to 1, by more than rounding
 * (1e-3), so that it does; one without a score becomes uniform. */
void tl_answers_normalise(float *score, int rows, int classes);

/** Subtracts its mean from each row of x [rows x columns]. */
void tl_centre_rows(double *x, int rows, int columns);

/** Subtracts its mean, summed from the first row on, from each column of x [rows x
 * columns]. */
void tl_centre_columns(double *x, int rows, int columns);

/**
 * Statistics of each row's label from answered scores: class probabilities, also rounded,
 * cut to the largest (0 elsewhere), noisy or one-hot; a score below 0 counts as 0. With p
 * the label's score and q the sum of the others, each plus 1e-45, computed in double
 * precision: q, not 1 - p, so that rows keep their order where p is 1 in single precision.
 * All three order rows alike (loss: in reverse), and scores need not sum to 1.
 *
 * - tl_answers_confidence: log p - log q, as tl_confidence from logits
 * - tl_answers_loss: log(1 + q/p), nat, as tl_cross_entropy from logits
 * - tl_answers_probability: p/(p + q)
 *
 * \param score  [rows x classes]
 * \param label  [rows]
 * \param out    [rows] result
 * Source: confidence as in the code of Carlini, Chien, Nasr, Song, Terzis, Tramer 2022
 * (tensorflow/privacy 03035d5d, research/mi_lira_2021/plot.py, load_one).
 */
void tl_answers_confidence(const float *score, const int32_t *label, int rows, int classes,
                           double *out);
void tl_answers_loss(const float *score, const int32_t *label, int rows, int classes,
                     double *out);
void tl_answers_probability(const float *score, const int32_t *label, int rows, int classes,
                            double *out);

#endif
