/*
 * The ROC curve of a score, point by point.
 */
#ifndef TL_EXPERIMENTS_SCORE_ROC_H
#define TL_EXPERIMENTS_SCORE_ROC_H

#include "compute/core/arena.h"

#include <stdbool.h>

/** A curve, in the arena of tl_score_roc. */
typedef struct tl_roc {
    int points;
    double *x; /**< [points] false positive rate, rising */
    double *y; /**< [points] true positive rate, rising */
} tl_roc;

/**
 * The ROC curve over thresholds "score >= t": (0, 0), then a point for each distinct score,
 * from the highest down, so that the last is (1, 1) (Fawcett 2006, An introduction to ROC
 * analysis, algorithm 1). Its area by trapezoids is tl_score_auc.
 *
 * \param score    [n]
 * \param positive [n] with both kinds present; else the curve has no points
 * \param out      result, in `arena`
 * \return TL_E_NOMEM, TL_E_NUMERIC for a score that is not a number
 */
TL_MUST_USE tl_status tl_score_roc(const double *score, const bool *positive, int n,
                                   tl_arena *arena, tl_roc *out, tl_err *err);

#endif
