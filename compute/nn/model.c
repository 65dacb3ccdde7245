#include "compute/nn/model.h"

#include "compute/nn/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_LAYERS = 64,
    MOST_DEPTH = 16,
    MOST_WIDTH = 65536,
    MOST_NUMBERS = 1 << 24 /* of one example, at any layer: products stay within int */
};

const char *tl_model_kind_name(tl_model_kind kind)
{
    static const char *const name[TL_MODEL_KINDS] = {"mlp", "cnn", "autoencoder"};
    return name[kind];
}

static bool is_shape(tl_shape shape)
{
    const int side = 1 << 20; /* the product of three such is within int64_t */
    return shape.channels >= 1 && shape.height >= 1 && shape.width >= 1 &&
           shape.channels <= side && shape.height <= side && shape.width <= side &&
           (int64_t)shape.channels * shape.height * shape.width <= MOST_NUMBERS;
}

typedef struct builder {
    tl_layer layer[MOST_LAYERS];
    int layers;
    size_t params;
    tl_shape at; /* shape that the next layer gets */
} builder;

static void add(builder *b, tl_layer_kind kind, tl_shape out, bool has_relu)
{
    tl_layer *layer = &b->layer[b->layers++];
    *layer = (tl_layer){.kind = kind, .in = b->at, .out = out, .has_relu = has_relu};
    if (kind == TL_LAYER_CONV || kind == TL_LAYER_DENSE) {
        const size_t window = kind == TL_LAYER_CONV ? 9 : 1;
        layer->weight = b->params;
        layer->bias =
            layer->weight + (size_t)b->at.channels * window * (size_t)out.channels;
        b->params = layer->bias + (size_t)out.channels;
    }
    b->at = out;
}

static tl_status build_cnn(builder *b, const tl_model_spec *spec, tl_err *err)
{
    int channels = spec->width;
    for (int d = 0; d < spec->depth; d++, channels *= 2) {
        const tl_shape out = {channels, b->at.height, b->at.width};
        TL_CHECK(b->at.height >= 2 && b->at.width >= 2, err, TL_E_ARG,
                 "a cnn of depth %d does not fit images of %dx%d: each block halves them",
                 spec->depth, spec->in.height, spec->in.width);
        TL_CHECK(channels <= MOST_WIDTH && is_shape(out), err, TL_E_ARG,
                 "a cnn of width %d and depth %d is too wide: its block %d has %d channels",
                 spec->width, spec->depth, d + 1, channels);
        add(b, TL_LAYER_CONV, out, true);
        add(b, TL_LAYER_POOL, (tl_shape){channels, b->at.height / 2, b->at.width / 2},
            false);
    }
    add(b, TL_LAYER_FLATTEN, (tl_shape){tl_shape_size(b->at), 1, 1}, false);
    add(b, TL_LAYER_DENSE, (tl_shape){spec->classes, 1, 1}, false);
    return TL_OK;
}

static void build_mlp(builder *b, const tl_model_spec *spec)
{
    b->at = (tl_shape){tl_shape_size(spec->in), 1, 1};
    for (int d = 0; d < spec->depth; d++) {
        add(b, TL_LAYER_DENSE, (tl_shape){spec->width, 1, 1}, true);
    }
    add(b, TL_LAYER_DENSE, (tl_shape){spec->classes, 1, 1}, false);
}

static tl_status build_autoencoder(builder *b, const tl_model_spec *spec, tl_err *err)
{
    const int size = tl_shape_size(spec->in);
    const tl_shape hidden = {spec->width, spec->in.height, spec->in.width};
    TL_CHECK(spec->classes == size, err, TL_E_ARG,
             "an autoencoder of images of %d numbers has as many outputs, not %d", size,
             spec->classes);
    TL_CHECK(is_shape(hidden), err, TL_E_ARG,
             "an autoencoder of width %d is too wide for images of %dx%d", spec->width,
             spec->in.height, spec->in.width);
    for (int d = 0; d < spec->depth; d++) add(b, TL_LAYER_CONV, hidden, true);
    add(b, TL_LAYER_CONV, spec->in, false);
    add(b, TL_LAYER_FLATTEN, (tl_shape){size, 1, 1}, false);
    return TL_OK;
}

