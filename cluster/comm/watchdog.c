#include "cluster/comm/watchdog.h"

#include "cluster/comm/exit_code.h"
#include "cluster/comm/launch_rank.h"
#include "compute/core/log.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static void *wait_beside(void *argument)
{
    tl_watchdog *p = argument;
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)p->timeout;
    end.tv_nsec += (long)(1e9 * (p->timeout - (double)(time_t)p->timeout));
    if (end.tv_nsec >= 1000000000L) {
        end.tv_nsec -= 1000000000L;
        end.tv_sec++;
    }
    pthread_mutex_lock(&p->lock);
    int code = 0;
    while (!p->is_over && code == 0)
        code = pthread_cond_timedwait(&p->returned, &p->lock, &end);
    const bool is_over = p->is_over;
    pthread_mutex_unlock(&p->lock);
    if (is_over) return NULL;
    const bool leads = tl_launch_is_leader(); /* MPI may be what hangs */
    if (p->why && leads) tl_log(TL_LOG_ERROR, "%s (%g s)", p->why, p->timeout);
    _exit(tl_exit_code_report(p->code, leads));
}

tl_status tl_watchdog_start(tl_watchdog *watchdog, tl_err *err)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&watchdog->lock, NULL);
    pthread_cond_init(&watchdog->returned, &clock);
    pthread_condattr_destroy(&clock);
    watchdog->is_over = false;
    const int code = pthread_create(&watchdog->thread, NULL, wait_beside, watchdog);
    TL_CHECK(code == 0, err, TL_E_SPACE, "cannot start the watchdog thread: %s",
             strerror(code));
    return TL_OK;
}

void tl_watchdog_stop(tl_watchdog *watchdog)
{
    pthread_mutex_lock(&watchdog->lock);
    watchdog->is_over = true;
    pthread_cond_signal(&watchdog->returned);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    pthread_cond_destroy(&watchdog->returned);
    pthread_mutex_destroy(&watchdog->lock);
}
