/* An .npz as recorded answers to the rows of a small source; what is read is written, and
 * read as the same. */
#include "compute/data/recorded.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

enum { ROWS = 6, CLASSES = 3 };

static float input[ROWS] = {0.0F, 0.1F, 0.2F, 0.3F, 0.4F, 0.2F}; /* one row twice */

static const tl_source source = {
    .name = "six",
    .all = {.shape = {1, 1, 1}, .classes = CLASSES, .rows = ROWS, .input = input},
    .rows = {3, 1, 2},
    .has_splits = true};

static void check(const tl_recorded *recorded, tl_arena *arena)
{
    tl_recorded *again;
    tl_err err;
    const char *path = fuzz_file("again.safetensors", "", 0);
    TL_INVARIANT(recorded->rows <= ROWS && recorded->classes == CLASSES);
    for (int i = 0; i < recorded->rows * CLASSES; i++)
        TL_INVARIANT(isfinite(recorded->answer[i]));
    TL_INVARIANT(tl_recorded_save(recorded, NULL, NULL, path, &err) == TL_OK);
    TL_INVARIANT(tl_recorded_load(NULL, path, NULL, arena, &again, &err) == TL_OK);
    for (int i = 0; i < ROWS; i++) {
        const double *one = tl_recorded_find(recorded, &input[i]),
                     *other = tl_recorded_find(again, &input[i]);
        TL_INVARIANT(!one == !other);
        TL_INVARIANT(!one || memcmp(one, other, CLASSES * sizeof *one) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_recorded recorded;
    tl_err err;
    if (tl_recorded_read(fuzz_file("scores.npz", bytes, n), &source, &arena, &recorded,
                         &err) == TL_OK)
        check(&recorded, &arena);
    tl_arena_close(&arena);
    return 0;
}
