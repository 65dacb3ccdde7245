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
