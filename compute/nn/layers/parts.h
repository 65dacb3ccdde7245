/*
 * Runs a layer of a split model part by part, each in products of its own, whose shapes the
 * model fixes.
 *
 * The outputs of a block's parts, and on the way back the gradients of their inputs, are
 * summed over all splits: over the parts here in the fixed binary tree, then over the team
 * in the rest of that tree. So the bits do not depend on the size of the team.
 */
#ifndef TL_COMPUTE_NN_LAYERS_PARTS_H
#define TL_COMPUTE_NN_LAYERS_PARTS_H

#include "compute/core/team.h"
#include "compute/nn/layers/layer.h"

/** Scratch for sums, in floats, after that of the layer's operations. 0 if it is not cut.
 */
size_t tl_parts_scratch(const tl_layer *layer, int rows);

/**
 * Forward pass of all parts of a layer. Collective over `team` if its cut is TL_CUT_JOINS:
 * all members work on the same rows. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_parts_forward(const tl_layer_run *run, const tl_team *team,
                                       tl_err *err);

/** Backward pass, as tl_layer_ops.backward, with `grad` [params] or NULL. Collective over
 * `team` if its cut is TL_CUT_FANS. \return TL_E_PEER */
TL_MUST_USE tl_status tl_parts_backward(const tl_layer_run *run, float *grad,
                                        const tl_team *team, tl_err *err);

#endif
