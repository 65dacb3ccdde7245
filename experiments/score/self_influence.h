/*
 * Self-influence: the predicted rise of a row's loss if the row were left out of training,
 * from the gradient and the curvature of the last layer.
 *
 * The last layer maps features f (followed by a 1 where it has a bias) to class
 * probabilities p, and the cross-entropy is convex in its parameters. The gradient of row
 * i's loss is g_i = (p_i - y_i) kron f_i; its curvature, Gauss-Newton matrix and Hessian in
 * one, is G_i = (diag(p_i) - p_i p_i^T) kron f_i f_i^T. With G the sum of G_j over the rows
 * trained on, except row i itself, the self-influence of row i is
 *
 *   g_i^T (G + lambda I)^-1 g_i, in nat.
 *
 * For a row trained on it predicts the rise of its loss without the row: Newton's step from
 * there, to first order in the loss. For any other row it predicts the fall of its loss
 * with it. As G never holds the row itself, both have the same distribution where training
 * treated the rows alike; otherwise rows trained on would have less merely because there
 * are as many parameters as rows.
 *
 * Sources: Koh, Liang 2017, Understanding black-box predictions via influence functions,
 * equations 1 and 2; Pregibon 1981, Logistic regression diagnostics (the row left out of
 * the curvature); Schraudolph 2002 and Martens 2010 (Gauss-Newton); Feldman, Zhang 2020,
 * What neural networks memorize and why (a row's memorisation: the effect of leaving it out
 * on itself).
 */
#ifndef TL_EXPERIMENTS_SCORE_SELF_INFLUENCE_H
#define TL_EXPERIMENTS_SCORE_SELF_INFLUENCE_H

#include "compute/core/arena.h"
#include "compute/core/team.h"

#include <stdbool.h>
#include <stdint.h>

/** Rows as the last layer sees them; arrays are borrowed. */
typedef struct tl_influence {
    int rows, width, classes;  /**< width: of the features, with the 1 of a bias */
    const double *feature;     /**< [rows x width] */
    const double *probability; /**< [rows x classes] */
    const int32_t *label;      /**< [rows] */
    const bool *is_trained;    /**< [rows] whether G sums over it */
    int trained;               /**< how many are */
    /** lambda in units of the mean eigenvalue of the sum of all G_j, above 0. */
    double damping;
} tl_influence;

/**
 * Self-influence of every row. Collective over `team`: blocks of G and rows are
 * distributed, bits do not depend on the team. G + lambda I is inverted by Cholesky; from
 * TL_LINALG_SOLVE_SPD_FROM parameters on by ScaLAPACK, and results are rounded to 6 digits.
 *
 * \param self   [rows] result, on every member
 * \param lambda result; 0 where G is 0 (the model is certain of every row), and then `self`
 *               is not set
 * \return TL_E_NOMEM, TL_E_PEER, TL_E_NUMERIC
 */
TL_MUST_USE tl_status tl_influence_self(const tl_influence *of, const tl_team *team,
                                        tl_arena *scratch, double *self, double *lambda,
                                        tl_err *err);

/** FLOP of tl_influence_self, with `trained` of `rows` rows trained on. */
double tl_influence_cost(int rows, int trained, int width, int classes);

#endif
