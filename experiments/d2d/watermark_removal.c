/*
 * Watermark removal: an attacker without the key removes marks from published images by
 * altering them all in the same way, as little as possible. Median, blur and JPEG are the
 * simple ways; regeneration adds noise and removes it by a denoising autoencoder that the
 * attacker has trained on its own images. Source of regeneration: Zhao, Zhang, Su, Vasan,
 * Grishchenko, Kruegel, Vigna, Wang, Li 2023, Invisible image watermarks are provably
 * removable using generative AI (regeneration attacks; here the image is its own
 * representation); of the autoencoder: Vincent, Larochelle, Bengio, Manzagol 2008,
 * Extracting and composing robust features with denoising autoencoders.
 */
#include "experiments/method/denoiser.h"

#include "experiments/image/filters.h"
#include "experiments/image/jpeg.h"
#include "experiments/image/ssim.h"

#include <string.h>

/* As `params` describes them. */
typedef struct arguments {
    int method;
    double sigma;
    int quality;
    tl_denoiser_args denoiser;
} arguments;
enum { NONE, MEDIAN, BLUR, JPEG, REGENERATE };
enum { SSIM, PSNR };

/* --- regeneration --------------------------------------------------------------------- */

static tl_status regenerate(tl_scene *scene, float *noisy, float *to, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const int size = tl_shape_size(pool->shape);
    const tl_rng noise = tl_scene_rng(scene, "noise");
    const int rows = tl_scene_counts(scene) ? 0 : pool->rows;
    for (int i = 0; i < rows; i++) {
        const size_t at = (size_t)i * (size_t)size;
        tl_denoiser_noise(&noise, i, arg->denoiser.noise, pool->input + at, size,
                          noisy + at);
    }
    const tl_model *denoiser;
    TL_TRY(tl_scene_visit(scene, 0, &denoiser, err));
    TL_TRY(
        tl_model_logits(denoiser, noisy, pool->rows, scene->team, scene->scratch, to, err));
    for (size_t i = 0; i < (size_t)rows * (size_t)size; i++) {
        to[i] = to[i] < 0.0f ? 0.0f : (to[i] > 1.0f ? 1.0f : to[i]);
    }
    return TL_OK;
}

/* --- all methods ---------------------------------------------------------------------- */

typedef struct room {
    tl_dataset *out;
    tl_dct dct;    /* JPEG */
    double *plane; /* BLUR */
    float *noisy;  /* REGENERATE: [pool] */
} room;

static tl_status take_room(tl_scene *scene, int method, room *out, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const tl_shape shape = pool->shape;
    TL_TRY(tl_dataset_copy(pool, method == NONE ? 0 : TL_COPY_INPUTS, scene->keep,
                           &out->out, err));
    if (method == JPEG) {
        TL_TRY(tl_dct_new(TL_JPEG_BLOCK, TL_JPEG_BLOCK, scene->scratch, &out->dct, err));
    }
    if (method == BLUR) {
        TL_ALLOC(out->plane, scene->scratch, shape.height * shape.width, err);
    }
    if (method == REGENERATE) {
        TL_ALLOC(out->noisy, scene->scratch,
                 (size_t)pool->rows * (size_t)tl_shape_size(shape), err);
    }
    return TL_OK;
}

static void filter_rows(const tl_scene *scene, int method, const room *r)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const size_t size = (size_t)tl_shape_size(pool->shape);
    for (int i = 0; i < pool->rows; i++) {
        const float *from = pool->input + (size_t)i * size;
        float *to = r->out->input + (size_t)i * size;
        if (method == MEDIAN) tl_filter_median(pool->shape, from, to);
        if (method == BLUR) {
            tl_filter_blur(pool->shape, arg->sigma, from, to, r->plane);
        }
        if (method == JPEG) {
            tl_jpeg(&r->dct, pool->shape, arg->quality, from, to);
        }
    }
}

static void measure(tl_scene *scene, const tl_dataset *before, const tl_dataset *after)
{
    const int size = tl_shape_size(before->shape);
    double ssim = 0.0, square = 0.0;
    for (int i = 0; i < before->rows; i++) {
        const size_t at = (size_t)i * (size_t)size;
        ssim += tl_ssim(before->input + at, after->input + at, before->shape);
        square += tl_mean_square(before->input + at, after->input + at, size);
    }
    tl_scene_put(scene, SSIM, ssim / before->rows);
    tl_scene_put_if(scene, PSNR, square > 0.0, tl_psnr(square / before->rows),
                    TL_WHY_NOT_APPLICABLE);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const int method = arg->method;
    room r = {0};
    TL_TRY(tl_team_agree(scene->team, take_room(scene, method, &r, err), err));
    TL_INVARIANT(r.out != NULL);
    if (method == REGENERATE) {
        TL_TRY(regenerate(scene, r.noisy, r.out->input, err));
    } else if (method != NONE && !tl_scene_counts(scene)) {
        filter_rows(scene, method, &r);
    }
    if (tl_scene_counts(scene)) return TL_OK;
    measure(scene, pool, r.out);
    scene->given->data[TL_PART_POOL] = r.out;
    return TL_OK;
}

