#include "compute/train/exchange.h"

#include "compute/core/clock.h"

#include <math.h>
#include <string.h>

static size_t chunks_of(size_t numbers)
{
    return (numbers + TL_GRADIENT_CHUNK - 1) / TL_GRADIENT_CHUNK;
}

tl_status tl_exchange_new(size_t params, size_t tail, const tl_recipe *recipe,
                          const tl_team *team, tl_arena *arena, tl_exchange *out,
                          tl_err *err)
{
    *out = (tl_exchange){.team = team,
                         .is_sharded = recipe->zero && team->size > 1,
                         .params = params,
                         .tail = tail,
                         .buckets = (int)((params + TL_BUCKET - 1) / TL_BUCKET)};
    tl_team member = *team;
    if (tl_arena_counts(arena)) member.rank = 0; /* whose halves are rounded up */
    TL_ALLOC_RECORDS(out->bucket, arena, out->buckets, err);
    if (out->is_sharded) TL_ALLOC(out->chunk, arena, chunks_of(params), err);
    for (int b = 0; b < out->buckets; b++) {
        tl_bucket *bucket = &out->bucket[b];
        const size_t at = (size_t)b * TL_BUCKET;
        bucket->all = (tl_slice){at, params - at < TL_BUCKET ? params - at : TL_BUCKET};
        bucket->own = bucket->all;
        if (out->is_sharded) {
            bucket->own = tl_team_slice(&member, bucket->all.n);
            bucket->own.at += at;
        }
        bucket->kept = out->kept;
        out->kept += bucket->own.n;
    }
    return TL_OK;
}

tl_status tl_exchange_start(tl_exchange *exchange, const tl_recipe *recipe, tl_err *err)
{
    if (recipe->reduction != TL_REDUCTION_FAST) return TL_OK;
    return tl_team_is_fast(exchange->team, &exchange->is_fast, err);
}

/* --- gradients ------------------------------------------------------------------------ */

void tl_exchange_open(tl_exchange *exchange)
{
    exchange->open = exchange->buckets;
}

static tl_status begin(tl_exchange *exchange, int number, const tl_gradient *gradient,
                       tl_err *err)
{
    tl_bucket *bucket = &exchange->bucket[number];
    tl_slice all = bucket->all;
    /* The tail goes along, unless it would end up on one member. */
    if (!exchange->is_sharded && number == exchange->buckets - 1) all.n += exchange->tail;
    tl_gradient_sum(gradient, all.at, all.n);
    bucket->request = (tl_team_request){
        .work = exchange->is_sharded ? TL_TEAM_REDUCE_SCATTER : TL_TEAM_SUM,
        .is_fast = exchange->is_fast,
        .x = gradient->at + all.at,
        .n = all.n};
    return tl_team_start(exchange->team, &bucket->request, err);
}

tl_status tl_exchange_ready(tl_exchange *exchange, const tl_gradient *gradient, size_t from,
                            tl_err *err)
{
    while (exchange->open > 0 && exchange->bucket[exchange->open - 1].all.at >= from) {
        TL_TRY(begin(exchange, --exchange->open, gradient, err));
    }
    return tl_team_progress(exchange->team, err);
}

tl_status tl_exchange_finish(tl_exchange *exchange, tl_gradient *gradient, tl_err *err)
{
    TL_TRY(tl_exchange_ready(exchange, gradient, 0, err));
    const double start = tl_seconds();
    TL_TRY(tl_team_wait(exchange->team, err));
    if (exchange->is_sharded) {
        tl_gradient_sum(gradient, exchange->params, exchange->tail);
        TL_TRY(tl_team_sum(exchange->team, gradient->at + exchange->params, exchange->tail,
                           err));
    }
    gradient->count = 1;
    exchange->waited += tl_seconds() - start;
    return TL_OK;
}

tl_status tl_exchange_norm(tl_exchange *exchange, const float *gradient, double *norm,
                           tl_err *err)
{
    if (!exchange->is_sharded) {
        *norm = tl_gradient_norm(gradient, exchange->params);
        return TL_OK;
    }
    /* A member's sums and the others' zeros add up without rounding. */
    const size_t chunks = chunks_of(exchange->params);
    memset(exchange->chunk, 0, chunks * sizeof *exchange->chunk);
    for (int b = 0; b < exchange->buckets; b++) {
        const tl_slice own = exchange->bucket[b].own;
        tl_gradient_squares(gradient + own.at, own.n,
                            exchange->chunk + own.at / TL_GRADIENT_CHUNK);
    }
    TL_TRY(tl_team_sum_double(exchange->team, exchange->chunk, chunks, err));
    *norm = sqrt(tl_gradient_join(exchange->chunk, chunks));
    return TL_OK;
}

/* --- weights and state ---------------------------------------------------------------- */

static tl_status gather(tl_exchange *exchange, int number, float *at, tl_err *err)
{
    tl_bucket *bucket = &exchange->bucket[number];
    bucket->request =
        (tl_team_request){.work = TL_TEAM_ALLGATHER, .x = at, .n = bucket->all.n};
    return tl_team_start(exchange->team, &bucket->request, err);
}

tl_status tl_exchange_send(tl_exchange *exchange, int number, float *param, tl_err *err)
{
    return gather(exchange, number, param + exchange->bucket[number].all.at, err);
}

tl_status tl_exchange_return(tl_exchange *exchange, tl_err *err)
{
    const double start = tl_seconds();
    TL_TRY(tl_team_wait(exchange->team, err));
    exchange->waited += tl_seconds() - start;
    return TL_OK;
}

tl_status tl_exchange_collect(tl_exchange *exchange, int number, const float *kept,
                              float *whole, tl_err *err)
{
    const tl_bucket *bucket = &exchange->bucket[number];
    memcpy(whole + (bucket->own.at - bucket->all.at), kept + bucket->kept,
           bucket->own.n * sizeof *whole);
    if (!exchange->is_sharded) return TL_OK;
    TL_TRY(gather(exchange, number, whole, err));
    return tl_team_wait(exchange->team, err);
}

void tl_exchange_deal(const tl_exchange *exchange, int number, const float *whole,
                      float *kept)
{
    const tl_bucket *bucket = &exchange->bucket[number];
    memcpy(kept + bucket->kept, whole + (bucket->own.at - bucket->all.at),
           bucket->own.n * sizeof *whole);
}

tl_status tl_tensor_parallel_norm(const tl_tensor_parallel *share, const float *gradient,
                                  double *norm, tl_err *err)
{
    const size_t splits = (size_t)share->model.spec.splits;
    double square[TL_MODEL_SPLITS_MOST] = {0};
    for (int p = 0; p < share->parts; p++) {
        const float *part = gradient + share->shared + (size_t)p * share->each;
        square[share->first + p] = tl_gradient_square(part, share->each);
    }
    /* A member's squares and the others' zeros add up without rounding. */
    TL_TRY(tl_team_sum_double(share->team, square, splits, err));
    *norm = sqrt(tl_gradient_square(gradient, share->shared) +
                 tl_gradient_join(square, splits));
    return TL_OK;
}
