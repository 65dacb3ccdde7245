#include "experiments/method/pgd_attack.h"

#include "compute/nn/loss.h"
#include "compute/nn/probe.h"

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

typedef struct answers {
    float *logits;  /* [rows x classes] */
    int32_t *plain; /* [rows] class of the image as it is */
    int32_t *moved; /* [rows] class of the moved one */
    double *loss;   /* [rows] of the moved one */
} answers;

static tl_status take_answers(const tl_dataset *data, tl_arena *scratch, answers *out,
                              tl_err *err)
{
    TL_ALLOC(out->logits, scratch, (size_t)data->rows * (size_t)data->classes, err);
    TL_ALLOC(out->plain, scratch, data->rows, err);
    TL_ALLOC(out->moved, scratch, data->rows, err);
    TL_ALLOC(out->loss, scratch, data->rows, err);
    return TL_OK;
}

static tl_status ask(const tl_model *model, const tl_dataset *data, const float *pixel,
                     const tl_team *team, tl_arena *scratch, const answers *a, tl_err *err)
{
    TL_TRY(tl_model_logits(model, pixel, data->rows, team, scratch, a->logits, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    tl_argmax(a->logits, data->rows, data->classes,
              pixel == data->input ? a->plain : a->moved);
    tl_cross_entropy(a->logits, data->label, data->rows, data->classes, a->loss);
    return TL_OK;
}

tl_status tl_robustness_count(const tl_model *model, const tl_dataset *data,
                              const float *moved, const tl_team *team, tl_arena *scratch,
                              tl_robustness *out, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    answers a = {0};
    tl_status status = tl_team_agree(team, take_answers(data, scratch, &a, err), err);
    TL_INVARIANT(status != TL_OK || a.loss);
    if (status == TL_OK) status = ask(model, data, data->input, team, scratch, &a, err);
    if (status == TL_OK) status = ask(model, data, moved, team, scratch, &a, err);
    *out = (tl_robustness){0};
    const int rows = tl_arena_counts(scratch) ? 0 : data->rows;
    for (int i = 0; status == TL_OK && i < rows; i++) {
        const bool was_right = a.plain[i] == data->label[i];
        out->right += was_right;
        out->robustness += was_right && a.moved[i] != data->label[i];
        out->loss += a.loss[i] / data->rows;
    }
    tl_arena_rewind(scratch, mark);
    return status;
}

tl_pgd tl_pgd_of(const tl_scene *scene)
{
    return (tl_pgd){.eps = scene->arg[TL_PGD_EPS].number,
                    .steps = (int)scene->arg[TL_PGD_STEPS].number,
                    .step = scene->arg[TL_PGD_STEP].number,
                    .start = tl_scene_rng(scene, "start")};
}

tl_status tl_pgd_check(const tl_size *size, tl_err *err)
{
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "adversarial examples are made from the test rows, but data.split.test is 0");
    return TL_OK;
}
