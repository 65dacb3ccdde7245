#include "compute/train/checkpoint.h"

#include <string.h>

/* What a checkpoint holds before the blocks. */
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

double tl_state_memory(size_t params, int blocks)
{
    /* As read, and as shared. */
    return 2.0 * ((double)sizeof(head) + (double)params * blocks * (double)sizeof(float));
}

tl_status tl_state_save(const tl_train_state *state, const tl_checkpoint *checkpoint,
                        const tl_team *team, tl_arena *scratch, tl_err *err)
{
    if (!checkpoint || team->rank != 0) return TL_OK;
    const size_t mark = tl_arena_mark(scratch), block = block_size(state);
    unsigned char *bytes;
    TL_TAKE(bytes, scratch, state_size(state), err);
    const head front = {state->training, state->progress};
    memcpy(bytes, &front, sizeof front);
    for (int b = 0; b < state->blocks; b++) {
        memcpy(bytes + sizeof front + (size_t)b * block, state->block[b], block);
    }
    const tl_status status =
        checkpoint->save(checkpoint->self, bytes, state_size(state), err);
    tl_arena_rewind(scratch, mark);
    return status;
}

/* Whether a training can have come so far. */
static bool is_progress(const tl_progress *progress)
{
    return progress->epoch >= 0 && progress->update >= 0 && progress->best_epoch >= 0 &&
           progress->best_epoch <= progress->epoch && progress->row >= 0 &&
           progress->row <= INT32_MAX;
}

tl_status tl_state_load(tl_train_state *state, const tl_checkpoint *checkpoint,
                        const tl_team *team, tl_arena *scratch, tl_err *err)
{
    if (!checkpoint) return TL_OK;
    const size_t mark = tl_arena_mark(scratch), block = block_size(state);
    const size_t size = state_size(state);
    unsigned char *bytes = tl_arena_take(scratch, size, 1, err);
    tl_status mine = bytes ? TL_OK : TL_E_SPACE;
    if (mine == TL_OK && team->rank == 0) {
        void *read = NULL;
        size_t n = 0;
        mine = checkpoint->load(checkpoint->self, scratch, &read, &n, err);
        if (mine == TL_OK && read && n == size) memcpy(bytes, read, n);
    }
    TL_TRY(tl_team_agree(team, mine, err));
    TL_INVARIANT(bytes != NULL);
    TL_TRY(tl_team_broadcast(team, bytes, size, err));
    head front;
    memcpy(&front, bytes, sizeof front);
    if (tl_key_equal(&front.training, &state->training) && is_progress(&front.progress)) {
        state->progress = front.progress;
        for (int b = 0; b < state->blocks; b++) {
            memcpy(state->block[b], bytes + sizeof front + (size_t)b * block, block);
        }
    }
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}
