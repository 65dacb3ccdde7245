#include "compute/train/optimizer.h"

#include "compute/nn/kernels/kernels.h"

#include <math.h>
#include <string.h>

tl_status tl_optimizing_new(const tl_model *model, const tl_recipe *recipe, tl_arena *arena,
                            tl_optimizing *out, tl_err *err)
{
    *out = (tl_optimizing){.recipe = recipe, .params = model->params};
    if (recipe->decay == TL_DECAY_ALL) return TL_OK;
    tl_tensor *tensor;
    TL_TRY(tl_model_tensors(model, arena, &tensor, &out->tensors, err));
    out->tensor = tensor;
    return TL_OK;
}

/* A run of parameters that are all treated alike. */
typedef struct range {
    size_t at, end;
    const tl_step_terms *terms;
    const unsigned char *mask; /* of all parameters, or NULL */
} range;

/* Undoes the update of `n` parameters, `old` before, where they are not trained. */
static void undo_masked(const unsigned char *mask, size_t n, const float *old, float *param,
                        float *first, float *second)
{
    for (size_t i = 0; i < n; i++) {
        if (mask[i]) continue;
        param[i] = old[i];
        first[i] = 0.0f;
        if (second) second[i] = 0.0f;
    }
}

static bool step_range(range r, const tl_gradient *gradient, tl_slice slice,
                       const tl_moments *moments, float *param)
{
    const tl_array_kernels *kernels = tl_kernels_get()->array;
    float sum[TL_GRADIENT_PIECE], old[TL_GRADIENT_PIECE];
    size_t at = r.at > slice.at ? r.at : slice.at;
    const size_t end = r.end < slice.at + slice.n ? r.end : slice.at + slice.n;
    for (size_t n; at < end; at += n) {
        n = end - at < TL_GRADIENT_PIECE ? end - at : TL_GRADIENT_PIECE;
        float *first = moments->first + (at - slice.at);
        float *second = moments->second ? moments->second + (at - slice.at) : NULL;
        tl_gradient_read(gradient, at, n, sum);
        if (!tl_gradient_is_finite(sum, n)) return false;
        if (r.mask) memcpy(old, param + at, n * sizeof *old);
        if (second) {
            kernels->adamw(r.terms, n, sum, first, second, param + at);
        } else {
            kernels->sgd(r.terms, n, sum, first, param + at);
        }
        if (r.mask) undo_masked(r.mask + at, n, old, param + at, first, second);
    }
    return true;
}

bool tl_optimizer_step(const tl_optimizing *optimizing, long update, double rate,
                       const tl_gradient *gradient, tl_slice slice,
                       const tl_moments *moments, float *param)
{
    const tl_recipe *recipe = optimizing->recipe;
    const tl_step_terms decayed = {
        .rate = (float)rate,
        .momentum = (float)recipe->momentum,
        .scale = gradient->scale,
        .decay = (float)recipe->weight_decay,
        .shrink = (float)(1.0 - rate * recipe->weight_decay),
        .unbias1 = (float)(1.0 / (1.0 - pow(0.9, (double)update))),
        .unbias2 = (float)(1.0 / (1.0 - pow(0.999, (double)update))),
    };
    tl_step_terms plain = decayed;
    plain.decay = 0.0f;
    plain.shrink = 1.0f;
    if (!optimizing->tensor) {
        return step_range((range){0, optimizing->params, &decayed, optimizing->mask},
                          gradient, slice, moments, param);
    }
    for (int i = 0; i < optimizing->tensors; i++) {
        const tl_tensor *tensor = &optimizing->tensor[i];
        const range r = {tensor->at, tensor->at + tensor->count,
                         tensor->rank > 1 ? &decayed : &plain, optimizing->mask};
        if (!step_range(r, gradient, slice, moments, param)) return false;
    }
    return true;
}

void tl_average_add(double decay, long update, const float *restrict param, size_t n,
                    float *restrict average)
{
    const double least = 1.0 - decay, even = 1.0 / (double)update;
    const float share = (float)(least > even ? least : even);
    for (size_t i = 0; i < n; i++) average[i] += share * (param[i] - average[i]);
}
