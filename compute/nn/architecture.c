#include "compute/nn/architecture.h"

#include <math.h>

enum {
    MOST_DEPTH = 64,
    MOST_WIDTH = 65536,
    MOST_NUMBERS = 1 << 24, /* of one example, at any layer but the last of tokens */
    MOST_OUTPUTS = 1 << 30, /* of one example of tokens */
    NORM_GROUPS = 8
};

static bool is_shape(tl_shape shape)
{
    const int side = 1 << 20; /* the product of three such is within int64_t */
    return shape.channels >= 1 && shape.height >= 1 && shape.width >= 1 &&
           shape.channels <= side && shape.height <= side && shape.width <= side &&
           (int64_t)shape.channels * shape.height * shape.width <= MOST_NUMBERS;
}

/* --- adding layers -------------------------------------------------------------------- */

static tl_shape shape_at(const tl_architecture *a, const tl_model_spec *spec)
{
    return a->layers ? a->layer[a->layers - 1].out : spec->in;
}

/* Adds a layer that reads the last one. \return its number */
static int add(tl_architecture *a, tl_layer layer)
{
    TL_INVARIANT(a->layers < TL_MODEL_LAYERS);
    layer.from = a->layers - 1;
    if (layer.weights) {
        layer.weight = a->params;
        a->params += layer.weights;
    }
    if (layer.biases) {
        layer.bias = a->params;
        a->params += layer.biases;
    }
    a->layer[a->layers] = layer;
    return a->layers++;
}

/* He et al. 2015, equation 10. */
static double he(int inputs)
{
    return sqrt(2.0 / inputs);
}

static int add_conv(tl_architecture *a, tl_shape in, int channels, int window, int stride)
{
    const int padding = window / 2;
    const tl_shape out = {channels, (in.height + 2 * padding - window) / stride + 1,
                          (in.width + 2 * padding - window) / stride + 1};
    if (padding > a->halo) a->halo = padding;
    const int inputs = in.channels * window * window;
    return add(a, (tl_layer){.kind = TL_LAYER_CONV,
                             .in = in,
                             .out = out,
                             .window = window,
                             .stride = stride,
                             .padding = padding,
                             .groups = 1,
                             .init_sd = he(inputs),
                             .weights = (size_t)inputs * (size_t)channels});
}

static void give_bias(tl_architecture *a, int number)
{
    tl_layer *layer = &a->layer[number];
    TL_INVARIANT(number == a->layers - 1 && !layer->has_bias);
    layer->has_bias = true;
    layer->bias = a->params;
    layer->biases = (size_t)layer->out.channels;
    a->params += layer->biases;
}

static int add_dense(tl_architecture *a, tl_shape in, int features, double sd)
{
    return add(a, (tl_layer){.kind = TL_LAYER_DENSE,
                             .in = in,
                             .out = {features, 1, in.width},
                             .init_sd = sd,
                             .weights = (size_t)in.channels * (size_t)features});
}

static int add_plain(tl_architecture *a, tl_layer_kind kind, tl_shape in, tl_shape out)
{
    return add(a, (tl_layer){.kind = kind, .in = in, .out = out});
}

static void add_classes(tl_architecture *a, const tl_model_spec *spec)
{
    const tl_shape in = a->layer[a->layers - 1].out;
    a->layer[a->layers - 1].drops = true;
    give_bias(a, add_dense(a, in, spec->classes, he(in.channels)));
}

/* --- images --------------------------------------------------------------------------- */

static tl_status build_mlp(tl_architecture *a, const tl_model_spec *spec, tl_err *err)
{
    (void)err;
    tl_shape in = {tl_shape_size(spec->in), 1, 1};
    const int hidden = spec->kind == TL_MODEL_LINEAR ? 0 : spec->depth;
    for (int d = 0; d < hidden; d++) {
        const int number = add_dense(a, in, spec->width, he(in.channels));
        give_bias(a, number);
        a->layer[number].has_relu = a->layer[number].drops = true;
        in = a->layer[number].out;
    }
    give_bias(a, add_dense(a, in, spec->classes, he(in.channels)));
    return TL_OK;
}

