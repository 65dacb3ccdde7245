#include "compute/train/lr_schedule.h"

#include <math.h>

double tl_schedule_rate(const tl_recipe *recipe, long update, long updates)
{
    static const double pi = 3.14159265358979323846;
    TL_INVARIANT(update >= 1 && update <= updates);
    const long warm = lround(recipe->warmup * (double)updates);
    if (update <= warm) return recipe->lr * (double)update / (double)warm;
    const double gone = (double)(update - 1 - warm) / (double)(updates - warm);
    const double end = recipe->lr_end;
    switch (recipe->schedule) {
    case TL_SCHEDULE_COSINE:
        return recipe->lr * (end + (1.0 - end) * 0.5 * (1.0 + cos(pi * gone)));
    case TL_SCHEDULE_LINEAR:
        return recipe->lr * (end + (1.0 - end) * (1.0 - gone));
    case TL_SCHEDULE_CONSTANT:
    case TL_SCHEDULES:
        break;
    }
    return recipe->lr;
}
