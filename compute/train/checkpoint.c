#include "compute/train/checkpoint.h"

#include <string.h>

/* The head of a checkpoint, before the blocks. */
typedef struct head {
    tl_key training;
    tl_progress progress;
} head;

static size_t block_size(const tl_train_state *state)
{
    return state->params * sizeof(float);
}

static size_t state_size(const tl_train_state *state)
{
    return sizeof(head) + (size_t)state->blocks * block_size(state);
}

static bool has_slices(const tl_train_state *state)
{
    for (int b = 0; b < state->blocks; b++) {
        if (state->is_kept[b]) return true;
    }
    return false;
}

/* A bucket on every member, if blocks are distributed over the team. */
static tl_status take_bucket(const tl_train_state *state, const tl_team *team,
                             tl_arena *scratch, float **bucket, tl_err *err)
{
    *bucket = NULL;
    if (!has_slices(state) && !state->share) return TL_OK;
    const size_t n = state->share ? tl_tensor_parallel_room(state->share)
                                  : state->exchange->bucket[0].all.n;
    *bucket = tl_arena_take(scratch, n, sizeof **bucket, err);
    TL_TRY(tl_team_agree(team, *bucket ? TL_OK : TL_E_NOMEM, err));
    return TL_OK;
}

/* --- save ----------------------------------------------------------------------------- */

/* Collects block `b` in `to` on member 0. */
static tl_status write_block(const tl_train_state *state, int b, float *bucket, float *to,
                             tl_err *err)
{
    if (state->share) {
        return tl_tensor_parallel_collect(state->share, state->block[b], bucket, to, err);
    }
    if (!state->is_kept[b]) {
        if (to) memcpy(to, state->block[b], block_size(state));
        return TL_OK;
    }
    tl_exchange *exchange = state->exchange;
    for (int k = 0; k < exchange->buckets; k++) {
        const tl_slice all = exchange->bucket[k].all;
        TL_TRY(tl_exchange_collect(exchange, k, state->block[b], bucket, err));
        if (to) memcpy(to + all.at, bucket, all.n * sizeof *to);
    }
    return TL_OK;
}

static tl_status save(const tl_train_state *state, const tl_checkpoint *checkpoint,
                      const tl_team *team, tl_arena *scratch, tl_err *err)
{
    float *bucket;
    TL_TRY(take_bucket(state, team, scratch, &bucket, err));
    unsigned char *bytes = NULL;
    if (team->rank == 0) bytes = tl_arena_take(scratch, state_size(state), 1, err);
    if (tl_arena_counts(scratch)) return team->rank > 0 || bytes ? TL_OK : TL_E_NOMEM;
    const head front = {state->training, state->progress};
    if (bytes) memcpy(bytes, &front, sizeof front);
    for (int b = 0; b < state->blocks; b++) {
        unsigned char *to =
            bytes ? bytes + sizeof front + (size_t)b * block_size(state) : NULL;
        TL_TRY(write_block(state, b, bucket, (float *)(void *)to, err));
    }
    if (team->rank != 0) return TL_OK;
    return bytes ? checkpoint->save(checkpoint->self, bytes, state_size(state), err)
                 : TL_E_NOMEM;
}

tl_status tl_state_save(const tl_train_state *state, const tl_checkpoint *checkpoint,
                        const tl_team *team, tl_arena *scratch, tl_err *err)
{
    if (!checkpoint) return TL_OK;
    const size_t mark = tl_arena_mark(scratch);
    const tl_status status = save(state, checkpoint, team, scratch, err);
    tl_arena_rewind(scratch, mark);
    return status;
}

/* --- load ----------------------------------------------------------------------------- */

/* Whether the progress is possible. */
static bool is_progress(const tl_progress *progress)
{
    return progress->epoch >= 0 && progress->update >= 0 && progress->best_epoch >= 0 &&
           progress->best_epoch <= progress->epoch && progress->row >= 0 &&
           progress->row <= INT32_MAX;
}

/* The state that member 0 finds, or NULL if it is not of this training. */
static tl_status find(const tl_train_state *state, const tl_checkpoint *checkpoint,
                      tl_arena *scratch, const unsigned char **bytes, tl_err *err)
{
    void *read = NULL;
    size_t n = 0;
    TL_TRY(checkpoint->load(checkpoint->self, scratch, &read, &n, err));
    if (!read || n != state_size(state)) return TL_OK;
    head front;
    memcpy(&front, read, sizeof front);
    if (tl_key_equal(&front.training, &state->training) && is_progress(&front.progress))
        *bytes = read;
    return TL_OK;
}

/* Member 0's block, from `from`, on every member. */
static tl_status read_block(tl_train_state *state, int b, const tl_team *team,
                            const float *from, float *bucket, tl_err *err)
{
    if (state->share) {
        return tl_tensor_parallel_deal(state->share, from, bucket, state->block[b], err);
    }
    if (!state->is_kept[b]) {
        if (from) memcpy(state->block[b], from, block_size(state));
        return tl_team_broadcast(team, state->block[b], block_size(state), err);
    }
    const tl_exchange *exchange = state->exchange;
    for (int k = 0; k < exchange->buckets; k++) {
        const tl_slice all = exchange->bucket[k].all;
        if (from) memcpy(bucket, from + all.at, all.n * sizeof *from);
        TL_TRY(tl_team_broadcast(team, bucket, all.n * sizeof *bucket, err));
        tl_exchange_deal(exchange, k, bucket, state->block[b]);
    }
    return TL_OK;
}

static tl_status load(tl_train_state *state, const tl_checkpoint *checkpoint,
                      const tl_team *team, tl_arena *scratch, tl_err *err)
{
    const unsigned char *bytes = NULL;
    float *bucket;
    TL_TRY(take_bucket(state, team, scratch, &bucket, err));
    const tl_status mine =
        team->rank == 0 ? find(state, checkpoint, scratch, &bytes, err) : TL_OK;
    TL_TRY(tl_team_agree(team, mine, err));
    head front = {0};
    if (bytes) memcpy(&front, bytes, sizeof front);
    TL_TRY(tl_team_broadcast(team, &front, sizeof front, err));
    if (!tl_key_equal(&front.training, &state->training)) return TL_OK;
    state->progress = front.progress;
    for (int b = 0; b < state->blocks; b++) {
        const unsigned char *from =
            bytes ? bytes + sizeof front + (size_t)b * block_size(state) : NULL;
        TL_TRY(read_block(state, b, team, (const float *)(const void *)from, bucket, err));
    }
    return TL_OK;
}

tl_status tl_state_load(tl_train_state *state, const tl_checkpoint *checkpoint,
                        const tl_team *team, tl_arena *scratch, tl_err *err)
{
    if (!checkpoint) return TL_OK;
    const size_t mark = tl_arena_mark(scratch);
    const tl_status status = load(state, checkpoint, team, scratch, err);
    tl_arena_rewind(scratch, mark);
    return status;
}
