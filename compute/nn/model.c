#include "compute/nn/model.h"

#include "compute/nn/architecture.h"

#include <stdio.h>
#include <string.h>

tl_status tl_model_check(const tl_model_spec *spec, tl_err *err)
{
    tl_architecture a;
    return tl_architecture_of(spec, &a, err);
}

tl_status tl_model_outline(const tl_model_spec *spec, tl_arena *arena, tl_model **out,
                           tl_err *err)
{
    tl_architecture a;
    TL_TRY(tl_architecture_of(spec, &a, err));
    tl_model *model;
    TL_ALLOC(model, arena, 1, err);
    *model = (tl_model){.spec = *spec,
                        .layers = a.layers,
                        .halo = a.halo,
                        .positions = a.positions,
                        .params = a.params};
    TL_ALLOC_RECORDS(model->layer, arena, a.layers, err);
    memcpy(model->layer, a.layer, (size_t)a.layers * sizeof *model->layer);
    *out = model;
    return TL_OK;
}

tl_status tl_model_new(const tl_model_spec *spec, tl_arena *arena, tl_model **out,
                       tl_err *err)
{
    tl_model *model;
    TL_TRY(tl_model_outline(spec, arena, &model, err));
    TL_ALLOC(model->param, arena, model->params, err);
    *out = model;
    return TL_OK;
}

static void fill_normal(float *x, size_t n, double sd, tl_rng *rng)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)(sd * tl_rng_normal(rng));
}

void tl_model_init(tl_model *model, const tl_rng *rng)
{
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        float *weight = model->param + layer->weight, *bias = model->param + layer->bias;
        tl_rng own = tl_rng_sub(rng, (uint64_t)l);
        if (layer->init_sd > 0.0) {
            fill_normal(weight, layer->weights, layer->init_sd, &own);
        } else {
            for (size_t i = 0; i < layer->weights; i++) weight[i] = 1.0f; /* gains */
        }
        if (layer->has_positions) {
            fill_normal(bias, layer->biases, layer->init_sd / 2.0, &own);
        } else {
            for (size_t i = 0; i < layer->biases; i++) bias[i] = 0.0f;
        }
    }
}

/* The tensors of one layer, of part `part` if it is cut. \return how many */
static int tensors_of(const tl_layer *layer, int number, int part, tl_tensor *to)
{
    const char *word = tl_layer_ops_of(layer->kind)->name;
    int count = 0;
    if (layer->weights) {
        tl_tensor *weight = &to[count++];
        *weight = (tl_tensor){.rank = 1,
                              .size = {(int)layer->weights},
                              .at = layer->weight + (size_t)part * layer->step,
                              .count = layer->weights};
        if (layer->kind == TL_LAYER_CONV) {
            weight->rank = 4;
            weight->size[0] = layer->out.channels;
            weight->size[1] = layer->in.channels / layer->groups;
            weight->size[2] = weight->size[3] = layer->window;
        } else if (layer->kind == TL_LAYER_DENSE) {
            weight->rank = 2;
            weight->size[0] = layer->out.channels;
            weight->size[1] = layer->in.channels;
        } else if (layer->kind == TL_LAYER_EMBED) {
            weight->rank = 2;
            weight->size[0] = (int)(layer->weights / (size_t)layer->out.channels);
            weight->size[1] = layer->out.channels;
        }
        (void)snprintf(weight->name, sizeof weight->name, "%s%d.weight", word, number);
    }
    if (layer->biases && (part == 0 || layer->cut != TL_CUT_JOINS)) {
        tl_tensor *bias = &to[count++];
        *bias = (tl_tensor){.rank = 1,
                            .size = {(int)layer->biases},
                            .at = layer->bias + (size_t)part * layer->step,
                            .count = layer->biases};
        if (layer->has_positions) {
            bias->rank = 2;
            bias->size[0] = layer->out.width;
            bias->size[1] = layer->out.channels;
        }
        (void)snprintf(bias->name, sizeof bias->name, "%s%d.%s", word, number,
                       layer->has_positions ? "positions" : "bias");
    }
    for (int i = 0; layer->cut && i < count; i++) {
        const size_t length = strlen(to[i].name);
        (void)snprintf(to[i].name + length, sizeof to[i].name - length, ".%d", part);
    }
    return count;
}

static size_t parts_of(const tl_layer *layer)
{
    return layer->cut ? (size_t)layer->parts : 1;
}

tl_status tl_model_tensors(const tl_model *model, tl_arena *arena, tl_tensor **tensor,
                           int *count, tl_err *err)
{
    tl_tensor *list;
    size_t most = 0;
    for (int l = 0; l < model->layers; l++) most += 2 * parts_of(&model->layer[l]);
    TL_ALLOC_RECORDS(list, arena, most, err);
    int number[TL_LAYER_KINDS] = {0};
    *count = 0;
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        const int before = *count;
        for (size_t p = 0; p < parts_of(layer); p++) {
            *count += tensors_of(layer, number[layer->kind], (int)p, list + *count);
        }
        if (*count > before) number[layer->kind]++;
    }
    *tensor = list;
    return TL_OK;
}

size_t tl_model_count(const tl_model_spec *spec)
{
    tl_architecture a;
    return tl_architecture_of(spec, &a, NULL) == TL_OK ? a.params : 0;
}

static double layer_flop(const tl_layer *layer)
{
    const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
    return ops->flop ? ops->flop(layer) : 0.0;
}

double tl_model_flop(const tl_model_spec *spec)
{
    tl_architecture a;
    double flop = 0.0;
    if (tl_architecture_of(spec, &a, NULL) != TL_OK) return 0.0;
    for (int l = 0; l < a.layers; l++) flop += layer_flop(&a.layer[l]);
    return flop;
}

double tl_model_train_flop(const tl_model_spec *spec)
{
    tl_architecture a;
    if (tl_architecture_of(spec, &a, NULL) != TL_OK) return 0.0;
    /* The gradient of the input itself is not computed. */
    return 3.0 * tl_model_flop(spec) - layer_flop(&a.layer[0]);
}
