#include "compute/core/clock.h"

#include <time.h>

static double seconds_on(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double tl_seconds(void)
{
    return seconds_on(CLOCK_MONOTONIC);
}

double tl_cpu_seconds(void)
{
    return seconds_on(CLOCK_PROCESS_CPUTIME_ID);
}