static tl_status build_cnn(tl_architecture *a, const tl_model_spec *spec, tl_err *err)
{
    int channels = spec->width;
    for (int d = 0; d < spec->depth; d++, channels *= 2) {
        const tl_shape in = shape_at(a, spec);
        TL_CHECK(in.height >= 2 && in.width >= 2, err, TL_E_ARG,
                 "a cnn of %d layers does not fit images of %dx%d: each block halves them",
                 spec->depth, spec->in.height, spec->in.width);
        TL_CHECK(
            channels <= MOST_WIDTH && is_shape((tl_shape){channels, in.height, in.width}),
            err, TL_E_ARG,
            "a cnn of width %d and %d layers is too wide: its block %d has %d channels",
            spec->width, spec->depth, d + 1, channels);
        give_bias(a, add_conv(a, in, channels, 3, 1));
        const tl_shape full = shape_at(a, spec);
        /* ReLU after the maximum equals ReLU before it, with a quarter of the work.
         */
        const int pool = add_plain(a, TL_LAYER_POOL, full,
                                   (tl_shape){channels, full.height / 2, full.width / 2});
        a->layer[pool].has_relu = true;
    }
    const tl_shape last = shape_at(a, spec);
    add_plain(a, TL_LAYER_FLATTEN, last, (tl_shape){tl_shape_size(last), 1, 1});
    add_classes(a, spec);
    return TL_OK;
}

static int add_norm(tl_architecture *a, bool has_relu)
{
    const tl_shape shape = a->layer[a->layers - 1].out;
    int groups = NORM_GROUPS;
    while (shape.channels % groups != 0) groups--;
    return add(a, (tl_layer){.kind = TL_LAYER_GROUPNORM,
                             .in = shape,
                             .out = shape,
                             .has_relu = has_relu,
                             .groups = groups,
                             .weights = (size_t)shape.channels,
                             .biases = (size_t)shape.channels});
}

/* Two convolutions and a skip connection, a 1x1 convolution if the shape changes. */
static void add_residual(tl_architecture *a, int channels, int stride)
{
    const int start = a->layers - 1;
    const tl_shape in = a->layer[start].out;
    int around = start;
    if (stride != 1 || in.channels != channels) {
        add_conv(a, in, channels, 1, stride);
        around = add_norm(a, false);
    }
    const int first = add_conv(a, in, channels, 3, stride);
    a->layer[first].from = start;
    add_norm(a, true);
    add_conv(a, a->layer[a->layers - 1].out, channels, 3, 1);
    add_norm(a, false);
    const tl_shape out = a->layer[a->layers - 1].out;
    add(a,
        (tl_layer){
            .kind = TL_LAYER_ADD, .in = out, .out = out, .with = around, .has_relu = true});
}

static tl_status build_resnet(tl_architecture *a, const tl_model_spec *spec, tl_err *err)
{
    const tl_shape wide = {spec->width, spec->in.height, spec->in.width};
    int channels = spec->width, side = wide.height < wide.width ? wide.height : wide.width;
    TL_CHECK(is_shape(wide), err, TL_E_ARG,
             "a resnet of width %d is too wide for images of %dx%d", spec->width,
             spec->in.height, spec->in.width);
    add_conv(a, spec->in, channels, 3, 1);
    add_norm(a, true);
    for (int d = 0; d < spec->depth; d++, side = (side + 1) / 2) {
        if (d > 0) channels *= 2;
        TL_CHECK(channels <= MOST_WIDTH && (d == 0 || side >= 2), err, TL_E_ARG,
                 "a resnet of width %d and %d layers does not fit images of %dx%d: each "
                 "stage but the first halves them and doubles the channels",
                 spec->width, spec->depth, spec->in.height, spec->in.width);
        add_residual(a, channels, d > 0 ? 2 : 1);
        add_residual(a, channels, 1);
    }
    add_plain(a, TL_LAYER_MEAN, shape_at(a, spec), (tl_shape){channels, 1, 1});
    add_classes(a, spec);
    return TL_OK;
}

static tl_status build_autoencoder(tl_architecture *a, const tl_model_spec *spec,
                                   tl_err *err)
{
    const int size = tl_shape_size(spec->in);
    const tl_shape hidden = {spec->width, spec->in.height, spec->in.width};
    TL_CHECK(spec->classes == size, err, TL_E_ARG,
             "an autoencoder of images of %d numbers has as many outputs, not %d", size,
             spec->classes);
    TL_CHECK(is_shape(hidden), err, TL_E_ARG,
             "an autoencoder of width %d is too wide for images of %dx%d", spec->width,
             spec->in.height, spec->in.width);
    for (int d = 0; d < spec->depth; d++) {
        const int number = add_conv(a, shape_at(a, spec), spec->width, 3, 1);
        give_bias(a, number);
        a->layer[number].has_relu = true;
    }
    give_bias(a, add_conv(a, shape_at(a, spec), spec->in.channels, 3, 1));
    add_plain(a, TL_LAYER_FLATTEN, spec->in, (tl_shape){size, 1, 1});
    return TL_OK;
}