static tl_status build(const tl_model_spec *spec, builder *b, tl_err *err)
{
    *b = (builder){.at = spec->in};
    TL_CHECK(spec->width >= 1 && spec->width <= MOST_WIDTH && spec->depth >= 1 &&
                 spec->depth <= MOST_DEPTH && spec->classes >= 2 &&
                 spec->classes <= MOST_WIDTH,
             err, TL_E_ARG,
             "a model needs width 1 to %d, depth 1 to %d and 2 to %d classes, not %d, %d "
             "and %d",
             MOST_WIDTH, MOST_DEPTH, MOST_WIDTH, spec->width, spec->depth, spec->classes);
    TL_CHECK(is_shape(spec->in), err, TL_E_ARG,
             "a model needs examples of 1 to %d numbers, not %dx%dx%d", MOST_NUMBERS,
             spec->in.channels, spec->in.height, spec->in.width);
    switch (spec->kind) {
    case TL_MODEL_CNN:
        return build_cnn(b, spec, err);
    case TL_MODEL_AUTOENCODER:
        return build_autoencoder(b, spec, err);
    default:
        build_mlp(b, spec);
        return TL_OK;
    }
}

tl_status tl_model_new(const tl_model_spec *spec, tl_arena *arena, tl_model **out,
                       tl_err *err)
{
    builder b;
    TL_TRY(build(spec, &b, err));
    tl_model *model;
    TL_TAKE(model, arena, 1, err);
    *model = (tl_model){.spec = *spec, .layers = b.layers, .params = b.params};
    TL_TAKE(model->layer, arena, b.layers, err);
    memcpy(model->layer, b.layer, (size_t)b.layers * sizeof *model->layer);
    TL_TAKE(model->param, arena, b.params, err);
    *out = model;
    return TL_OK;
}

static int inputs_of(const tl_layer *layer)
{
    return layer->in.channels * (layer->kind == TL_LAYER_CONV ? 9 : 1);
}

void tl_model_init(tl_model *model, const tl_rng *rng)
{
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        if (layer->kind != TL_LAYER_CONV && layer->kind != TL_LAYER_DENSE) continue;
        tl_rng own = tl_rng_sub(rng, (uint64_t)l);
        const double sd = sqrt(2.0 / inputs_of(layer));
        for (size_t i = layer->weight; i < layer->bias; i++) {
            model->param[i] = (float)(sd * tl_rng_normal(&own));
        }
        memset(model->param + layer->bias, 0,
               (size_t)layer->out.channels * sizeof *model->param);
    }
}

tl_status tl_model_tensors(const tl_model *model, tl_arena *arena, tl_tensor **tensor,
                           int *count, tl_err *err)
{
    tl_tensor *list;
    TL_TAKE(list, arena, 2 * model->layers, err);
    *count = 0;
    int convs = 0, denses = 0;
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        const bool is_conv = layer->kind == TL_LAYER_CONV;
        if (!is_conv && layer->kind != TL_LAYER_DENSE) continue;
        const int number = is_conv ? convs++ : denses++;
        const char *word = is_conv ? "conv" : "dense";
        tl_tensor *weight = &list[(*count)++], *bias = &list[(*count)++];
        *weight = (tl_tensor){.rank = is_conv ? 4 : 2,
                              .size = {layer->out.channels, layer->in.channels, 3, 3},
                              .at = layer->weight,
                              .count = layer->bias - layer->weight};
        *bias = (tl_tensor){.rank = 1,
                            .size = {layer->out.channels},
                            .at = layer->bias,
                            .count = (size_t)layer->out.channels};
        (void)snprintf(weight->name, sizeof weight->name, "%s%d.weight", word, number);
        (void)snprintf(bias->name, sizeof bias->name, "%s%d.bias", word, number);
    }
    *tensor = list;
    return TL_OK;
}

size_t tl_model_count(const tl_model_spec *spec)
{
    builder b;
    return build(spec, &b, NULL) == TL_OK ? b.params : 0;
}

double tl_model_flop(const tl_model_spec *spec)
{
    builder b;
    double flop = 0.0;
    if (build(spec, &b, NULL) != TL_OK) return 0.0;
    for (int l = 0; l < b.layers; l++) {
        const tl_layer *layer = &b.layer[l];
        if (layer->kind != TL_LAYER_CONV && layer->kind != TL_LAYER_DENSE) continue;
        flop += 2.0 * inputs_of(layer) * (double)tl_shape_size(layer->out);
    }
    return flop;
}
