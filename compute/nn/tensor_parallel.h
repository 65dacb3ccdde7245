/*
 * A member's share of a split model.
 *
 * A model of spec.splits = V is trained in V parts, each of which has its own heads of
 * attention and its own units of the hidden layers: the dense layer before them is cut by
 * its outputs, the one after them by its inputs, and what the V parts leave is summed
 * (Shoeybi et al. 2019, Megatron-LM, section 3). V is a part of the model, so its bits do
 * not depend on the team that shares the parts out, which has 1, 2, 4, .. or V members: a
 * member works on V / members of them. Embeddings, norms, the biases after the sums and the
 * tied head are whole, and the same on every member; all members work on the same rows.
 *
 * The whole model's parameters are those of one that is not split; a share has its own
 * layers over a block of its own: first all that is whole, `shared` numbers, then its
 * parts, `each` numbers each.
 */
#ifndef TL_COMPUTE_NN_TENSOR_PARALLEL_H
#define TL_COMPUTE_NN_TENSOR_PARALLEL_H

#include "compute/nn/model.h"

/** What one member has of a split model. */
typedef struct tl_tensor_parallel {
    const tl_model *whole; /**< borrowed */
    const tl_team *team;   /**< whose members hold the others; borrowed */
    tl_model model;   /**< its layers and parameters; they are the same layers by number */
    int first, parts; /**< parts first .. first + parts - 1 of whole->spec.splits */
    size_t shared, each; /**< numbers */
} tl_tensor_parallel;

/**
 * The share of `team`'s member, with the whole model's present parameters. Not collective.
 * The layers and parameters are in `arena`, `whole` and `team` are borrowed.
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_tensor_parallel_new(const tl_model *whole, const tl_team *team,
                                             tl_arena *arena, tl_tensor_parallel *out,
                                             tl_err *err);

/** Numbers of the room that the next two want. */
size_t tl_tensor_parallel_room(const tl_tensor_parallel *share);

/**
 * Numbers kept for each parameter, as the model's own, from all members: `all`, unless
 * NULL, gets what is shared, then part 0, part 1, .., whatever the team. Collective.
 * \param kept [model.params] \param room [tl_tensor_parallel_room] \param all
 * [whole->params] result \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_collect(const tl_tensor_parallel *share,
                                                 const float *kept, float *room, float *all,
                                                 tl_err *err);

/** The way back: member 0's `all`, which is NULL on the others, to all members. Collective.
 * \param room [tl_tensor_parallel_room] \param kept [model.params] result \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_deal(const tl_tensor_parallel *share,
                                              const float *all, float *room, float *kept,
                                              tl_err *err);

/**
 * Puts the shares' parameters together in `whole` (borrowed, of the same spec), on every
 * member. Collective.
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_put(const tl_tensor_parallel *share,
                                             tl_arena *scratch, tl_model *whole,
                                             tl_err *err);

#endif
