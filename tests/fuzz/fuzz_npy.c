/* An .npy file in memory. */
#include "compute/data/npy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_array array;
    tl_err err;
    if (tl_npy_read("input", bytes, n, &arena, &array, &err) == TL_OK) {
        char text[160];
        (void)tl_array_text(&array, text);
        TL_INVARIANT(array.count * (uint64_t)tl_array_item(array.type) <= n);
        for (uint64_t i = 0; i < array.count; i++) (void)tl_array_get(&array, i);
    }
    tl_arena_close(&arena);
    return 0;
}