/* --- what is declared ----------------------------------------------------------------- */

static bool regenerates(const arguments *arg)
{
    return arg->method == REGENERATE;
}

static int denoisers(const void *args)
{
    const arguments *arg = args;
    return regenerates(arg) ? 1 : 0;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    if (!regenerates(arg)) return TL_OK;
    TL_CHECK(size->attacker > 0, err, TL_E_ARG,
             "regeneration is trained on the attacker's images, but it has none: set "
             "data.split.attacker, or attacker_from_pool with official splits");
    const tl_model_spec spec = tl_denoiser_spec(size->shape, &arg->denoiser);
    TL_CHECK(tl_model_count(&spec) > 0, err, TL_E_ARG,
             "images of %dx%dx%d are too large for an autoencoder of width %d",
             size->shape.channels, size->shape.height, size->shape.width, spec.width);
    return TL_OK;
}

static void bank_args(const void *args, tl_value *value)
{
    const arguments *arg = args;
    tl_denoiser_values(&arg->denoiser, value);
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    const tl_model_spec spec = tl_denoiser_spec(size->shape, &arg->denoiser);
    const double plain = 500.0 * tl_shape_size(size->shape); /* filter and SSIM */
    return size->pool * (plain + (regenerates(arg) ? tl_model_flop(&spec) : 0.0));
}

static int max_ranks(const tl_size *size, const void *args)
{
    return regenerates(args) ? tl_infer_max_ranks(size->pool, TL_INFER_MAX_RANKS) : 1;
}

static const char *const methods[] = {"none", "median", "blur", "jpeg", "regenerate", NULL};
static const tl_param params[] = {
    {TL_ARG(arguments, method), .type = TL_PARAM_CHOICE, .choices = methods,
     .fallback = MEDIAN,
     .about = "how: not at all, median of 3x3, Gaussian blur, JPEG, or noise and a "
              "denoising autoencoder"},
    {TL_ARG(arguments, sigma), .type = TL_PARAM_REAL, .fallback = 0.8, .low_is_open = true,
     .high = TL_FILTER_SIGMA, .units = "pixel", .about = "blur: width of the Gaussian"},
    {TL_ARG(arguments, quality), .type = TL_PARAM_INT, .fallback = 50, .low = 1,
     .high = 100, .about = "jpeg: quality as libjpeg counts it"},
    {.name = "noise",
     .at = offsetof(arguments, denoiser.noise),
     .type = TL_PARAM_REAL,
     .fallback = 0.1,
     .low_is_open = true,
     .high = 1,
     .about = "regenerate: standard deviation of the noise, of pixels 0 to 1"},
    {.name = "examples",
     .at = offsetof(arguments, denoiser.examples),
     .type = TL_PARAM_INT,
     .fallback = 1000,
     .low = 1,
     .high = 1e6,
     .about =
         "regenerate: noisy images to learn from, made of the attacker's rows in turn"},
    {.name = "epochs",
     .at = offsetof(arguments, denoiser.epochs),
     .type = TL_PARAM_INT,
     .fallback = 10,
     .low = 1,
     .high = 10000,
     .about = "regenerate: passes over them"},
    {.name = "width",
     .at = offsetof(arguments, denoiser.width),
     .type = TL_PARAM_INT,
     .fallback = 8,
     .low = 1,
     .high = 256,
     .about = "regenerate: channels of the autoencoder's two hidden convolutions"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "ssim",
     .label = "image SSIM after removal",
     .better = TL_BETTER_NONE,
     .low = -1,
     .high = 1,
     .about = "mean structural similarity of images after and before (11x11 window)"},
    {.name = "psnr",
     .label = "image PSNR after removal",
     .units = "dB",
     .can_be_missing = true,
     .about = "peak signal-to-noise ratio of all images after against before"},
    {0}};

const tl_stage tl_stage_d2d_watermark_removal = {
    .name = "d2d.watermark_removal",
    .about = "removes marks from the pool's images by filters, JPEG or regeneration",
    .source = "Zhao, Zhang, Su, Vasan, Grishchenko, Kruegel, Vigna, Wang, Li 2023, "
              "Invisible image watermarks are provably removable using generative AI; "
              "ITU-T T.81 1992",
    .variant = "Alters all images of the pool alike, members or not, marked or not, "
               "without looking for a mark, so that the target trains on altered images. "
               "Regeneration adds noise to pixels and removes it by a small autoencoder "
               "trained on the attacker's images: not the latent diffusion of the source, "
               "and weaker.",
    .version = 1,
    .flow = TL_D2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "watermark removal",
    .access = TL_KNOWS_DATA,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = &tl_bank_denoisers,
    .bank_count = denoisers,
    .bank_args = bank_args,
    .run = run,
    .check = check,
    .cost = cost,
    .max_ranks = max_ranks,
};
