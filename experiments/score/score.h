/*
 * Room experiments/score: arithmetic on scores and answers. Uses compute.
 *
 * Scores of classifiers and of membership tests, in double precision.
 */
#ifndef TL_EXPERIMENTS_SCORE_SCORE_H
#define TL_EXPERIMENTS_SCORE_SCORE_H

#include "compute/core/arena.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Area under the ROC curve: probability that a positive scores above a negative, ties
 * counted half (Mann and Whitney 1947; Hanley and McNeil 1982).
 *
 * \param score    [n]
 * \param positive [n]
 * \param auc      result; NaN without positives or without negatives
 * \return TL_E_NOMEM, TL_E_NUMERIC for a score that is not a number
 */
TL_MUST_USE tl_status tl_score_auc(const double *score, const bool *positive, int n,
                                   tl_arena *scratch, double *auc, tl_err *err);

/**
 * Largest true-positive rate at a false-positive rate of at most `limit`, over thresholds
 * "score >= t".
 *
 * \param score    [n]
 * \param positive [n]
 * \param tpr      result; 0 without positives
 * \return as tl_score_auc
 */
TL_MUST_USE tl_status tl_score_tpr(const double *score, const bool *positive, int n,
                                   double limit, tl_arena *scratch, double *tpr,
                                   tl_err *err);

/** Balanced accuracy of guess [n] against label [n]: mean over the classes that occur of
 * their accuracy; NaN if n is 0. */
double tl_score_balanced(const int32_t *guess, const int32_t *label, int n, int classes);

/** Multi-class Brier score: mean squared distance of probability [n x classes] from the
 * one-hot label [n]. */
double tl_score_brier(const float *probability, const int32_t *label, int n, int classes);

/**
 * AUC of class probabilities: of class 1 for two classes, else the mean over classes of one
 * against the rest (Provost and Domingos 2000, unweighted).
 *
 * \param probability [n x classes]
 * \param label       [n]
 * \param auc         result; NaN if only one class occurs
 * \return as tl_score_auc
 */
TL_MUST_USE tl_status tl_score_class_auc(const float *probability, const int32_t *label,
                                         int n, int classes, tl_arena *scratch, double *auc,
                                         tl_err *err);

/**
 * Spearman's rank correlation of x [n] and y [n]; ties share the mean of their ranks.
 *
 * \param correlation result; NaN if n < 2, or where all of x or all of y are equal
 * \return TL_E_NOMEM, TL_E_NUMERIC if a value is not a number
 */
TL_MUST_USE tl_status tl_score_rank_correlation(const double *x, const double *y, int n,
                                                tl_arena *scratch, double *correlation,
                                                tl_err *err);

/** How many entries of a [n] and b [n] are equal. */
int tl_score_matches(const int32_t *a, const int32_t *b, int n);

#endif
