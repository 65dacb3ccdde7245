#include "compute/core/clock.h"

#include <errno.h>
#include <time.h>

static double read_clock(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double tl_seconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double tl_unix_seconds(void)
{
    return read_clock(CLOCK_REALTIME);
}

double tl_cpu_seconds(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double tl_thread_cpu_seconds(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void tl_sleep(double seconds)
{
    if (!(seconds > 0.0)) return;
    struct timespec span = {.tv_sec = (time_t)seconds};
    span.tv_nsec = (long)(1e9 * (seconds - (double)span.tv_sec));
    while (nanosleep(&span, &span) != 0 && errno == EINTR) continue;
}
