/* A model file; what is read is written again and must be read as the same. */
#include "compute/train/model_file.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_model *model, *again;
    tl_err err;
    if (tl_model_load(NULL, fuzz_file("input.safetensors", bytes, n), NULL, &arena, &model,
                      &err) == TL_OK) {
        const char *path = fuzz_file("again.safetensors", "", 0);
        TL_INVARIANT(tl_model_save(model, NULL, NULL, path, &err) == TL_OK);
        TL_INVARIANT(tl_model_load(NULL, path, NULL, &arena, &again, &err) == TL_OK);
        TL_INVARIANT(
            model->params == again->params &&
            memcmp(model->param, again->param, model->params * sizeof *model->param) == 0);
    }
    tl_arena_close(&arena);
    return 0;
}
