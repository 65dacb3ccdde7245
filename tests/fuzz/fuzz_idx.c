/* An idx file, plain or gzipped. */
#include "compute/data/idx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_array array, checked;
    tl_err err;
    const char *path = fuzz_file("input", bytes, n);
    const tl_status status = tl_idx_check(path, UINT64_MAX, &checked, &err);
    if (tl_idx_read(path, &arena, &array, &err) == TL_OK) {
        char text[160];
        /* Where a gzip stream is cut off behind the elements, zlib tells it or not by how
         * they are asked for. */
        TL_INVARIANT(status != TL_OK || checked.count == array.count);
        (void)tl_array_text(&array, text);
        if (array.count > 0) (void)tl_array_get(&array, array.count - 1);
    }
    tl_arena_close(&arena);
    return 0;
}
