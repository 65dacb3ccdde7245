#include "compute/train/share_norm.h"

#include "compute/train/gradient.h"

#include <math.h>

tl_status tl_share_norm(const tl_share *share, const float *gradient, double *norm,
                        tl_err *err)
{
    const size_t splits = (size_t)share->model.spec.splits;
    double square[TL_MODEL_SPLITS_MOST] = {0};
    for (int p = 0; p < share->parts; p++) {
        const float *part = gradient + share->shared + (size_t)p * share->each;
        square[share->first + p] = tl_gradient_square(part, share->each);
    }
    /* A member's squares and the others' zeros add up without rounding. */
    TL_TRY(tl_team_sum_double(share->team, square, splits, err));
    *norm = sqrt(tl_gradient_square(gradient, share->shared) +
                 tl_gradient_join(square, splits));
    return TL_OK;
}
