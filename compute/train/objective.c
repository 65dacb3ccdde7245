#include "compute/train/objective.h"

#include "compute/nn/loss.h"

#include <math.h>
#include <stddef.h>

/* What one row's probabilities ought to be. */
typedef struct wanted {
    const float *soft; /* [classes], or NULL: all on `hard` */
    int32_t hard;
    float kept, spread; /* smoothed: kept * q + spread */
} wanted;

static double entropy_of_row(const float *logit, int classes, const wanted *wish, float *d)
{
    double top = (double)logit[0], sum = 0.0, mean = 0.0;
    for (int c = 1; c < classes; c++) {
        top = (double)logit[c] > top ? (double)logit[c] : top;
    }
    for (int c = 0; c < classes; c++) sum += exp((double)logit[c] - top);
    for (int c = 0; c < classes; c++) {
        const float q = wish->soft ? wish->soft[c] : (float)(c == wish->hard);
        const float aim = wish->kept * q + wish->spread;
        mean += (double)aim * ((double)logit[c] - top);
        d[c] = (float)(exp((double)logit[c] - top) / sum) - aim;
    }
    return log(sum) - mean;
}

double tl_objective(const tl_train_rows *data, const int *row, int rows, double smoothing,
                    int outputs, const float *output, float *d_output)
{
    wanted wish = {.kept = (float)(1.0 - smoothing),
                   .spread = (float)(smoothing / outputs)};
    double loss = 0.0;
    for (int r = 0; r < rows; r++) {
        const size_t at = (size_t)r * (size_t)outputs;
        if (data->target) wish.soft = data->target + (size_t)row[r] * (size_t)outputs;
        if (data->loss == TL_LOSS_SQUARED) {
            loss += tl_squared_error(output + at, wish.soft, outputs, d_output + at);
        } else {
            if (data->label) wish.hard = data->label[row[r]];
            loss += entropy_of_row(output + at, outputs, &wish, d_output + at);
        }
    }
    return loss;
}
