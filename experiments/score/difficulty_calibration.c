#include "experiments/score/difficulty_calibration.h"

tl_status tl_calibrated_score(const tl_shadow_values *shadows, const double *target,
                              tl_arena *scratch, double *score, tl_err *err)
{
    TL_TRY(tl_shadow_means(shadows, false, scratch, score, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    for (int r = 0; r < shadows->rows; r++) score[r] = target[r] - score[r];
    return TL_OK;
}
