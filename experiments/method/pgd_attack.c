#include "experiments/method/pgd_attack.h"

#include "compute/nn/loss.h"
#include "compute/nn/probe.h"
#include "experiments/score/reading.h"

static void objective_gradient(const void *self, int row, const float *logits, int classes,
                               float *d)
{
    const tl_dataset *data = self;
    tl_confidence_gradient(logits, data->label[row], classes, d);
}

static float clamp(float x, float low, float high)
{
    x = x > low ? x : low;
    return x < high ? x : high;
}

static void start(const tl_pgd *pgd, const tl_dataset *data, float *pixel)
{
    const size_t size = (size_t)tl_shape_size(data->shape);
    for (int r = 0; r < data->rows; r++) {
        tl_rng rng = tl_rng_sub(&pgd->start, (uint64_t)r);
        for (size_t i = (size_t)r * size; i < (size_t)(r + 1) * size; i++) {
            const double move = pgd->eps * (2.0 * tl_rng_uniform(&rng) - 1.0);
            pixel[i] = clamp(data->input[i] + (float)move, 0.0f, 1.0f);
        }
    }
}

/* One step down the gradient's sign, back into the box and the range of pixels. */
static void descend(const tl_pgd *pgd, const tl_dataset *data, const float *gradient,
                    float *pixel)
{
    const size_t count = (size_t)data->rows * (size_t)tl_shape_size(data->shape);
    const float eps = (float)pgd->eps;
    const float step =
        pgd->step > 0.0 ? (float)pgd->step : (float)(2.5 * pgd->eps / pgd->steps);
    for (size_t i = 0; i < count; i++) {
        const float sign = (float)(gradient[i] > 0.0f) - (float)(gradient[i] < 0.0f);
        const float x = data->input[i];
        pixel[i] = clamp(clamp(pixel[i] - step * sign, x - eps, x + eps), 0.0f, 1.0f);
    }
}

tl_status tl_pgd_attack(const tl_pgd *pgd, const tl_model *model, const tl_dataset *data,
                        const tl_team *team, tl_arena *scratch, float *pixel, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t count = (size_t)data->rows * (size_t)tl_shape_size(data->shape);
    float *gradient = tl_arena_take(scratch, count, sizeof *gradient, err);
    tl_status status = tl_team_agree(team, gradient ? TL_OK : TL_E_NOMEM, err);
    TL_INVARIANT(status != TL_OK || gradient);
    const tl_objective_gradient objective = {objective_gradient, data};
    tl_dataset moved = *data;
    moved.input = pixel;
    if (status == TL_OK && !tl_arena_counts(scratch)) start(pgd, data, pixel);
    for (int s = 0; status == TL_OK && s < pgd->steps; s++) {
        status = tl_model_input_gradient(model, &objective, &moved, team, scratch, gradient,
                                         err);
        if (tl_arena_counts(scratch)) break; /* every step takes the same */
        if (status == TL_OK) descend(pgd, data, gradient, pixel);
    }
    tl_arena_rewind(scratch, mark);
    return status;
}

tl_status tl_robustness_count(const tl_model *model, const tl_dataset *data,
                              const tl_dataset *moved, const tl_team *team,
                              tl_arena *scratch, tl_robustness *out, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    tl_reading before, after;
    *out = (tl_robustness){0};
    TL_TRY(tl_reading_make(model, data, team, scratch, &before, err));
    TL_TRY(tl_reading_make(model, moved, team, scratch, &after, err));
    for (int i = 0; i < data->rows && !tl_arena_counts(scratch); i++) {
        const bool was_right = before.guess[i] == data->label[i];
        out->correct += was_right;
        out->flipped += was_right && after.guess[i] != data->label[i];
        out->loss += after.loss[i] / data->rows;
    }
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

tl_pgd tl_pgd_of(const tl_scene *scene, const tl_pgd_args *args)
{
    return (tl_pgd){.eps = args->eps,
                    .steps = args->steps,
                    .step = args->step,
                    .start = tl_scene_rng(scene, "start")};
}

tl_status tl_pgd_check(const tl_size *size, tl_err *err)
{
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "adversarial examples are made from the test rows, but data.split.test is 0");
    return TL_OK;
}
