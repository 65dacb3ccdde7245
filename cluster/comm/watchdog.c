#include "cluster/comm/watchdog.h"

#include "cluster/comm/exit_code.h"
#include "cluster/comm/launch_rank.h"
#include "compute/core/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Runs in a thread of its own. */
static void expire(union sigval value)
{
    const tl_watchdog *watchdog = value.sival_ptr;
    const bool leads = tl_launch_is_leader(); /* MPI may be what hangs */
    if (watchdog->why && leads)
        tl_log(TL_LOG_ERROR, "%s (%g s)", watchdog->why, watchdog->timeout);
    _exit(tl_exit_code_report(watchdog->code, leads));
}

tl_status tl_watchdog_start(tl_watchdog *watchdog, tl_err *err)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD,
                             .sigev_value.sival_ptr = watchdog};
    event.sigev_notify_function = expire;
    const time_t seconds = (time_t)watchdog->timeout;
    const long rest = (long)(1e9 * (watchdog->timeout - (double)seconds));
    const struct itimerspec span = {.it_value = {.tv_sec = seconds, .tv_nsec = rest}};
    TL_CHECK(timer_create(CLOCK_MONOTONIC, &event, &watchdog->timer) == 0, err, TL_E_NOMEM,
             "cannot make a timer: %s", strerror(errno));
    (void)timer_settime(watchdog->timer, 0, &span, NULL);
    return TL_OK;
}

void tl_watchdog_stop(tl_watchdog *watchdog)
{
    (void)timer_delete(watchdog->timer);
}
