#include "compute/nn/model_spec.h"

const char *tl_model_kind_name(tl_model_kind kind)
{
    static const char *const name[TL_MODEL_KINDS] = {"mlp",   "cnn",    "resnet",     "gpt",
                                                     "llama", "linear", "autoencoder"};
    return name[kind];
}

bool tl_model_reads_tokens(tl_model_kind kind)
{
    return kind == TL_MODEL_GPT || kind == TL_MODEL_LLAMA;
}
