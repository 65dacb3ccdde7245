/*
 * How a layer of a split model runs: part by part, each in products of its own, whose
 * shapes the model fixes.
 *
 * What goes out of a block's parts, and on the way back what goes into them, is a sum over
 * all splits of the model: over the parts that are here in the fixed binary tree, and then
 * over the team, which adds in the tree that goes on. So the bits do not depend on how many
 * members share the splits out.
 */
#ifndef TL_COMPUTE_NN_LAYERS_PARTS_H
#define TL_COMPUTE_NN_LAYERS_PARTS_H

#include "compute/core/team.h"
#include "compute/nn/layers/layer.h"

/** Scratch, in floats, that the layer takes for sums beside its operations' own, which it
 * follows. 0 if it is not cut. */
size_t tl_parts_scratch(const tl_layer *layer, int rows);

/**
 * The layer's forward pass, of all its parts. Collective over `team` if it is cut so that
 * it joins: all members' shares of one model on the same rows. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_parts_forward(const tl_layer_run *run, const tl_team *team,
                                       tl_err *err);

/** Its backward pass, as tl_layer_ops.backward, with `grad` [params] or NULL. Collective
 * over `team` if it is cut so that it fans out. \return TL_E_PEER */
TL_MUST_USE tl_status tl_parts_backward(const tl_layer_run *run, float *grad,
                                        const tl_team *team, tl_err *err);

#endif
