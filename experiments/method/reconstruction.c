#include "experiments/method/reconstruction.h"

#include "compute/nn/loss.h"
#include "experiments/method/controls.h"
#include "experiments/method/image_ascent.h"
#include "experiments/method/leakage.h"
#include "experiments/score/reading.h"
#include "experiments/score/score.h"
#include "experiments/stage/scene_store.h"
#include "experiments/stage/stage_training.h"

#include <string.h>

enum {
    LEAKAGE_SSIM,
    LEAKAGE_FEATURE,
    MEAN_SSIM,
    UNSEEN_SSIM,
    MEAN_FEATURE,
    UNSEEN_FEATURE,
    CONFIDENCE,
    EVALUATOR_ACCURACY
};

/* --- the evaluator -------------------------------------------------------------------- */

tl_model_spec tl_evaluator_spec(const tl_model_spec *model)
{
    const int side =
        model->in.height < model->in.width ? model->in.height : model->in.width;
    tl_model_spec spec = *model;
    spec.splits = 0;
    if (model->kind == TL_MODEL_MLP && side >= 2) {
        spec.kind = TL_MODEL_CNN;
        spec.width = 8;
        spec.depth = side >= 4 ? 2 : 1;
    } else {
        spec.kind = TL_MODEL_MLP;
        spec.width = 64;
        spec.depth = model->kind == TL_MODEL_MLP && model->depth == 2 ? 1 : 2;
    }
    return spec;
}

static tl_status train_evaluator(tl_scene *scene, tl_err *err)
{
    const tl_model_spec spec = tl_evaluator_spec(&scene->world->setup->model);
    /* No early stopping: the validation rows are the owner's. */
    tl_stage_training training = {.spec = &spec, .recipe = &scene->world->setup->recipe};
    const tl_status mine = tl_control_rows(scene, &training.rows, err);
    return tl_stage_train(scene, &training, mine, TL_PART_SURROGATE, NULL, err);
}

static double evaluator_cost(const tl_size *size, const void *args)
{
    (void)args;
    const tl_model_spec spec = tl_evaluator_spec(&size->setup.model);
    return tl_train_flop(&spec, &size->setup.recipe, size->attacker, 0);
}

const tl_bank tl_bank_evaluators = {
    .name = "evaluators",
    .about = "a model of another architecture, trained on the attacker's clean rows",
    .version = 1,
    .draws_as = "m2d.inversion",
    .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
    .imitates = TL_BIT(TL_PART_TARGET),
    .keeps_recipe = true,
    .run = train_evaluator,
    .cost = evaluator_cost,
};

/* --- the baselines -------------------------------------------------------------------- */

enum { ANY_CLASS = -1 };

/* Mean image of the attacker's clean rows of a class. \param sum scratch for one image
 * \return how many rows */
static int mean_of(const tl_dataset *own, int class, double *sum, float *mean)
{
    const size_t size = (size_t)tl_shape_size(own->shape);
    int rows = 0;
    memset(sum, 0, size * sizeof *sum);
    for (int r = 0; r < own->rows; r++) {
        const bool is_wanted = class == ANY_CLASS || own->label[r] == class;
        if (!is_wanted || (own->flags[r] & TL_CONTROL_LEAVES_OUT)) continue;
        const float *x = own->input + (size_t)r * size;
        for (size_t i = 0; i < size; i++) sum[i] += (double)x[i];
        rows++;
    }
    for (size_t i = 0; i < size && rows > 0; i++) mean[i] = (float)(sum[i] / rows);
    return rows;
}

/* Mean image of each class of the attacker's clean rows; classes without rows are absent.
 */
