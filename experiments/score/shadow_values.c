#include "experiments/score/shadow_values.h"

#include <math.h>

bool tl_shadow_is_in(const tl_shadow_values *shadows, size_t at)
{
    return shadows->in && shadows->in[at];
}

int tl_shadow_gather(const tl_shadow_values *shadows, int row, bool in, double *value)
{
    int n = 0;
    for (int m = 0; m < shadows->models; m++) {
        const size_t at = (size_t)m * (size_t)shadows->rows + (size_t)row;
        if (tl_shadow_is_in(shadows, at) == in) value[n++] = shadows->value[at];
    }
    return n;
}

double tl_shadow_mean(const double *x, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += x[i];
    return sum / n;
}

double tl_shadow_deviation(const double *x, int n)
{
    const double mean = tl_shadow_mean(x, n);
    double squares = 0.0;
    for (int i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / n);
}

static const char *side_of(bool in)
{
    return in ? "trained on" : "trained without";
}

tl_status tl_shadow_means(const tl_shadow_values *shadows, bool in, tl_arena *scratch,
                          double *mean, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    double *value, sum = 0.0;
    TL_ALLOC(value, scratch, shadows->models, err);
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    int seen = 0;
    for (int r = 0; r < shadows->rows; r++) {
        const int n = tl_shadow_gather(shadows, r, in, value);
        mean[r] = n ? tl_shadow_mean(value, n) : (double)NAN;
        if (n) sum += mean[r];
        seen += n > 0;
    }
    for (int r = 0; r < shadows->rows; r++) {
        if (isnan(mean[r])) mean[r] = sum / seen;
    }
    tl_arena_rewind(scratch, mark);
    TL_CHECK(seen > 0, err, TL_E_ARG,
             "none of the %d rows has a shadow model that %s it: use more shadow models",
             shadows->rows, side_of(in));
    return TL_OK;
}

tl_status tl_shadow_check(const tl_shadow_values *shadows, bool in, tl_err *err)
{
    for (int r = 0; r < shadows->rows; r++) {
        int n = 0;
        for (int m = 0; m < shadows->models; m++) {
            const size_t at = (size_t)m * (size_t)shadows->rows + (size_t)r;
            n += tl_shadow_is_in(shadows, at) == in;
        }
        TL_CHECK(n > 0, err, TL_E_ARG,
                 "none of the %d shadow models %s row %d, and this scoring has no rule for "
                 "such a row: use more shadow models, or another scoring",
                 shadows->models, side_of(in), r);
    }
    return TL_OK;
}
