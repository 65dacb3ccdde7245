#include "compute/nn/head.h"

#include "compute/nn/probe.h"

tl_status tl_head_of(const tl_model *model, tl_arena *arena, tl_head *out, tl_err *err)
{
    const tl_layer *last = &model->layer[model->layers - 1];
    TL_INVARIANT(last->kind == TL_LAYER_DENSE);
    const int classes = last->out.channels, width = last->in.channels;
    const size_t count = (size_t)classes * (size_t)width;
    *out = (tl_head){.classes = classes, .width = width, .has_bias = last->has_bias};
    TL_ALLOC(out->weight, arena, count, err);
    TL_ALLOC(out->bias, arena, classes, err);
    if (tl_arena_counts(arena)) return TL_OK;
    const float *weight = model->param + last->weight, *bias = model->param + last->bias;
    for (size_t i = 0; i < count; i++) out->weight[i] = (double)weight[i];
    for (int c = 0; c < classes && last->has_bias; c++) out->bias[c] = (double)bias[c];
    return TL_OK;
}

void tl_head_logits(const tl_head *head, const float *feature, int rows, double *logits)
{
    const size_t classes = (size_t)head->classes, width = (size_t)head->width;
    for (size_t r = 0; r < (size_t)rows; r++) {
        const float *x = feature + r * width;
        for (size_t c = 0; c < classes; c++) {
            const double *w = head->weight + c * width;
            double sum = 0.0;
            for (size_t i = 0; i < width; i++) sum += w[i] * (double)x[i];
            logits[r * classes + c] = sum + head->bias[c];
        }
    }
}
