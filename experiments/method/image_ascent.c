#include "experiments/method/image_ascent.h"

#include "compute/nn/loss.h"
#include "compute/nn/probe.h"

#include <math.h>

/* Smooths the corner of the norm: differences far below a hundredth count quadratically. */
static const double CORNER = 1e-4;

void tl_variation_gradient(const float *pixel, tl_shape shape, double weight,
                           float *gradient)
{
    const int height = shape.height, width = shape.width;
    const size_t area = (size_t)height * (size_t)width;
    for (int c = 0; c < shape.channels; c++) {
        const float *x = pixel + (size_t)c * area;
        float *g = gradient + (size_t)c * area;
        for (int i = 0; i < height * width; i++) {
            const bool has_right = i % width + 1 < width,
                       has_below = i / width + 1 < height;
            const double dx = has_right ? (double)x[i + 1] - (double)x[i] : 0.0;
            const double dy = has_below ? (double)x[i + width] - (double)x[i] : 0.0;
            const double scale = weight / sqrt(dx * dx + dy * dy + CORNER);
            g[i] -= (float)(scale * (dx + dy));
            if (has_right) g[i + 1] += (float)(scale * dx);
            if (has_below) g[i + width] += (float)(scale * dy);
        }
    }
}

/* Of log p of the row's class: its one-hot label minus the probabilities. */
static void objective_gradient(const void *self, int row, const float *logits, int classes,
                               float *d)
{
    const tl_dataset *images = self;
    tl_softmax(logits, 1, classes, d);
    for (int c = 0; c < classes; c++) d[c] = (float)(c == images->label[row]) - d[c];
}

static float within_range(float x)
{
    x = x > 0.0f ? x : 0.0f;
    return x < 1.0f ? x : 1.0f;
}

static tl_status take_images(const tl_ascent *ascent, const tl_model *model, tl_arena *keep,
                             tl_dataset **out, tl_err *err)
{
    const int classes = model->spec.classes, rows = classes * ascent->images;
    const size_t size = (size_t)tl_shape_size(model->spec.in);
    tl_dataset *images;
    TL_ALLOC(images, keep, 1, err);
    *images = (tl_dataset){.shape = model->spec.in, .classes = classes, .rows = rows};
    TL_ALLOC(images->input, keep, (size_t)rows * size, err);
    TL_ALLOC(images->label, keep, rows, err);
    TL_ALLOC(images->flags, keep, rows, err);
    TL_ALLOC(images->origin, keep, rows, err);
    *out = images;
    if (tl_arena_counts(keep)) return TL_OK;
    for (int r = 0; r < rows; r++) {
        tl_rng rng = tl_rng_sub(&ascent->start, (uint64_t)r);
        float *pixel = images->input + (size_t)r * size;
        for (size_t i = 0; i < size; i++) {
            const double off = ascent->noise * (2.0 * tl_rng_uniform(&rng) - 1.0);
            pixel[i] = within_range(ascent->centre[i] + (float)off);
        }
        images->label[r] = r % classes;
        images->flags[r] = TL_ROW_RECOVERED;
        images->origin[r] = UINT32_MAX - (uint32_t)r;
    }
    return TL_OK;
}

/* Moves an image up its gradient, by `step` in root mean square. */
static void climb(const float *gradient, size_t size, double step, float *pixel)
{
    double squares = 0.0;
    for (size_t i = 0; i < size; i++) {
        squares += (double)gradient[i] * (double)gradient[i];
    }
    if (!(squares > 0.0)) return;
    const float scale = (float)(step / sqrt(squares / (double)size));
    for (size_t i = 0; i < size; i++) {
        pixel[i] = within_range(pixel[i] + scale * gradient[i]);
    }
}

tl_status tl_ascent_run(const tl_ascent *ascent, const tl_model *model, const tl_team *team,
                        tl_arena *keep, tl_arena *scratch, tl_dataset **out, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t size = (size_t)tl_shape_size(model->spec.in);
    tl_dataset *images = NULL;
    float *gradient = NULL;
    tl_status mine = take_images(ascent, model, keep, &images, err);
    if (mine == TL_OK) {
        gradient =
            tl_arena_take(scratch, (size_t)images->rows * size, sizeof *gradient, err);
        if (!gradient) mine = TL_E_NOMEM;
    }
    tl_status status = tl_team_agree(team, mine, err);
    TL_INVARIANT(status != TL_OK || (images && gradient));
    const tl_objective_gradient objective = {objective_gradient, images};
    for (int s = 0; status == TL_OK && s < ascent->steps; s++) {
        const double step = ascent->step * (1.0 - (double)s / ascent->steps);
        status = tl_model_input_gradient(model, &objective, images, team, scratch, gradient,
                                         err);
        if (tl_arena_counts(scratch)) break; /* every step takes the same */
        for (int r = 0; status == TL_OK && r < images->rows; r++) {
            float *pixel = images->input + (size_t)r * size;
            float *own = gradient + (size_t)r * size;
            tl_variation_gradient(pixel, images->shape, -ascent->tv, own);
            climb(own, size, step, pixel);
        }
    }
    tl_arena_rewind(scratch, mark);
    *out = images;
    return status;
}
