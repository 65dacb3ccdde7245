/*
 * The Gram matrix of rows, with bits that do not depend on the team.
 */
#ifndef TL_COMPUTE_LINALG_GRAM_H
#define TL_COMPUTE_LINALG_GRAM_H

#include "compute/core/arena.h"
#include "compute/core/team.h"

enum { TL_GRAM_CHUNKS = 8 /**< of the sum; a team has at most as many members */ };

/**
 * gram = x^T x. Collective over `team`: the rows are cut into TL_GRAM_CHUNKS chunks of
 * fixed sizes, each is one product in single precision, and the products are added in a
 * fixed binary tree.
 *
 * \param x [rows x width], the same on every member
 * \param gram [width x width] result, on every member
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_gram(const float *x, int rows, int width, const tl_team *team,
                              tl_arena *scratch, float *gram, tl_err *err);

#endif
