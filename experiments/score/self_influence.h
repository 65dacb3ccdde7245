/*
 * Self-influence: by how much the loss of a row would rise if it were left out of training,
 * foretold from the gradient and the curvature of the last layer.
 *
 * The last layer maps features f (with a 1 behind them where it has a bias) to the
 * probabilities p of classes, by parameters that the cross-entropy is convex in. Row i's
 * gradient of it is g_i = (p_i - y_i) kron f_i, its curvature, which is the Gauss-Newton
 * matrix and the Hessian alike, G_i = (diag(p_i) - p_i p_i^T) kron f_i f_i^T. With G the
 * sum of the G_j over the rows that were trained on, but for row i itself, the
 * self-influence of row i is
 *
 *   g_i^T (G + lambda I)^-1 g_i, in nat.
 *
 * Of a row that was trained on it foretells by how much its loss would rise without it: the
 * step of Newton's method from there, to first order in the loss. Of another it foretells
 * by how much its loss would fall with it. Since G never holds the row itself, the two are
 * alike where training has not told the rows apart; with it, rows trained on would have
 * less only because there are as many parameters as rows.
 *
 * Sources: Koh, Liang 2017, Understanding black-box predictions via influence functions,
 * equations 1 and 2; Pregibon 1981, Logistic regression diagnostics (the row left out of
 * the curvature); Schraudolph 2002 and Martens 2010 (Gauss-Newton); Feldman, Zhang 2020,
 * What neural networks memorize and why, whose memorisation score is the effect of leaving
 * a row out on itself.
 */
#ifndef TL_EXPERIMENTS_SCORE_SELF_INFLUENCE_H
#define TL_EXPERIMENTS_SCORE_SELF_INFLUENCE_H

#include "compute/core/arena.h"
#include "compute/core/team.h"

#include <stdbool.h>
#include <stdint.h>

/** Rows as the last layer sees them. */
typedef struct tl_influence {
    int rows, width, classes;  /**< width: of the features, with the 1 of a bias */
    const double *feature;     /**< [rows x width] */
    const double *probability; /**< [rows x classes] */
    const int32_t *label;      /**< [rows] */
    const bool *is_trained;    /**< [rows] whether it is among those that G sums over */
    int trained;               /**< how many are */
    /** lambda in units of the mean eigenvalue of the sum of all G_j, above 0. */
    double damping;
} tl_influence;

/**
 * The self-influence of every row. Collective over `team`; blocks of G and rows are shared
 * out, and the bits do not depend on the team. G + lambda I is inverted by Cholesky: of
 * TL_LINALG_SOLVE_SPD_FROM parameters or more by ScaLAPACK's, and then results are told to
 * 6 digits.
 *
 * \param self   [rows] result, on every member
 * \param lambda result; 0 where G is 0 (every row is taken for one class with certainty),
 *               and then `self` is not set
 * \return TL_E_NOMEM, TL_E_PEER, TL_E_NUMERIC
 */
TL_MUST_USE tl_status tl_influence_self(const tl_influence *of, const tl_team *team,
                                        tl_arena *scratch, double *self, double *lambda,
                                        tl_err *err);

/** Floating-point operations of tl_influence_self, `trained` of `rows` rows being trained
 * on. */
double tl_influence_cost(int rows, int trained, int width, int classes);

#endif
