/*
 * The length of a gradient of which each member of a team has its share's part.
 */
#ifndef TL_COMPUTE_TRAIN_SHARE_NORM_H
#define TL_COMPUTE_TRAIN_SHARE_NORM_H

#include "compute/nn/tensor_parallel.h"

/**
 * L2 norm of the whole model's gradient: squares as tl_gradient_square has them, of what is
 * shared (once) and of each part, and the parts' added in the fixed binary tree; the same
 * bits on every member of any team. Collective over the share's team.
 *
 * \param gradient [share->model.params] this member's \param norm result
 * \return TL_E_LOST
 */
TL_MUST_USE tl_status tl_share_norm(const tl_share *share, const float *gradient,
                                    double *norm, tl_err *err);

#endif
