#include "compute/train/optimizer.h"

#include <math.h>

static void step_sgd(const tl_recipe *recipe, const float *restrict grad, size_t params,
                     float *restrict velocity, float *restrict param)
{
    const float lr = (float)recipe->lr, momentum = (float)recipe->momentum;
    const float decay = (float)recipe->weight_decay;
    for (size_t i = 0; i < params; i++) {
        velocity[i] = momentum * velocity[i] + (grad[i] + decay * param[i]);
        param[i] -= lr * velocity[i];
    }
}

static void step_adamw(const tl_recipe *recipe, long update, const float *restrict grad,
                       size_t params, float *restrict first, float *restrict second,
                       float *restrict param)
{
    const float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
    const float unbias1 = (float)(1.0 / (1.0 - pow(0.9, (double)update)));
    const float unbias2 = (float)(1.0 / (1.0 - pow(0.999, (double)update)));
    const float lr = (float)recipe->lr,
                shrink = (float)(1.0 - recipe->lr * recipe->weight_decay);
    for (size_t i = 0; i < params; i++) {
        first[i] = beta1 * first[i] + (1.0f - beta1) * grad[i];
        second[i] = beta2 * second[i] + (1.0f - beta2) * (grad[i] * grad[i]);
        const float slope = first[i] * unbias1, size = sqrtf(second[i] * unbias2) + epsilon;
        param[i] = shrink * param[i] - lr * (slope / size);
    }
}

void tl_optimizer_step(const tl_recipe *recipe, long update, const float *grad,
                       size_t params, tl_moments *moments, float *param)
{
    if (recipe->optimizer == TL_SGD) {
        step_sgd(recipe, grad, params, moments->first, param);
    } else {
        step_adamw(recipe, update, grad, params, moments->first, moments->second, param);
    }
}
