#include "compute/train/holdout.h"

#include "compute/nn/loss.h"

#include <math.h>

tl_status tl_holdout_loss(const tl_model *model, const tl_dataset *rows,
                          const tl_team *team, tl_arena *scratch, float *logits,
                          double *loss, tl_err *err)
{
    const int classes = model->spec.classes;
    double sum = 0.0;
    TL_TRY(tl_model_logits(model, rows->input, rows->rows, team, scratch, logits, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    for (int r = 0; r < rows->rows; r++) { /* every member: the order is part of the bits */
        double own;
        tl_cross_entropy(logits + (size_t)r * (size_t)classes, rows->label + r, 1, classes,
                         &own);
        sum += own;
    }
    *loss = sum / rows->rows;
    TL_CHECK(isfinite(*loss), err, TL_E_NUMERIC, "validation loss is not finite");
    return TL_OK;
}