static tl_status make_means(const tl_dataset *own, tl_arena *scratch, tl_dataset **out,
                            tl_err *err)
{
    const size_t size = (size_t)tl_shape_size(own->shape);
    double *sum;
    tl_dataset *means;
    TL_ALLOC(sum, scratch, size, err);
    TL_ALLOC(means, scratch, 1, err);
    *means = (tl_dataset){.shape = own->shape, .classes = own->classes};
    TL_ALLOC(means->input, scratch, (size_t)own->classes * size, err);
    TL_ALLOC(means->label, scratch, own->classes, err);
    *out = means;
    if (tl_arena_counts(scratch)) {
        means->rows = own->classes;
        return TL_OK;
    }
    for (int k = 0; k < own->classes; k++) {
        float *mean = means->input + (size_t)means->rows * size;
        if (mean_of(own, k, sum, mean) > 0) means->label[means->rows++] = k;
    }
    return TL_OK;
}

/* Mean image of the pool and the attacker's clean rows together. */
static tl_status add_own(const tl_mean_image *pool, const tl_dataset *own,
                         tl_arena *scratch, tl_mean_image *out, tl_err *err)
{
    TL_TRY(tl_mean_image_new(own->shape, scratch, out, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    memcpy(out->sum, pool->sum, pool->size * sizeof *out->sum);
    out->rows = pool->rows;
    for (int i = 0; i < own->rows; i++) {
        if (own->flags[i] & TL_CONTROL_LEAVES_OUT) continue;
        tl_mean_image_add(out, own->input + (size_t)i * out->size);
    }
    return TL_OK;
}

/*
 * The first `most` clean rows of the attacker in each class: real images that the owner did
 * not train on, nor near-duplicates of them. Not the test rows: without `keep` those are
 * the pool's non-members. Near-duplicates of a reference are skipped, as official splits
 * spread them over pool and attacker.
 */
static tl_status pick_unseen(const tl_dataset *own, const tl_references *references,
                             int most, tl_arena *scratch, tl_dataset **out, tl_err *err)
{
    int *taken, *row, rows = 0;
    tl_mean_image mean_image;
    TL_ALLOC(taken, scratch, own->classes, err);
    TL_ALLOC(row, scratch, own->rows, err);
    TL_TRY(add_own(&references->mean_image, own, scratch, &mean_image, err));
    const double all = (double)most * own->classes;
    const int room = all < own->rows ? (int)all : own->rows;
    if (tl_arena_counts(scratch)) return tl_dataset_pick(own, row, room, scratch, out, err);
    for (int i = 0; i < own->rows; i++) {
        const int class = own->label[i];
        const float *pixel = own->input + (size_t)i * mean_image.size;
        if ((own->flags[i] & TL_CONTROL_LEAVES_OUT) || taken[class] == most) continue;
        if (tl_references_have_near(references, &mean_image, pixel, class)) continue;
        taken[class]++;
        row[rows++] = i;
    }
    return tl_dataset_pick_some(own, row, rows, room, scratch, out, err);
}

/* --- measuring ------------------------------------------------------------------------ */

/* Mean confidence of `model` in the images' labels, and how many it classifies so. */
static tl_status ask(tl_scene *scene, const tl_model *model, const tl_dataset *images,
                     double *confidence, double *hits, tl_err *err)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const size_t classes = (size_t)images->classes;
    tl_reading r;
    *confidence = *hits = 0.0;
    TL_TRY(tl_reading_make(model, images, scene->team, scene->scratch, &r, err));
    if (tl_arena_counted(scene->scratch, mark)) return TL_OK;
    tl_softmax(r.logits, images->rows, images->classes, r.logits);
    for (size_t i = 0; i < (size_t)images->rows; i++) {
        *confidence +=
            (double)r.logits[i * classes + (size_t)images->label[i]] / images->rows;
    }
    *hits = tl_score_matches(r.guess, images->label, images->rows);
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

typedef struct compared {
    tl_references references;
    tl_dataset *means, *unseen;
    const tl_model *evaluator;
} compared;

static tl_status put_leakage(tl_scene *scene, const compared *c, const tl_dataset *images,
                             int ssim, int feature, tl_err *err)
{
    tl_leakage leakage;
    TL_TRY(tl_leakage_of(&c->references, images, c->evaluator, scene->team, scene->scratch,
                         &leakage, err));
    const bool is_known = leakage.images > 0;
    tl_scene_put_if(scene, ssim, is_known, leakage.ssim, TL_WHY_UNRESOLVABLE);
    tl_scene_put_if(scene, feature, is_known, leakage.feature, TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

static tl_status gather(tl_scene *scene, compared *out, tl_err *err)
{
    const tl_inversion_args *arg = scene->args;
    const tl_world *world = scene->world;
    TL_TRY(tl_references_gather(world->data[TL_PART_POOL], scene->scratch, &out->references,
                                err));
    TL_TRY(make_means(world->data[TL_PART_ATTACKER], scene->scratch, &out->means, err));
    return pick_unseen(world->data[TL_PART_ATTACKER], &out->references, arg->images,
                       scene->scratch, &out->unseen, err);
}

tl_status tl_inversion_outcome(tl_scene *scene, tl_part part, tl_err *err)
{
    const tl_dataset *images = scene->given->data[TL_PART_RECOVERED];
    compared c = {0};
    TL_TRY(tl_team_agree(scene->team, gather(scene, &c, err), err));
    TL_INVARIANT(c.unseen != NULL);
    TL_TRY(tl_scene_visit(scene, 0, &c.evaluator, err));
    TL_TRY(
        tl_references_look(&c.references, c.evaluator, scene->team, scene->scratch, err));
    TL_TRY(put_leakage(scene, &c, images, LEAKAGE_SSIM, LEAKAGE_FEATURE, err));
    TL_TRY(put_leakage(scene, &c, c.means, MEAN_SSIM, MEAN_FEATURE, err));
    TL_TRY(put_leakage(scene, &c, c.unseen, UNSEEN_SSIM, UNSEEN_FEATURE, err));
    double confidence, hits, unused;
    TL_TRY(ask(scene, scene->world->model[part], images, &confidence, &unused, err));
    tl_scene_put(scene, CONFIDENCE, confidence);
    TL_TRY(ask(scene, c.evaluator, images, &unused, &hits, err));
    tl_scene_put_rate(scene, EVALUATOR_ACCURACY, hits, images->rows);
    return TL_OK;
}

/* --- the images ----------------------------------------------------------------------- */

/* The attacker's mean image over all classes; black if every row is left out. */
static tl_status make_centre(tl_scene *scene, float **centre, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const size_t size = (size_t)tl_shape_size(own->shape);
    double *sum;
    TL_ALLOC(sum, scene->scratch, size, err);
    TL_ALLOC(*centre, scene->scratch, size, err);
    if (!tl_scene_counts(scene)) (void)mean_of(own, ANY_CLASS, sum, *centre);
    return TL_OK;
}

tl_status tl_inversion_run(tl_scene *scene, tl_part part, tl_err *err)
{
    const tl_inversion_args *arg = scene->args;
    const tl_model *model = scene->world->model[part];
    float *centre = NULL;
    TL_TRY(tl_team_agree(scene->team, make_centre(scene, &centre, err), err));
    const tl_ascent ascent = {.images = arg->images,
                              .steps = arg->steps,
                              .step = arg->step,
                              .centre = centre,
                              .noise = arg->noise,
                              .tv = arg->tv,
                              .start = tl_scene_rng(scene, "start")};
    tl_dataset *images = NULL;
    TL_TRY(tl_ascent_run(&ascent, model, scene->team, scene->keep, scene->scratch, &images,
                         err));
    scene->given->data[TL_PART_RECOVERED] = images;
    tl_scene_store_images(scene, &(tl_images){"recovered", images});
    return TL_OK;
}

/* --- the stages' record ----------------------------------------------------------------
 */

tl_status tl_inversion_check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    TL_CHECK(size->attacker > 0, err, TL_E_ARG,
             "the evaluator is trained on the attacker's rows: set data.split.attacker, or "
             "attacker_from_pool with official splits");
    return TL_OK;
}

static int images_of(const tl_size *size, const tl_inversion_args *arg)
{
    return size->classes * arg->images;
}

double tl_inversion_cost(const tl_size *size, const void *args)
{
    const tl_inversion_args *arg = args;
    const tl_model_spec evaluator = tl_evaluator_spec(tl_size_banked(size));
    const int images = images_of(size, arg);
    /* A step is a forward pass and one back to the pixels. */
    return 2.0 * tl_model_flop(&size->setup.model) * arg->steps * images +
           tl_leakage_flop(size, &evaluator, 2 * images + size->classes);
}

int tl_inversion_max_ranks(const tl_size *size, const void *args)
{
    return tl_infer_max_ranks(images_of(size, args), TL_INFER_MAX_RANKS);
}

const tl_param tl_inversion_params[] = {
    {TL_ARG(tl_inversion_args, images), .type = TL_PARAM_INT, .fallback = 16, .low = 1,
     .high = 100000, .about = "images of each class, each from a random start of its own"},
    {TL_ARG(tl_inversion_args, steps), .type = TL_PARAM_INT, .fallback = 100,
     .high = 100000, .about = "gradient steps (0: the random starts)"},
    {TL_ARG(tl_inversion_args, step), .type = TL_PARAM_REAL, .fallback = 0.02,
     .low_is_open = true, .high = 1,
     .about = "root mean square change of pixels in the first step; falls to 0"},
    {TL_ARG(tl_inversion_args, tv), .type = TL_PARAM_REAL, .fallback = 0.003, .high = 1000,
     .units = "nat",
     .about = "weight of the total variation, summed over pixels of a range of 0 to 1"},
    {TL_ARG(tl_inversion_args, noise), .type = TL_PARAM_REAL, .fallback = 0.2, .high = 1,
     .about = "half width of the noise that a start adds to the attacker's mean image"},
    {0}};

const tl_metric tl_inversion_metrics[] = {
    {.name = "leakage_ssim",
     .label = "inversion leakage (SSIM)",
     .better = TL_BETTER_LOWER,
     .low = -2,
     .high = 2,
     .can_be_missing = true,
     .is_success = true,
     .about = "similarity (SSIM) of made images to the nearest member of their class minus "
              "that to the nearest of as many non-members"},
    {.name = "leakage_feature",
     .label = "inversion leakage (features)",
     .better = TL_BETTER_LOWER,
     .low = -2,
     .high = 2,
     .can_be_missing = true,
     .is_success = true,
     .about = "the same in the cosine of an evaluator's features"},
    {.name = "baseline_mean_ssim",
     .label = "leakage of mean images (SSIM)",
     .low = -2,
     .high = 2,
     .can_be_missing = true,
     .about = "leakage_ssim of the mean image of each class of the attacker's rows"},
    {.name = "baseline_unseen_ssim",
     .label = "leakage of unseen images (SSIM)",
     .low = -2,
     .high = 2,
     .can_be_missing = true,
     .about =
         "leakage_ssim of real images of the attacker's, none nearly equal to a reference"},
    {.name = "baseline_mean_feature",
     .label = "leakage of mean images (features)",
     .low = -2,
     .high = 2,
     .can_be_missing = true,
     .about = "leakage_feature of those mean images"},
    {.name = "baseline_unseen_feature",
     .label = "leakage of unseen images (features)",
     .low = -2,
     .high = 2,
     .can_be_missing = true,
     .about = "leakage_feature of those real images"},
    {.name = "confidence",
     .label = "confidence in made images",
     .high = 1,
     .about = "mean probability of their class that the inverted model gives made images"},
    {.name = "evaluator_accuracy",
     .label = "made images recognised",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .about = "share of made images that the evaluator puts in their class"},
    {0}};
