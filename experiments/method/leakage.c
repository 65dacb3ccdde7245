#include "experiments/method/leakage.h"

#include "compute/nn/probe.h"
#include "experiments/image/ssim.h"

#include <math.h>
#include <string.h>

/* --- the references ------------------------------------------------------------------- */

/* Rows of one class, members and others. */
typedef struct candidates {
    int row[2][TL_REFERENCES], count[2];
} candidates;

static void find(const tl_dataset *pool, int class, candidates *out)
{
    *out = (candidates){0};
    for (int i = 0; i < pool->rows; i++) {
        if (pool->label[i] != class || (pool->flags[i] & TL_ROW_UNJUDGED)) continue;
        const int side = pool->flags[i] & TL_ROW_MEMBER ? 0 : 1;
        if (out->count[side] == TL_REFERENCES) continue;
        out->row[side][out->count[side]++] = i;
    }
}

/* Removes near-duplicates across the sides, and the surplus of the larger side. */
static void thin(const tl_dataset *pool, const tl_mean_image *mean_image, candidates *c)
{
    const size_t size = mean_image->size;
    bool is_out[2][TL_REFERENCES] = {{false}};
    for (int i = 0; i < c->count[0]; i++) {
        const float *a = pool->input + (size_t)c->row[0][i] * size;
        for (int j = 0; j < c->count[1]; j++) {
            const float *b = pool->input + (size_t)c->row[1][j] * size;
            if (tl_images_are_near(mean_image, a, b)) is_out[0][i] = is_out[1][j] = true;
        }
    }
    for (int side = 0; side < 2; side++) {
        int kept = 0;
        for (int i = 0; i < c->count[side]; i++) {
            if (!is_out[side][i]) c->row[side][kept++] = c->row[side][i];
        }
        c->count[side] = kept;
    }
    const int both = c->count[0] < c->count[1] ? c->count[0] : c->count[1];
    c->count[0] = c->count[1] = both;
}

/* Most references there can be. */
static int references_of(const tl_dataset *pool)
{
    const double most = 2.0 * TL_REFERENCES * pool->classes;
    return most < pool->rows ? (int)most : pool->rows;
}

tl_status tl_references_gather(const tl_dataset *pool, tl_arena *scratch,
                               tl_references *out, tl_err *err)
{
    int *row, rows = 0;
    candidates *c;
    *out = (tl_references){0};
    TL_ALLOC(out->first, scratch, pool->classes, err);
    TL_ALLOC(out->count, scratch, pool->classes, err);
    TL_ALLOC(row, scratch, pool->rows, err);
    TL_ALLOC(c, scratch, 1, err);
    TL_TRY(tl_mean_image_new(pool->shape, scratch, &out->mean_image, err));
    const int most = references_of(pool);
    if (tl_arena_counts(scratch))
        return tl_dataset_pick(pool, row, most, scratch, &out->rows, err);
    for (int i = 0; i < pool->rows; i++) {
        tl_mean_image_add(&out->mean_image, pool->input + (size_t)i * out->mean_image.size);
    }
    for (int k = 0; k < pool->classes; k++) {
        find(pool, k, c);
        thin(pool, &out->mean_image, c);
        out->first[k] = rows;
        out->count[k] = c->count[0];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < c->count[side]; i++) row[rows++] = c->row[side][i];
        }
    }
    return tl_dataset_pick_some(pool, row, rows, most, scratch, &out->rows, err);
}

bool tl_references_have_near(const tl_references *references,
                             const tl_mean_image *mean_image, const float *pixel, int class)
{
    const int first = references->first[class];
    for (int i = first; i < first + 2 * references->count[class]; i++) {
        const float *reference = references->rows->input + (size_t)i * mean_image->size;
        if (tl_images_are_near(mean_image, reference, pixel)) return true;
    }
    return false;
}

/* Scales each row to length 1; a row of zeros stays, and is similar to nothing. */
static void normalise(float *feature, int rows, int width)
{
    for (int r = 0; r < rows; r++) {
        float *x = feature + (size_t)r * (size_t)width;
        double squares = 0.0;
        for (int i = 0; i < width; i++) squares += (double)x[i] * (double)x[i];
        if (!(squares > 0.0)) continue;
        for (int i = 0; i < width; i++) x[i] = (float)((double)x[i] / sqrt(squares));
    }
}