/* --- tokens --------------------------------------------------------------------------- */

static const double TOKEN_SD = 0.02; /* of GPT-2's starting weights */

static tl_status check_tokens(const tl_model_spec *spec, int kv_heads, tl_err *err)
{
    const char *name = tl_model_kind_name(spec->kind);
    TL_CHECK(spec->in.channels == 1 && spec->in.height == 1, err, TL_E_ARG,
             "a %s reads rows of tokens, not images of %dx%dx%d", name, spec->in.channels,
             spec->in.height, spec->in.width);
    TL_CHECK(spec->heads >= 1 && spec->width % spec->heads == 0, err, TL_E_ARG,
             "the width of a %s is divided among its heads: %d is not a multiple of %d",
             name, spec->width, spec->heads);
    TL_CHECK(spec->heads % kv_heads == 0, err, TL_E_ARG,
             "heads must be a multiple of kv_heads: %d is not a multiple of %d",
             spec->heads, kv_heads);
    TL_CHECK(spec->kind != TL_MODEL_LLAMA || spec->width / spec->heads % 2 == 0, err,
             TL_E_ARG, "rotary positions need an even width/heads, not %d/%d", spec->width,
             spec->heads);
    TL_CHECK((int64_t)spec->classes * spec->in.width <= MOST_OUTPUTS, err, TL_E_ARG,
             "rows of %d tokens of a vocabulary of %d are too long: their outputs are more "
             "than %d numbers",
             spec->in.width, spec->classes, MOST_OUTPUTS);
    TL_CHECK((int64_t)spec->width * 8 * spec->in.width <= MOST_NUMBERS, err, TL_E_ARG,
             "a %s of width %d is too wide for rows of %d tokens", name, spec->width,
             spec->in.width);
    return TL_OK;
}

static int hidden_of(const tl_model_spec *spec)
{
    return spec->kind == TL_MODEL_GPT ? 4 * spec->width
                                      : (8 * spec->width / 3 + 15) / 16 * 16;
}

static tl_status check_splits(const tl_model_spec *spec, int kv_heads, tl_err *err)
{
    const int splits = spec->splits;
    if (splits == 0) return TL_OK;
    TL_CHECK(splits >= 1 && splits <= TL_MODEL_SPLITS_MOST && (splits & (splits - 1)) == 0,
             err, TL_E_ARG, "splits must be a power of two, at most %d, not %d",
             TL_MODEL_SPLITS_MOST, splits);
    TL_CHECK(
        spec->heads % splits == 0 && kv_heads % splits == 0, err, TL_E_ARG,
        "splits take whole heads: %d splits do not divide %d heads, %d of keys and values",
        splits, spec->heads, kv_heads);
    TL_CHECK(hidden_of(spec) % splits == 0, err, TL_E_ARG,
             "%d splits do not divide the %d units of a block", splits, hidden_of(spec));
    return TL_OK;
}

static int add_gain(tl_architecture *a, tl_layer_kind kind)
{
    const tl_shape shape = a->layer[a->layers - 1].out;
    const size_t features = (size_t)shape.channels;
    return add(a, (tl_layer){.kind = kind,
                             .in = shape,
                             .out = shape,
                             .weights = features,
                             .biases = kind == TL_LAYER_LAYERNORM ? features : 0});
}

/* A dense layer after the last, with bias (GPT-2) or without (Llama). */
static void add_linear(tl_architecture *a, int features, double sd, bool has_bias)
{
    const int number = add_dense(a, a->layer[a->layers - 1].out, features, sd);
    if (has_bias) give_bias(a, number);
}

static void add_around(tl_architecture *a, int start)
{
    const tl_shape shape = a->layer[start].out;
    a->layer[a->layers - 1].drops = true;
    add(a, (tl_layer){.kind = TL_LAYER_ADD, .in = shape, .out = shape, .with = start});
}

