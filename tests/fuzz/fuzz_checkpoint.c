/*
 * A checkpoint beside a step's model. First byte: as it stands, or with the right head
 * before it, or with a training's key as well.
 */
#include "compute/core/hash.h"
#include "compute/core/text.h"
#include "compute/train/checkpoint.h"
#include "runner/store/run_dir.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { PARAMS = 8, BLOCKS = 2 };

static const tl_key step = {{0}};

/* The head that runner/store/run_dir_checkpoint.c writes. */
static void put_head(tl_text *to, const char *bytes, size_t n)
{
    const uint64_t head[] = {0x31545241504C54, n, tl_crc32(bytes, n)};
    tl_text_bytes(to, (const char *)head, sizeof head);
    tl_text_bytes(to, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char name[] = "models/00/00000000000000000000000000000000.part";
    const int training_number = 7;
    tl_train_state state = {.training = tl_key_of(&training_number, sizeof training_number),
                            .params = PARAMS,
                            .blocks = BLOCKS};
    float block[BLOCKS][PARAMS] = {{0}};
    for (int b = 0; b < BLOCKS; b++) state.block[b] = block[b];
    fuzz_bytes from = {bytes, n};
    const unsigned how = fuzz_byte(&from) % 3;
    tl_text content = {0}, body = {0};
    if (how == 2) tl_text_bytes(&body, (const char *)&state.training, sizeof(tl_key));
    tl_text_bytes(&body, (const char *)from.at, from.left);
    if (how > 0) {
        put_head(&content, body.at, body.length);
    } else {
        tl_text_bytes(&content, body.at, body.length);
    }
    (void)fuzz_file(name, content.at, content.length);
    tl_store store;
    tl_err err;
    TL_INVARIANT(tl_store_join(fuzz_folder(), false, &store, &err) == TL_OK);
    tl_store_checkpoint space = {&store, step};
    const tl_checkpoint place = tl_store_checkpoint_of(&space, 0.0);
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    const tl_team alone = tl_team_alone();
    const tl_status status = tl_state_load(&state, &place, &alone, &arena, &err);
    TL_INVARIANT(status != TL_OK || (state.progress.epoch >= 0 && state.progress.row >= 0));
    state.progress.epoch++;
    TL_INVARIANT(tl_state_save(&state, &place, &alone, &arena, &err) == TL_OK);
    tl_train_state again = state;
    again.progress = (tl_progress){0};
    TL_INVARIANT(tl_state_load(&again, &place, &alone, &arena, &err) == TL_OK);
    TL_INVARIANT(again.progress.epoch == state.progress.epoch);
    tl_store_checkpoint_drop(&store, &step);
    tl_arena_close(&arena);
    tl_store_close(&store, false);
    tl_text_close(&content);
    tl_text_close(&body);
    return 0;
}
