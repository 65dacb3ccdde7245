#include "compute/nn/loss.h"

#include <math.h>
#include <stddef.h>

static float largest(const float *x, int n)
{
    float best = x[0];
    for (int i = 1; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
}

void tl_softmax(const float *logits, int rows, int classes, float *probability)
{
    for (int r = 0; r < rows; r++) {
        const float *in = logits + (size_t)r * (size_t)classes;
        float *out = probability + (size_t)r * (size_t)classes;
        const double top = (double)largest(in, classes);
        double sum = 0.0;
        for (int c = 0; c < classes; c++) sum += exp((double)in[c] - top);
        for (int c = 0; c < classes; c++) out[c] = (float)(exp((double)in[c] - top) / sum);
    }
}

void tl_softmax_double(const double *logits, int rows, int classes, double *probability)
{
    for (int r = 0; r < rows; r++) {
        const double *in = logits + (size_t)r * (size_t)classes;
        double *out = probability + (size_t)r * (size_t)classes, top = in[0], sum = 0.0;
        for (int c = 1; c < classes; c++) top = in[c] > top ? in[c] : top;
        for (int c = 0; c < classes; c++) {
            out[c] = exp(in[c] - top);
            sum += out[c];
        }
        for (int c = 0; c < classes; c++) out[c] /= sum;
    }
}

void tl_cross_entropy(const float *logits, const int32_t *label, int rows, int classes,
                      double *loss)
{
    for (int r = 0; r < rows; r++) {
        const float *in = logits + (size_t)r * (size_t)classes;
        const double top = (double)largest(in, classes);
        double sum = 0.0;
        for (int c = 0; c < classes; c++) sum += exp((double)in[c] - top);
        loss[r] = log(sum) + top - (double)in[label[r]];
    }
}

double tl_squared_error(const float *output, const float *wanted, int n, float *gradient)
{
    const float scale = 2.0f / (float)n;
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        const float step = output[i] - wanted[i];
        sum += (double)step * (double)step;
        if (gradient) gradient[i] = scale * step;
    }
    return sum / n;
}

/* Largest logit of the classes other than `label`, and the sum of their exponentials
 * relative to it. */
static double rest_of(const float *in, int label, int classes, double *sum)
{
    double top = (double)-INFINITY;
    for (int c = 0; c < classes; c++) {
        if (c != label && (double)in[c] > top) top = (double)in[c];
    }
    *sum = 0.0;
    for (int c = 0; c < classes; c++) {
        if (c != label) *sum += exp((double)in[c] - top);
    }
    return top;
}

void tl_confidence(const float *logits, const int32_t *label, int rows, int classes,
                   double *confidence)
{
    for (int r = 0; r < rows; r++) {
        const float *in = logits + (size_t)r * (size_t)classes;
        double sum;
        const double top = rest_of(in, label[r], classes, &sum);
        confidence[r] = (double)in[label[r]] - top - log(sum);
    }
}

void tl_confidence_gradient(const float *logits, int label, int classes, float *d)
{
    double sum;
    const double top = rest_of(logits, label, classes, &sum);
    for (int c = 0; c < classes; c++) {
        d[c] = c == label ? 1.0f : (float)(-exp((double)logits[c] - top) / sum);
    }
}

void tl_argmax(const float *logits, int rows, int classes, int32_t *best)
{
    for (int r = 0; r < rows; r++) {
        const float *in = logits + (size_t)r * (size_t)classes;
        best[r] = 0;
        for (int c = 1; c < classes; c++) {
            if (in[c] > in[best[r]]) best[r] = c;
        }
    }
}