static tl_status look(const tl_model *evaluator, const tl_dataset *data,
                      const tl_team *team, tl_arena *scratch, float **feature, tl_err *err)
{
    const int width = tl_model_features_size(&evaluator->spec);
    *feature =
        tl_arena_take(scratch, (size_t)data->rows * (size_t)width, sizeof **feature, err);
    TL_TRY(tl_team_agree(team, *feature ? TL_OK : TL_E_NOMEM, err));
    TL_TRY(tl_model_features(evaluator, data->input, data->rows, team, scratch, *feature,
                             err));
    TL_INVARIANT(*feature != NULL);
    if (tl_arena_counts(scratch)) return TL_OK;
    normalise(*feature, data->rows, width);
    return TL_OK;
}

tl_status tl_references_look(tl_references *references, const tl_model *evaluator,
                             const tl_team *team, tl_arena *scratch, tl_err *err)
{
    references->width = tl_model_features_size(&evaluator->spec);
    return look(evaluator, references->rows, team, scratch, &references->feature, err);
}

/* --- comparing ------------------------------------------------------------------------ */

enum { SSIM, FEATURE, MEASURES };

static double dot(const float *a, const float *b, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The nearest member's similarity minus the nearest non-member's. */
static void compare(const tl_references *refs, const tl_dataset *images,
                    const float *feature, int image, double out[MEASURES])
{
    const size_t size = (size_t)tl_shape_size(images->shape);
    const int class = images->label[image], count = refs->count[class];
    double best[2][MEASURES] = {{-2.0, -2.0}, {-2.0, -2.0}};
    for (int i = 0; i < 2 * count; i++) {
        const int ref = refs->first[class] + i, side = i >= count;
        const double like = tl_ssim(images->input + (size_t)image * size,
                                    refs->rows->input + (size_t)ref * size, images->shape);
        const double cosine =
            dot(feature + (size_t)image * (size_t)refs->width,
                refs->feature + (size_t)ref * (size_t)refs->width, refs->width);
        if (like > best[side][SSIM]) best[side][SSIM] = like;
        if (cosine > best[side][FEATURE]) best[side][FEATURE] = cosine;
    }
    for (int m = 0; m < MEASURES; m++) out[m] = best[0][m] - best[1][m];
}

static void sum_up(const tl_references *refs, const tl_dataset *images,
                   const double *difference, tl_leakage *out)
{
    double sum[MEASURES] = {0};
    for (int i = 0; i < images->rows; i++) {
        if (refs->count[images->label[i]] == 0) continue;
        out->images++;
        for (int m = 0; m < MEASURES; m++) sum[m] += difference[i * MEASURES + m];
    }
    if (out->images == 0) return;
    out->ssim = sum[SSIM] / out->images;
    out->feature = sum[FEATURE] / out->images;
}

tl_status tl_leakage_of(const tl_references *references, const tl_dataset *images,
                        const tl_model *evaluator, const tl_team *team, tl_arena *scratch,
                        tl_leakage *out, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const int each = (images->rows + team->size - 1) / team->size;
    const size_t count = (size_t)each * (size_t)team->size * MEASURES;
    double *difference = tl_arena_take(scratch, count, sizeof *difference, err);
    float *feature = NULL;
    tl_status status = tl_team_agree(team, difference ? TL_OK : TL_E_NOMEM, err);
    if (status == TL_OK) status = look(evaluator, images, team, scratch, &feature, err);
    TL_INVARIANT(status != TL_OK || (difference && feature));
    *out = (tl_leakage){0};
    if (tl_arena_counted(scratch, mark)) return status;
    const int from = team->rank * each;
    for (int i = from; status == TL_OK && i < from + each && i < images->rows; i++) {
        if (references->count[images->label[i]] == 0) continue;
        compare(references, images, feature, i, difference + (size_t)i * MEASURES);
        (void)tl_team_tick(team);
    }
    if (status == TL_OK) {
        status = tl_team_gather(team, difference,
                                (size_t)each * MEASURES * sizeof *difference, err);
    }
    if (status == TL_OK) sum_up(references, images, difference, out);
    tl_arena_rewind(scratch, mark);
    return status;
}

double tl_leakage_flop(const tl_size *size, const tl_model_spec *evaluator, int images)
{
    /* A window's five moments, 11 down and 11 across, and the cosine. */
    const double pair =
        220.0 * tl_shape_size(size->shape) + 2.0 * tl_model_features_size(evaluator);
    const tl_dataset pool = {.rows = size->pool, .classes = size->classes};
    const double references = references_of(&pool);
    return pair * images * references / size->classes +
           tl_model_flop(evaluator) * (images + references);
}