/* A transformer block: attention, then two dense layers, each with a skip connection. */
static void add_block(tl_architecture *a, const tl_model_spec *spec, int kv_heads)
{
    const bool is_gpt = spec->kind == TL_MODEL_GPT;
    const tl_layer_kind norm = is_gpt ? TL_LAYER_LAYERNORM : TL_LAYER_RMSNORM;
    /* Radford et al. 2019, section 2.3: additions to the residual stream are scaled down.
     */
    const double last_sd = TOKEN_SD / sqrt(2.0 * spec->depth);
    const int hidden = hidden_of(spec);
    const int size = spec->width / spec->heads, start = a->layers - 1;
    const tl_shape flat = a->layer[start].out;
    add_gain(a, norm);
    add_linear(a, spec->width + 2 * kv_heads * size, TOKEN_SD, is_gpt);
    add(a, (tl_layer){.kind = TL_LAYER_ATTENTION,
                      .in = a->layer[a->layers - 1].out,
                      .out = flat,
                      .heads = spec->heads,
                      .kv_heads = kv_heads,
                      .has_rotary = !is_gpt});
    add_linear(a, spec->width, last_sd, is_gpt);
    add_around(a, start);
    const int middle = a->layers - 1;
    add_gain(a, norm);
    add_linear(a, is_gpt ? hidden : 2 * hidden, TOKEN_SD, is_gpt);
    add_plain(a, is_gpt ? TL_LAYER_GELU : TL_LAYER_SWIGLU, a->layer[a->layers - 1].out,
              (tl_shape){hidden, 1, flat.width});
    add_linear(a, spec->width, last_sd, is_gpt);
    add_around(a, middle);
}

static tl_status build_transformer(tl_architecture *a, const tl_model_spec *spec,
                                   tl_err *err)
{
    const bool is_gpt = spec->kind == TL_MODEL_GPT;
    const int kv_heads = !is_gpt && spec->kv_heads ? spec->kv_heads : spec->heads;
    TL_TRY(check_tokens(spec, kv_heads > 0 ? kv_heads : 1, err));
    TL_TRY(check_splits(spec, kv_heads, err));
    const size_t width = (size_t)spec->width;
    a->positions = spec->in.width;
    const int embed =
        add(a, (tl_layer){.kind = TL_LAYER_EMBED,
                          .in = spec->in,
                          .out = {spec->width, 1, spec->in.width},
                          .has_positions = is_gpt,
                          .drops = true,
                          .init_sd = TOKEN_SD,
                          .weights = (size_t)spec->classes * width,
                          .biases = is_gpt ? (size_t)spec->in.width * width : 0});
    for (int d = 0; d < spec->depth; d++) add_block(a, spec, kv_heads);
    add_gain(a, is_gpt ? TL_LAYER_LAYERNORM : TL_LAYER_RMSNORM);
    const tl_shape flat = a->layer[a->layers - 1].out;
    add(a, (tl_layer){.kind = TL_LAYER_DENSE,
                      .in = flat,
                      .out = {spec->classes, 1, flat.width},
                      .weight = a->layer[embed].weight});
    return TL_OK;
}

tl_status tl_architecture_of(const tl_model_spec *spec, tl_architecture *out, tl_err *err)
{
    static tl_status (*const build[TL_MODEL_KINDS])(tl_architecture *,
                                                    const tl_model_spec *, tl_err *) = {
        [TL_MODEL_MLP] = build_mlp,
        [TL_MODEL_CNN] = build_cnn,
        [TL_MODEL_RESNET] = build_resnet,
        [TL_MODEL_GPT] = build_transformer,
        [TL_MODEL_LLAMA] = build_transformer,
        [TL_MODEL_LINEAR] = build_mlp,
        [TL_MODEL_AUTOENCODER] = build_autoencoder};
    out->layers = out->halo = 0;
    out->params = 0;
    out->positions = 1;
    TL_CHECK(spec->width >= 1 && spec->width <= MOST_WIDTH && spec->depth >= 1 &&
                 spec->depth <= MOST_DEPTH && spec->classes >= 2 &&
                 spec->classes <= MOST_WIDTH,
             err, TL_E_ARG,
             "a model needs width 1 to %d, 1 to %d layers and 2 to %d classes, not %d, %d "
             "and %d",
             MOST_WIDTH, MOST_DEPTH, MOST_WIDTH, spec->width, spec->depth, spec->classes);
    TL_CHECK(is_shape(spec->in), err, TL_E_ARG,
             "a model needs examples of 1 to %d numbers, not %dx%dx%d", MOST_NUMBERS,
             spec->in.channels, spec->in.height, spec->in.width);
    TL_CHECK(spec->splits <= 1 || tl_model_reads_tokens(spec->kind), err, TL_E_ARG,
             "only models of tokens are split: a %s has 1 split, not %d",
             tl_model_kind_name(spec->kind), spec->splits);
    return build[spec->kind](out, spec, err);
}
