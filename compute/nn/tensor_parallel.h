/*
 * A member's share of a split model.
 *
 * A model of spec.splits = V is trained in V parts, each with its own heads of attention
 * and its own units of the hidden layers: the dense layer before them is cut by outputs,
 * the one after them by inputs, and the outputs of the V parts are summed (Shoeybi et al.
 * 2019, Megatron-LM, section 3). V belongs to the model, so the bits do not depend on the
 * team, which has 1, 2, 4, .. or V members: each works on V / members parts. Embeddings,
 * norms, the biases after the sums and the tied head are not cut, and the same on every
 * member; all members work on the same rows.
 *
 * The whole model has the parameters of an unsplit one; a share has its own layers over its
 * own block: first all that is not cut, `shared` numbers, then its parts of `each` numbers.
 */
#ifndef TL_COMPUTE_NN_TENSOR_PARALLEL_H
#define TL_COMPUTE_NN_TENSOR_PARALLEL_H

#include "compute/nn/model.h"

/** One member's share of a split model. */
typedef struct tl_tensor_parallel {
    const tl_model *whole; /**< borrowed */
    const tl_team *team;   /**< whose members have the other parts; borrowed */
    tl_model model;   /**< its layers and parameters; layer numbers are those of `whole` */
    int first, parts; /**< parts first .. first + parts - 1 of whole->spec.splits */
    size_t shared, each; /**< numbers */
} tl_tensor_parallel;

/**
 * The share of this member of `team`, with the whole model's current parameters. Not
 * collective. The layers and parameters are in `arena`, `whole` and `team` are borrowed.
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_tensor_parallel_new(const tl_model *whole, const tl_team *team,
                                             tl_arena *arena, tl_tensor_parallel *out,
                                             tl_err *err);

/** Size of the `room` that the next two need, in numbers. */
size_t tl_tensor_parallel_room(const tl_tensor_parallel *share);

/**
 * Collects numbers kept for each parameter, such as moments, from all members: `all`,
 * unless NULL, gets what is shared, then part 0, part 1, .., whatever the team. Collective.
 * \param kept [model.params]
 * \param room [tl_tensor_parallel_room], overwritten; borrowed
 * \param all [whole->params] result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_collect(const tl_tensor_parallel *share,
                                                 const float *kept, float *room, float *all,
                                                 tl_err *err);

/** The opposite: distributes member 0's `all`, which is NULL on the others. Collective.
 * \param room [tl_tensor_parallel_room], overwritten; borrowed
 * \param kept [model.params] result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_deal(const tl_tensor_parallel *share,
                                              const float *all, float *room, float *kept,
                                              tl_err *err);

/**
 * Assembles the shares' parameters in `whole` (borrowed, of the same spec) on every member.
 * Collective.
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_put(const tl_tensor_parallel *share,
                                             tl_arena *scratch, tl_model *whole,
                                             tl_err *err);

#endif
