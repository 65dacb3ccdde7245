/* An .npz file: members by number and by name. */
#include "compute/data/npz.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_npz *npz;
    tl_err err;
    if (tl_npz_open(fuzz_file("input.npz", bytes, n), &npz, &err) != TL_OK) return 0;
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    for (int i = 0; i < tl_npz_members(npz) && i < 64; i++) {
        tl_array array;
        tl_npy head, checked;
        char text[160];
        const size_t mark = tl_arena_mark(&arena);
        TL_INVARIANT(tl_npz_name(npz, i) != NULL);
        const tl_status first = tl_npz_head(npz, i, &head, &err);
        const tl_status all = tl_npz_check(npz, i, &checked, &err);
        TL_INVARIANT(first == TL_OK || all != TL_OK);
        if (tl_npz_read(npz, i, &arena, &array, &err) == TL_OK) {
            TL_INVARIANT(all == TL_OK && checked.array.count == array.count);
            (void)tl_array_text(&array, text);
            if (array.count > 0) (void)tl_array_get(&array, array.count - 1);
        }
        tl_arena_rewind(&arena, mark);
    }
    TL_INVARIANT(tl_npz_find(npz, "train_images") < tl_npz_members(npz));
    tl_npz_close(npz);
    tl_arena_close(&arena);
    return 0;
}
