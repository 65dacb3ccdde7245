#include "experiments/stage/metric.h"

const char *tl_why_name(tl_why why)
{
    static const char *const name[] = {"value",  "unresolvable", "not_applicable",
                                       "failed", "skipped",      "not_run"};
    return name[why];
}

int tl_metrics_count(const tl_metric *metrics)
{
    int count = 0;
    while (metrics && metrics[count].name) count++;
    return count;
}

bool tl_metric_admits(const tl_metric *metric, const tl_measure *measure)
{
    /* Of what rounding may add to the ends of a range. */
    static const double SLACK = 1e-9;
    const double x = measure->value, n = measure->n;
    const double high = metric->is_rate ? 1.0 : metric->high;
    if (measure->why < TL_WHY_HAS_VALUE || measure->why > TL_WHY_NOT_RUN) return false;
    if (metric->is_rate && !(n >= 0.0)) return false;
    if (metric->low == 0.0 && high == 0.0) return true;
    return !(x < metric->low - SLACK || x > high + SLACK);
}
