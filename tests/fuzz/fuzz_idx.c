/* An idx file, plain or gzipped. */
#include "compute/data/idx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_array array;
    tl_err err;
    if (tl_idx_read(fuzz_file("input", bytes, n), &arena, &array, &err) == TL_OK) {
        char text[160];
        (void)tl_array_text(&array, text);
        if (array.count > 0) (void)tl_array_get(&array, array.count - 1);
    }
    tl_arena_close(&arena);
    return 0;
}
