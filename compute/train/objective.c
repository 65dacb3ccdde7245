#include "compute/train/objective.h"

#include "compute/nn/loss.h"

#include <math.h>
#include <stddef.h>

/* Target probabilities of a row. */
typedef struct wanted {
    const float *soft; /* [classes], or NULL: all on `hard` */
    int32_t hard;
    float kept, spread; /* smoothed: kept * q + spread */
} wanted;

static double entropy_of_row(const float *logit, int classes, const wanted *target_row,
                             float *d)
{
    double top = (double)logit[0], sum = 0.0, mean = 0.0;
    for (int c = 1; c < classes; c++) {
        top = (double)logit[c] > top ? (double)logit[c] : top;
    }
    for (int c = 0; c < classes; c++) sum += exp((double)logit[c] - top);
    for (int c = 0; c < classes; c++) {
        const float q =
            target_row->soft ? target_row->soft[c] : (float)(c == target_row->hard);
        const float aim = target_row->kept * q + target_row->spread;
        mean += (double)aim * ((double)logit[c] - top);
        d[c] = (float)(exp((double)logit[c] - top) / sum) - aim;
    }
    return log(sum) - mean;
}

/* The loss of all positions but the last; their labels are the row's own tokens. */
static double entropy_of_tokens(const tl_outputs *o, const float *token, size_t at,
                                const wanted *smoothed)
{
    double loss = 0.0;
    for (int p = 0; p + 1 < o->positions; p++, at += (size_t)o->classes) {
        wanted target_row = *smoothed;
        target_row.soft = NULL;
        target_row.hard = (int32_t)token[p + 1];
        loss += entropy_of_row(o->at + at, o->classes, &target_row, o->gradient + at);
    }
    return loss;
}

double tl_objective(const tl_train_rows *data, const int *row, int rows, double smoothing,
                    const tl_outputs *outputs)
{
    return tl_objective_each(data, row, rows, smoothing, outputs, NULL);
}

double tl_objective_each(const tl_train_rows *data, const int *row, int rows,
                         double smoothing, const tl_outputs *outputs, double *each)
{
    const size_t classes = (size_t)outputs->classes, positions = (size_t)outputs->positions;
    wanted target_row = {.kept = (float)(1.0 - smoothing),
                         .spread = (float)(smoothing / outputs->classes)};
    double loss = 0.0;
    for (int r = 0; r < rows; r++) {
        const size_t first = (size_t)r * positions * classes;
        const size_t last = first + (positions - 1) * classes;
        if (data->target) target_row.soft = data->target + (size_t)row[r] * classes;
        if (data->loss == TL_LOSS_SQUARED) {
            const double error =
                tl_squared_error(outputs->at + last, target_row.soft, outputs->classes,
                                 outputs->gradient + last);
            if (each) each[r] = error / (double)positions;
            loss += error;
            continue;
        }
        if (data->label) target_row.hard = data->label[row[r]];
        const double of_tokens = entropy_of_tokens(
            outputs, data->input + (size_t)row[r] * positions, first, &target_row);
        const double of_label = entropy_of_row(outputs->at + last, outputs->classes,
                                               &target_row, outputs->gradient + last);
        if (each) each[r] = (of_tokens + of_label) / (double)positions;
        loss += of_tokens;
        loss += of_label;
    }
    if (positions == 1) return loss;
    const float share = 1.0f / (float)positions;
    const size_t n = (size_t)rows * positions * classes;
    for (size_t i = 0; i < n; i++) outputs->gradient[i] *= share;
    return loss / (double)positions;
}
