#include "experiments/method/denoiser.h"

#include "experiments/stage/stage_training.h"

#include <string.h>

enum { DEPTH = 2 }; /* hidden convolutions: each output sees 7x7 pixels */

tl_model_spec tl_denoiser_spec(tl_shape shape, const tl_denoiser_args *arg)
{
    return (tl_model_spec){.kind = TL_MODEL_AUTOENCODER,
                           .width = arg->width,
                           .depth = DEPTH,
                           .in = shape,
                           .classes = tl_shape_size(shape)};
}

static tl_recipe recipe_of(const tl_denoiser_args *arg)
{
    return (tl_recipe){
        .epochs = arg->epochs, .batch = 32, .shards = 8, .optimizer = TL_ADAMW, .lr = 3e-3};
}

void tl_denoiser_noise(const tl_rng *stream, int item, double sd, const float *from, int n,
                       float *to)
{
    tl_rng rng = tl_rng_sub(stream, (uint64_t)item);
    for (int i = 0; i < n; i++) to[i] = from[i] + (float)(sd * tl_rng_normal(&rng));
}

typedef struct training_pairs {
    float *noisy, *clean;
    int *row; /* 0, 1, 2, ... */
} training_pairs;

/* Pair i is the attacker's row i, cyclically, with noise of its own. */
static tl_status make_training_pairs(tl_scene *scene, training_pairs *out, tl_err *err)
{
    const tl_denoiser_args *arg = scene->args;
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const int size = tl_shape_size(own->shape);
    const int count = arg->examples;
    const tl_rng noise = tl_scene_rng(scene, "lessons");
    TL_ALLOC(out->noisy, scene->scratch, (size_t)count * (size_t)size, err);
    TL_ALLOC(out->clean, scene->scratch, (size_t)count * (size_t)size, err);
    TL_ALLOC(out->row, scene->scratch, count, err);
    if (tl_scene_counts(scene)) return TL_OK;
    for (int i = 0; i < count; i++) {
        const float *from = own->input + (size_t)(i % own->rows) * (size_t)size;
        const size_t at = (size_t)i * (size_t)size;
        tl_denoiser_noise(&noise, i, arg->noise, from, size, out->noisy + at);
        memcpy(out->clean + at, from, (size_t)size * sizeof *from);
        out->row[i] = i;
    }
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_denoiser_args *arg = scene->args;
    training_pairs it = {0};
    const tl_status mine = make_training_pairs(scene, &it, err);
    const tl_model_spec spec =
        tl_denoiser_spec(scene->world->data[TL_PART_ATTACKER]->shape, scene->args);
    const tl_recipe recipe = recipe_of(scene->args);
    const tl_stage_training training = {.spec = &spec,
                                        .recipe = &recipe,
                                        .rows = {.input = it.noisy,
                                                 .target = it.clean,
                                                 .row = it.row,
                                                 .rows = arg->examples,
                                                 .loss = TL_LOSS_SQUARED}};
    return tl_stage_train(scene, &training, mine, TL_PART_SURROGATE, NULL, err);
}

static double cost(const tl_size *size, const void *args)
{
    const tl_model_spec spec = tl_denoiser_spec(size->shape, args);
    const tl_recipe recipe = recipe_of(args);
    const tl_denoiser_args *arg = args;
    return tl_train_flop(&spec, &recipe, arg->examples, 0);
}

static int max_ranks(const tl_size *size, const void *args)
{
    (void)size;
    const tl_recipe recipe = recipe_of(args);
    return tl_recipe_shards(&recipe);
}

static const tl_param params[] = {
    {TL_ARG(tl_denoiser_args, noise), .type = TL_PARAM_REAL, .fallback = 0.1,
     .low_is_open = true, .high = 1, .about = "standard deviation of the noise"},
    {TL_ARG(tl_denoiser_args, examples), .type = TL_PARAM_INT, .fallback = 1000, .low = 1,
     .high = 1e6, .about = "noisy images to learn from"},
    {TL_ARG(tl_denoiser_args, epochs), .type = TL_PARAM_INT, .fallback = 10, .low = 1,
     .high = 10000, .about = "passes over them"},
    {TL_ARG(tl_denoiser_args, width), .type = TL_PARAM_INT, .fallback = 8, .low = 1,
     .high = 256, .about = "channels of the hidden convolutions"},
    {0}};

void tl_denoiser_values(const tl_denoiser_args *args, tl_value *value)
{
    value[0].number = args->noise;
    value[1].number = args->examples;
    value[2].number = args->epochs;
    value[3].number = args->width;
}

const tl_bank tl_bank_denoisers = {
    .name = "denoisers",
    .about = "denoising autoencoders, trained on the attacker's images with noise",
    .version = 1,
    .draws_as = "d2d.watermark_removal",
    .reads = TL_BIT(TL_PART_ATTACKER),
    .params = params,
    .run = run,
    .cost = cost,
    .max_ranks = max_ranks,
};
