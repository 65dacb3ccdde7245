#include "experiments/score/answers.h"

#include <float.h>
#include <math.h>

double tl_answers_least(void)
{
    return (double)FLT_MIN;
}

void tl_answers_log(double *answer, size_t count)
{
    const double least = tl_answers_least();
    for (size_t i = 0; i < count; i++) {
        answer[i] = log(answer[i] > least ? answer[i] : least);
    }
}

void tl_answers_normalise(float *score, int rows, int classes)
{
    for (int r = 0; r < rows; r++) {
        float *row = score + (size_t)r * (size_t)classes;
        double sum = 0.0;
        for (int c = 0; c < classes; c++) sum += (double)row[c];
        if (fabs(sum - 1.0) <= 1e-3) continue;
        for (int c = 0; c < classes; c++) {
            row[c] = (float)(sum > 0.0 ? (double)row[c] / sum : 1.0 / classes);
        }
    }
}

void tl_centre_rows(double *x, int rows, int columns)
{
    for (int r = 0; r < rows; r++) {
        double *line = x + (size_t)r * (size_t)columns, sum = 0.0;
        for (int c = 0; c < columns; c++) sum += line[c];
        for (int c = 0; c < columns; c++) line[c] -= sum / columns;
    }
}

void tl_centre_columns(double *x, int rows, int columns)
{
    const size_t width = (size_t)columns;
    for (size_t c = 0; c < width; c++) {
        double sum = 0.0;
        for (size_t r = 0; r < (size_t)rows; r++) sum += x[r * width + c];
        for (size_t r = 0; r < (size_t)rows; r++) x[r * width + c] -= sum / rows;
    }
}

/* --- statistics of the label ---------------------------------------------------------- */

/* A row's score of its label, and the sum of the others, each plus what the authors of the
 * likelihood-ratio test add. */
typedef struct split {
    double label, others;
} split;

static split split_row(const float *score, int32_t label, int classes)
{
    split s = {1e-45, 0.0};
    for (int c = 0; c < classes; c++) {
        const double p = score[c] > 0.0f ? (double)score[c] : 0.0;
        if (c == label)
            s.label += p;
        else
            s.others += p;
    }
    s.others += 1e-45;
    return s;
}

void tl_answers_confidence(const float *score, const int32_t *label, int rows, int classes,
                           double *out)
{
    for (int r = 0; r < rows; r++) {
        const split s = split_row(score + (size_t)r * (size_t)classes, label[r], classes);
        out[r] = log(s.label) - log(s.others);
    }
}

void tl_answers_loss(const float *score, const int32_t *label, int rows, int classes,
                     double *out)
{
    for (int r = 0; r < rows; r++) {
        const split s = split_row(score + (size_t)r * (size_t)classes, label[r], classes);
        out[r] = log1p(s.others / s.label);
    }
}

void tl_answers_probability(const float *score, const int32_t *label, int rows, int classes,
                            double *out)
{
    for (int r = 0; r < rows; r++) {
        const split s = split_row(score + (size_t)r * (size_t)classes, label[r], classes);
        out[r] = s.label / (s.label + s.others);
    }
}
