#include "analysis/effect/components.h"

#include <math.h>
#include <string.h>

/* Sets sums [draws] over the replicates of each draw, and how many it has. */
static void sum_by_draw(const tl_design *design, const double *x, double *sum, int *count)
{
    memset(sum, 0, (size_t)design->draws * sizeof *sum);
    memset(count, 0, (size_t)design->draws * sizeof *count);
    for (int r = 0; r < design->replicates; r++) {
        sum[design->draw[r]] += x[r]; /* NaN if one is */
        count[design->draw[r]]++;
    }
}

tl_status tl_components_of(const tl_design *design, const tl_differences *d,
                           tl_arena *scratch, tl_components *out, tl_err *err)
{
    double *sum, all = 0.0, within = 0.0, between = 0.0, squares = 0.0;
    int *count, draws = 0, n = 0;
    *out = (tl_components){(double)NAN, (double)NAN};
    const size_t mark = tl_arena_mark(scratch);
    TL_ALLOC(sum, scratch, design->draws, err);
    TL_ALLOC(count, scratch, design->draws, err);
    sum_by_draw(design, d->difference, sum, count);
    for (int g = 0; g < design->draws; g++) {
        if (isnan(sum[g])) continue;
        draws++;
        n += count[g];
        all += sum[g];
        squares += (double)count[g] * count[g];
    }
    for (int r = 0; r < design->replicates; r++) {
        const int g = design->draw[r];
        const double apart = d->difference[r] - sum[g] / count[g];
        if (!isnan(sum[g])) within += apart * apart;
    }
    for (int g = 0; g < design->draws; g++) {
        const double apart = sum[g] / count[g] - all / n;
        if (!isnan(sum[g])) between += count[g] * apart * apart;
    }
    tl_arena_rewind(scratch, mark);
    if (draws < 2 || n == draws) return TL_OK;
    const double n0 = (n - squares / n) / (draws - 1);
    out->training = within / (n - draws);
    out->data = fmax(0.0, (between / (draws - 1) - out->training) / n0);
    return TL_OK;
}

tl_status tl_differences_by_draw(const tl_design *design, tl_differences *d,
                                 tl_arena *scratch, tl_err *err)
{
    double *const array[] = {d->difference, d->reference, d->variance};
    double *sum;
    int *count;
    if (design->draws == design->replicates) return TL_OK;
    const size_t mark = tl_arena_mark(scratch);
    TL_ALLOC(sum, scratch, design->draws, err);
    TL_ALLOC(count, scratch, design->draws, err);
    for (int k = 0; k < 3; k++) {
        sum_by_draw(design, array[k], sum, count);
        for (int g = 0; g < design->draws; g++) array[k][g] = sum[g] / count[g];
    }
    /* The variance of a mean. */
    for (int g = 0; g < design->draws; g++) d->variance[g] /= count[g];
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}
