/*
 * The exchange: sums gradients from the shards of a rank over the team, and distributes
 * updated weights.
 *
 * The gradient is one buffer, layer after layer, cut into buckets. In the backward pass the
 * last buckets are complete first: each is summed over the rank's shards and started as a
 * request of the team, so that communication overlaps with earlier layers. Sums have the
 * bits of the fixed tree, whatever the buckets.
 *
 * A sharded exchange (ZeRO stage 1: Rajbhandari, Rasley, Ruwase, He 2020, ZeRO: memory
 * optimizations toward training trillion parameter models, section 5.1) gives each member
 * only the sums of its slice of each bucket; it updates these weights, keeps the
 * optimiser's state for them alone, and the weights are gathered.
 */
#ifndef TL_COMPUTE_TRAIN_EXCHANGE_H
#define TL_COMPUTE_TRAIN_EXCHANGE_H

#include "compute/core/arena.h"
#include "compute/core/team.h"
#include "compute/nn/tensor_parallel.h"
#include "compute/train/gradient.h"
#include "compute/train/recipe.h"

enum { TL_BUCKET = 1 << 20 /**< numbers of a bucket; a multiple of TL_GRADIENT_CHUNK */ };

/** A part of the gradient that is summed by one request. */
typedef struct tl_bucket {
    tl_slice all; /**< of the buffer */
    tl_slice own; /**< of the buffer: what this member updates */
    size_t kept;  /**< offset of `own` in the optimiser's state */
    tl_team_request request;
} tl_bucket;

/** Read-only for callers. */
typedef struct tl_exchange {
    const tl_team *team; /**< borrowed */
    bool is_sharded;
    size_t params, tail; /**< numbers of a buffer: parameters, and what follows them */
    size_t kept;         /**< numbers of the optimiser's state on this member */
    tl_bucket *bucket;   /**< [buckets] by place */
    int buckets;
    int open;      /**< buckets not yet started, the first ones */
    double *chunk; /**< [chunks] sums of squares; NULL unless sharded */
    bool is_fast;
    double waited; /**< seconds in tl_exchange_finish and tl_exchange_return so far */
} tl_exchange;

/**
 * An exchange of buffers of `params` + `tail` numbers. Not collective; `team` is borrowed.
 * In an arena that counts, slices are those of member 0, the largest. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_exchange_new(size_t params, size_t tail, const tl_recipe *recipe,
                                      const tl_team *team, tl_arena *arena,
                                      tl_exchange *out, tl_err *err);

/** Finds out whether sums can be fast (tl_team_is_fast). Collective, once, before the rest.
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_exchange_start(tl_exchange *exchange, const tl_recipe *recipe,
                                        tl_err *err);

/** Begins a new gradient: no bucket is ready. Not collective. */
void tl_exchange_open(tl_exchange *exchange);

/**
 * Declares numbers from `from` on complete in all arrays of `gradient`: their buckets are
 * summed into the first array and started, and requests progress. Members call this for the
 * same buckets in the same order, at any time. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_ready(tl_exchange *exchange, const tl_gradient *gradient,
                                        size_t from, tl_err *err);

/**
 * Starts the remaining buckets and waits: the first array of `gradient`, now its only one,
 * then has the team's sums: all of them, or, if sharded, those of the own slices and the
 * tail. Collective. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_finish(tl_exchange *exchange, tl_gradient *gradient,
                                         tl_err *err);

/**
 * L2 norm of the summed gradient's parameters, with the bits of tl_gradient_norm.
 * Collective if sharded.
 * \param gradient [params], summed
 * \param norm result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_norm(tl_exchange *exchange, const float *gradient,
                                       double *norm, tl_err *err);

/**
 * Sharded: starts to gather the weights `param` [params] of bucket `number`, updated in the
 * own slice; tl_exchange_return waits for all. \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_send(tl_exchange *exchange, int number, float *param,
                                       tl_err *err);

/** Waits for the weights. Collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_exchange_return(tl_exchange *exchange, tl_err *err);

/**
 * Collects bucket `number` of an optimiser's array, of which each member keeps its own
 * slices, on every member. Collective.
 * \param kept [exchange->kept]
 * \param whole [numbers of the bucket] result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_exchange_collect(tl_exchange *exchange, int number,
                                          const float *kept, float *whole, tl_err *err);

/** The opposite: copies the own slice of `whole` [numbers of the bucket] into `kept`
 * [exchange->kept]. Not collective. */
void tl_exchange_deal(const tl_exchange *exchange, int number, const float *whole,
                      float *kept);

/**
 * L2 norm of the whole model's gradient: the squares, as by tl_gradient_square, of what is
 * shared (once) and of each part, the parts added in the fixed binary tree; the same bits
 * on every member of any team. Collective over the share's team.
 *
 * \param gradient [share->model.params] this member's
 * \param norm result
 * \return TL_E_PEER
 */
TL_MUST_USE tl_status tl_tensor_parallel_norm(const tl_tensor_parallel *share,
                                              const float *gradient, double *norm,
                                              tl_err *err);

#endif
