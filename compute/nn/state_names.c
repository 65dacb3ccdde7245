/*
 * Our numbers of layers count each kind from 0, as tl_model_tensors does. Sources of their
 * names: torchvision/models/resnet.py (BasicBlock); karpathy/nanoGPT model.py and
 * huggingface/transformers modeling_gpt2.py; modeling_llama.py.
 */
#include "compute/nn/state_names.h"

#include "compute/core/status.h"

#include <stdio.h>
#include <string.h>

/* The list while it is made. */
typedef struct list {
    tl_state_name *name;
    int count;
} list;

static tl_state_name *add(list *l)
{
    TL_INVARIANT(l->count < TL_STATE_NAMES);
    tl_state_name *name = &l->name[l->count++];
    *name = (tl_state_name){0};
    return name;
}

/* Weight, and bias if there is one, of layer `number` of kind `word`. */
static tl_state_name *add_layer(list *l, const char *word, int number, bool has_bias,
                                const char *theirs)
{
    tl_state_name *weight = add(l);
    (void)snprintf(weight->ours, sizeof weight->ours, "%s%d.weight", word, number);
    (void)snprintf(weight->theirs, sizeof weight->theirs, "%.50s.weight", theirs);
    if (!has_bias) return weight;
    tl_state_name *bias = add(l);
    (void)snprintf(bias->ours, sizeof bias->ours, "%s%d.bias", word, number);
    (void)snprintf(bias->theirs, sizeof bias->theirs, "%.50s.bias", theirs);
    return weight;
}

static void name_resnet(const tl_model_spec *spec, list *l)
{
    char theirs[64];
    int conv = 0, norm = 0;
    (void)add_layer(l, "conv", conv++, false, "conv1");
    (void)add_layer(l, "groupnorm", norm++, true, "bn1");
    for (int block = 0; block < 2 * spec->depth; block++) {
        static const char *const part[][2] = {
            {"downsample.0", "downsample.1"}, {"conv1", "bn1"}, {"conv2", "bn2"}};
        const bool changes_shape = block >= 2 && block % 2 == 0;
        for (int p = changes_shape ? 0 : 1; p < 3; p++) {
            const int stage = block / 2 + 1, number = block % 2;
            (void)snprintf(theirs, sizeof theirs, "layer%d.%d.%s", stage, number,
                           part[p][0]);
            (void)add_layer(l, "conv", conv++, false, theirs);
            (void)snprintf(theirs, sizeof theirs, "layer%d.%d.%s", stage, number,
                           part[p][1]);
            (void)add_layer(l, "groupnorm", norm++, true, theirs);
        }
    }
    (void)add_layer(l, "dense", 0, true, "fc");
}

static void name_gpt(const tl_model_spec *spec, list *l)
{
    static const char *const dense[] = {"attn.c_attn", "attn.c_proj", "mlp.c_fc",
                                        "mlp.c_proj"};
    char theirs[64];
    (void)add_layer(l, "embed", 0, false, "wte");
    tl_state_name *positions = add(l);
    (void)snprintf(positions->ours, sizeof positions->ours, "embed0.positions");
    (void)snprintf(positions->theirs, sizeof positions->theirs, "wpe.weight");
    for (int i = 0; i < spec->depth; i++) {
        for (int k = 0; k < 2; k++) {
            (void)snprintf(theirs, sizeof theirs, "h.%d.ln_%d", i, k + 1);
            (void)add_layer(l, "layernorm", 2 * i + k, true, theirs);
        }
        for (int k = 0; k < 4; k++) {
            (void)snprintf(theirs, sizeof theirs, "h.%d.%s", i, dense[k]);
            add_layer(l, "dense", 4 * i + k, true, theirs)->can_be_turned = true;
        }
    }
    (void)add_layer(l, "layernorm", 2 * spec->depth, true, "ln_f");
}

/* Some rows of a matrix that is several of theirs. \return the row after them */
static int add_rows(list *l, int number, int row, int rows, int head, const char *theirs)
{
    tl_state_name *name = add_layer(l, "dense", number, false, theirs);
    name->row = row;
    name->rows = rows;
    name->head = head;
    return row + rows;
}

static void name_llama(const tl_model_spec *spec, list *l)
{
    static const char *const norm[] = {"input_layernorm", "post_attention_layernorm"};
    const int size = spec->width / spec->heads;
    const int shared = (spec->kv_heads ? spec->kv_heads : spec->heads) * size;
    const int hidden = (8 * spec->width / 3 + 15) / 16 * 16;
    char layer[32], theirs[64];
    (void)add_layer(l, "embed", 0, false, "embed_tokens");
    for (int i = 0; i < spec->depth; i++) {
        (void)snprintf(layer, sizeof layer, "layers.%d", i);
        for (int k = 0; k < 2; k++) {
            (void)snprintf(theirs, sizeof theirs, "%s.%s", layer, norm[k]);
            (void)add_layer(l, "rmsnorm", 2 * i + k, false, theirs);
        }
        (void)snprintf(theirs, sizeof theirs, "%s.self_attn.q_proj", layer);
        int row = add_rows(l, 4 * i, 0, spec->width, size, theirs);
        (void)snprintf(theirs, sizeof theirs, "%s.self_attn.k_proj", layer);
        row = add_rows(l, 4 * i, row, shared, size, theirs);
        (void)snprintf(theirs, sizeof theirs, "%s.self_attn.v_proj", layer);
        (void)add_rows(l, 4 * i, row, shared, 0, theirs);
        (void)snprintf(theirs, sizeof theirs, "%s.self_attn.o_proj", layer);
        (void)add_layer(l, "dense", 4 * i + 1, false, theirs);
        (void)snprintf(theirs, sizeof theirs, "%s.mlp.gate_proj", layer);
        row = add_rows(l, 4 * i + 2, 0, hidden, 0, theirs);
        (void)snprintf(theirs, sizeof theirs, "%s.mlp.up_proj", layer);
        (void)add_rows(l, 4 * i + 2, row, hidden, 0, theirs);
        (void)snprintf(theirs, sizeof theirs, "%s.mlp.down_proj", layer);
        (void)add_layer(l, "dense", 4 * i + 3, false, theirs);
    }
    (void)add_layer(l, "rmsnorm", 2 * spec->depth, false, "norm");
}

int tl_state_names_of(const tl_model_spec *spec, tl_state_name *name)
{
    list l = {name, 0};
    if (spec->kind == TL_MODEL_RESNET) name_resnet(spec, &l);
    if (spec->kind == TL_MODEL_GPT) name_gpt(spec, &l);
    if (spec->kind == TL_MODEL_LLAMA) name_llama(spec, &l);
    return l.count;
}

const char *tl_state_name_plain(const char *theirs)
{
    static const char *const prefix[] = {"module.", "_orig_mod.", "transformer.", "model."};
    for (size_t i = 0; i < sizeof prefix / sizeof *prefix; i++) {
        const size_t length = strlen(prefix[i]);
        if (strncmp(theirs, prefix[i], length) == 0)
            return tl_state_name_plain(theirs + length);
    }
    return theirs;
}

bool tl_state_name_is_constant(const char *theirs)
{
    static const char *const ending[] = {".attn.bias", ".attn.masked_bias",
                                         ".rotary_emb.inv_freq"};
    const size_t length = strlen(theirs);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        const size_t n = strlen(ending[i]);
        if (length > n && strcmp(theirs + length - n, ending[i]) == 0) return true;
    }
    return false;
}
