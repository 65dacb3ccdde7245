/* `data info` of any file. First byte: its ending, or what it is said to be; or it is a
 * text that is asked for by the name of its source. */
#include "runner/datasets/data_info.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const name[] = {"input", "input.bin", "input.npz",
                                       "input", "input",     "text/input.txt"};
    static const char *const as[] = {NULL, NULL, NULL, "cifar10", "cifar100", NULL};
    enum { KINDS = 6, SOURCE = 5 };
    fuzz_bytes from = {bytes, n};
    const unsigned how = fuzz_byte(&from) % KINDS;
    const char *path = fuzz_file(name[how], from.at, from.left);
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    json_t *out = NULL;
    tl_err err;
    const tl_status status =
        how == SOURCE ? tl_data_info_source("text/input", fuzz_folder(), &arena, &out, &err)
                      : tl_data_info_file(path, as[how], &arena, &out, &err);
    if (status == TL_OK) {
        TL_INVARIANT(json_is_object(out));
        json_decref(out);
    }
    tl_arena_close(&arena);
    return 0;
}
