/* `data info` of any file. First byte: its ending, or what it is said to be. */
#include "runner/data_info.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const name[] = {"input", "input.bin", "input.npz", "input", "input"};
    static const char *const as[] = {NULL, NULL, NULL, "cifar10", "cifar100"};
    fuzz_bytes from = {bytes, n};
    const unsigned how = fuzz_byte(&from) % 5;
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    json_t *out = NULL;
    tl_err err;
    if (tl_data_info_file(fuzz_file(name[how], from.at, from.left), as[how], &arena, &out,
                          &err) == TL_OK) {
        TL_INVARIANT(json_is_object(out));
        json_decref(out);
    }
    tl_arena_close(&arena);
    return 0;
}
