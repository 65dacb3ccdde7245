/*
 * A result file, through the NetCDF library as it is installed. Where that crashes in the
 * child that tries the file first, libFuzzer writes the input down and goes on: what counts
 * is that the caller lives.
 */
#include "analysis/table/result_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_table *table;
    tl_err err;
    if (tl_result_read(fuzz_file("input.nc", bytes, n), &arena, &table, &err) == TL_OK) {
        TL_INVARIANT(tl_result_write(fuzz_file("again.nc", "", 0), table, &err) == TL_OK);
    }
    tl_arena_close(&arena);
    return 0;
}
