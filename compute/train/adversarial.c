#include "compute/train/adversarial.h"

#include <math.h>
#include <string.h>

enum { RADIUS, STEPS, STEP, IS_RANDOM, LOW, HIGH };

static float clamp(double x, double low, double high)
{
    return (float)(x < low ? low : x > high ? high : x);
}

/* The nearest allowed number to `x`. An original outside of low .. high stays allowed. */
static float project(const double *number, float original, double x)
{
    const double at = (double)original, radius = number[RADIUS];
    const double low = fmin(at, fmax(number[LOW], at - radius));
    const double high = fmax(at, fmin(number[HIGH], at + radius));
    return clamp(x, low, high);
}

static void start_randomly(const double *number, const tl_hook_shard *shard, size_t size)
{
    for (int r = 0; r < shard->rows; r++) {
        tl_rng rng = tl_rng_sub(&shard->rng, (uint64_t)shard->row[r]);
        float *x = shard->input + (size_t)r * size;
        const float *original = shard->original + (size_t)r * size;
        for (size_t i = 0; i < size; i++) {
            const double hop = number[RADIUS] * (2.0 * tl_rng_uniform(&rng) - 1.0);
            x[i] = project(number, original[i], (double)original[i] + hop);
        }
    }
}

static void search(const double *number, const tl_hook_shard *shard)
{
    const size_t size = (size_t)tl_shape_size(shard->model->spec.in);
    const size_t n = (size_t)shard->rows * size;
    memcpy(shard->original, shard->input, n * sizeof *shard->input);
    if (number[IS_RANDOM] != 0.0) start_randomly(number, shard, size);
    for (int k = 0; k < (int)number[STEPS]; k++) {
        tl_hook_gradient(shard, shard->input, shard->gradient);
        for (size_t i = 0; i < n; i++) {
            const double d = (double)shard->gradient[i];
            const double hop = d > 0.0 ? number[STEP] : d < 0.0 ? -number[STEP] : 0.0;
            shard->input[i] =
                project(number, shard->original[i], (double)shard->input[i] + hop);
        }
    }
}

tl_status tl_adversarial_set(const tl_adversarial *adversarial, tl_hooks *hooks,
                             tl_err *err)
{
    TL_CHECK(isfinite(adversarial->radius) && adversarial->radius > 0.0 &&
                 isfinite(adversarial->step) && adversarial->step > 0.0 &&
                 adversarial->steps >= 1,
             err, TL_E_ARG,
             "adversarial training needs a radius and a step above 0 and 1 step or more, "
             "not %g, %g and %d",
             adversarial->radius, adversarial->step, adversarial->steps);
    TL_CHECK(adversarial->low < adversarial->high, err, TL_E_ARG,
             "inputs lie between two numbers, low and high, not %g and %g",
             adversarial->low, adversarial->high);
    TL_CHECK(!hooks->name, err, TL_E_ARG,
             "adversarial training cannot be combined with '%s': the hooks of a training "
             "have one name and one set of numbers",
             hooks->name);
    hooks->name = "adversarial";
    hooks->number[RADIUS] = adversarial->radius;
    hooks->number[STEPS] = adversarial->steps;
    hooks->number[STEP] = adversarial->step;
    hooks->number[IS_RANDOM] = adversarial->is_random ? 1.0 : 0.0;
    hooks->number[LOW] = adversarial->low;
    hooks->number[HIGH] = adversarial->high;
    hooks->inputs = search;
    hooks->gradients = adversarial->steps;
    return TL_OK;
}
