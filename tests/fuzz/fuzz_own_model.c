/* A safetensors file of another program as a model of each kind: what is read has finite
 * parameters, and reading it again gives the same. */
#include "compute/nn/own_model.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const tl_model_spec spec[] = {
    {.kind = TL_MODEL_LINEAR, .width = 1, .depth = 1, .in = {1, 2, 2}, .classes = 2},
    {.kind = TL_MODEL_MLP, .width = 3, .depth = 2, .in = {1, 2, 2}, .classes = 3},
    {.kind = TL_MODEL_CNN, .width = 2, .depth = 1, .in = {1, 4, 4}, .classes = 2},
    {.kind = TL_MODEL_RESNET, .width = 2, .depth = 2, .in = {1, 4, 4}, .classes = 2},
    {.kind = TL_MODEL_GPT,
     .width = 4,
     .depth = 1,
     .in = {1, 1, 3},
     .classes = 5,
     .heads = 2},
    {.kind = TL_MODEL_LLAMA,
     .width = 8,
     .depth = 1,
     .in = {1, 1, 4},
     .classes = 6,
     .heads = 2,
     .kv_heads = 1},
};

static void read_as(const tl_own_model *own, const tl_model_spec *as)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_model *model, *again;
    tl_err err;
    if (tl_own_model_read(own, as, &arena, &model, &err) == TL_OK) {
        TL_INVARIANT(tl_own_model_check(own, as, &err) == TL_OK);
        TL_INVARIANT(tl_own_model_read(own, as, &arena, &again, &err) == TL_OK);
        for (size_t i = 0; i < model->params; i++)
            TL_INVARIANT(isfinite(model->param[i]) && model->param[i] == again->param[i]);
    }
    tl_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_own_model own;
    tl_err err;
    char path[1200];
    (void)snprintf(path, sizeof path, "%s", fuzz_file("net.safetensors", bytes, n));
    if (tl_own_model_open(path, &arena, &own, &err) == TL_OK) {
        for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) read_as(&own, &spec[i]);
    }
    tl_arena_close(&arena);
    return 0;
}
