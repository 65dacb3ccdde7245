#include "cluster/comm/watchdog.h"

#include "cluster/comm/exit_code.h"
#include "cluster/comm/launch_rank.h"
#include "compute/core/log.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static struct timespec after(double seconds)
{
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    const time_t whole = (time_t)seconds;
    end.tv_sec += whole;
    end.tv_nsec += (long)(1e9 * (seconds - (double)whole));
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    return end;
}

static void *watch(void *argument)
{
    tl_watchdog *w = argument;
    const struct timespec end = after(w->timeout);
    int code = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->is_stopped && code == 0)
        code = pthread_cond_timedwait(&w->stopped, &w->lock, &end);
    const bool is_stopped = w->is_stopped;
    pthread_mutex_unlock(&w->lock);
    if (is_stopped) return NULL;
    const bool leads = tl_launch_is_leader(); /* MPI may be what hangs */
    if (w->why && leads) tl_log(TL_LOG_ERROR, "%s (%g s)", w->why, w->timeout);
    _exit(tl_exit_code_report(w->code, leads));
}

tl_status tl_watchdog_start(tl_watchdog *watchdog, tl_err *err)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&watchdog->lock, NULL);
    pthread_cond_init(&watchdog->stopped, &clock);
    pthread_condattr_destroy(&clock);
    watchdog->is_stopped = false;
    const int code = pthread_create(&watchdog->thread, NULL, watch, watchdog);
    TL_CHECK(code == 0, err, TL_E_NOMEM, "cannot start the watchdog: %s", strerror(code));
    return TL_OK;
}

void tl_watchdog_stop(tl_watchdog *watchdog)
{
    pthread_mutex_lock(&watchdog->lock);
    watchdog->is_stopped = true;
    pthread_cond_signal(&watchdog->stopped);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    pthread_cond_destroy(&watchdog->stopped);
    pthread_mutex_destroy(&watchdog->lock);
}
