#include "experiments/score/roc.h"

#include "compute/core/sort.h"

#include <math.h>

/* Walks the thresholds from the highest score down. \param all  negatives, positives */
static void trace(const tl_ranked *row, const bool *positive, int n, const double all[2],
                  tl_roc *out)
{
    double above[2] = {0.0, 0.0};
    out->points = 1; /* the first is (0, 0) */
    for (int i = 0; i < n; i++) {
        above[positive[row[i].number]] += 1.0;
        if (i + 1 < n && row[i + 1].value == row[i].value) continue;
        out->x[out->points] = above[0] / all[0];
        out->y[out->points] = above[1] / all[1];
        out->points++;
    }
}

tl_status tl_score_roc(const double *score, const bool *positive, int n, tl_arena *arena,
                       tl_roc *out, tl_err *err)
{
    tl_ranked *row;
    double all[2] = {0.0, 0.0};
    *out = (tl_roc){0};
    TL_ALLOC(out->x, arena, (size_t)n + 1, err);
    TL_ALLOC(out->y, arena, (size_t)n + 1, err);
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(row, arena, n, err);
    if (tl_arena_counted(arena, mark)) return TL_OK;
    for (int i = 0; i < n; i++) {
        TL_CHECK(!isnan(score[i]), err, TL_E_NUMERIC, "a score is not a number");
        row[i] = (tl_ranked){score[i], (uint32_t)i};
        all[positive[i]] += 1.0;
    }
    tl_sort_descending(row, (size_t)n);
    if (all[0] > 0.0 && all[1] > 0.0) trace(row, positive, n, all, out);
    tl_arena_rewind(arena, mark);
    return TL_OK;
}
