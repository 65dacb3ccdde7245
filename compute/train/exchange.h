/*
 * The exchange: gradients on their way from the shards of a rank to the optimiser of a
 * team, and weights on their way back.
 *
 * The gradient lies in one buffer, layer after layer, and is cut into buckets. On the way
 * back through the layers the last buckets are complete first: each is then summed over the
 * rank's shards and begun as a request of the team, so that it travels while the layers
 * before are still at work. Sums are those of the fixed tree in every bit, whatever the
 * buckets.
 *
 * A sharded exchange (ZeRO stage 1: Rajbhandari, Rasley, Ruwase, He 2020, ZeRO: memory
 * optimizations toward training trillion parameter models, section 5.1) gives each member
 * the sums of its slice of each bucket alone; it updates these weights, for which it alone
 * keeps the optimiser's state, and the weights are gathered.
 */
#ifndef TL_COMPUTE_TRAIN_EXCHANGE_H
#define TL_COMPUTE_TRAIN_EXCHANGE_H

#include "compute/core/arena.h"
#include "compute/core/team.h"
#include "compute/nn/tensor_parallel.h"
#include "compute/train/gradient.h"
#include "compute/train/recipe.h"

enum { TL_BUCKET = 1 << 20 /**< numbers; a multiple of TL_GRADIENT_CHUNK */ };

/** A part of the gradient that travels as one. */
typedef struct tl_bucket {
    tl_slice all; /**< of the buffer */
    tl_slice own; /**< of the buffer: what this member updates */
    size_t kept;  /**< where that begins in the optimiser's state */
    tl_team_request request;
} tl_bucket;

/** The fields are to be read only. */
typedef struct tl_exchange {
    const tl_team *team; /**< borrowed */
    bool is_sharded;
    size_t params, tail; /**< numbers of a buffer: parameters, and what stands behind */
    size_t kept;         /**< numbers of the optimiser's state on this member */
    tl_bucket *bucket;   /**< [buckets] by place */
    int buckets;
    int open;      /**< buckets not yet begun, the first ones */
    double *chunk; /**< [chunks] room for sums of squares; NULL unless sharded */
    bool is_fast;
    double waited; /**< seconds in tl_exchange_finish and tl_exchange_return so far */
} tl_exchange;

/**
 * An exchange of buffers of `params` + `tail` numbers. Not collective; `team` is borrowed.
 * In an arena that counts, slices are those of member 0, which are the largest. \return
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_exchange_new(size_t params, size_t tail, const tl_recipe *recipe,
                                      const tl_team *team, tl_arena *arena,
                                      tl_exchange *out, tl_err *err);

/** Finds out how fast sums are made (tl_team_is_fast). Collective, once, before the rest.
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_exchange_start(tl_exchange *exchange, const tl_recipe *recipe,
                                        tl_err *err);

/** A new gradient begins: no bucket is ready. */
void tl_exchange_open(tl_exchange *exchange);

/**
 * Numbers from `from` on are complete in all arrays of `gradient`: buckets that lie there
 * are summed into the first array and begun, and what can move moves. Each member says so
 * of the same buckets in the same order, not at the same time. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_ready(tl_exchange *exchange, const tl_gradient *gradient,
                                        size_t from, tl_err *err);

/**
 * Begins what is left, and waits: then the first array of `gradient`, from now on its only
 * one, holds the team's sums: all of them, or, if sharded, of the own slices and the tail.
 * Collective. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_finish(tl_exchange *exchange, tl_gradient *gradient,
                                         tl_err *err);

/**
 * L2 norm of the summed gradient's parameters, as tl_gradient_norm has it, in every bit.
 * Collective if sharded. \param gradient [params], the summed one \param norm result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_norm(tl_exchange *exchange, const float *gradient,
                                       double *norm, tl_err *err);

/**
 * Sharded: the weights `param` [params] of bucket `number` are updated in the own slice and
 * begin to travel to the others; tl_exchange_return waits for all. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_send(tl_exchange *exchange, int number, float *param,
                                       tl_err *err);

/** Waits for the weights. Collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_exchange_return(tl_exchange *exchange, tl_err *err);

/**
 * Bucket `number` of an optimiser's array of which each member keeps its own slices,
 * complete on every member. Collective.
 * \param kept [exchange->kept]  \param whole [numbers of the bucket] result \return
 * TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_collect(tl_exchange *exchange, int number,
                                          const float *kept, float *whole, tl_err *err);

/** The opposite: takes the own slice out of `whole` [numbers of the bucket] into `kept`
 * [exchange->kept]. Not collective. */
void tl_exchange_deal(const tl_exchange *exchange, int number, const float *whole,
                      float *kept);

/**
 * L2 norm of the whole model's gradient: squares as tl_gradient_square has them, of what is
 * shared (once) and of each part, and the parts' added in the fixed binary tree; the same
 * bits on every member of any team. Collective over the share's team.
 *
 * \param gradient [share->model.params] this member's \param norm result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_norm(const tl_tensor_parallel *share,
                                              const float *gradient, double *norm,
                                              tl_err *err);

#endif
